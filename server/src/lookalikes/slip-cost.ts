import { replacementKind } from './compare.ts';

/** What a slip costs: the less, the likelier a hand makes it and the less an eye sees it. A random letter for another is about 12. */
const COSTS = {
  repeat: 3,
  homoglyph: 3,
  swap: 5,
  plural: 6,
  vowel: 7,
  keyboard: 7,
  inside: 8,
  replace: 12,
  end: 12,
  start: 14,
  digit: 20,
} as const;

/** What is added for hyphens, dots or underscores that differ. */
export const DELIMITER_COST = 2;

/** Costs above this are all alike: the names have nothing to do with each other. */
export const FAR = 40;

/** Longer names are not compared: slips in them deceive nobody. */
const LONGEST = 63;

/** The rows of the table that is filled: a comparison is over before the next begins. */
const ROWS = [new Int32Array(LONGEST + 1), new Int32Array(LONGEST + 1), new Int32Array(LONGEST + 1)] as const;
const GAPS = new Int32Array(LONGEST);

/**
 * How far apart two names are, each of their slips weighted: the optimal string alignment distance (insertions, removals,
 * replacements, swaps of neighbours). `FAR` for names of very different lengths. Digits count most: `iso-639-3` is no
 * misspelt `iso-639-1`.
 */
export function slipCost(name: string, target: string): number {
  if (Math.abs(name.length - target.length) > 3 || target.length > LONGEST) return FAR;
  let [twoAbove, above, current] = ROWS;
  above[0] = 0;
  for (let at = 0; at < target.length; at++) {
    GAPS[at] = gapCost(target, at);
    above[at + 1] = (above[at] ?? 0) + (GAPS[at] ?? 0);
  }
  for (let row = 1; row <= name.length; row++) {
    const gap = gapCost(name, row - 1);
    let least = (above[0] ?? 0) + gap;
    current[0] = least;
    const a = name[row - 1] ?? '';
    for (let at = 1; at <= target.length; at++) {
      const b = target[at - 1] ?? '';
      let best = (above[at - 1] ?? 0) + (a === b ? 0 : replacementCost(a, b));
      best = Math.min(best, (above[at] ?? 0) + gap, (current[at - 1] ?? 0) + (GAPS[at - 1] ?? 0));
      if (row > 1 && at > 1 && a !== b && a === target[at - 2] && b === name[row - 2])
        best = Math.min(best, (twoAbove[at - 2] ?? 0) + COSTS.swap);
      current[at] = best;
      if (best < least) least = best;
    }
    if (least >= FAR) return FAR;
    [twoAbove, above, current] = [above, current, twoAbove];
  }
  return Math.min(FAR, above[target.length] ?? FAR);
}

function replacementCost(a: string, b: string): number {
  const [row, column] = [a.charCodeAt(0) - FIRST_CODE, b.charCodeAt(0) - FIRST_CODE];
  const isListed = row >= 0 && row < CODES && column >= 0 && column < CODES;
  return isListed ? (REPLACEMENTS[row * CODES + column] ?? COSTS.replace) : COSTS.replace;
}

/** The characters of names: from `-` to `z`. */
const FIRST_CODE = 45;
const CODES = 78;
const REPLACEMENTS = Uint8Array.from({ length: CODES * CODES }, (_, at) => {
  const [a, b] = [String.fromCharCode(FIRST_CODE + Math.floor(at / CODES)), String.fromCharCode(FIRST_CODE + (at % CODES))];
  const kind = replacementKind(a, b);
  return kind !== 'homoglyph' && (isDigit(a) || isDigit(b)) ? COSTS.digit : COSTS[kind];
});

/** What a character costs that only one of the names has. */
function gapCost(name: string, at: number): number {
  const char = name[at] ?? '';
  if (char === name[at - 1] || char === name[at + 1]) return COSTS.repeat;
  if (isDigit(char)) return COSTS.digit;
  if (at === name.length - 1) return char === 's' ? COSTS.plural : COSTS.end;
  if (at === 0) return COSTS.start;
  return 'aeiou'.includes(char) ? COSTS.vowel : COSTS.inside;
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}
