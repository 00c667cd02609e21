import { setMaxListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
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

/** How many bytes the answers of one source that are kept may take together, about. The oldest go first, and the last one stays. */
export const MAX_CACHED_BYTES = 16 * 1024 * 1024;

/** The same of a source whose answers are used once: just enough for questions that follow one another. */
export const MAX_PASSING_BYTES = 512 * 1024;

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
  /** Remembers and keeps an answer that another look-up brought along. */
  put(question: Question<K>, answer: Answer<V>): Promise<void>;
  /** The answer that is remembered and need not be asked for again. */
  remembered(question: Question<K>, isFresh: boolean): Answer<V> | undefined;
  /** The answer that is being asked for; undefined where nobody asks. */
  underWay(question: Question<K>, isFresh: boolean, signal: AbortSignal): Promise<Answer<V>> | undefined;
  /** The answer of an earlier session that need not be asked for again; undefined where there is none. Nothing is asked. */
  keptFresh(question: Question<K>, signal: AbortSignal): Promise<Answer<V> | undefined>;
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
  /** On what it rests besides the key. */
  readonly basis: string | undefined;
  /** About how many bytes it takes. */
  readonly bytes: number;
}

/** What a memory needs. */
export interface FetcherOptions<K, V> {
  readonly http: Http;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Where answers outlive the session; they do not without it. */
  readonly storage?: SharedStorage | undefined;
  /** Answers the same questions with more than is asked for here: where it knows the answer, or is about to, it is not asked for twice. */
  readonly wider?: Fetcher<K, V>;
  /** Answers serve other questions, whose answers are what is kept: few are remembered, and none is kept beyond the session. */
  readonly isPassing?: boolean;
}

