import { type Difference, downloadsOf, type Ecosystem, type Lookalike } from '../core/lookalike.ts';

/** How two names differ, as the end of the sentence "`a` looks like `b`: ...". */
const DIFFERENCES: Readonly<Record<Exclude<Difference, 'known-malicious'>, string>> = {
  swap: 'two letters are swapped',
  repeat: 'a letter is doubled, or a double one written once',
  omit: 'a letter is missing',
  insert: 'a letter is added',
  keyboard: 'one letter is that of a key beside the right one',
  vowel: 'another vowel stands in it',
  replace: 'one letter is another',
  homoglyph: 'it has characters that look alike',
  delimiter: 'only hyphens, dots or underscores differ',
  'edit-delimiter': 'a letter and a hyphen, dot or underscore differ',
  'two-edits': 'it is two slips away',
  reorder: 'its words are in another order',
  anagram: 'its letters are in another order',
  affix: 'a common word is added or left out',
  version: 'a number is added',
  scope: 'the scope is another',
  'scope-dropped': 'the scope is left out',
  'scope-flattened': 'the scope is written into the name',
  combo: 'it stands among other words',
};

/** The arguments of a lookalike rule's messages, and which of `MESSAGE_IDS` fits. */
export interface LookalikeWords {
  readonly messageId: 'alike' | 'malicious' | 'removed';
  readonly args: Readonly<Record<'name' | 'target' | 'difference' | 'use', string>>;
}

/** What a finding says of a name and of what it looks like. */
export function lookalikeWords(ecosystem: Ecosystem, name: string, { target, kind, weight }: Lookalike): LookalikeWords {
  const difference = kind === 'known-malicious' ? '' : DIFFERENCES[kind];
  const messageId = kind !== 'known-malicious' ? 'alike' : target === '' ? 'removed' : 'malicious';
  return { messageId, args: { name, target, difference, use: useOf(ecosystem, weight) } };
}

/** How much a target is used, as the predicate of a sentence. Weights of npm are downloads, those of PyPI go by the rank. */
function useOf(ecosystem: Ecosystem, weight: number): string {
  if (ecosystem === 'npm') return `is installed ${roughly(downloadsOf(weight))} times a month`;
  if (ecosystem !== 'pypi') return 'is well known';
  const rank = 1_000_000 / Math.max(1, downloadsOf(weight));
  const top = PYPI_TOPS.find((limit) => rank <= limit);
  return top === undefined ? 'is a known package' : `is among the ${top.toLocaleString('en-US')} most downloaded packages`;
}

const PYPI_TOPS = [100, 500, 1_000, 2_500, 5_000];

/** One significant figure: a weight is an eighth of a doubling, and a month is not like the next. */
function roughly(count: number): string {
  const [size, unit] = count >= 1e9 ? [1e9, ' billion'] : count >= 1e6 ? [1e6, ' million'] : [1, ''];
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, count / size))));
  return `about ${(Math.max(1, Math.round(count / size / step)) * step).toLocaleString('en-US')}${unit}`;
}
