import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type Answer, absent, known, unknown } from '../../server/src/core/answer.ts';
import {
  CLOCK_TOLERANCE_MS,
  createFactCache,
  KEEP_MS,
  MAX_CACHE_UNITS,
  MAX_ENTRY_UNITS,
  type SharedStorage,
  WRITE_DELAY_MS,
} from '../../server/src/sources/fact-cache.ts';
import { ABSENT_TTL_MS, createFetcher, FRESH_MS, MAX_CACHED_BYTES, MAX_PASSING_BYTES } from '../../server/src/sources/fetcher.ts';
import { createHttp } from '../../server/src/sources/http.ts';
import type { Source } from '../../server/src/sources/source.ts';

const signal = new AbortController().signal;
const NOW = 1_700_000_000_000;
const http = createHttp({ online: false });
afterEach(() => http.close());

/** A storage of texts in memory, and how often it was read. */
function memory(
  texts: Record<string, string> = {},
): SharedStorage & { readonly texts: Record<string, string>; reads: number; fails: boolean } {
  const storage = {
    texts,
    reads: 0,
    fails: false,
    read: async (name: string) => {
      storage.reads++;
      return texts[name];
    },
    write: async (name: string, text: string) => {
      if (!storage.fails) texts[name] = text;
      return !storage.fails;
    },
    update: async (name: string, change: (text: string | undefined) => string) => storage.write(name, change(texts[name])),
    remove: async (name: string) => {
      delete texts[name];
    },
  };
  return storage;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function cacheOn(storage: SharedStorage, now = NOW) {
  return createFactCache<string>({ storage, name: 'facts', now: () => now, read: text });
}

describe('kept answers', () => {
  it('outlive the session, known and absent ones, and unknown ones do not', async () => {
    const storage = memory();
    const first = cacheOn(storage);
    first.put('a', known('x', NOW - 5));
    first.put('b', absent(NOW));
    first.put('c', unknown('timeout'));
    await first.flush();
    const second = cacheOn(storage);
    assert.deepEqual(await second.get('a'), known('x', NOW - 5));
    assert.deepEqual(await second.get('b'), absent(NOW));
    assert.equal(await second.get('c'), undefined);
    await second.get('d');
    assert.equal(storage.reads, 1, 'the text is read once');
  });

  it('of two processes merge: nothing is lost, and the later answer counts', async () => {
    const storage = memory();
    const [one, two] = [cacheOn(storage), cacheOn(storage)];
    await Promise.all([one.get('x'), two.get('x')]);
    one.put('a', known('from one', NOW));
    one.put('both', known('older', NOW - 2));
    two.put('b', known('from two', NOW));
    two.put('both', known('later', NOW - 1));
    await two.flush();
    await one.flush();
    const third = cacheOn(storage);
    assert.deepEqual(await third.get('a'), known('from one', NOW));
    assert.deepEqual(await third.get('b'), known('from two', NOW));
    assert.deepEqual(await third.get('both'), known('later', NOW - 1));
    assert.deepEqual(await one.get('b'), known('from two', NOW), 'what the other one wrote is seen');
  });

  for (const [what, content] of [
    ['cut', '{"version":1,"entries":[["a",'],
    ['empty', ''],
    ['binary', '\u0000\u0001\ufffd'],
    ['of a future version', `{"version":2,"entries":[["a",${NOW},"x"]]}`],
    ['of another shape', '[1,2,3]'],
    ['with other entries', '{"version":1,"entries":{"a":1}}'],
    ['from the future', `{"version":1,"entries":[["a",${NOW + CLOCK_TOLERANCE_MS + 1},"x"]]}`],
    ['too old', `{"version":1,"entries":[["a",${NOW - KEEP_MS},"x"]]}`],
    ['without a time', '{"version":1,"entries":[["a",null,"x"],["a","now","x"],["a"]]}'],
    ['with another value', `{"version":1,"entries":[["a",${NOW},{"x":1}]]}`],
    ['too long', `{"version":1,"entries":[["a",${NOW},"x"]]}${' '.repeat(2 * MAX_CACHE_UNITS)}`],
  ] as const) {
    it(`a text that is ${what} holds none, and is replaced`, async () => {
      const storage = memory({ facts: content });
      const cache = cacheOn(storage);
      assert.equal(await cache.get('a'), undefined);
      cache.put('b', known('y', NOW));
      await cache.flush();
      assert.deepEqual(await cacheOn(storage).get('b'), known('y', NOW));
    });
  }

  it('one bad entry costs no other', async () => {
    const storage = memory({ facts: `{"version":1,"entries":[7,["a",${NOW},"x"],["b",1],null]}` });
    assert.deepEqual(await cacheOn(storage).get('a'), known('x', NOW));
  });

  it('are bounded: the oldest go first, and what is very long is not kept', async () => {
    const storage = memory();
    const cache = cacheOn(storage);
    const long = 'x'.repeat(MAX_ENTRY_UNITS - 1000);
    for (let i = 0; i < 12; i++) cache.put(`n${i}`, known(long, NOW - 100 + i));
    cache.put('huge', known('x'.repeat(MAX_ENTRY_UNITS), NOW));
    await cache.flush();
    assert.ok((storage.texts.facts?.length ?? 0) <= MAX_CACHE_UNITS + 100, `${storage.texts.facts?.length}`);
    const again = cacheOn(storage);
    assert.equal(await again.get('n0'), undefined);
    assert.equal((await again.get('n11'))?.state, 'known');
    assert.equal(await again.get('huge'), undefined);
  });

  it('are written when no new one has come for a while, not once for each', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const storage = memory();
    let writes = 0;
    const counting: SharedStorage = {
      ...storage,
      update: async (name, change) => {
        writes++;
        return await storage.update(name, change);
      },
    };
    const cache = cacheOn(counting);
    const come = (count: number): void => {
      for (let nth = 0; nth < count; nth++) {
        cache.put(`n${nth}`, known('x', NOW));
        context.mock.timers.tick(WRITE_DELAY_MS / 2);
      }
    };
    come(10);
    assert.equal(writes, 0, 'they keep coming');
    context.mock.timers.tick(2 * WRITE_DELAY_MS);
    await cache.flush();
    assert.equal(writes, 1);
    come(40);
    assert.equal(writes, 2, 'in the end they are written all the same');
    await cache.flush();
    assert.deepEqual(await cacheOn(storage).get('n39'), known('x', NOW));
  });

  it('one whose line was spoilt is lost alone, and goes when it is told anew', async () => {
    const storage = memory();
    const cache = cacheOn(storage);
    for (const id of ['a', 'b', 'c "quoted" \\', 'd']) cache.put(id, known(`of ${id}`, NOW));
    await cache.flush();
    const spoilt = storage.texts.facts?.replace('"of b"', '"of').replace('"d",', '"e",') ?? '';
    assert.notEqual(spoilt, storage.texts.facts);
    storage.texts.facts = spoilt;
    const again = cacheOn(storage);
    assert.deepEqual(await again.get('a'), known('of a', NOW));
    assert.equal(await again.get('b'), undefined);
    assert.deepEqual(await again.get('c "quoted" \\'), known('of c "quoted" \\', NOW));
    assert.deepEqual([await again.get('d'), await again.get('e')], [undefined, known('of d', NOW)]);
    again.put('b', known('anew', NOW + 1));
    await again.flush();
    assert.deepEqual(await cacheOn(storage).get('b'), known('anew', NOW + 1));
    assert.equal(JSON.parse(storage.texts.facts ?? '').entries.length, 4, 'the whole is JSON again');
  });

  it('a storage that cannot be written is no error', async () => {
    const storage = memory();
    storage.fails = true;
    const cache = cacheOn(storage);
    cache.put('a', known('x', NOW));
    await cache.flush();
    assert.deepEqual(storage.texts, {});
  });

  it('are gone when they are forgotten', async () => {
    const storage = memory();
    const cache = cacheOn(storage);
    cache.put('a', known('x', NOW));
    await cache.flush();
    cache.put('b', known('y', NOW));
    await cache.clear();
    await cache.flush();
    assert.deepEqual(storage.texts, {});
    assert.equal(await cache.get('a'), undefined);
  });
});

