/** What npm and PyPI names, slugs and image names are made of; six bits each. The first stands for the end of a name. */
const ALPHABET = '\n-./0123456789@BFJNOPSV_abcdefghijklmnopqrstuvwxyz:+~*';
const BITS = 6;
const LONGEST_PREFIX = 2 ** BITS - 1;

/** Whether all characters of a name can be packed. */
export function isPackable(name: string): boolean {
  return [...name].every((char) => char !== '\n' && ALPHABET.includes(char));
}

/** Packs names that are sorted by code units: of each name, how much it shares with the one before, and the rest. */
export function packNames(names: readonly string[]): Uint8Array {
  const bits: number[] = [];
  let previous = '';
  for (const name of names) {
    let shared = 0;
    while (shared < LONGEST_PREFIX && shared < previous.length && name[shared] === previous[shared]) shared++;
    bits.push(shared, ...[...name.slice(shared)].map((char) => ALPHABET.indexOf(char)), 0);
    previous = name;
  }
  const bytes = new Uint8Array(Math.ceil((bits.length * BITS) / 8));
  bits.forEach((value, index) => {
    const at = (index * BITS) >> 3;
    const shifted = value << (16 - BITS - ((index * BITS) & 7));
    bytes[at] = (bytes[at] ?? 0) | (shifted >> 8);
    if (at + 1 < bytes.length) bytes[at + 1] = (bytes[at + 1] ?? 0) | (shifted & 0xff);
  });
  return bytes;
}

/** Unpacks `count` names. Bytes that are no such list give fewer or odd names, but end. */
export function unpackNames(bytes: Uint8Array, count: number): string[] {
  const names: string[] = [];
  const units = Math.floor((bytes.length * 8) / BITS);
  let unit = 0;
  const next = (): number => {
    const at = (unit * BITS) >> 3;
    const two = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    const value = (two >> (16 - BITS - ((unit * BITS) & 7))) & LONGEST_PREFIX;
    unit++;
    return value;
  };
  let previous = '';
  while (names.length < count && unit < units) {
    let name = previous.slice(0, next());
    for (let value = next(); value !== 0 && unit <= units; value = next()) name += ALPHABET[value] ?? '';
    names.push(name);
    previous = name;
  }
  return names;
}
