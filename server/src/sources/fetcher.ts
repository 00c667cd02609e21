import { setMaxListeners } from 'node:events';
import { type Answer, unknown } from '../core/answer.ts';
import type { Http } from './http.ts';
import type { Source } from './source.ts';

/** How long a thing that is missing, or not shown to us, is remembered, in milliseconds. */
export const ABSENT_TTL_MS = 5 * 60 * 1000;

/** How long a failed look-up is remembered, in milliseconds: long enough that 30 equal references fail once. */
export const FAILURE_TTL_MS = 10 * 1000;

/** How many answers of one source are kept. The oldest go first. */
export const MAX_CACHED_ANSWERS = 500;

/** A source with a memory. */
export interface Fetcher<K, V> {
  readonly source: Source<K, V>;
  /** `id` is the key as text. Equal questions share one look-up; it is aborted when nobody waits for it any more. */
  fetch(question: { readonly key: K; readonly id: string }, signal: AbortSignal): Promise<Answer<V>>;
  /** Forgets all answers. */
  clear(): void;
}

interface LookUp<V> {
  readonly answer: Promise<Answer<V>>;
  readonly abort: AbortController;
  waiting: number;
}

interface Remembered<V> {
  readonly answer: Answer<V>;
  readonly until: number;
}

/** Gives a source a memory. `now` is milliseconds since the epoch. */
export function createFetcher<K, V>(
  source: Source<K, V>,
  { http, now }: { readonly http: Http; readonly now: () => number },
): Fetcher<K, V> {
  const inFlight = new Map<string, LookUp<V>>();
  const memory = new Map<string, Remembered<V>>();

  function remember(id: string, answer: Answer<V>): void {
    const forMs = ttlMs(answer, source.ttlMs);
    if (forMs === 0) return;
    memory.delete(id);
    memory.set(id, { answer, until: now() + forMs });
    const [oldest] = memory.keys();
    if (memory.size > MAX_CACHED_ANSWERS && oldest !== undefined) memory.delete(oldest);
  }

  async function ask(key: K, id: string, signal: AbortSignal): Promise<Answer<V>> {
    try {
      const answer = await source.fetch(key, http, signal);
      remember(id, answer);
      return answer;
    } finally {
      if (inFlight.get(id)?.abort.signal === signal) inFlight.delete(id);
    }
  }

  function join(key: K, id: string): LookUp<V> {
    const running = inFlight.get(id);
    if (running !== undefined) return running;
    const abort = new AbortController();
    const started = { answer: ask(key, id, abort.signal), abort, waiting: 0 };
    inFlight.set(id, started);
    return started;
  }

  return {
    source,
    fetch: ({ key, id }, signal) => {
      if (signal.aborted) return Promise.resolve(CANCELLED);
      const remembered = memory.get(id);
      if (remembered !== undefined && remembered.until > now()) return Promise.resolve(remembered.answer);
      const lookUp = join(key, id);
      return wait(lookUp, signal, () => {
        if (inFlight.get(id) === lookUp) inFlight.delete(id);
      });
    },
    clear: () => memory.clear(),
  };
}

const CANCELLED = unknown('pending', 'cancelled');

function ttlMs<V>(answer: Answer<V>, knownTtlMs: number): number {
  if (answer.state === 'known') return knownTtlMs;
  if (answer.state === 'absent') return Math.min(knownTtlMs, ABSENT_TTL_MS);
  switch (answer.why) {
    case 'pending':
    case 'offline':
      return 0;
    case 'denied':
    case 'untrusted':
    case 'unparsable':
    case 'too-large':
      return ABSENT_TTL_MS;
    case 'timeout':
    case 'error':
      return FAILURE_TTL_MS;
  }
}

/** One caller's share of a look-up. The last one who gives up aborts it. */
function wait<V>(lookUp: LookUp<V>, signal: AbortSignal, abandon: () => void): Promise<Answer<V>> {
  lookUp.waiting++;
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      resolve(CANCELLED);
      if (--lookUp.waiting > 0) return;
      abandon();
      lookUp.abort.abort();
    };
    // A run asks hundreds of questions under one signal. Node takes more than ten listeners for a leak and says so to the user.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', giveUp, { once: true });
    lookUp.answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
