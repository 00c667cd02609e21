import { setMaxListeners } from 'node:events';
import { type Answer, unknown } from '../core/answer.ts';
import { createFactCache, type SharedStorage } from './fact-cache.ts';
import type { Http } from './http.ts';
import type { KeepUnder, Source } from './source.ts';

/** How long a thing that is missing, or not shown to us, is remembered, in milliseconds. */
export const ABSENT_TTL_MS = 5 * 60 * 1000;

/** How long a failed look-up is remembered, in milliseconds: long enough that 30 equal references fail once. */
export const FAILURE_TTL_MS = 10 * 1000;

/** How many answers of a source are kept that does not say how many. The oldest go first. */
export const MAX_CACHED_ANSWERS = 500;

/** How old an answer may be, in milliseconds, for a fix that writes down what it says: it was given to this very run or click. */
export const FRESH_MS = 60 * 1000;

/** One question to a source. */
export interface Question<K> {
  readonly key: K;
  /** The key as text. */
  readonly id: string;
}

/** A source with a memory. */
export interface Fetcher<K, V> {
  readonly source: Source<K, V>;
  /** Equal questions share one look-up; it is aborted when nobody waits for it any more. */
  fetch(question: Question<K>, signal: AbortSignal): Promise<Answer<V>>;
  /** The same with an answer that is at most `FRESH_MS` old, whatever was kept. */
  fetchFresh(question: Question<K>, signal: AbortSignal): Promise<Answer<V>>;
  /** What is remembered or kept, however old; nothing is asked. */
  kept(question: Question<K>, signal: AbortSignal): Promise<Answer<V> | undefined>;
  /** Writes down what outlives the session. */
  flush(): Promise<void>;
  /** Forgets all answers of this session. */
  clear(): void;
  /** Forgets all answers, the kept ones too. */
  forget(): Promise<void>;
}

interface LookUp<V> {
  readonly answer: Promise<Answer<V>>;
  readonly abort: AbortController;
  readonly isFresh: boolean;
  waiting: number;
}

interface Remembered<V> {
  readonly answer: Answer<V>;
  readonly at: number;
  readonly until: number;
}

/** What a memory needs. */
export interface FetcherOptions {
  readonly http: Http;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Where answers outlive the session; they do not without it. */
  readonly storage?: SharedStorage | undefined;
}

/** Gives a source a memory. */
export function createFetcher<K, V>(source: Source<K, V>, { http, now, storage }: FetcherOptions): Fetcher<K, V> {
  const inFlight = new Map<string, LookUp<V>>();
  const memory = new Map<string, Remembered<V>>();
  const read = source.read?.bind(source);
  const cache = storage && read && createFactCache({ storage, name: source.id, now, read });

  function remember(id: string, answer: Answer<V>, at: number): void {
    const forMs = ttlMs(answer, source.ttlMs);
    if (forMs === 0) return;
    memory.delete(id);
    memory.set(id, { answer, at, until: at + forMs });
    const [oldest] = memory.keys();
    if (memory.size > (source.remembers ?? MAX_CACHED_ANSWERS) && oldest !== undefined) memory.delete(oldest);
  }

  /** The kept answer to a question and the id it is kept under, where there is a place for it. */
  async function fromCache(key: K, signal: AbortSignal): Promise<(KeepUnder & { readonly answer: Answer<V> | undefined }) | undefined> {
    const place = cache && (await source.keepUnder?.(key, signal));
    return cache === undefined || place === undefined ? undefined : { ...place, answer: await cache.get(place.id) };
  }

  async function ask({ key, id }: Question<K>, isFresh: boolean, signal: AbortSignal): Promise<Answer<V>> {
    try {
      const kept = await fromCache(key, signal);
      const old = kept?.answer;
      if (
        old !== undefined &&
        old.state !== 'unknown' &&
        !isFresh &&
        kept?.isLocal === false &&
        now() - old.asOf < ttlMs(old, source.ttlMs)
      ) {
        remember(id, old, old.asOf);
        return old;
      }
      const before = old ?? memory.get(id)?.answer;
      const answer = await source.fetch(key, http, signal, before?.state === 'known' ? before.value : undefined);
      remember(id, answer, now());
      if (kept !== undefined) cache?.put(kept.id, answer);
      return answer;
    } finally {
      if (inFlight.get(id)?.abort.signal === signal) inFlight.delete(id);
    }
  }

  function join(question: Question<K>, isFresh: boolean): LookUp<V> {
    const { id } = question;
    const running = inFlight.get(id);
    // One that may be answered from the disk does not do where a fresh answer is wanted.
    if (running !== undefined && (running.isFresh || !isFresh)) return running;
    const abort = new AbortController();
    const started = { answer: ask(question, isFresh, abort.signal), abort, isFresh, waiting: 0 };
    inFlight.set(id, started);
    return started;
  }

  function fetch(question: Question<K>, isFresh: boolean, signal: AbortSignal): Promise<Answer<V>> {
    if (signal.aborted) return Promise.resolve(CANCELLED);
    const remembered = memory.get(question.id);
    if (remembered !== undefined && remembered.until > now() && (!isFresh || now() - remembered.at <= FRESH_MS)) {
      return Promise.resolve(remembered.answer);
    }
    const lookUp = join(question, isFresh);
    return wait(lookUp, signal, () => {
      if (inFlight.get(question.id) === lookUp) inFlight.delete(question.id);
    });
  }

  return {
    source,
    fetch: (question, signal) => fetch(question, false, signal),
    fetchFresh: (question, signal) => fetch(question, true, signal),
    kept: async ({ key, id }, signal) => {
      const remembered = memory.get(id)?.answer;
      // That it failed just now takes nothing away from what was kept before.
      if (remembered !== undefined && remembered.state !== 'unknown') return remembered;
      return (await fromCache(key, signal))?.answer ?? remembered;
    },
    flush: async () => cache?.flush(),
    clear: () => memory.clear(),
    forget: async () => {
      memory.clear();
      source.forget?.();
      await cache?.clear();
    },
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
