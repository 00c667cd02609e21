import { hash32, hashWithout } from './hash.ts';

/** Seeds keep keys of different meaning apart in the one table. */
const DELETION_SEED = 0x51ed270b;

/** Longer names are compared as a whole only: an edit in forty characters deceives nobody who reads, and costs most. */
const MAX_EDITABLE = 40;

/** The table is filled to three quarters at most. */
const MAX_LOAD = 0.75;

/**
 * Which targets may be near a name: a table of hashes in typed arrays (symmetric deletion, one character). It gives
 * candidates only: hashes collide, so whoever asks must compare.
 */
export class TargetIndex {
  readonly #keys: Uint32Array;
  readonly #values: Int32Array;
  readonly #mask: number;

  private constructor(capacity: number) {
    this.#keys = new Uint32Array(capacity);
    this.#values = new Int32Array(capacity).fill(-1);
    this.#mask = capacity - 1;
  }

  /** `words[i]` can be met with an edit, `keys` (any text under a seed) only whole. Values are what `find...` gives back. */
  static build(
    words: readonly string[],
    keys: readonly { readonly seed: number; readonly text: string; readonly value: number }[],
  ): TargetIndex {
    const entries = words.reduce((sum, word) => sum + 1 + (word.length <= MAX_EDITABLE ? word.length : 0), keys.length);
    const index = new TargetIndex(2 ** Math.ceil(Math.log2(Math.max(16, entries / MAX_LOAD))));
    words.forEach((word, value) => {
      index.#add(hash32(word, DELETION_SEED), value);
      if (word.length > MAX_EDITABLE) return;
      for (let at = 0; at < word.length; at++) {
        // Of doubled letters it does not matter which is left out.
        if (word[at] !== word[at - 1]) index.#add(hashWithout(word, DELETION_SEED, at), value);
      }
    });
    for (const { seed, text, value } of keys) index.#add(hash32(text, seed), value);
    return index;
  }

  /** Bytes that the table takes. */
  get byteLength(): number {
    return this.#keys.byteLength + this.#values.byteLength;
  }

  /** Targets that may be the word itself, or one edit away from it. */
  findNear(word: string): ReadonlySet<number> {
    const found = new Set<number>();
    this.#collect(hash32(word, DELETION_SEED), found);
    if (word.length > MAX_EDITABLE + 1) return found;
    for (let at = 0; at < word.length; at++) {
      if (word[at] !== word[at - 1]) this.#collect(hashWithout(word, DELETION_SEED, at), found);
    }
    return found;
  }

  /** Values of a key. */
  findKey(seed: number, text: string): ReadonlySet<number> {
    const found = new Set<number>();
    this.#collect(hash32(text, seed), found);
    return found;
  }

  #add(key: number, value: number): void {
    let at = key & this.#mask;
    while (this.#values[at] !== -1) at = (at + 1) & this.#mask;
    this.#keys[at] = key;
    this.#values[at] = value;
  }

  #collect(key: number, into: Set<number>): void {
    for (let at = key & this.#mask; this.#values[at] !== -1; at = (at + 1) & this.#mask) {
      if (this.#keys[at] === key) into.add(this.#values[at] ?? -1);
    }
  }
}
