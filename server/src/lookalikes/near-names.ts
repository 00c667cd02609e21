import type { Confidence, Difference, Lookalike } from '../core/lookalike.ts';
import { anyVowels, type SingleEdit, singleEdit, skeleton, sortedLetters, sortedWords, withoutDelimiters } from './compare.ts';
import type { Targets } from './data.ts';
import { TargetIndex } from './target-index.ts';

const SKELETON_SEED = 0x3c6ef372;
const WORDS_SEED = 0x5be0cd19;
const LETTERS_SEED = 0x1f83d9ab;
const VOWELS_SEED = 0x428a2f98;

/** Ranks at which a target counts as more worth imitating. */
const RANKS = [500, 1_000, 2_000, 3_000, 5_000, 10_000] as const;
type Rank = (typeof RANKS)[number];

/**
 * Names that differ from a well-known one by a slip of the finger or of the eye. The lengths below which a kind of
 * difference says nothing are those measured in lookalikes.md: short names are near each other by chance.
 */
export class NearNames {
  readonly #names: readonly string[];
  readonly #weights: ReadonlyMap<string, number>;
  readonly #index: TargetIndex;
  readonly #rankWeights: ReadonlyMap<Rank, number>;

  /** `suffixes` are endings (`js`) that well-known names are often met with, and that an edit may hide in. */
  constructor({ names, weights }: Targets, suffixes: readonly string[]) {
    this.#names = names;
    this.#weights = new Map(names.map((name, id) => [name, weights[id] ?? 0]));
    const sorted = Uint8Array.from(weights).sort().reverse();
    this.#rankWeights = new Map(RANKS.map((rank) => [rank, sorted[rank - 1] ?? 0]));
    const keys = names.flatMap((name, value) => {
      const words = sortedWords(name);
      return [
        { seed: SKELETON_SEED, text: skeleton(name), value },
        { seed: LETTERS_SEED, text: sortedLetters(name), value },
        ...(words === undefined ? [] : [{ seed: WORDS_SEED, text: words, value }]),
        ...(this.isInTop(2_000, name) ? [{ seed: VOWELS_SEED, text: anyVowels(name), value }] : []),
      ];
    });
    this.#index = TargetIndex.build(names.map(withoutDelimiters), keys);
    this.#suffixes = suffixes;
  }

  readonly #suffixes: readonly string[];

  get byteLength(): number {
    return this.#index.byteLength;
  }

  has(name: string): boolean {
    return this.#weights.has(name);
  }

  weightOf(name: string): number {
    return this.#weights.get(name) ?? 0;
  }

  /** Whether a name is among the first of the list. */
  isInTop(rank: Rank, name: string): boolean {
    return this.weightOf(name) >= (this.#rankWeights.get(rank) ?? 255);
  }

  /** All targets that a name may be taken for. */
  find(name: string): Lookalike[] {
    return [...this.#edited(name), ...this.#suffixed(name), ...this.#alike(name)];
  }

  /** One edit away, a delimiter away, or both. */
  #edited(name: string): Lookalike[] {
    const bare = withoutDelimiters(name);
    return [...this.#index.findNear(bare)].flatMap((id) => {
      const target = this.#names[id] ?? '';
      const bareTarget = withoutDelimiters(target);
      if (bare === bareTarget) return bare.length >= 4 ? [this.#found(target, 'delimiter', 'high')] : [];
      const edit = singleEdit(bare, bareTarget);
      if (edit === undefined) return [];
      const direct = singleEdit(name, target);
      if (direct !== undefined) return this.#judgeEdit(direct, name, target);
      if (edit.kind === 'replace' || bare.length < 7 || /\d$/.test(name)) return [];
      return [this.#found(target, 'edit-delimiter', this.isInTop(5_000, target) && !edit.atEdge ? 'medium' : 'low')];
    });
  }

  #judgeEdit(edit: SingleEdit, name: string, target: string): Lookalike[] {
    if (edit.kind === 'insert' && edit.atEdge && /\d$/.test(name)) {
      return this.isInTop(2_000, target) ? [this.#found(target, 'version', 'low')] : [];
    }
    const confidence = this.#confidence(edit, name, target);
    return confidence === undefined ? [] : [this.#found(target, edit.kind, confidence)];
  }

  #confidence({ kind, atEdge, wordLength }: SingleEdit, name: string, target: string): Confidence | undefined {
    const length = Math.min(name.length, target.length);
    switch (kind) {
      case 'swap':
      case 'repeat':
      case 'homoglyph':
        return length >= 4 ? 'high' : undefined;
      case 'keyboard':
      case 'vowel':
      case 'omit':
      case 'insert':
        if (wordLength <= 2 || (atEdge && (kind === 'insert' || kind === 'omit'))) return this.#weak(length, wordLength, target);
        if (length >= 6) return 'high';
        return length >= 5 && this.isInTop(2_000, target) ? 'medium' : undefined;
      case 'replace':
        return this.#weak(length, wordLength, target);
    }
  }

  /** A difference that honest names have too: at an end, or another letter. */
  #weak(length: number, wordLength: number, target: string): Confidence | undefined {
    if (length < 7 && !(length >= 5 && this.isInTop(500, target))) return undefined;
    return wordLength > 2 && this.isInTop(5_000, target) ? 'medium' : 'low';
  }

  /** A well-known name with an ending, and an edit in it. */
  #suffixed(name: string): Lookalike[] {
    const bare = withoutDelimiters(name);
    return this.#suffixes.flatMap((suffix) => {
      if (!bare.endsWith(suffix)) return [];
      const stem = bare.slice(0, -suffix.length);
      if (stem.length < 5) return [];
      return [...this.#index.findNear(stem)].flatMap((id) => {
        const target = this.#names[id] ?? '';
        const edit = singleEdit(stem, withoutDelimiters(target));
        return edit !== undefined && this.isInTop(2_000, target) ? [this.#found(target, 'affix', 'low')] : [];
      });
    });
  }

  /** Names that look or sound the same, have the same words in another order, or the same letters. */
  #alike(name: string): Lookalike[] {
    const look = skeleton(name);
    const words = sortedWords(name);
    const letters = sortedLetters(name);
    const vowels = anyVowels(name);
    return [
      ...this.#keyed(SKELETON_SEED, look, (target) => name.length >= 5 && skeleton(target) === look, 'homoglyph', 'high'),
      ...(words === undefined || name.length < 6
        ? []
        : // Honest packages are named so as often as attacks are: `fresh-import` beside `import-fresh`.
          this.#keyed(WORDS_SEED, words, (target) => sortedWords(target) === words, 'reorder', 'low')),
      ...this.#keyed(
        LETTERS_SEED,
        letters,
        (target) => name.length >= 7 && target[0] === name[0] && sortedLetters(target) === letters,
        'anagram',
        'medium',
      ),
      ...this.#keyed(VOWELS_SEED, vowels, (target) => name.length >= 7 && anyVowels(target) === vowels, 'vowel', 'medium'),
    ];
  }

  #keyed(seed: number, text: string, isTrue: (target: string) => boolean, kind: Difference, confidence: Confidence): Lookalike[] {
    return [...this.#index.findKey(seed, text)]
      .map((id) => this.#names[id] ?? '')
      .filter(isTrue)
      .map((target) => this.#found(target, kind, confidence === 'medium' && !this.isInTop(5_000, target) ? 'low' : confidence));
  }

  #found(target: string, kind: Difference, confidence: Confidence): Lookalike {
    return { target, kind, confidence, weight: this.weightOf(target) };
  }
}
