const UTF_8 = new TextEncoder();

/** The low part of the 64-bit FNV prime, 2^40 + 0x1b3. */
const PRIME_LOW = 0x1b3;

/** The state of a 64-bit hash, in two unsigned halves because BigInt is slow where there are thousands of findings. */
export interface Hash {
  readonly high: number;
  readonly low: number;
}

/** The hash of nothing. */
const START: Hash = { high: 0xcbf29ce4, low: 0x84222325 };

/** A hash with the UTF-8 bytes of one more text: 64-bit FNV-1a (draft-eastlake-fnv). */
export function hashOf(text: string, before: Hash = START): Hash {
  let { high, low } = before;
  const isAscii = !NOT_ASCII.test(text);
  const bytes = isAscii ? undefined : UTF_8.encode(text);
  const { length } = bytes ?? text;
  for (let i = 0; i < length; i++) {
    low = (low ^ (bytes === undefined ? text.charCodeAt(i) : (bytes[i] ?? 0))) >>> 0;
    // The upper half of `low * PRIME_LOW`: both of these products stay below 2^32.
    const carry = ((low >>> 16) * PRIME_LOW + (((low & 0xffff) * PRIME_LOW) >>> 16)) >>> 16;
    high = (Math.imul(high, PRIME_LOW) + carry + (low << 8)) >>> 0;
    low = Math.imul(low, PRIME_LOW) >>> 0;
  }
  return { high, low };
}

const NOT_ASCII = /[^\0-\x7f]/;

/** 16 hex digits that identify a text, or one behind what was hashed before. They tell findings apart; they protect nothing. */
export function fingerprint(text: string, before: Hash = START): string {
  const { high, low } = hashOf(text, before);
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}