describe('a fetcher with a storage', () => {
  const TTL = 60 * 60 * 1000;
  interface Asked {
    readonly key: string;
    readonly stale: string | undefined;
  }
  function sessions(more: Partial<Source<string, string>> = {}) {
    const asked: Asked[] = [];
    const storage = memory();
    const clock = { now: NOW };
    const state: { answer: Answer<string> | undefined } = { answer: undefined };
    const source: Source<string, string> = {
      id: 'facts',
      hosts: [],
      ttlMs: TTL,
      keepUnder: async (key) => ({ id: `me ${key}`, isLocal: false }),
      read: text,
      fetch: async (key, _http, _signal, stale) => {
        asked.push({ key, stale });
        return state.answer ?? known(`${key} #${asked.length}`, clock.now);
      },
      ...more,
    };
    return { asked, storage, clock, state, source, start: () => createFetcher(source, { http, now: () => clock.now, storage }) };
  }
  const A = { key: 'a', id: 'a' };

  it('asks nothing that an earlier session knows, for as long as the source allows', async () => {
    const { asked, clock, start } = sessions();
    const first = start();
    await first.fetch(A, signal);
    await first.flush();
    clock.now += TTL - 1;
    assert.deepEqual(await start().fetch(A, signal), known('a #1', NOW));
    clock.now += 1;
    assert.equal((await start().fetch(A, signal)).state, 'known');
    assert.deepEqual(asked, [
      { key: 'a', stale: undefined },
      { key: 'a', stale: 'a #1' },
    ]);
  });

  it('shows what is too old, with its time, and asks nothing for that', async () => {
    const { asked, clock, start } = sessions();
    const first = start();
    await first.fetch(A, signal);
    await first.flush();
    clock.now += 24 * TTL;
    assert.deepEqual(await start().kept(A, signal), known('a #1', NOW));
    assert.equal(await start().kept({ key: 'b', id: 'b' }, signal), undefined);
    assert.equal(asked.length, 1);
  });

  it('a fix asks again, whatever is kept; for a minute its own answer does', async () => {
    const { asked, clock, start } = sessions();
    const first = start();
    await first.fetch(A, signal);
    await first.flush();
    const second = start();
    clock.now += 1000;
    assert.deepEqual(await second.fetch(A, signal), known('a #1', NOW));
    clock.now += FRESH_MS;
    assert.equal((await second.fetchFresh(A, signal)).state, 'known');
    assert.equal(asked.length, 2);
    clock.now += FRESH_MS;
    await Promise.all([second.fetchFresh(A, signal), second.fetch(A, signal)]);
    assert.equal(asked.length, 2);
    clock.now += 1;
    await Promise.all([second.fetchFresh(A, signal), second.fetchFresh(A, signal), second.fetch(A, signal)]);
    assert.equal(asked.length, 3);
  });

  it('what is missing is kept for a shorter time', async () => {
    const { asked, clock, state, start } = sessions();
    state.answer = absent(NOW);
    const first = start();
    await first.fetch(A, signal);
    await first.flush();
    clock.now += ABSENT_TTL_MS - 1;
    assert.equal((await start().fetch(A, signal)).state, 'absent');
    clock.now += 1;
    await start().fetch(A, signal);
    assert.equal(asked.length, 2);
  });

  it('remembers as many answers as have room together, and the last one in any case', async () => {
    const { asked, start } = sessions({ keepUnder: async () => undefined, weigh: () => MAX_CACHED_BYTES / 2 });
    const fetcher = start();
    for (const id of ['a', 'b', 'a', 'c', 'b', 'a']) await fetcher.fetch({ key: id, id }, signal);
    assert.equal(asked.map(({ key }) => key).join(''), 'abca');
    const heavy = sessions({ keepUnder: async () => undefined, weigh: () => 2 * MAX_CACHED_BYTES });
    const one = heavy.start();
    for (const id of ['a', 'a', 'b', 'b', 'a']) await one.fetch({ key: id, id }, signal);
    assert.equal(heavy.asked.map(({ key }) => key).join(''), 'aba');
  });

  it('whose answers only pass remembers few and writes none, and reads what there is', async () => {
    const { asked, storage, source } = sessions({ weigh: () => MAX_PASSING_BYTES });
    const first = createFetcher(source, { http, now: () => NOW, storage });
    await first.fetch(A, signal);
    await first.flush();
    const passing = createFetcher(source, { http, now: () => NOW, storage, isPassing: true });
    for (const id of ['a', 'b', 'b', 'a', 'b']) await passing.fetch({ key: id, id }, signal);
    await passing.flush();
    assert.equal(asked.map(({ key }) => key).join(''), 'abb', 'a is on the disk');
    assert.doesNotMatch(storage.texts.facts ?? '', /me b/);
  });

  it('keeps nothing that a credential got, or that has no place', async () => {
    for (const more of [{ keepUnder: async () => undefined }, { keepUnder: undefined }, { read: undefined }]) {
      const { storage, start } = sessions(more as Partial<Source<string, string>>);
      const first = start();
      await first.fetch(A, signal);
      await first.flush();
      assert.deepEqual(storage.texts, {});
    }
  });

  it('asks a server on this machine again, and still shows what it said', async () => {
    const { asked, start } = sessions({ keepUnder: async (key) => ({ id: key, isLocal: true }) });
    const first = start();
    await first.fetch(A, signal);
    await first.flush();
    const second = start();
    assert.deepEqual(await second.kept(A, signal), known('a #1', NOW));
    await second.fetch(A, signal);
    assert.equal(asked.length, 2);
  });

  it('a failure leaves the kept answer for showing', async () => {
    const { clock, state, start } = sessions();
    const first = start();
    await first.fetch(A, signal);
    await first.flush();
    clock.now += 2 * TTL;
    state.answer = unknown('timeout');
    const second = start();
    assert.equal((await second.fetch(A, signal)).state, 'unknown');
    await second.flush();
    assert.deepEqual(await start().kept(A, signal), known('a #1', NOW));
  });

  it('forgets everything on demand', async () => {
    const { asked, storage, start } = sessions();
    const first = start();
    await first.fetch(A, signal);
    await first.flush();
    await first.forget();
    assert.deepEqual(storage.texts, {});
    await first.fetch(A, signal);
    assert.equal(asked.length, 2);
  });
});