/** Gives a source a memory. */
export function createFetcher<K, V>(source: Source<K, V>, options: FetcherOptions<K, V>): Fetcher<K, V> {
  const { http, now, storage, wider, isPassing = false } = options;
  const maxBytes = isPassing ? MAX_PASSING_BYTES : MAX_CACHED_BYTES;
  const inFlight = new Map<string, LookUp<V>>();
  const memory = new Map<string, Remembered<V>>();
  let bytes = 0;
  const read = source.read?.bind(source);
  const cache = storage && read && createFactCache({ storage, name: source.id, now, read });

  const basisOf = (answer: Answer<V>): string | undefined =>
    answer.state === 'known' ? source.basis?.of(answer.value) : source.basis?.now();

  const rememberedOf = (id: string): Remembered<V> | undefined => {
    const found = memory.get(id);
    return found?.basis === source.basis?.now() ? found : undefined;
  };

  function remember(id: string, answer: Answer<V>, { at, basis }: Pick<Remembered<V>, 'at' | 'basis'>): void {
    const forMs = ttlMs(answer, source.ttlMs);
    if (forMs === 0) return;
    const taken = answer.state === 'known' ? (source.weigh?.(answer.value) ?? 0) : 0;
    bytes += taken - (memory.get(id)?.bytes ?? 0);
    memory.delete(id);
    memory.set(id, { answer, at, until: at + forMs, basis, bytes: taken });
    for (const [oldest, one] of memory) {
      if (memory.size <= (source.remembers ?? MAX_CACHED_ANSWERS) && (bytes <= maxBytes || memory.size === 1)) break;
      memory.delete(oldest);
      bytes -= one.bytes;
    }
  }

  function clear(): void {
    memory.clear();
    bytes = 0;
  }

  /** The kept answer to a question and the id it is kept under, where there is a place for it. */
  async function fromCache(key: K, signal: AbortSignal): Promise<FromCache<V> | undefined> {
    const place = cache && (await source.keepUnder?.(key, signal));
    if (cache === undefined || place === undefined) return undefined;
    const basis = source.basis?.now();
    return { ...place, basis, answer: await cache.get(keptId(place.id, basis)) };
  }

  /** What was kept and is not too old to go by; it is remembered from then on. */
  function takeKept(id: string, kept: FromCache<V> | undefined): Answer<V> | undefined {
    const old = kept?.answer;
    if (old === undefined || old.state === 'unknown' || kept?.isLocal !== false || now() - old.asOf >= ttlMs(old, source.ttlMs)) {
      return undefined;
    }
    remember(id, old, { at: old.asOf, basis: kept.basis });
    return old;
  }

  async function ask(question: Question<K>, isFresh: boolean, signal: AbortSignal): Promise<Answer<V>> {
    const { key, id } = question;
    try {
      const kept = await fromCache(key, signal);
      const taken = isFresh ? undefined : (takeKept(id, kept) ?? (await wider?.keptFresh(question, signal)));
      if (taken !== undefined) return taken;
      // Rules ask for both at once: the wider question may come right behind this one.
      if (wider !== undefined) await setImmediate();
      const told = wider?.remembered(question, isFresh) ?? (await wider?.underWay(question, isFresh, signal));
      if (told !== undefined && !isTooMuch(told)) return told;
      const old = kept?.answer;
      const before = old ?? rememberedOf(id)?.answer;
      const answer = await source.fetch(key, http, signal, before?.state === 'known' ? before.value : undefined);
      // A registry may have answered with more than was asked for, and then that is remembered there.
      if (wider?.remembered(question, isFresh) === answer) return answer;
      const basis = basisOf(answer);
      remember(id, answer, { at: now(), basis });
      if (kept !== undefined && !isPassing) cache?.put(keptId(kept.id, basis), answer);
      return answer;
    } finally {
      if (inFlight.get(id)?.abort.signal === signal) inFlight.delete(id);
    }
  }

  function running(id: string, isFresh: boolean): LookUp<V> | undefined {
    const lookUp = inFlight.get(id);
    // One that may be answered from the disk does not do where a fresh answer is wanted.
    return lookUp !== undefined && (lookUp.isFresh || !isFresh) ? lookUp : undefined;
  }

  function start(question: Question<K>, isFresh: boolean): LookUp<V> {
    const abort = new AbortController();
    const started = { answer: ask(question, isFresh, abort.signal), abort, isFresh, waiting: 0 };
    inFlight.set(question.id, started);
    return started;
  }

  function waitFor(id: string, lookUp: LookUp<V>, signal: AbortSignal): Promise<Answer<V>> {
    if (signal.aborted) return Promise.resolve(CANCELLED);
    return wait(lookUp, signal, () => {
      if (inFlight.get(id) === lookUp) inFlight.delete(id);
    });
  }

  function remembered({ id }: Question<K>, isFresh: boolean): Answer<V> | undefined {
    const found = rememberedOf(id);
    const isGood = found !== undefined && found.until > now() && (!isFresh || now() - found.at <= FRESH_MS);
    return isGood ? found.answer : undefined;
  }

  async function fetch(question: Question<K>, isFresh: boolean, signal: AbortSignal): Promise<Answer<V>> {
    if (signal.aborted) return CANCELLED;
    const { id } = question;
    const known = wider?.remembered(question, isFresh);
    const answer = known !== undefined && known.state !== 'unknown' ? known : remembered(question, isFresh);
    return answer ?? (await waitFor(id, running(id, isFresh) ?? start(question, isFresh), signal));
  }

  return {
    source,
    fetch: (question, signal) => fetch(question, false, signal),
    fetchFresh: (question, signal) => fetch(question, true, signal),
    put: async ({ key, id }, answer) => {
      const basis = basisOf(answer);
      remember(id, answer, { at: now(), basis });
      const place = isPassing ? undefined : cache && (await source.keepUnder?.(key, new AbortController().signal));
      if (place !== undefined) cache?.put(keptId(place.id, basis), answer);
    },
    remembered,
    underWay: ({ id }, isFresh, signal) => {
      const lookUp = running(id, isFresh);
      return lookUp && waitFor(id, lookUp, signal);
    },
    keptFresh: async ({ key, id }, signal) => takeKept(id, await fromCache(key, signal)),
    kept: async (question, signal) => {
      const { key, id } = question;
      const known = rememberedOf(id)?.answer;
      // That it failed just now takes nothing away from what was kept before.
      const own = known !== undefined && known.state !== 'unknown' ? known : ((await fromCache(key, signal))?.answer ?? known);
      const more = await wider?.kept(question, signal);
      if (more === undefined || more.state === 'unknown') return own;
      return own === undefined || own.state === 'unknown' || own.asOf <= more.asOf ? more : own;
    },
    flush: async () => cache?.flush(),
    clear,
    forget: async () => {
      clear();
      source.forget?.();
      await cache?.clear();
    },
  };
}

/** Where an answer is kept, and what was kept there. */
interface FromCache<V> extends KeepUnder {
  readonly answer: Answer<V> | undefined;
  readonly basis: string | undefined;
}

function keptId(id: string, basis: string | undefined): string {
  return basis === undefined ? id : `${id} ${basis}`;
}

/** Whether an answer says that there is more than can be read: then a shorter one may do. */
function isTooMuch<V>(answer: Answer<V>): boolean {
  return answer.state === 'unknown' && (answer.why === 'too-large' || answer.why === 'timeout');
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
