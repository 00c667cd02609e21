import type { Lookalike } from '../core/lookalike.ts';
import { isForeign, latin } from './compare.ts';
import type { LookalikeData } from './data.ts';
import { hasName } from './name-filter.ts';
import { NearNames, type Nearness } from './near-names.ts';
import { surest } from './surest.ts';

/** What people add to the name of a Python package. */
const AFFIX = /^(?:python|py)-?(?=.{4})|-?(?:python|py)$/;

/** Honest names of PyPI are near each other, and every one of its targets is among the 5,000 most used. */
const NEARNESS: Nearness = {
  suffixes: [],
  weakRank: 1_000,
  slips: [
    { length: 8, cost: 10, confidence: 'medium' },
    { length: 8, rank: 1_000, cost: 14, confidence: 'medium' },
    { length: 7, rank: 1_000, cost: 10, confidence: 'medium' },
  ],
};

/** Judges PyPI names. */
export class PypiNames {
  readonly #data: LookalikeData;
  readonly #near: NearNames;

  constructor(data: LookalikeData) {
    this.#data = data;
    this.#near = new NearNames(data.pypi, NEARNESS);
  }

  /** Bytes that the tables take. */
  get byteLength(): number {
    return this.#near.byteLength;
  }

  /** What a name looks like; undefined for a name that looks like itself. */
  judge(written: string): Lookalike | undefined {
    const name = normalisePypi(written);
    const malicious = this.#data.malicious.pypi;
    if (Object.hasOwn(malicious, name)) {
      const target = malicious[name] ?? '';
      return { target, kind: 'known-malicious', confidence: 'certain', weight: this.#near.weightOf(target) };
    }
    if (this.#near.has(name) || hasName(this.#data.pypiKnown, name)) return undefined;
    if (isForeign(name)) {
      const target = normalisePypi(latin(name));
      return this.#near.has(target) ? { target, kind: 'homoglyph', confidence: 'high', weight: this.#near.weightOf(target) } : undefined;
    }
    return surest(name, [...this.#near.find(name).filter((found) => !isVague(found)), ...this.#affixed(name)]);
  }

  #affixed(name: string): Lookalike[] {
    return [name.replace(AFFIX, ''), `python-${name}`, `py${name}`]
      .filter((target) => target !== name && target.length >= 4 && this.#near.isInTop(1_000, target))
      .map((target) => ({ target, kind: 'affix', confidence: 'low', weight: this.#near.weightOf(target) }));
  }
}

/** A faint likeness: honest names of PyPI are so near each other that it says nothing there. */
function isVague({ kind, confidence }: Lookalike): boolean {
  return confidence === 'low' && (kind === 'two-edits' || kind === 'replace' || kind === 'insert' || kind === 'omit');
}

/** PEP 503: case does not count, and runs of `-`, `_` and `.` are one `-`. */
export function normalisePypi(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}
