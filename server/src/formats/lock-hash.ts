import type { PublishedVersion } from '../core/npm-facts.ts';
import { hostOfLocked } from './lock-hosts.ts';
import type { LockEntry } from './lock-model.ts';
import { isPublicAddress } from './registry-settings.ts';

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

/** The hashes of an entry. */
type Hashes = Pick<LockEntry, 'integrity' | 'checksum'>;

/**
 * Whether two Subresource Integrity texts are of one archive: as soon as one algorithm of both differs, they are not; undefined where
 * they have no algorithm in common, or one is malformed.
 */
export function isSameArchive(a: string, b: string): boolean | undefined {
  const [left, right] = [
    { integrity: a, checksum: undefined },
    { integrity: b, checksum: undefined },
  ];
  if (conflictIn(left, right) !== undefined) return false;
  const others = hashesOf(right);
  const hasCommon = [...hashesOf(left)].some(([algorithm, digests]) => others.get(algorithm)?.some((other) => digests.includes(other)));
  return hasCommon ? true : undefined;
}

/** The algorithm of which both have hashes, and none in common; undefined where they can be of one archive. */
export function conflictIn(a: Hashes, b: Hashes): string | undefined {
  const [left, right] = [hashesOf(a), hashesOf(b)];
  for (const [algorithm, digests] of left) {
    const others = right.get(algorithm);
    // Of different lengths, one is malformed, which is another rule's matter.
    if (others !== undefined && !others.some((other) => digests.some((digest) => digest === other || digest.length !== other.length)))
      return algorithm;
  }
  return undefined;
}

/**
 * The algorithm by which a locked hash is not the one that a registry has; undefined where they agree, where they have no algorithm in
 * common, and where the entry comes from another host than the registry's archives do: another registry may have other bytes.
 */
export function publishedConflict(entry: LockEntry, { integrity, shasum, tarball }: PublishedVersion): string | undefined {
  if (isOfOtherHost(entry, tarball)) return undefined;
  const sha1 = shasum !== undefined && /^[0-9a-f]{40}$/i.test(shasum) ? `sha1-${base64OfHex(shasum)}` : '';
  const locked = { integrity: entry.integrity, checksum: undefined };
  const published = { integrity: `${integrity ?? ''} ${sha1}`, checksum: undefined };
  return conflictIn(locked, published) ?? extraIn(locked, published);
}

/** The algorithm of which the first has a hash that the second has not: managers take bytes that have any one of several. */
function extraIn(a: Hashes, b: Hashes): string | undefined {
  const right = hashesOf(b);
  for (const [algorithm, digests] of hashesOf(a)) {
    const others = right.get(algorithm) ?? [];
    if (digests.some((digest) => !others.includes(digest) && others.some((other) => other.length === digest.length))) return algorithm;
  }
  return undefined;
}

function isOfOtherHost({ resolved }: LockEntry, tarball: string | undefined): boolean {
  const [locked, published] = [hostOfLocked(resolved), hostOfLocked(tarball)];
  // The public registry's address means whichever registry is set.
  return locked !== undefined && published !== undefined && locked !== published && !isPublicAddress(resolved);
}

function base64OfHex(hex: string): string {
  return btoa(String.fromCharCode(...(hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16))));
}

/** Digests by algorithm. Yarn berry's checksums count only with those of the same cache key. */
function hashesOf({ integrity, checksum }: Hashes): Map<string, string[]> {
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
