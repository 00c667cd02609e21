import type { Confidence, Difference, Lookalike } from '../core/lookalike.ts';
import {
  anyVowels,
  type SingleEdit,
  singleEdit,
  skeleton,
  sortedLetters,
  sortedWords,
  squeezed,
  withoutDelimiters,
  withoutSharedWords,
} from './compare.ts';
import type { Targets } from './data.ts';
import { hash32, hashLetters } from './hash.ts';
import { DELIMITER_COST, FAR, slipCost } from './slip-cost.ts';
import { deletionsOf, pairsOf, TargetIndex } from './target-index.ts';

const SKELETON_SEED = 0x3c6ef372;
const WORDS_SEED = 0x5be0cd19;
const LETTERS_SEED = 0x1f83d9ab;
const VOWELS_SEED = 0x428a2f98;

/** Ranks at which a target counts as more worth imitating. */
const RANKS = [500, 1_000, 2_000, 3_000, 5_000, 10_000] as const;
type Rank = (typeof RANKS)[number];

/** Two slips in a shorter name make another name. */
const MIN_PAIRED = 6;

/** Up to this rank, by use, names with two slips are looked for: further down it costs more than it finds. */
const PAIRED_RANK = 3_000;

/** What is left of an ending's name: `ejs` is not `e` with an ending. */
const MIN_STEM = 5;

/** Of two names with words in common the others must be this long for two slips to say something: not `plugin-ejs`, `plugin-es`. */
const MIN_DISTINCT = 5;

/** What an ending more or less costs, in the unit of `slipCost`. */
const ENDING_COST = 5;

/** No row of the tables below, or of `Nearness`, allows more. */
const FURTHEST = 20;

/** How far slips may lead at most where names have an ending more or less; the first row that fits counts. */
const SUFFIXED: readonly Limit[] = [{ length: 5, rank: 10_000, cost: 16, confidence: 'low' }];

/** The same where hyphens, dots or underscores differ, too: words that are written apart make another name sooner. */
const DELIMITED: readonly Limit[] = [
  { length: 14, cost: 14, confidence: 'medium' },
  { length: 8, cost: 10, confidence: 'medium' },
  { length: 8, rank: 5_000, cost: 20, confidence: 'low' },
  { length: 10, cost: 16, confidence: 'low' },
];

/** How far slips may lead for a confidence, by the length of the shorter name and the rank of the target. */
export interface Limit {
  readonly length: number;
  readonly rank?: Rank;
  /** In the unit of `slipCost`. */
  readonly cost: number;
  readonly confidence: Confidence;
}

/** What is near in an ecosystem. */
export interface Nearness {
  /** Endings (`js`) that well-known names are often met with, or without, and that an edit may hide behind. */
  readonly suffixes: readonly string[];
  /** Up to which rank a letter more or less at an end, or another letter, says something of a short name. */
  readonly weakRank: Rank;
  /** How far two slips may lead at most; the first row that fits counts. */
  readonly slips: readonly Limit[];
}

/**
 * Names that differ from a well-known one by a slip of the finger or of the eye. The lengths below which a kind of
 * difference says nothing are those measured in lookalikes.md: short names are near each other by chance.
 */
export class NearNames {
  readonly #names: readonly string[];
  /** The names without hyphens, dots and underscores. */
  readonly #bare: readonly string[];
  readonly #weights: ReadonlyMap<string, number>;
  readonly #index: TargetIndex;
  readonly #rankWeights: ReadonlyMap<Rank, number>;
  readonly #nearness: Nearness;

