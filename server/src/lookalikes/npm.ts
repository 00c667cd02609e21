import type { Confidence, Difference, Lookalike } from '../core/lookalike.ts';
import { isForeign, latin, singleEdit, withoutDelimiters } from './compare.ts';
import type { LookalikeData } from './data.ts';
import { hash32 } from './hash.ts';
import { hasName } from './name-filter.ts';
import { NearNames, type Nearness } from './near-names.ts';
import { surest } from './surest.ts';
import { TargetIndex } from './target-index.ts';

const BASENAME_SEED = 0x510e527f;
const FLAT_SEED = 0x6a09e667;

/** What tells two slips from another name; measured on the development half of the attacks (docs/quality.md). */
const NEARNESS: Nearness = {
  suffixes: ['js'],
  weakRank: 5_000,
  slips: [
    { length: 8, rank: 2_000, cost: 17, confidence: 'medium' },
    { length: 14, rank: 5_000, cost: 20, confidence: 'medium' },
    { length: 8, rank: 5_000, cost: 14, confidence: 'medium' },
    { length: 7, rank: 5_000, cost: 10, confidence: 'medium' },
    { length: 8, cost: 10, confidence: 'medium' },
    { length: 6, rank: 5_000, cost: 8, confidence: 'low' },
    { length: 8, rank: 5_000, cost: 17, confidence: 'low' },
    { length: 10, cost: 16, confidence: 'low' },
  ],
};

/** Words that say no more than which language a package is for. */
const LANGUAGE: readonly RegExp[] = [/^(?:node|npm|js|ts)[-_.]?(?=.)/, /[-_.]?(?:node|npm|js|ts)$/];

/** Words that are put before or behind a well-known name to make another. */
const AFFIXES: readonly RegExp[] = [
  /^(?:lib|the|x|get|my)[-_.]?(?=.)/,
  /[-_.]?(?:javascript|typescript|lib|pkg|package|cli|core|api|sdk|util|utils|new|plus|pro|lite|es6|esm|ng|x)$/,
  // Words that praise, and words that promise another edition: what combosquats of 2025 and 2026 add.
  /^(?:new|real|better|best|super|fast|safe|secure|smart|official|original)[-_.](?=.)/,
  /[-_.](?:latest|next|stable|lts|prod|production|dev|beta|old|older|legacy|real|official|original|native|fast|safe|secure|smart|ultra|super|advanced|extra|extended|enhanced|improved|modern|mini|min|dist|build|bundle|compat|fix|fixed|patch|patched|kit|helper|helpers|runtime|client|wrapper|module|modules|app|application|standard)$/,
];
/** `react-v17`, `react17`; behind a separator also `playwright-1.45`. */
const VERSION = /[-_.]v?\d{1,3}(?:\.\d{1,3}){0,2}$|v?\d{1,3}$/;

/** Of how many targets, by use, a name with a word more or less counts as an imitation. */
const AFFIX_RANK = 10_000;

/** Judges npm names. Making one takes about 0.1 s; judging takes microseconds. */
export class NpmNames {
  readonly #data: LookalikeData;
  readonly #near: NearNames;
  readonly #scoped: readonly string[];
  readonly #weights: ReadonlyMap<string, number>;
  readonly #index: TargetIndex;

