import type { Confidence, Difference, Lookalike } from '../core/lookalike.ts';
import { isForeign, latin, singleEdit, withoutDelimiters } from './compare.ts';
import type { LookalikeData } from './data.ts';
import { hasName } from './name-filter.ts';
import { NearNames } from './near-names.ts';
import { surest } from './surest.ts';
import { TargetIndex } from './target-index.ts';

const BASENAME_SEED = 0x510e527f;
const FLAT_SEED = 0x6a09e667;

/** Words that are put before or behind a well-known name to make another. */
const AFFIXES: readonly RegExp[] = [
  /^(?:node|npm|js|ts|lib|the|x|get|my)[-_.]?(?=.)/,
  /[-_.]?(?:node|npm|js|ts|javascript|typescript|lib|pkg|package|cli|core|api|sdk|util|utils|new|plus|pro|lite|es6|esm|ng|x)$/,
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
    this.#near = new NearNames({ names: plain.map(({ name }) => name), weights: Uint8Array.from(plain, ({ weight }) => weight) }, ['js']);
    this.#scoped = scoped.map(({ name }) => name);
    this.#weights = new Map(scoped.map(({ name, weight }) => [name, weight]));
    const keys = this.#scoped.flatMap((name, value) => [
      { seed: FLAT_SEED, text: flat(name), value },
      { seed: BASENAME_SEED, text: baseOf(name), value },
    ]);
    this.#index = TargetIndex.build([], keys);
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
    return surest([...this.#near.find(name), ...this.#withScope(name), ...this.#affixed(name)]);
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
    return surest(found.map((target) => this.#found(target, 'scope', 'high')));
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
    const stems: readonly (readonly [string, Difference])[] = [
      ...AFFIXES.map((affix) => [name.replace(affix, ''), 'affix'] as const),
      [name.replace(VERSION, ''), 'version'],
      ...[`${name}js`, `${name}-js`, `${name}.js`, `node-${name}`].map((target) => [target, 'affix'] as const),
    ];
    return (
      stems
        // A separated version says which package it is a version of, so that any target counts.
        .filter(
          ([target, kind]) =>
            target.length >= 4 &&
            target !== name &&
            this.#near.has(target) &&
            (kind === 'version'
              ? /[-_.]v?[\d.]+$/.test(name) || this.#near.isInTop(3_000, target)
              : this.#near.isInTop(AFFIX_RANK, target)),
        )
        .map(([target, kind]) => this.#found(target, kind, 'low'))
    );
  }

  #scopedTargets(seed: number, text: string): string[] {
    return [...this.#index.findKey(seed, text)].map((id) => this.#scoped[id] ?? '');
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
