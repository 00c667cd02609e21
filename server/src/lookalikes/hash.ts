/**
 * A 32-bit hash of a part of a text: FNV-1a over UTF-16 code units, then the finaliser of MurmurHash3, because the low
 * bits of FNV alone are too regular for tables. `seed` makes independent hashes of the same text.
 */
export function hash32(text: string, seed: number, start = 0, end = text.length): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return finish(hash);
}

/** Mixes the bits of a hash to which everything was added. */
export function finish(open: number): number {
  let hash = open;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A hash of the characters of a text, in whatever order they stand: equal for anagrams. */
export function hashLetters(text: string, seed: number): number {
  let sum = seed;
  for (let at = 0; at < text.length; at++) sum = (sum + finish(text.charCodeAt(at) ^ seed)) | 0;
  return finish(sum);
}