  constructor(data: LookalikeData) {
    this.#data = data;
    const { names, weights } = data.npm;
    const all = names.map((name, id) => ({ name, weight: weights[id] ?? 0 }));
    const plain = all.filter(({ name }) => !name.startsWith('@'));
    const scoped = all.filter(({ name }) => name.startsWith('@'));
    this.#near = new NearNames({ names: plain.map(({ name }) => name), weights: Uint8Array.from(plain, ({ weight }) => weight) }, NEARNESS);
    this.#scoped = scoped.map(({ name }) => name);
    this.#weights = new Map(scoped.map(({ name, weight }) => [name, weight]));
    this.#index = new TargetIndex(2 * this.#scoped.length);
    this.#scoped.forEach((name, id) => {
      this.#index.addKey(hash32(flat(name), FLAT_SEED), id);
      this.#index.addKey(hash32(baseOf(name), BASENAME_SEED), id);
    });
  }

  /** Bytes that the tables take. */
  get byteLength(): number {
    return this.#near.byteLength + this.#index.byteLength;
  }

  /** What a name looks like; undefined for a name that looks like itself. */
  judge(name: string): Lookalike | undefined {
    const malicious = this.#data.malicious.npm;
    if (Object.hasOwn(malicious, name)) return this.#found(malicious[name] ?? '', 'known-malicious', 'certain');
    if (this.#isTarget(name) || hasName(this.#data.npmKnown, name)) return undefined;
    if (isForeign(name)) {
      const target = latin(name);
      return this.#isTarget(target) ? this.#found(target, 'homoglyph', 'high') : undefined;
    }
    if (name.startsWith('@')) return this.#judgeScoped(name);
    return surest(name, [...this.#near.find(name), ...this.#withScope(name), ...this.#affixed(name)]);
  }

  /**
   * Whether a name is near any target, however far below the limits of a verdict, or has the name of one as its first or
   * last words. Only of such names it matters whether they are known.
   */
  isNearAny(name: string): boolean {
    if (name.startsWith('@')) return this.#scopedTargets(BASENAME_SEED, baseOf(name)).length > 0;
    if (this.#near.isNearAny(name) || this.#withScope(name).length > 0 || this.#affixed(name).length > 0) return true;
    return [...name.matchAll(/[-._]/g)].some(({ index }) => this.#isTarget(name.slice(0, index)) || this.#isTarget(name.slice(index + 1)));
  }

  /** A scope near that of a target with the same name behind it. */
  #judgeScoped(name: string): Lookalike | undefined {
    const scope = name.slice(0, name.indexOf('/'));
    if (scope === '' || hasName(this.#data.npmScopes, scope)) return undefined;
    const base = baseOf(name);
    const found = this.#scopedTargets(BASENAME_SEED, base).filter((target) => {
      const other = target.slice(0, target.indexOf('/'));
      if (baseOf(target) !== base) return false;
      return withoutDelimiters(other) === withoutDelimiters(scope) || (scope.length > 4 && singleEdit(scope, other) !== undefined);
    });
    return surest(
      name,
      found.map((target) => this.#found(target, 'scope', 'high')),
    );
  }

  /** A scoped package without its scope, or with the scope as a part of the name. */
  #withScope(name: string): Lookalike[] {
    const bare = withoutDelimiters(name);
    const flattened = bare.length < 5 ? [] : this.#scopedTargets(FLAT_SEED, bare).filter((target) => flat(target) === bare);
    const dropped = name.length < 4 ? [] : this.#scopedTargets(BASENAME_SEED, name).filter((target) => baseOf(target) === name);
    return [
      ...flattened.map((target) => this.#found(target, 'scope-flattened', 'low')),
      ...dropped.map((target) => this.#found(target, 'scope-dropped', 'low')),
    ];
  }

  /** A well-known name with a common word or a number added, or without one. */
  #affixed(name: string): Lookalike[] {
    const isSeparated = /[-_.]v?[\d.]+$/.test(name);
    const stems: readonly Stem[] = [
      ...LANGUAGE.map((affix) => ({ target: name.replace(affix, ''), kind: 'affix' }) as const),
      ...AFFIXES.map((affix) => ({ target: name.replace(affix, ''), kind: 'affix', rank: AFFIX_RANK }) as const),
      // A separated version says which package it is a version of, so that any target counts.
      { target: name.replace(VERSION, ''), kind: 'version', ...(isSeparated ? {} : { rank: 3_000 }) },
      ...[`${name}js`, `${name}-js`, `${name}.js`, `node-${name}`].map((target) => ({ target, kind: 'affix', rank: AFFIX_RANK }) as const),
    ];
    return stems
      .filter(
        ({ target, rank }) =>
          target.length >= 4 && target !== name && this.#near.has(target) && (rank === undefined || this.#near.isInTop(rank, target)),
      )
      .map(({ target, kind }) => this.#found(target, kind, 'low'));
  }

  #scopedTargets(seed: number, text: string): string[] {
    return [...this.#index.findKey(hash32(text, seed))].map((id) => this.#scoped[id] ?? '');
  }

  #isTarget(name: string): boolean {
    return this.#near.has(name) || this.#weights.has(name);
  }

  #found(target: string, kind: Difference, confidence: Confidence): Lookalike {
    return { target, kind, confidence, weight: this.#weights.get(target) ?? this.#near.weightOf(target) };
  }
}

function baseOf(name: string): string {
  return name.slice(name.indexOf('/') + 1);
}

function flat(name: string): string {
  return withoutDelimiters(name.replace(/[@/]/g, ''));
}

/** A name without what was perhaps added to it. */
interface Stem {
  readonly target: string;
  readonly kind: Difference;
  /** How much used the target must be; any where absent. */
  readonly rank?: Parameters<NearNames['isInTop']>[0];
}
