import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FirstSeenKey, firstSeen } from '../../server/src/core/facts.ts';
import type { SharedStorage } from '../../server/src/sources/fact-cache.ts';
import { createFirstSeenSource, MAX_TAGS } from '../../server/src/sources/first-seen.ts';
import { createHttp } from '../../server/src/sources/http.ts';
import { createSources } from '../../server/src/sources/index.ts';

const signal = new AbortController().signal;
const C1 = 'c1'.repeat(20);
const C2 = 'c2'.repeat(20);
const SERVER = 'https://git.example.test/';
const V1: FirstSeenKey = { owner: 'Actions', repo: 'Checkout', tag: 'v1.0.0', commit: C1 };

class Memory implements SharedStorage {
  readonly texts = new Map<string, string>();
  writes = 0;
  async read(name: string): Promise<string | undefined> {
    return this.texts.get(name);
  }
  async write(name: string, text: string): Promise<boolean> {
    this.writes++;
    this.texts.set(name, text);
    return true;
  }
  update(name: string, change: (text: string | undefined) => string): Promise<boolean> {
    return this.write(name, change(this.texts.get(name)));
  }
  async remove(name: string): Promise<void> {
    this.texts.delete(name);
  }
}

function session(storage: SharedStorage | undefined, { server = SERVER, at = 1 } = {}) {
  const source = createFirstSeenSource({ storage, server, now: () => at });
  const http = createHttp({ online: false });
  return async (key: FirstSeenKey) => {
    const answer = await source.fetch(key, http, signal);
    return answer.state === 'known' ? [answer.value.commit, answer.value.seen] : answer.state;
  };
}

describe('the ledger of tags', () => {
  it('remembers the first commit for good, across sessions, whatever the case of the name', async () => {
    const storage = new Memory();
    const first = session(storage, { at: 5 });
    assert.deepEqual(await first(V1), [C1, 5]);
    assert.deepEqual(await first({ ...V1, commit: C2 }), [C1, 5]);
    const second = session(storage, { at: 9 });
    assert.deepEqual(await second({ ...V1, owner: 'actions', repo: 'checkout', commit: C2 }), [C1, 5]);
    assert.equal(storage.writes, 1, 'what is known is not written again');
  });

  it('tells tags, repositories and servers apart; the case of a tag counts', async () => {
    const storage = new Memory();
    const ask = session(storage);
    await ask(V1);
    assert.deepEqual(await ask({ ...V1, tag: 'V1.0.0', commit: C2 }), [C2, 1]);
    assert.deepEqual(await ask({ ...V1, repo: 'cache', commit: C2 }), [C2, 1]);
    assert.deepEqual(await session(storage, { server: 'https://other.example.test/' })({ ...V1, commit: C2 }), [C2, 1]);
  });

  it('writes once for what is noted together, and has written when it answers', async () => {
    const storage = new Memory();
    const ask = session(storage);
    await Promise.all(Array.from({ length: 50 }, (_, index) => ask({ ...V1, tag: `v1.0.${index}` })));
    assert.ok(storage.writes <= 2, `${storage.writes} writes`);
    assert.equal((storage.texts.get('first-seen') ?? '').split('@v1.0.').length - 1, 50);
  });

  it('loses nothing that another session wrote meanwhile, and believes whoever was first', async () => {
    const storage = new Memory();
    const early = session(storage, { at: 1 });
    const late = session(storage, { at: 2 });
    await early({ ...V1, tag: 'a' });
    await late({ ...V1, tag: 'b' });
    await early({ ...V1, tag: 'c' });
    // Both had read before either wrote.
    assert.deepEqual(await late({ ...V1, tag: 'c', commit: C2 }), [C1, 1]);
    const fresh = session(storage, { at: 3 });
    for (const tag of ['a', 'b', 'c']) assert.deepEqual((await fresh({ ...V1, tag, commit: C2 }))[0], C1, tag);
  });

  it('stays when all answers are forgotten', async () => {
    const storage = new Memory();
    const sources = createSources({ online: true, env: {}, storage, serverUrl: SERVER, now: () => 1 });
    const commit = async (key: FirstSeenKey) => {
      const answer = await sources.fetchFact(firstSeen, key, signal);
      return answer.state === 'known' ? answer.value.commit : answer.state;
    };
    assert.equal(await commit(V1), C1);
    await sources.forget();
    assert.deepEqual([...storage.texts.keys()], ['first-seen']);
    assert.equal(await commit({ ...V1, commit: C2 }), C1);
    await sources.close();
    assert.deepEqual(await session(storage)({ ...V1, commit: C2 }), [C1, 1], 'in the next session');
  });

  it('begins anew where the ledger cannot be read, and without a storage', async () => {
    for (const text of ['', '{', '[]', '{"tags":7}', '{"tags":[[1],["x","y",0],null,["x","c1",1]]}', '{"tags":{"__proto__":1}}']) {
      const storage = new Memory();
      storage.texts.set('first-seen', text);
      assert.deepEqual(await session(storage)(V1), [C1, 1], text);
    }
    const ask = session(undefined);
    assert.deepEqual(await ask(V1), [C1, 1]);
    assert.deepEqual(await ask({ ...V1, commit: C2 }), [C1, 1]);
  });

  it('notes no commit that is none, and keeps a bounded number of tags', async () => {
    const storage = new Memory();
    assert.equal(await session(storage)({ ...V1, commit: 'v1' }), 'unknown');
    assert.equal(storage.writes, 0);
    const tags = Array.from({ length: MAX_TAGS }, (_, index) => [`${SERVER} a/b@v${index}`, C1, index + 10]);
    storage.texts.set('first-seen', JSON.stringify({ version: 1, tags }));
    await session(storage, { at: 1_000_000 })(V1);
    const kept = JSON.parse(storage.texts.get('first-seen') ?? '').tags;
    assert.equal(kept.length, MAX_TAGS);
    assert.equal(kept.at(-1)[0], `${SERVER} actions/checkout@v1.0.0`);
    assert.equal(kept[0][0], `${SERVER} a/b@v1`);
  });
});