  constructor({ names, weights }: Targets, nearness: Nearness) {
    this.#nearness = nearness;
    this.#names = names;
    this.#weights = new Map(names.map((name, id) => [name, weights[id] ?? 0]));
    const sorted = Uint8Array.from(weights).sort().reverse();
    this.#rankWeights = new Map(RANKS.map((rank) => [rank, sorted[rank - 1] ?? 0]));
    this.#bare = names.map(withoutDelimiters);
    const stems = this.#bare.map((bare) => squeezed(this.#stemOf(bare)));
    const isPaired = names.map((name, id) => (stems[id]?.length ?? 0) >= MIN_PAIRED && this.isInTop(PAIRED_RANK, name));
    let entries = 4 * names.length;
    stems.forEach((stem, id) => {
      entries += deletionsOf(this.#bare[id]?.length ?? 0) + deletionsOf(stem.length) + (isPaired[id] === true ? pairsOf(stem.length) : 0);
    });
    this.#index = new TargetIndex(entries);
    names.forEach((name, id) => {
      const bare = this.#bare[id] ?? '';
      const stem = stems[id] ?? '';
      this.#index.addWord(bare, id);
      if (stem !== bare) this.#index.addWord(stem, id);
      if (isPaired[id] === true) this.#index.addPaired(stem, id);
      this.#index.addKey(hash32(skeleton(name), SKELETON_SEED), id);
      this.#index.addKey(hashLetters(name, LETTERS_SEED), id);
      const words = sortedWords(name);
      if (words !== undefined) this.#index.addKey(hash32(words, WORDS_SEED), id);
      if (this.isInTop(2_000, name)) this.#index.addKey(hash32(anyVowels(name), VOWELS_SEED), id);
    });
  }

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
    return [...this.#slipped(name), ...this.#alike(name)];
  }

  /** Whether anything at all is near a name, however far below the limits of a verdict. */
  isNearAny(name: string): boolean {
    const bare = withoutDelimiters(name);
    const near = new Set<number>();
    for (const word of new Set([bare, squeezed(bare), squeezed(this.#stemOf(bare))])) this.#index.findNear(word, near);
    for (const key of [hash32(skeleton(name), SKELETON_SEED), hashLetters(name, LETTERS_SEED), hash32(anyVowels(name), VOWELS_SEED)]) {
      for (const id of this.#index.findKey(key)) near.add(id);
    }
    if (near.size > 0 || this.#index.findKey(hash32(sortedWords(name) ?? '', WORDS_SEED)).size > 0) return true;
    this.#index.findPaired(squeezed(this.#stemOf(bare)), near);
    return [...near].some((id) => slipCost(bare, this.#bare[id] ?? '') < FAR);
  }

  /** One slip away, a delimiter away, or a few of those. */
  #slipped(name: string): Lookalike[] {
    const bare = withoutDelimiters(name);
    const stem = this.#stemOf(bare);
    const near = new Set<number>();
    for (const word of new Set([bare, squeezed(bare), squeezed(stem)])) this.#index.findNear(word, near);
    const found = [...near].flatMap((id) => this.#judgeSlip(name, bare, id));
    // Who is one slip away from one name hardly means another that is two away.
    if (stem.length < MIN_PAIRED || found.some(({ confidence }) => confidence !== 'low')) return found;
    const further = new Set<number>();
    this.#index.findPaired(squeezed(stem), further);
    return [...found, ...[...further].filter((id) => !near.has(id)).flatMap((id) => this.#judgeSlip(name, bare, id))];
  }

  #judgeSlip(name: string, bare: string, id: number): Lookalike[] {
    const [target = '', bareTarget = ''] = [this.#names[id], this.#bare[id]];
    if (bare === bareTarget) return bare.length >= 4 && name !== target ? [this.#found(target, 'delimiter', 'high')] : [];
    const direct = singleEdit(name, target);
    if (direct !== undefined) return this.#judgeEdit(direct, name, target);
    const edit = singleEdit(bare, bareTarget);
    if (edit === undefined) return this.#judgeSlips(name, bare, target, bareTarget);
    return edit.kind === 'replace' || /\d$/.test(name) ? [] : this.#judgeEditAndDelimiter(edit, bare, bareTarget, target);
  }

  #judgeEditAndDelimiter(edit: SingleEdit, bare: string, bareTarget: string, target: string): Lookalike[] {
    if (bare.length < 7) return [];
    const isNear = (!edit.atEdge && this.isInTop(5_000, target)) || (bare.length >= 8 && slipCost(bare, bareTarget) <= 8);
    return [this.#found(target, 'edit-delimiter', isNear ? 'medium' : 'low')];
  }

  /** Two slips or more, one of which may be an ending more or less. */
  #judgeSlips(name: string, bare: string, target: string, bareTarget: string): Lookalike[] {
    if (name[0] !== target[0]) return [];
    const [stem, stemTarget] = [this.#stemOf(bare), this.#stemOf(bareTarget)];
    const slips = slipCost(stem, stemTarget);
    if (slips > FURTHEST) return [];
    const [rest, restTarget] = withoutSharedWords(name, target);
    const length = Math.min(stem.length, stemTarget.length);
    if (Math.min(rest.length, restTarget.length) < MIN_DISTINCT) return [];
    const hasEnding = stem.length < bare.length;
    const isSuffixed = hasEnding !== stemTarget.length < bareTarget.length;
    const [marks, marksTarget] = [name, target].map((text) => text.replace(/[^-._]/g, ''));
    const isDelimited = marks?.length !== marksTarget?.length;
    if (isSuffixed && slips === 0) return this.isInTop(10_000, target) ? [this.#found(target, 'affix', 'low')] : [];
    const cost = slips + (isSuffixed ? ENDING_COST : 0) + (marks === marksTarget ? 0 : DELIMITER_COST);
    const limits = (isSuffixed ? SUFFIXED : isDelimited ? DELIMITED : this.#nearness.slips).find(
      (row) => length >= row.length && (row.rank === undefined || this.isInTop(row.rank, target)) && cost <= row.cost,
    );
    return limits === undefined ? [] : [this.#found(target, 'two-edits', limits.confidence)];
  }

  #stemOf(bare: string): string {
    const suffix = this.#nearness.suffixes.find((ending) => bare.endsWith(ending) && bare.length >= ending.length + MIN_STEM);
    return suffix === undefined ? bare : bare.slice(0, -suffix.length);
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
        // `sqliter`: of six letters, too, one more or less at an end is worth a word.
        if (atEdge && length === 6 && (kind === 'insert' || kind === 'omit')) return this.#weak(length, wordLength, target) ?? 'low';
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
    if (this.isInTop(this.#nearness.weakRank, target)) return 'medium';
    return length >= 9 && wordLength >= 5 ? 'medium' : 'low';
  }

  /** Names that look or sound the same, have the same words in another order, or the same letters. */
  #alike(name: string): Lookalike[] {
    const look = skeleton(name);
    const words = sortedWords(name);
    const vowels = anyVowels(name);
    const result: Lookalike[] = [];
    if (name.length >= 5) {
      this.#keyed(hash32(look, SKELETON_SEED), (target) => skeleton(target) === look, 'homoglyph', 'high', result);
    }
    if (words !== undefined && name.length >= 6) {
      // Honest packages are named so as often as attacks are: `fresh-import` beside `import-fresh`.
      this.#keyed(hash32(words, WORDS_SEED), (target) => sortedWords(target) === words, 'reorder', 'low', result);
    }
    if (name.length < 7) return result;
    const isAnagram = (target: string): boolean => target[0] === name[0] && sortedLetters(target) === sortedLetters(name);
    this.#keyed(hashLetters(name, LETTERS_SEED), isAnagram, 'anagram', 'medium', result);
    this.#keyed(hash32(vowels, VOWELS_SEED), (target) => anyVowels(target) === vowels, 'vowel', 'medium', result);
    return result;
  }

  #keyed(key: number, isTrue: (target: string) => boolean, kind: Difference, confidence: Confidence, into: Lookalike[]): void {
    for (const id of this.#index.findKey(key)) {
      const target = this.#names[id] ?? '';
      if (isTrue(target))
        into.push(this.#found(target, kind, confidence === 'medium' && !this.isInTop(5_000, target) ? 'low' : confidence));
    }
  }

  #found(target: string, kind: Difference, confidence: Confidence): Lookalike {
    return { target, kind, confidence, weight: this.weightOf(target) };
  }
}
