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

/** After how long without a new answer those that are new are written, in milliseconds: the whole text is written anew each time. */
export const WRITE_DELAY_MS = 2_000;

/** How many such delays new answers wait for further ones. */
const MAX_DELAYS = 15;

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

/**
 * One answer as it is kept: when it held, and its line in the text, `["id",asOf,value]`, without the value where the source had said that
 * there is no such thing. As text it takes a fraction of the memory, and is read when somebody asks. Without a line it is too long to keep.
 */
interface Kept {
  readonly asOf: number;
  readonly line: string | undefined;
}

/** Makes a cache. Nothing is read before the first question. */
export function createFactCache<V>({ storage, name, now, read }: FactCacheOptions<V>): FactCache<V> {
  let loaded: Promise<Map<string, Kept>> | undefined;
  const news = new Map<string, Kept>();
  let newUnits = 0;
  let last: Kept | undefined;
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
    newUnits = 0;
    let merged: Map<string, Kept> | undefined;
    await storage.update(name, (text) => {
      // What another process wrote meanwhile stays; of two answers to one question the later one counts.
      merged = parseCache(text, now());
      for (const [id, kept] of ours) if ((merged.get(id)?.asOf ?? 0) <= kept.asOf) merged.set(id, kept);
      return cacheText(merged);
    });
    if (merged !== undefined) loaded = Promise.resolve(merged);
  }

  /** Of what is new there is no more than the text has room for. */
  function note(id: string, kept: Kept): void {
    newUnits += (kept.line?.length ?? 0) - (news.get(id)?.line?.length ?? 0);
    news.delete(id);
    news.set(id, kept);
    for (const [oldest, { line }] of news) {
      if (newUnits <= MAX_CACHE_UNITS) break;
      news.delete(oldest);
      newUnits -= line?.length ?? 0;
    }
  }

  function writeLater(delays: number): void {
    const before = last;
    timer = setTimeout(() => {
      if (last !== before && delays < MAX_DELAYS) writeLater(delays + 1);
      else writing = write();
    }, WRITE_DELAY_MS);
    // A process that is done need not wait: it flushes.
    timer.unref();
  }

  return {
    get: async (id) => {
      const line = (news.get(id) ?? (await load()).get(id))?.line;
      const entry = line === undefined ? undefined : entryOf(parsed(line), now());
      if (entry?.id !== id) return undefined;
      if (!('value' in entry)) return absent(entry.asOf);
      const value = read(entry.value);
      return value === undefined ? undefined : known(value, entry.asOf);
    },
    put: (id, answer) => {
      if (answer.state === 'unknown') return;
      const { asOf } = answer;
      const line = JSON.stringify(answer.state === 'known' ? [id, asOf, answer.value] : [id, asOf]);
      last = { asOf, line: line.length > MAX_ENTRY_UNITS ? undefined : line };
      note(id, last);
      if (timer === undefined) writeLater(0);
    },
    flush: async () => {
      await writing;
      await write();
    },
    clear: async () => {
      clearTimeout(timer);
      timer = undefined;
      news.clear();
      newUnits = 0;
      await writing;
      loaded = Promise.resolve(new Map());
      await storage.remove(name);
    },
  };
}

/** What stands around the entries, which have a line each. */
const HEAD = `{"version":${VERSION},"entries":[\n`;
const TAIL = '\n]}\n';
const BETWEEN = ',\n';

/** The beginning of a line: an id and a time. */
const START = /^\["(?:[^"\\]|\\.){0,4096}",\d{1,16}(?=[,\]])/;

/** Reads a cache's text. Nothing of it is trusted: a damaged, cut or foreign text, or one of another version, holds no answers. */
function parseCache(text: string | undefined, now: number): Map<string, Kept> {
  if (text === undefined || text.length > 2 * MAX_CACHE_UNITS) return new Map();
  const isOurs = text.startsWith(HEAD) && text.endsWith(TAIL) && text.length > HEAD.length + TAIL.length;
  const lines = isOurs ? text.slice(HEAD.length, -TAIL.length).split(BETWEEN) : linesOf(text);
  const entries = new Map<string, Kept>();
  for (const line of lines) {
    // The value is read, and looked at, when somebody asks for it.
    const start = START.exec(line)?.[0];
    const entry = start === undefined ? undefined : entryOf(parsed(`${start}]`), now);
    if (entry !== undefined && line.endsWith(']')) entries.set(entry.id, { asOf: entry.asOf, line });
  }
  return entries;
}

/** The entries of a text in another layout than it was written in. */
function linesOf(text: string): readonly string[] {
  const root = parsed(text);
  if (typeof root !== 'object' || root === null || !('version' in root) || root.version !== VERSION || !('entries' in root)) return [];
  return Array.isArray(root.entries) ? root.entries.map((entry) => JSON.stringify(entry)) : [];
}

/** An entry that is young enough, and of a time that can be; undefined for every other one. */
function entryOf(raw: unknown, now: number): { readonly id: string; readonly asOf: number; readonly value?: unknown } | undefined {
  if (!Array.isArray(raw) || raw.length < 2 || raw.length > 3) return undefined;
  const [id, asOf, value]: readonly unknown[] = raw;
  if (typeof id !== 'string' || typeof asOf !== 'number' || !(asOf > now - KEEP_MS) || asOf > now + CLOCK_TOLERANCE_MS) return undefined;
  return raw.length === 3 ? { id, asOf, value } : { id, asOf };
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
  for (const { line } of [...entries.values()].sort((a, b) => b.asOf - a.asOf)) {
    if (line === undefined || line.length > MAX_ENTRY_UNITS) continue;
    units += line.length + 2;
    if (units > MAX_CACHE_UNITS) break;
    lines.push(line);
  }
  return `${HEAD}${lines.join(BETWEEN)}${TAIL}`;
}
