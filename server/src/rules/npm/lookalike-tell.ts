import type { Draft, Fix } from '../../core/finding.ts';
import type { RuleContext } from '../../core/rule.ts';
import { type FoundName, lookalikeDraft } from '../lookalike-finding.ts';
import { severityOfNames, type Weighed } from './lookalike-facts.ts';

/** Reports a name with what the names and the registry say of it, in the rule's own words where they are given. */
export function tell(
  { report }: RuleContext,
  found: FoundName,
  {
    weighed,
    fixes,
    as,
  }: { readonly weighed: Weighed | undefined; readonly fixes: readonly Fix[]; readonly as?: Pick<Draft, 'messageId' | 'args'> },
): void {
  const { severity = severityOfNames(found.found), evidence } = weighed ?? {};
  if (severity === 'none') return;
  // To put one name in the place of another says more than a word in common gives reason for.
  const draft = lookalikeDraft(found, severity === 'hint' ? [] : fixes);
  const base = as?.messageId ?? (found.found.kind === 'combo' ? 'combo' : draft.messageId);
  const messageId = evidence === undefined ? base : `${base}Seen`;
  report({ ...draft, severity, messageId, args: { ...draft.args, ...as?.args, evidence: evidence ?? '' } });
}
