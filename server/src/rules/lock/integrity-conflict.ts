import type { Rule } from '../../core/rule.ts';
import { conflictIn, registryOf } from '../../formats/lock-hash.ts';
import { asLockFile, LOCK_FORMATS, type LockEntry } from '../../formats/lock-model.ts';

/** One version of one registry with two hashes: a registry's versions never change, so one of the archives was exchanged. */
export const rule: Rule = {
  meta: {
    id: 'lock/integrity-conflict',
    title: 'One locked version with two different hashes',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: LOCK_FORMATS,
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '9.0',
    refs: [
      'https://snyk.io/blog/why-npm-lockfiles-can-be-a-security-blindspot-for-injecting-malicious-modules/',
      'https://docs.npmjs.com/policies/unpublish',
      'https://www.w3.org/TR/SRI/',
    ],
    messages: {
      conflict: {
        what: '`{name}` is locked here with another {algorithm} hash than in `{other}`.',
        why: 'A registry never changes the archive of a version, so one of the two hashes is not that of what was published.',
        remedy: 'Find out who changed which of the two lines; delete both entries and run `{manager} install` to have them written anew.',
      },
    },
  },
  check({ manifest, report }) {
    const lock = asLockFile(manifest);
    if (lock === undefined) return;
    /** By name and version; more than one entry where registries or hashes differ. */
    const seen = new Map<string, LockEntry[]>();
    for (const entry of lock.entries) {
      const { name, version, source } = entry;
      if (source !== 'tarball' || version === undefined || hashOf(entry) === undefined) continue;
      const id = `${name}@${version}`;
      const others = seen.get(id);
      if (others === undefined) seen.set(id, [entry]);
      else if (!others.some((other) => isSame(entry, other))) {
        const other = others.find((one) => registryOf(one) === registryOf(entry) && conflictIn(one, entry) !== undefined);
        if (others.length < MAX_VARIANTS) others.push(entry);
        if (other === undefined) continue;
        report({
          messageId: 'conflict',
          args: { name: id, algorithm: conflictIn(other, entry) ?? '', other: other.key, manager: lock.manager },
          span: entry.integrity === undefined ? lock.spanOf(entry, 'key') : lock.spanOf(entry, 'integrity'),
          identity: entry.key,
        });
      }
    }
  },
};

/** Later entries are held against so many; a file in which one version has more is not made by a manager. */
const MAX_VARIANTS = 16;

function hashOf({ integrity, checksum }: LockEntry): string | undefined {
  return integrity ?? checksum;
}

function isSame(a: LockEntry, b: LockEntry): boolean {
  return hashOf(a) === hashOf(b) && registryOf(a) === registryOf(b);
}
