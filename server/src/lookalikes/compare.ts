import { levenshteinEditDistance } from 'levenshtein-edit-distance';

/** One edit between two texts. */
export interface SingleEdit {
  readonly kind: 'swap' | 'repeat' | 'omit' | 'insert' | 'keyboard' | 'vowel' | 'replace' | 'homoglyph';
  /** Whether the edit is at the first or the last character of the longer text. */
  readonly atEdge: boolean;
  /** How long the shorter of the two words (between delimiters) is that the edit is in. */
  readonly wordLength: number;
}

const KEYBOARD_ROWS = ['1234567890-', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm'];
const NEIGHBOURS = neighbours();
const VOWELS = 'aeiou';

/** Characters that look alike in the fonts of editors and registries; each one stands for the last of its group. */
const ALIKE: readonly string[] = ['1il', '0o', '5s'];

/** Pairs of letters that look like one. */
const ALIKE_PAIRS: readonly (readonly [string, string])[] = [
  ['rn', 'm'],
  ['vv', 'w'],
  ['cl', 'd'],
];

const LOOKS: ReadonlyMap<string, string> = new Map(ALIKE.flatMap((group) => [...group].map((char) => [char, group.at(-1) ?? char])));

/** Letters of other scripts that look like Latin ones (Unicode Technical Standard 39, confusables: the Latin lookalikes). */
// biome-ignore format: one row for each script
const FOREIGN: Readonly<Record<string, string>> = {
  а: 'a', е: 'e', о: 'o', р: 'p', с: 'c', у: 'y', х: 'x', і: 'i', ј: 'j', ѕ: 's', ԁ: 'd', һ: 'h', ԛ: 'q', ԝ: 'w', в: 'b', к: 'k', м: 'm', н: 'h', т: 't', г: 'r', п: 'n',
  α: 'a', ο: 'o', ρ: 'p', ν: 'v', υ: 'u', χ: 'x', ι: 'i', κ: 'k', τ: 't', ε: 'e', η: 'n', ω: 'w', γ: 'y', σ: 'o',
  ı: 'i', ȷ: 'j', ɑ: 'a', ɡ: 'g', ℓ: 'l', ո: 'n', ս: 'u', օ: 'o', հ: 'h', ց: 'g', ք: 'p', ø: 'o', đ: 'd', ł: 'l', ħ: 'h',
};

/** Whether a name has a character that no name of a registry has: what looks like a letter is another one. */
export function isForeign(name: string): boolean {
  return /[^\x20-\x7e]/.test(name);
}

/** A name in the Latin letters that its characters look like: NFKC, without accents, letters of other scripts replaced. */
export function latin(name: string): string {
  const plain = name
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[\u0300-\u036f\u200b-\u200f\u2060\ufeff]/g, '');
  return [...plain].map((char) => FOREIGN[char] ?? char).join('');
}

/** What a name looks like: characters that are hard to tell apart become one. Names that look alike have equal skeletons. */
export function skeleton(name: string): string {
  let result = '';
  for (const char of name) result += LOOKS.get(char) ?? char;
  for (const [pair, one] of ALIKE_PAIRS) if (result.includes(pair)) result = result.replaceAll(pair, one);
  return result;
}

/** The one edit (an insertion, a removal, a replacement or a swap of neighbours) between two names; undefined for more or none. */
export function singleEdit(name: string, target: string): SingleEdit | undefined {
  const difference = name.length - target.length;
  if (name === target || difference > 1 || difference < -1) return undefined;
  let start = 0;
  while (start < name.length && name[start] === target[start]) start++;
  let end = 0;
  while (end < Math.min(name.length, target.length) - start && name.at(-1 - end) === target.at(-1 - end)) end++;
  const longest = Math.max(name.length, target.length);
  const changed = longest - start - end;
  if (changed === 2 && difference === 0 && name[start] === target[start + 1] && name[start + 1] === target[start]) {
    return { kind: 'swap', atEdge: false, wordLength: wordLengthAt(target, start) };
  }
  if (changed > 1 || levenshteinEditDistance(name, target) !== 1) return undefined;
  const atEdge = start === 0 || start === longest - 1;
  const wordLength = Math.min(wordLengthAt(name, start), wordLengthAt(target, start));
  if (difference === 0) return { kind: replacementKind(name[start] ?? '', target[start] ?? ''), atEdge, wordLength };
  const longer = difference > 0 ? name : target;
  const doubled = longer[start] === longer[start - 1] || longer[start] === longer[start + 1];
  if (doubled) return { kind: 'repeat', atEdge: false, wordLength };
  return { kind: difference > 0 ? 'insert' : 'omit', atEdge, wordLength };
}

/** A name without the characters that separate its words. */
export function withoutDelimiters(name: string): string {
  return name.replace(/[-._]/g, '');
}

/** The words of a name, in an order that does not depend on theirs; undefined for a single word. */
export function sortedWords(name: string): string | undefined {
  const words = name.split(/[-._]+/).filter((word) => word !== '');
  return words.length < 2 ? undefined : words.sort().join('-');
}

/** The letters of a name, sorted: equal for anagrams. */
export function sortedLetters(name: string): string {
  return [...name].sort().join('');
}

/** A name with all its vowels alike: equal for names that only differ in which vowels they have. */
export function anyVowels(name: string): string {
  return name.replace(/[aeiou]/g, '*');
}

/** A name in which each run of one letter is written once: `pupeter` for `puppeteer`. */
export function squeezed(name: string): string {
  return name.replace(/(.)\1+/g, '$1');
}

/** Two names without the words that both begin or end with. */
export function withoutSharedWords(a: string, b: string): readonly [string, string] {
  const [left, right] = [a.split(/[-._]+/), b.split(/[-._]+/)];
  while (left.length > 1 && right.length > 1 && left[0] === right[0]) {
    left.shift();
    right.shift();
  }
  while (left.length > 1 && right.length > 1 && left.at(-1) === right.at(-1)) {
    left.pop();
    right.pop();
  }
  return [left.join(''), right.join('')];
}

function wordLengthAt(name: string, at: number): number {
  const before = /[^-._]*$/.exec(name.slice(0, at))?.[0].length ?? 0;
  return before + (/^[^-._]*/.exec(name.slice(at))?.[0].length ?? 0);
}

/** What it is that one character stands for another. */
export function replacementKind(a: string, b: string): 'keyboard' | 'vowel' | 'replace' | 'homoglyph' {
  if (lookOf(a) === lookOf(b)) return 'homoglyph';
  if (VOWELS.includes(a) && VOWELS.includes(b)) return 'vowel';
  return NEIGHBOURS.get(a)?.has(b) === true ? 'keyboard' : 'replace';
}

function lookOf(char: string): string {
  return LOOKS.get(char) ?? char;
}

/** Which keys touch which on a QWERTY keyboard: beside each other, or in the rows above and below, half a key further. */
function neighbours(): ReadonlyMap<string, ReadonlySet<string>> {
  const map = new Map<string, Set<string>>();
  const touch = (a: string | undefined, b: string | undefined): void => {
    if (a === undefined || b === undefined) return;
    map.set(a, (map.get(a) ?? new Set()).add(b));
    map.set(b, (map.get(b) ?? new Set()).add(a));
  };
  KEYBOARD_ROWS.forEach((row, nth) => {
    [...row].forEach((key, at) => {
      touch(key, row[at + 1]);
      touch(key, KEYBOARD_ROWS[nth + 1]?.[at]);
      if (at > 0) touch(key, KEYBOARD_ROWS[nth + 1]?.[at - 1]);
    });
  });
  return map;
}
