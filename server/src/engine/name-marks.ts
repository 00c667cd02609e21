import { plain } from '../core/untrusted.ts';

/** Longer names are shown in part, in UTF-16 units. */
const MAX_UNITS = 120;

/**
 * Two names with carets under what the one has and the other has not, as four lines of plain text for a font of one width. What
 * cannot be seen is replaced, and characters that look like Latin ones are named by their code in the lines that follow.
 */
export function markedNames(names: readonly [string, string]): string[] {
  const [a, b] = names.map((name) => [...plain(name, MAX_UNITS)]);
  if (a === undefined || b === undefined) return [];
  const common = commonAround(a, b) ?? longestCommon(a, b);
  const foreign = [...new Set([...a, ...b])].filter((character) => (character.codePointAt(0) ?? 0) > 0x7e);
  return [
    a.join(''),
    under(a, common.a),
    b.join(''),
    under(b, common.b),
    ...foreign.map((character) => `${character} is U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`),
  ].filter((line) => line !== '');
}

function under(characters: readonly string[], isCommon: ReadonlySet<number>): string {
  return characters
    .map((_, index) => (isCommon.has(index) ? ' ' : '^'))
    .join('')
    .trimEnd();
}

/** So many letters in the middle are marked as a whole: of two that are swapped, both. */
const MAX_MIDDLE = 3;

interface Common {
  readonly a: ReadonlySet<number>;
  readonly b: ReadonlySet<number>;
}

/** The beginning and the end that two names share, where hardly anything stands between them. */
function commonAround(a: readonly string[], b: readonly string[]): Common | undefined {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start++;
  let end = 0;
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  if (Math.max(a.length, b.length) - start - end > MAX_MIDDLE) return undefined;
  const places = ({ length }: readonly string[]): ReadonlySet<number> =>
    new Set(Array.from({ length }, (_, index) => index).filter((index) => index < start || index >= length - end));
  return { a: places(a), b: places(b) };
}

/** The places of a longest common subsequence in both. Names are short, so that the table of all pairs is small. */
function longestCommon(a: readonly string[], b: readonly string[]): Common {
  const width = b.length + 1;
  const lengths = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const inA = new Set<number>();
  const inB = new Set<number>();
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      inA.add(i++);
      inB.add(j++);
    } else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return { a: inA, b: inB };
}
