import { finish, hash32 } from './hash.ts';

/** Seeds keep keys of different meaning apart in the one table. */
const DELETION_SEED = 0x51ed270b;
const PAIR_SEED = 0x2c1b3c6d;

/** Longer names are compared as a whole only: an edit in forty characters deceives nobody who reads, and costs most. */
const MAX_EDITABLE = 40;

/** Of longer names two edits are not looked for: their pairs would fill the table. */
const MAX_PAIRED = 24;

/** The table is filled to so much: most look-ups find nothing, and must come to an empty place soon. */
const LOAD = 0.5;

/**
 * Which targets may be near a name: a table of hashes in typed arrays (symmetric deletion, of one character or of two). It
 * gives candidates only: hashes collide, so whoever asks must compare.
 */
export class TargetIndex {
  readonly #keys: Uint32Array;
  readonly #values: Uint16Array;
  readonly #capacity: number;

  /** A table with room for so many entries: see `deletionsOf` and `pairsOf`; a key is one. */
  constructor(entries: number) {
    this.#capacity = Math.ceil((entries + 16) / LOAD) | 1;
    this.#keys = new Uint32Array(this.#capacity);
    this.#values = new Uint16Array(this.#capacity);
  }

  /** Adds a word that is met with an edit. A value is what `find...` gives back: below 65,535. */
  addWord(word: string, value: number): void {
    for (const hash of deletions(word, MAX_EDITABLE)) this.addKey(hash, value);
  }

  /** Adds a word that is met with two edits, none of them at the first character. */
  addPaired(word: string, value: number): void {
    for (const hash of pairs(word, MAX_PAIRED)) this.addKey(hash, value);
  }

  /** Adds what is met whole, by its hash. */
  addKey(key: number, value: number): void {
    let at = key % this.#capacity;
    while (this.#keys[at] !== 0) at = at + 1 === this.#capacity ? 0 : at + 1;
    // Zero marks an empty place.
    this.#keys[at] = key || 1;
    this.#values[at] = value;
  }

  /** Bytes that the table takes. */
  get byteLength(): number {
    return this.#keys.byteLength + this.#values.byteLength;
  }

  /** Adds the targets that may be the word itself, or one edit away from it. */
  findNear(word: string, into: Set<number>): void {
    for (const hash of deletions(word, MAX_EDITABLE + 1)) this.#collect(hash, into);
  }

  /** Adds the targets that may be two edits away from a word. */
  findPaired(word: string, into: Set<number>): void {
    for (const hash of pairs(word, MAX_PAIRED + 2)) this.#collect(hash, into);
  }

  /** Values of a key. */
  findKey(key: number): ReadonlySet<number> {
    const found = new Set<number>();
    this.#collect(key, found);
    return found;
  }

  #collect(key: number, into: Set<number>): void {
    const wanted = key || 1;
    for (let at = key % this.#capacity; this.#keys[at] !== 0; at = at + 1 === this.#capacity ? 0 : at + 1) {
      if (this.#keys[at] === wanted) into.add(this.#values[at] ?? 0);
    }
  }
}

/** What the hashes of one word are put into: a word is looked up at once, so that one place does for all. */
const HASHES = new Uint32Array(1 + MAX_EDITABLE + 1 + pairCount(MAX_PAIRED + 2));

/** Polynomial hashes of the beginnings of the word in hand, and powers of their base: a word less a character is then one step. */
const BASE = 0x01000193;
const PREFIXES = new Int32Array(MAX_EDITABLE + 2);
const POWERS = new Int32Array(MAX_EDITABLE + 2).fill(1);
for (let at = 1; at < POWERS.length; at++) POWERS[at] = Math.imul(POWERS[at - 1] ?? 1, BASE);

/** Hashes of a word, and of it without each of its characters. Of doubled letters it does not matter which is left out. */
function deletions(word: string, longest: number): Uint32Array {
  if (word.length > longest) {
    HASHES[0] = hash32(word, DELETION_SEED);
    return HASHES.subarray(0, 1);
  }
  const length = readPrefixes(word);
  let count = 0;
  HASHES[count++] = finish(part(0, length) ^ DELETION_SEED);
  for (let at = 0; at < length; at++) {
    if (word[at] !== word[at - 1]) HASHES[count++] = finish(joined(part(0, at), at + 1, length) ^ DELETION_SEED);
  }
  return HASHES.subarray(0, count);
}

/** Hashes of a word, and of it without one or two of its characters but the first. */
function pairs(word: string, longest: number): Uint32Array {
  if (word.length > longest) return HASHES.subarray(0, 0);
  const length = readPrefixes(word);
  let count = 0;
  HASHES[count++] = finish(part(0, length) ^ PAIR_SEED);
  for (let first = 1; first < length; first++) {
    const head = part(0, first);
    HASHES[count++] = finish(joined(head, first + 1, length) ^ PAIR_SEED);
    for (let second = first + 1; second < length; second++) {
      HASHES[count++] = finish(joined(joined(head, first + 1, second), second + 1, length) ^ PAIR_SEED);
    }
  }
  return HASHES.subarray(0, count);
}

function readPrefixes(word: string): number {
  for (let at = 0; at < word.length; at++) PREFIXES[at + 1] = Math.imul(PREFIXES[at] ?? 0, BASE) + word.charCodeAt(at);
  return word.length;
}

/** The hash of a part of the word in hand. */
function part(start: number, end: number): number {
  return ((PREFIXES[end] ?? 0) - Math.imul(PREFIXES[start] ?? 0, POWERS[end - start] ?? 0)) | 0;
}

/** The hash of a text, given by its hash, with a part of the word in hand behind it. */
function joined(head: number, start: number, end: number): number {
  return (Math.imul(head, POWERS[end - start] ?? 0) + part(start, end)) | 0;
}

/** How many entries a word of a length takes at most with `addWord`. */
export function deletionsOf(length: number): number {
  return length > MAX_EDITABLE ? 1 : 1 + length;
}

/** How many entries a word of a length takes with `addPaired`. */
export function pairsOf(length: number): number {
  if (length > MAX_PAIRED) return 0;
  return pairCount(length);
}

function pairCount(length: number): number {
  const open = Math.max(0, length - 1);
  return 1 + open + (open * (open - 1)) / 2;
}
