import { type Answer, type FactKind, type FetchFact, unknown } from '../core/answer.ts';

/** One fact that somebody asked for and that is not here yet. */
interface Wanted {
  readonly kind: FactKind<unknown, unknown>;
  readonly key: unknown;
}

/** What the analysis sees of facts: an answer at once. */
export interface FactView {
  get<K, V>(kind: FactKind<K, V>, key: K): Answer<V>;
}

/** A view in which nothing can be known, because there is no network. */
export const OFFLINE_FACTS: FactView = { get: () => unknown('offline') };

/** How long answers are good for, in ms. */
export interface FactLifetimes {
  readonly knownMs: number;
  /** After a failed look-up: how long it is not tried again. */
  readonly unknownMs: number;
}

/** For one run: what was found out holds until its end. */
export const FOR_ONE_RUN: FactLifetimes = { knownMs: Number.POSITIVE_INFINITY, unknownMs: Number.POSITIVE_INFINITY };

/**
 * Facts that were looked up. Asking is synchronous and notes what is missing; `resolve` looks up what was noted.
 * Analyse, resolve, analyse again until nothing is pending: diagnostics never wait for the network.
 */
export class FactStore implements FactView {
  readonly #fetch: FetchFact;
  readonly #lifetimes: FactLifetimes;
  readonly #answers = new Map<string, { readonly answer: Answer<unknown>; readonly until: number }>();
  readonly #wanted = new Map<string, Wanted>();

  constructor(fetch: FetchFact, lifetimes: FactLifetimes) {
    this.#fetch = fetch;
    this.#lifetimes = lifetimes;
  }

  get<K, V>(kind: FactKind<K, V>, key: K): Answer<V> {
    const answer = this.peek(kind, key);
    if (answer !== undefined) return answer;
    this.#wanted.set(idOf(kind, key), { kind: kind as FactKind<unknown, unknown>, key });
    return unknown('pending');
  }

  /** A fact that is here already; undefined, and nothing noted, where it is not. */
  peek<K, V>(kind: FactKind<K, V>, key: K): Answer<V> | undefined {
    const kept = this.#answers.get(idOf(kind, key));
    if (kept === undefined || kept.until < Date.now()) return undefined;
    // The answer was stored under this very kind's id, so its value is the kind's V.
    return kept.answer as Answer<V>;
  }

  /** Keeps a fact that somebody else looked up. */
  put<K, V>(kind: FactKind<K, V>, key: K, answer: Answer<V>): void {
    this.#keep(idOf(kind, key), answer);
  }

  /** How many facts were asked for and not looked up yet. */
  get pending(): number {
    return this.#wanted.size;
  }

  /** Looks up all pending facts, in parallel as far as the sources allow. Never rejects. */
  async resolve(signal: AbortSignal): Promise<void> {
    const batch = [...this.#wanted];
    this.#wanted.clear();
    await Promise.all(batch.map(async ([id, { kind, key }]) => this.#keep(id, await this.#fetch(kind, key, signal))));
  }

  #keep(id: string, answer: Answer<unknown>): void {
    const { knownMs, unknownMs } = this.#lifetimes;
    this.#answers.set(id, { answer, until: Date.now() + (answer.state === 'unknown' ? unknownMs : knownMs) });
    this.#wanted.delete(id);
  }
}

function idOf<K, V>(kind: FactKind<K, V>, key: K): string {
  return `${kind.id} ${kind.key(key)}`;
}
