import type { LockEntry } from './lock-model.ts';

/**
 * Where an entry's archive comes from: the address in front of `/<name>/-/`, without its scheme. An address of another
 * layout stands for itself, and entries without one come from the registry that is set.
 */
export function registryOf({ resolved, name }: LockEntry): string {
  if (resolved === undefined) return '';
  const address = resolved.replace(/^https?:\/\//i, '').replace(/[?#].*$/s, '');
  const at = address.lastIndexOf(`/${name}/-/`);
  return (at < 0 ? address : address.slice(0, at)).toLowerCase();
}

/** What can hold hashes. */
type Hashed = Pick<LockEntry, 'integrity' | 'checksum'>;

/**
 * Whether two Subresource Integrity texts are of one archive: as soon as one algorithm of both differs, they are not; undefined where
 * they have no algorithm in common, or one is malformed.
 */
export function isSameArchive(a: string, b: string): boolean | undefined {
  const [left, right] = [{ integrity: a }, { integrity: b }];
  if (conflictIn(left, right) !== undefined) return false;
  const others = hashesOf(right);
  const hasCommon = [...hashesOf(left)].some(([algorithm, digests]) => others.get(algorithm)?.some((other) => digests.includes(other)));
  return hasCommon ? true : undefined;
}

/** The algorithm of which both have hashes, and none in common; undefined where they can be of one archive. */
export function conflictIn(a: Hashed, b: Hashed): string | undefined {
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
function hashesOf({ integrity, checksum }: Hashed): Map<string, string[]> {
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
