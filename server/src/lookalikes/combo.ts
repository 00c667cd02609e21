import type { Lookalike } from '../core/lookalike.ts';
import type { LookalikeData } from './data.ts';
import { hasName } from './name-filter.ts';

/** How many targets, by use, count as a part of another name. Further down they are words that anybody may use. */
const COMBO_RANK = 5_000;

/** Up to this rank a target of three letters counts as well: `vue`, `zod`. */
const SHORT_RANK = 500;

/** Names with more words are no names that anybody types. */
const MAX_DELIMITERS = 12;

/**
 * Combosquats: npm names in no list that have a well-known one among their words, `chalk-pro` or `plain-crypto-js`. A
 * well-known name counts at the start, and at the end only where it has several words itself: `config` and `logger` are
 * packages, and words that people end names with. One in nine honest names that the list does not know is built like that
 * (docs/quality.md), so what is found here waits for a fact.
 */
export class ComboNames {
  readonly #data: LookalikeData;
  readonly #weights: ReadonlyMap<string, number>;

  constructor(data: LookalikeData) {
    this.#data = data;
    const { names, weights } = data.npm;
    const sorted = Uint8Array.from(weights).sort().reverse();
    const least = sorted[COMBO_RANK - 1] ?? 0;
    const leastOfShort = sorted[SHORT_RANK - 1] ?? 0;
    this.#weights = new Map(
      names.flatMap((name, id): [string, number][] => {
        const weight = weights[id] ?? 0;
        const isLongEnough = name.length >= 4 || (name.length === 3 && weight >= leastOfShort);
        return weight >= least && isLongEnough && !name.startsWith('@') ? [[name, weight]] : [];
      }),
    );
    this.#targets = new Set(names);
  }

  readonly #targets: ReadonlySet<string>;

  /** The longest well-known name that a name has among its words; undefined for a name that is known itself, and for one with a scope. */
  judge(name: string): Lookalike | undefined {
    if (name.startsWith('@') || this.#targets.has(name) || hasName(this.#data.npmKnown, name)) return undefined;
    let target = '';
    let delimiters = 0;
    for (let at = 1; at < name.length - 1; at++) {
      if (!isDelimiter(name.charCodeAt(at))) continue;
      if (++delimiters > MAX_DELIMITERS) return undefined;
      // Heads grow and tails shrink, so that the last head and the first tail are the longest.
      if (at >= target.length && this.#weights.has(name.slice(0, at))) target = name.slice(0, at);
      const tail = name.slice(at + 1);
      if (tail.length > target.length && /[-._]/.test(tail) && this.#weights.has(tail)) target = tail;
    }
    return target === '' ? undefined : { target, kind: 'combo', confidence: 'low', weight: this.#weights.get(target) ?? 0 };
  }
}

function isDelimiter(code: number): boolean {
  return code === 0x2d || code === 0x2e || code === 0x5f;
}
