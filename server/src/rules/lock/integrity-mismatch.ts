import { npmPackument, npmProvenance } from '../../core/npm-facts.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import { directEntries } from '../../formats/direct-entries.ts';
import { publishedConflict } from '../../formats/lock-hash.ts';
import { asLockFile, LOCK_FORMATS, type LockEntry, type LockFile } from '../../formats/lock-model.ts';
import { packageKeys } from '../../formats/registry-settings.ts';

const REMEDY = 'Find out who changed the line; delete the entry and run `{manager} install` to have it written anew.';

/** A locked hash that is not the one of what was published: the lockfile was changed by hand, or the archive was exchanged. */
export const rule: Rule = {
  meta: {
    id: 'lock/integrity-mismatch',
    title: 'A locked hash that is not the one of what was published',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: LOCK_FORMATS,
    needs: [npmPackument.id],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '9.0',
    refs: [
      'https://snyk.io/blog/why-npm-lockfiles-can-be-a-security-blindspot-for-injecting-malicious-modules/',
      'https://docs.npmjs.com/policies/unpublish',
      'https://slsa.dev/spec/v1.0/verifying-artifacts',
    ],
    messages: {
      registry: {
        what: 'The locked {algorithm} hash of `{name}` {version} is not the one that the registry has.',
        why: 'A registry never changes the archive of a version: either this line was changed, or other bytes were served when it was written.',
        remedy: REMEDY,
      },
      attested: {
        what: 'The locked hash of `{name}` {version} is not the one that its provenance attests.',
        why: 'The workflow that built the version signed other bytes than those that are locked, so that they did not come from it.',
        remedy: REMEDY,
      },
    },
  },
  check(context) {
    const lock = asLockFile(context.manifest);
    if (lock === undefined) return;
    const keys = packageKeys(context.manifest.file, context.surroundings);
    for (const entry of directEntries(lock, context.manifest.file.path, context.surroundings).slice(0, MAX_ASKED)) {
      const { name, version, integrity } = entry;
      if (integrity === undefined || version === undefined) continue;
      const key = keys.of({ name, locked: { lock, entry, path: context.manifest.file.path } });
      const answer = context.fact(npmPackument, key);
      const published = answer.state === 'known' ? answer.value.versions.find((one) => one.version === version) : undefined;
      if (published === undefined) continue;
      const algorithm = publishedConflict(entry, published);
      if (algorithm !== undefined) tell(context, lock, entry, { messageId: 'registry', algorithm });
      // Of a registry that lists no attestations there is nothing to compare with.
      if (algorithm !== undefined || published.attestations === undefined) continue;
      const verdict = context.fact(npmProvenance, { ...key, version, integrity });
      const isOther =
        verdict.state === 'known' &&
        verdict.value.attestations.some(({ checks }) =>
          checks.some(({ id, outcome }) => id === 'digest-locked' && outcome === 'contradicted'),
        );
      if (isOther) tell(context, lock, entry, { messageId: 'attested', algorithm: '' });
    }
  },
};

/** Only what the project itself requires is asked for, and no more than this: a lockfile has thousands of entries. */
const MAX_ASKED = 500;

function tell(
  { report }: RuleContext,
  lock: LockFile,
  entry: LockEntry,
  { messageId, algorithm }: { readonly messageId: string; readonly algorithm: string },
): void {
  report({
    messageId,
    args: { name: entry.name, version: entry.version ?? '', algorithm, manager: lock.manager },
    span: lock.spanOf(entry, 'integrity'),
    identity: entry.key,
  });
}
