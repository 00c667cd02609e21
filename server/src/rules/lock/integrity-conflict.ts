import type { Rule } from '../../core/rule.ts';
import { asLockFile, LOCK_FORMATS, type LockEntry, perStretch } from '../../formats/lock-model.ts';

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
    const firsts = new Map<string, LockEntry>();
    /** Of those that are there more than once: one entry for each registry and hash. */
    const variants = new Map<string, LockEntry[]>();
    for (const stretch of perStretch(lock, hashedIn)) {
      for (const { id, entry } of stretch) {
        const first = firsts.get(id);
        if (first === undefined) firsts.set(id, entry);
        if (first === undefined || isSame(first, entry)) continue;
        const others = variants.get(id) ?? [first];
        if (others.some((other) => isSame(entry, other))) continue;
        const other = others.find((one) => registryOf(one) === registryOf(entry) && conflictIn(one, entry) !== undefined);
        if (others.length < MAX_VARIANTS) variants.set(id, [...others, entry]);
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

/** What has a hash, by name and version: made once for each stretch, since ten thousand names take longer to put together than to compare. */
function hashedIn(entries: readonly LockEntry[]): { readonly id: string; readonly entry: LockEntry }[] {
  return entries.flatMap((entry) => {
    const { name, version, source } = entry;
    return source !== 'tarball' || version === undefined || hashOf(entry) === undefined ? [] : [{ id: `${name}@${version}`, entry }];
  });
}

/** Later entries are held against so many; a file in which one version has more is not made by a manager. */
const MAX_VARIANTS = 16;

function hashOf({ integrity, checksum }: LockEntry): string | undefined {
  return integrity ?? checksum;
}

function isSame(a: LockEntry, b: LockEntry): boolean {
  return hashOf(a) === hashOf(b) && registryOf(a) === registryOf(b);
}

/**
 * Where an entry's archive comes from: the address in front of `/<name>/-/`, without its scheme. An address of another
 * layout stands for itself, and entries without one come from the registry that is set.
 */
function registryOf({ resolved, name }: LockEntry): string {
  if (resolved === undefined) return '';
  const address = resolved.replace(/^https?:\/\//i, '').replace(/[?#].*$/s, '');
  const at = address.lastIndexOf(`/${name}/-/`);
  return (at < 0 ? address : address.slice(0, at)).toLowerCase();
}

/** The algorithm of which both have hashes, and none in common; undefined where they can be of one archive. */
function conflictIn(a: LockEntry, b: LockEntry): string | undefined {
  const [left, right] = [hashesOf(a), hashesOf(b)];
  for (const [algorithm, digests] of left) {
    const others = right.get(algorithm);
    // Of different lengths, one is malformed, which is another rule's matter.
    if (others !== undefined && !others.some((other) => digests.some((digest) => digest === other || digest.length !== other.length)))
      return algorithm;
  }
  return undefined;
}

/** Digests by algorithm. Yarn berry's checksums count only with those of the same cache key. */
function hashesOf({ integrity, checksum }: LockEntry): Map<string, string[]> {
  const hashes = new Map<string, string[]>();
  const add = (algorithm: string, digest: string) => hashes.set(algorithm, [...(hashes.get(algorithm) ?? []), digest]);
  for (const hash of integrity?.trim().split(/\s+/) ?? []) {
    const [, algorithm, digest] = /^([a-z0-9]+)-([^?]+)/.exec(hash) ?? [];
    if (algorithm !== undefined && digest !== undefined) add(algorithm, digest);
  }
  if (checksum !== undefined) {
    const slash = checksum.indexOf('/');
    add(slash < 0 ? 'Yarn' : `Yarn ${checksum.slice(0, slash)}`, checksum.slice(slash + 1));
  }
  return hashes;
}
