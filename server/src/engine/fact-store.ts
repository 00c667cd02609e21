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
  /** How many answers are held; `MAX_FACTS` unless given. The oldest go first. */
  readonly maxFacts?: number;
}

/** How many answers are held. */
export const MAX_FACTS = 5_000;

/** For one run: what was found out holds until its end. An answer that went would be asked for again in each round. */
export const FOR_ONE_RUN: FactLifetimes = {
  knownMs: Number.POSITIVE_INFINITY,
  unknownMs: Number.POSITIVE_INFINITY,
  maxFacts: 200_000,
};

/** An answer and the question. */
interface Held extends Wanted {
  readonly answer: Answer<unknown>;
  /** Until when rules go by it, in milliseconds since the epoch. */
  readonly until: number;
}

/**
 * Facts that were looked up. Asking is synchronous and notes what is missing; `resolve` looks up what was noted.
 * Analyse, resolve, analyse again until nothing is pending: diagnostics never wait for the network.
 */
export class FactStore implements FactView {
  readonly #fetch: FetchFact;
  readonly #lifetimes: FactLifetimes;
  readonly #answers = new Map<string, Held>();
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
    const now = Date.now();
    return this.#newest(kind, key, (held) => held.until >= now);
  }

  /** The last answer that there was, however old: `asOf` says. For showing, not for verdicts. */
  last<K, V>(kind: FactKind<K, V>, key: K): Answer<V> | undefined {
    return this.#newest(kind, key, () => true);
  }

  /** Keeps a fact that somebody else looked up, now or in an earlier session. */
  put<K, V>(kind: FactKind<K, V>, key: K, answer: Answer<V>): void {
    this.#keep(idOf(kind, key), { kind: kind as FactKind<unknown, unknown>, key }, answer);
  }

  /** Forgets all answers, and wants to know them again. */
  forget(): void {
    for (const [id, { kind, key }] of this.#answers) this.#wanted.set(id, { kind, key });
    this.#answers.clear();
  }

  /** How many facts were asked for and not looked up yet. */
  get pending(): number {
    return this.#due().length;
  }

  /** Looks up all pending facts, in parallel as far as the sources allow; through `fetch` where one is given. Never rejects. */
  async resolve(signal: AbortSignal, fetch: FetchFact = this.#fetch): Promise<void> {
    const batch = this.#due();
    this.#wanted.clear();
    await Promise.all(
      batch.map(async ([id, { kind, key }]) => {
        const answer = await fetch(kind, key, signal);
        // Whoever gives an answer again that is older than that still stands by it: to ask at once again would never end.
        this.#keep(id, { kind, key }, answer, Date.now() + this.#lifetimes.unknownMs);
      }),
    );
  }

  /** What is to be looked up: nothing that another fact on the list will tell. */
  #due(): [string, Wanted][] {
    return [...this.#wanted].filter(([, { kind, key }]) => kind.partOf === undefined || !this.#wanted.has(idOf(kind.partOf, key)));
  }

  /**
   * The answer to a question or to the wider one that it is part of, whichever is of later: rules that ask for either then go by one
   * answer. That the wider one failed is no answer to this one.
   */
  #newest<K, V>(kind: FactKind<K, V>, key: K, counts: (held: Held) => boolean): Answer<V> | undefined {
    const own = this.#held(kind, key, counts);
    const wider = kind.partOf && this.#held(kind.partOf, key, counts);
    if (wider === undefined || wider.state === 'unknown') return own;
    return own === undefined || own.state === 'unknown' || own.asOf <= wider.asOf ? wider : own;
  }

  #held<K, V>(kind: FactKind<K, V>, key: K, counts: (held: Held) => boolean): Answer<V> | undefined {
    const held = this.#answers.get(idOf(kind, key));
    // The answer was stored under this very kind's id, so its value is the kind's V.
    return held !== undefined && counts(held) ? (held.answer as Answer<V>) : undefined;
  }

  #keep(id: string, { kind, key }: Wanted, answer: Answer<unknown>, atLeast = 0): void {
    const { knownMs, unknownMs } = this.#lifetimes;
    const goodForMs = Math.max(knownMs, kind.goodForMs ?? 0);
    const until = answer.state === 'unknown' ? Date.now() + unknownMs : Math.max(atLeast, Math.min(answer.asOf, Date.now()) + goodForMs);
    this.#answers.delete(id);
    this.#answers.set(id, { kind, key, answer, until });
    this.#wanted.delete(id);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > (this.#lifetimes.maxFacts ?? MAX_FACTS) && oldest !== undefined) this.#answers.delete(oldest);
  }
}

function idOf<K, V>(kind: FactKind<K, V>, key: K): string {
  return `${kind.id} ${kind.key(key)}`;
}
