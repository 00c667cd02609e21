import { npmPackument, npmProvenance, type PackageVersionKey } from '../../core/npm-facts.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import { plain } from '../../core/untrusted.ts';
import { type RecentVersion, recentVersions, requireVersion } from '../../formats/installed-version.ts';
import { type Origin, type OriginChange, originChanges, originOf } from '../../formats/origin-drift.ts';
import { attestedBefore } from '../../formats/version-history.ts';

/** A version that was built somewhere else than those before it: valid provenance, of another origin. */
export const rule: Rule = {
  meta: {
    id: 'npm/provenance-drift',
    title: 'A version that was built elsewhere than those before it',
    severity: 'warning',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [npmPackument.id, npmProvenance.id],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '6.0',
    refs: [
      'https://github.com/RedHatInsights/frontend-components/issues/2329',
      'https://docs.npmjs.com/generating-provenance-statements',
      'https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md',
    ],
    messages: {
      changed: {
        what: '`{name}` {version} is attested to another origin than {previous}: {repository}{workflow}{ref}{trigger}.',
        why: 'Provenance proves where a release was built, not that it should have been: thieves publish from a repository, a branch or a trigger that they can use.',
        remedy: 'See whether the project announced it; until then stay with {previous}.',
      },
      manifest: {
        what: '`{name}` {version} was not built in the repository that its package.json names: {message}',
        why: 'People read the code in the one repository, and what is installed came out of the other.',
        remedy: 'Look at the attested repository, and ask the maintainers which one is theirs.',
      },
    },
  },
  check(context) {
    for (const installed of recentVersions(context)) {
      if (installed.version.attestations !== undefined) judge(context, installed);
    }
  },
};

function judge(context: RuleContext, installed: RecentVersion): void {
  const { dependency, key, version, packument, integrity } = installed;
  const common = { name: key.name, version: version.version };
  const place = { span: dependency.specSpan, identity: `${dependency.group} ${dependency.name}` };
  const ask = (one: PackageVersionKey) => {
    const answer = context.fact(npmProvenance, one);
    return answer.state === 'known' ? answer.value : undefined;
  };
  const verdict = ask({ ...key, version: version.version, ...(integrity === undefined ? {} : { integrity }) });
  const now = verdict && originOf(verdict);
  if (verdict === undefined || now === undefined) return;
  const named = verdict.attestations
    .flatMap(({ checks }) => checks)
    .find(({ id, outcome }) => id === 'manifest-repository' && outcome === 'contradicted');
  if (named !== undefined) context.report({ messageId: 'manifest', args: { ...common, message: named.message }, ...place });
  const earlier = attestedBefore(packument, version.version);
  const [previous] = earlier;
  const origins: Origin[] = [];
  for (const one of earlier) {
    const before = ask({ ...key, version: one.version });
    const origin = before && originOf(before);
    // One that cannot be told may be just the one that it is the same as.
    if (origin === undefined) return;
    origins.push(origin);
    // The further ones are asked for only where the nearer ones differ.
    if (originChanges(now, origins, version.version).length === 0) return;
  }
  const changes = originChanges(now, origins, version.version);
  if (previous === undefined || changes.length === 0) return;
  context.report({
    messageId: 'changed',
    args: { ...common, previous: previous.version, ...inWords(changes) },
    ...place,
    fixes: requireVersion(context, installed, { target: previous, what: 'the newest one of the former origin' }),
  });
}

const NAMES: Readonly<Record<OriginChange['what'], string>> = {
  repository: 'the repository',
  workflow: 'the workflow',
  ref: 'the ref',
  trigger: 'what started the workflow',
};

/** One argument for each kind of change, because each is bounded: a long one does not cut off the others. */
function inWords(changes: readonly OriginChange[]): Record<OriginChange['what'], string> {
  const words = { repository: '', workflow: '', ref: '', trigger: '' };
  changes.forEach(({ what, now, before }, i) => {
    words[what] = `${i === 0 ? '' : '; '}${NAMES[what]} is ${plain(now, 75)} and was ${plain(before, 75)}`;
  });
  return words;
}
