import { type Answer, absent, known } from '../core/answer.ts';
import type { Storage } from '../core/storage.ts';

/** A storage that several processes use: one that replaces a text lets no other process do so meanwhile. */
export interface SharedStorage extends Storage {
  /** Replaces the text that is there by what `change` makes of it. Resolves to false where it could not be written. */
  update(name: string, change: (text: string | undefined) => string): Promise<boolean>;
  /** Removes a text. */
  remove(name: string): Promise<void>;
}

/** How long an answer is kept to be shown with its age, in milliseconds. */
export const KEEP_MS = 7 * 24 * 60 * 60 * 1000;

/** The longest text of one answer that is kept, in UTF-16 units: about 10,000 tags and branches. */
export const MAX_ENTRY_UNITS = 1024 * 1024;

/** The longest text of one kind of facts, in UTF-16 units. The oldest answers go first. */
export const MAX_CACHE_UNITS = 8 * 1024 * 1024;

/** How long new answers are gathered before they are written, in milliseconds. */
export const WRITE_DELAY_MS = 2_000;

/** By how much clocks may differ, in milliseconds: an answer from further in the future is dropped. */
export const CLOCK_TOLERANCE_MS = 5 * 60 * 1000;

/** The version of what is written. A file of any other is dropped. */
const VERSION = 1;

/** Answers of one source that outlive the session. What cannot be read or written is no error: it is asked for again. */
export interface FactCache<V> {
  /** A known or absent answer that was kept under an id, however old. */
  get(id: string): Promise<Answer<V> | undefined>;
  /** Keeps an answer, unless it is unknown. */
  put(id: string, answer: Answer<V>): void;
  /** Writes what is new. */
  flush(): Promise<void>;
  /** Forgets and removes everything. */
  clear(): Promise<void>;
}

/** What a cache needs. */
export interface FactCacheOptions<V> {
  readonly storage: SharedStorage;
  /** The text's name in the storage. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Checks a value that was kept. */
  read(value: unknown): V | undefined;
}

/** One answer as it is kept: when it held, and its value; without one the source had said that there is no such thing. */
type Kept = readonly [asOf: number, value?: unknown];

/** Makes a cache. Nothing is read before the first question. */
export function createFactCache<V>({ storage, name, now, read }: FactCacheOptions<V>): FactCache<V> {
  let loaded: Promise<Map<string, Kept>> | undefined;
  const news = new Map<string, Kept>();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<unknown> = Promise.resolve();

  const load = (): Promise<Map<string, Kept>> => {
    loaded ??= storage.read(name).then((text) => parseCache(text, now()));
    return loaded;
  };

  async function write(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    if (news.size === 0) return;
    const ours = new Map(news);
    news.clear();
    let merged: Map<string, Kept> | undefined;
    await storage.update(name, (text) => {
      // What another process wrote meanwhile stays; of two answers to one question the later one counts.
      merged = parseCache(text, now());
      for (const [id, kept] of ours) if ((merged.get(id)?.[0] ?? 0) <= kept[0]) merged.set(id, kept);
      return cacheText(merged);
    });
    if (merged !== undefined) loaded = Promise.resolve(merged);
  }

  return {
    get: async (id) => {
      const kept = news.get(id) ?? (await load()).get(id);
      if (kept === undefined) return undefined;
      const [asOf, raw] = kept;
      if (kept.length === 1) return absent(asOf);
      const value = read(raw);
      return value === undefined ? undefined : known(value, asOf);
    },
    put: (id, answer) => {
      if (answer.state === 'unknown') return;
      news.set(id, answer.state === 'known' ? [answer.asOf, answer.value] : [answer.asOf]);
      if (timer !== undefined) return;
      timer = setTimeout(() => {
        writing = write();
      }, WRITE_DELAY_MS);
      // A process that is done need not wait: it flushes.
      timer.unref();
    },
    flush: async () => {
      await writing;
      await write();
    },
    clear: async () => {
      clearTimeout(timer);
      timer = undefined;
      news.clear();
      await writing;
      loaded = Promise.resolve(new Map());
      await storage.remove(name);
    },
  };
}

/** Reads a cache's text. Nothing of it is trusted: a damaged, cut or foreign text, or one of another version, holds no answers. */
function parseCache(text: string | undefined, now: number): Map<string, Kept> {
  const entries = new Map<string, Kept>();
  const root = text === undefined || text.length > 2 * MAX_CACHE_UNITS ? undefined : parsed(text);
  if (typeof root !== 'object' || root === null || !('version' in root) || root.version !== VERSION || !('entries' in root)) return entries;
  const { entries: list } = root;
  if (!Array.isArray(list)) return entries;
  for (const entry of list) {
    if (!Array.isArray(entry) || entry.length < 2 || entry.length > 3) continue;
    const [id, asOf, value]: readonly unknown[] = entry;
    if (typeof id !== 'string' || typeof asOf !== 'number' || !(asOf > now - KEEP_MS) || asOf > now + CLOCK_TOLERANCE_MS) continue;
    entries.set(id, entry.length === 3 ? [asOf, value] : [asOf]);
  }
  return entries;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The newest answers, as many as there is room for. */
function cacheText(entries: ReadonlyMap<string, Kept>): string {
  const lines: string[] = [];
  let units = 0;
  for (const [id, kept] of [...entries].sort((a, b) => b[1][0] - a[1][0])) {
    const line = JSON.stringify([id, ...kept]);
    if (line.length > MAX_ENTRY_UNITS) continue;
    units += line.length + 2;
    if (units > MAX_CACHE_UNITS) break;
    lines.push(line);
  }
  return `{"version":${VERSION},"entries":[\n${lines.join(',\n')}\n]}\n`;
}
