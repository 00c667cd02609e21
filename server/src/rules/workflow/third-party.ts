import type { Fix } from '../../core/finding.ts';
import type { ActionReference } from '../../core/reference.ts';
import type { RuleContext } from '../../core/rule.ts';
import { actionsJudged } from '../actions/judge.ts';
import { pinTag } from '../actions/pin-tag.ts';

/** GitHub's own organisations: whoever uses the runner trusts them already. */
const FIRST_PARTY: ReadonlySet<string> = new Set(['actions', 'github']);

const LOOSE = ['unpinned', 'branch-ref', 'short-sha'] as const;

/** The actions and workflows of others that may be other code tomorrow: named by a tag, a branch or a short commit. */
export function looseThirdParties(context: RuleContext): ReadonlySet<ActionReference> {
  const isForeign = ({ owner }: ActionReference): boolean => !FIRST_PARTY.has(owner.toLowerCase());
  const isCandidate = context.manifest.refs.some(
    (ref) => ref.ecosystem === 'github-actions' && isForeign(ref) && LOOSE.some((verdict) => verdict === ref.verdict),
  );
  if (!isCandidate) return new Set();
  return new Set(LOOSE.flatMap((verdict) => actionsJudged(context, verdict).flatMap(({ action }) => (isForeign(action) ? action : []))));
}

/** Pins the commit that the action's tag means now. What else could be meant by a branch, its own rule offers. */
export function pinFirst(action: ActionReference, context: RuleContext): Fix[] {
  return actionsJudged(context, 'unpinned').flatMap((judged) => (judged.action === action ? pinTag(judged, context) : []));
}
