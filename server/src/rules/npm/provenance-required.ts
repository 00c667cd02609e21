import { demandOutcome } from '../../core/demand-outcome.ts';
import { npmProvenance, type PackageVersionKey } from '../../core/npm-facts.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import { type DemandedPackage, demandedPackages } from '../../formats/demanded-packages.ts';
import { LOCK_FORMATS } from '../../formats/lock-model.ts';

const ASKS = 'The policy (`{match}`{reason}) asks';

/** A package of which the policy requires provenance that it does not have, or that is another's. */
export const rule: Rule = {
  meta: {
    id: 'npm/provenance-required',
    title: 'A package without the provenance that the policy requires',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: ['package-json', ...LOCK_FORMATS],
    needs: [npmProvenance.id],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '8.0',
    refs: [
      'https://docs.npmjs.com/generating-provenance-statements',
      'https://slsa.dev/spec/v1.0/verifying-artifacts',
      'https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md',
    ],
    messages: {
      none: {
        what: `${ASKS} for provenance of \`{name}\`, and that of {version} is not proven: {found}`,
        why: 'Nothing shows from which repository and by which workflow the version was built: whoever has a token can publish one.',
        remedy: 'Take a version with provenance, or have the package published with it; where none is to be expected, change the policy.',
      },
      other: {
        what: `${ASKS} that \`{name}\` is built {asked}, and {version} was built {found}.`,
        why: 'Anybody can attest a package from a repository and a workflow of their own: only the expected origin tells a release from another’s.',
        remedy: 'Do not install it before you know why; where the package moved for good, change the policy.',
      },
      contradicted: {
        what: `${ASKS} for provenance of \`{name}\`, and that of {version} fails the check \`{check}\`: {found}`,
        why: 'Attestations of an honest release agree with it; these were forged, damaged on their way, or are another release’s.',
        remedy: 'Do not install it; `waybill verify npm:{package}@{version}` shows all checks.',
      },
      elsewhere: {
        what: `${ASKS} for provenance of \`{name}\`, and it comes from {where}, which has none.`,
        why: 'Attestations are about what a registry serves: of anything else nobody signed where and from what it was built.',
        remedy: 'Require a version of the registry that has provenance, or change the policy for this package.',
      },
    },
  },
  check(context) {
    const { provenanceDemands } = context;
    if (provenanceDemands === undefined) return;
    let asked = 0;
    for (const one of demandedPackages(context, provenanceDemands)) {
      const { from } = one;
      if (from.kind === 'registry' && ++asked <= MAX_ASKED) judge(context, one, from.key);
      else if (from.kind === 'registry') context.lacking(npmProvenance, from.key, TOO_MANY);
      else if (from.kind === 'unlocked')
        context.lacking(npmProvenance, { ...from.key, version: '' }, 'no lockfile says which version it is');
      else tell(context, one, 'elsewhere', { where: from.kind === 'git' ? 'a git repository' : 'an address that no registry serves' });
    }
  },
};

/** No more than this is asked for a document: a lockfile has thousands of entries, and `*` means all of them. */
const MAX_ASKED = 1000;
const TOO_MANY = `the policy asks about more than ${MAX_ASKED} packages of this file; waybill verify has no such limit`;

function judge(context: RuleContext, one: DemandedPackage, key: PackageVersionKey): void {
  const answer = context.fact(npmProvenance, key);
  if (answer.state === 'unknown') return;
  const common = { package: key.name, version: key.version };
  if (answer.state === 'absent') {
    tell(context, one, 'none', { ...common, found: 'The registry lists no such version.' });
    return;
  }
  const outcome = demandOutcome(answer.value, one.demand);
  switch (outcome.state) {
    case 'met':
      return;
    case 'unknown':
      context.lacking(npmProvenance, key, outcome.reason);
      return;
    case 'none':
      tell(context, one, 'none', { ...common, found: outcome.reason });
      return;
    case 'false':
      tell(context, one, 'contradicted', { ...common, check: outcome.check.id, found: outcome.check.message });
      return;
    case 'other':
      tell(context, one, 'other', { ...common, asked: outcome.asked, found: outcome.found });
  }
}

function tell(
  { report }: RuleContext,
  { demand, title, span, identity }: DemandedPackage,
  messageId: string,
  args: Readonly<Record<string, string>>,
): void {
  const { match, reason } = demand;
  const name = args.package === undefined || args.package === title ? title : `${title} (npm:${args.package})`;
  report({ messageId, args: { name, match, reason: reason === undefined ? '' : `: ${reason}`, ...args }, span, identity });
}
