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

/**
 * Facts that were looked up. Asking is synchronous and notes what is missing; `resolve` looks up what was noted.
 * Analyse, resolve, analyse again until nothing is pending: diagnostics never wait for the network.
 */
export class FactStore implements FactView {
  readonly #fetch: FetchFact;
  readonly #answers = new Map<string, Answer<unknown>>();
  readonly #wanted = new Map<string, Wanted>();

  constructor(fetch: FetchFact) {
    this.#fetch = fetch;
  }

  get<K, V>(kind: FactKind<K, V>, key: K): Answer<V> {
    const answer = this.peek(kind, key);
    if (answer !== undefined) return answer;
    this.#wanted.set(idOf(kind, key), { kind: kind as FactKind<unknown, unknown>, key });
    return unknown('pending');
  }

  /** A fact that is here already; undefined, and nothing noted, where it is not. */
  peek<K, V>(kind: FactKind<K, V>, key: K): Answer<V> | undefined {
    // The answer was stored under this very kind's id, so its value is the kind's V.
    return this.#answers.get(idOf(kind, key)) as Answer<V> | undefined;
  }

  /** Keeps a fact that somebody else looked up. */
  put<K, V>(kind: FactKind<K, V>, key: K, answer: Answer<V>): void {
    const id = idOf(kind, key);
    this.#answers.set(id, answer);
    this.#wanted.delete(id);
  }

  /** How many facts were asked for and not looked up yet. */
  get pending(): number {
    return this.#wanted.size;
  }

  /** Looks up all pending facts, in parallel as far as the sources allow. Never rejects. */
  async resolve(signal: AbortSignal): Promise<void> {
    const batch = [...this.#wanted];
    this.#wanted.clear();
    await Promise.all(
      batch.map(async ([id, { kind, key }]) => {
        this.#answers.set(id, await this.#fetch(kind, key, signal));
      }),
    );
  }
}

function idOf<K, V>(kind: FactKind<K, V>, key: K): string {
  return `${kind.id} ${kind.key(key)}`;
}
