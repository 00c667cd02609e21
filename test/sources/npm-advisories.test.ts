import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import { afterEach, describe, it } from 'node:test';
import type { Answer } from '../../server/src/core/answer.ts';
import {
  type AdvisoriesKey,
  type LockAdvisories,
  type LockedVersion,
  npmAdvisories,
  npmLockAdvisories,
  type PackageAdvisory,
} from '../../server/src/core/npm-advisories.ts';
import { fail, ok } from '../../server/src/core/result.ts';
import {
  ADVISORIES_BUDGET_MS,
  FAILURE_REST_MS,
  MAX_ADVISORY_BYTES,
  MAX_ASKED_AT_ONCE,
  REFUSAL_MS,
} from '../../server/src/sources/advisory-batches.ts';
import type { SharedStorage } from '../../server/src/sources/fact-cache.ts';
import { createSources, type Sources, type SourcesOptions } from '../../server/src/sources/index.ts';
import { advisory, type BulkAnswer, type BulkRequest, serveBulk } from './support/bulk-server.ts';
import { type Loopback, serve } from './support/loopback.ts';

const signal = new AbortController().signal;
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

interface Bulk extends Loopback {
  readonly server: Server;
  readonly asked: BulkRequest[];
}

/** A registry with nothing but the endpoint. */
async function start(answer: BulkAnswer): Promise<Bulk> {
  const asked: BulkRequest[] = [];
  const server = await serve((request, response) => serveBulk(request, response, { answer, asked }));
  open.push(server);
  return { ...server, asked };
}

function sourcesOf({ url }: Pick<Loopback, 'url'>, options: Partial<SourcesOptions> = {}): Sources {
  const sources = createSources({
    online: true,
    env: {},
    registryOf: async () => ok({ url: `${url}/`, isMapped: false }),
    ...options,
  });
  open.push(sources);
  return sources;
}

async function ask(sources: Sources, ...keys: readonly AdvisoriesKey[]): Promise<Answer<readonly PackageAdvisory[]>[]> {
  return await Promise.all(keys.map((key) => sources.fetchFact(npmAdvisories, key, signal)));
}

/** The ids of what is known, or why nothing is. */
function said(answer: Answer<readonly PackageAdvisory[]> | undefined): readonly string[] | string {
  if (answer?.state === 'known') return answer.value.map(({ id }) => id);
  return answer?.state === 'unknown' ? `${answer.why}: ${answer.detail}` : 'nothing';
}

const [ONE, TWO, MALWARE] = ['GHSA-2222-3333-4444', 'GHSA-5555-6666-7777', 'GHSA-mmmm-mmmm-mmmm'];

const keysOf = (count: number): AdvisoriesKey[] => Array.from({ length: count }, (_, nth) => ({ name: `p${nth}`, version: '1.0.0' }));

describe('npm-advisories', () => {
  it('asks once for all that is wanted in one moment, as npm asks, and tells each version what concerns it', async () => {
    const server = await start(() => ({
      a: [
        advisory(ONE, { vulnerable_versions: '<1.5.0', severity: 'low' }),
        advisory(TWO, { vulnerable_versions: '>=1.0.0', severity: 'critical' }),
      ],
      '@acme/b': [advisory(ONE, { vulnerable_versions: '<0.5.0' })],
    }));
    const answers = await ask(
      sourcesOf(server),
      { name: 'a', version: '1.0.0' },
      { name: 'a', version: '2.0.0' },
      { name: 'a', version: '0.1.0' },
      { name: '@acme/b', version: '1.0.0' },
      { name: 'c', version: '1.0.0' },
    );
    assert.deepEqual(answers.map(said), [[TWO, ONE], [TWO], [ONE], [], []]);
    assert.equal(server.asked.length, 1);
    const [request] = server.asked;
    assert.deepEqual(request?.body, { a: ['1.0.0', '2.0.0', '0.1.0'], '@acme/b': ['1.0.0'], c: ['1.0.0'] });
    assert.deepEqual([request?.url, request?.encoding], ['/-/npm/v1/security/advisories/bulk', 'gzip']);
    const first = answers[0]?.state === 'known' ? answers[0].value[0] : undefined;
    assert.deepEqual(first, { id: TWO, title: `About ${TWO}`, severity: 'critical', range: '>=1.0.0', isMalware: false });
  });

  it('reads what registries leave out as npm does, and never takes what it cannot read for nothing', async () => {
    const server = await start(() => ({
      bare: [{ id: 7 }],
      malware: [advisory(MALWARE, { title: 'Malware in malware', severity: 'critical' })],
      cwe: [advisory(ONE, { cwe: ['CWE-79', 'CWE-506'] })],
      prerelease: [advisory(ONE, { vulnerable_versions: '<2.0.0' })],
      foreign: [
        advisory(ONE, { url: `https://github.com.example.test/advisories/${ONE}` }),
        advisory(ONE, { url: 'javascript:alert(1)', id: 'x\u202ey' }),
      ],
      'no-list': 'none',
      'no-range': [advisory(ONE, { vulnerable_versions: 'not a range' })],
      'number-range': [advisory(ONE, { vulnerable_versions: 1 })],
      'some-range': [advisory(ONE, { vulnerable_versions: [] }), advisory(TWO)],
      'long-range': [advisory(ONE, { vulnerable_versions: '<1 || '.repeat(1000) })],
      'long-title': [advisory(ONE, { title: 'a'.repeat(100_000) })],
      nothing: [null],
    }));
    const names = [
      'bare',
      'malware',
      'cwe',
      'foreign',
      'no-list',
      'no-range',
      'number-range',
      'some-range',
      'long-range',
      'long-title',
      'nothing',
    ];
    const answers = await ask(sourcesOf(server), ...names.map((name) => ({ name, version: '1.0.0' })), {
      name: 'prerelease',
      version: '2.0.0-rc.1',
    });
    const unreadable = `error: ${server.host} tells of advisories that cannot be read`;
    assert.deepEqual(Object.fromEntries([...names, 'prerelease'].map((name, nth) => [name, said(answers[nth])])), {
      bare: ['advisory 7'],
      malware: [MALWARE],
      cwe: [ONE],
      foreign: ['advisory 1', 'advisory x\ufffdy'],
      'no-list': unreadable,
      'no-range': unreadable,
      'number-range': unreadable,
      'some-range': [TWO],
      'long-range': unreadable,
      'long-title': [ONE],
      nothing: unreadable,
      prerelease: [ONE],
    });
    const [bare, malware, cwe] = answers.map((answer) => (answer.state === 'known' ? answer.value[0] : undefined));
    assert.deepEqual(bare, { id: 'advisory 7', title: '', severity: 'high', range: '*', isMalware: false });
    assert.deepEqual([malware?.isMalware, cwe?.isMalware], [true, true]);
    const long = answers[9];
    assert.ok(long?.state === 'known' && (long.value[0]?.title.length ?? 0) <= 300);
  });

  it('asks for names that are members of every object', async () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const text = `{"__proto__":[${JSON.stringify(advisory(ONE))}]}`;
    const server = await start(() => ({ status: 200, body: text }));
    const answers = await ask(sourcesOf(server), ...names.map((name) => ({ name, version: '1.0.0' })));
    assert.deepEqual(answers.map(said), [[ONE], [], [], []]);
    assert.deepEqual(Object.keys(server.asked[0]?.body ?? {}), names);
  });

  it('asks for sixty-four at a time, two requests side by side', async () => {
    let running = 0;
    let most = 0;
    const server = await start(async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 20));
      running--;
      return {};
    });
    const answers = await ask(sourcesOf(server), ...keysOf(300));
    assert.ok(answers.every((answer) => answer.state === 'known' && answer.value.length === 0));
    assert.deepEqual(
      server.asked.map(({ body }) => Object.keys(body ?? {}).length),
      [64, 64, 64, 64, 44],
    );
    assert.equal(MAX_ASKED_AT_ONCE, 64);
    assert.equal(most, 2);
  });

  for (const [what, answer, reason] of [
    ['400', { status: 400 }, /^denied: \S+ does not serve advisories \(HTTP 400\)$/],
    ['401', { status: 401 }, /^denied: \S+ tells of advisories only with credentials \(HTTP 401\)$/],
    ['403', { status: 403 }, /^denied: \S+ does not serve advisories \(HTTP 403\)$/],
    ['404', { status: 404 }, /^denied: \S+ does not serve advisories \(HTTP 404\)$/],
    ['405', { status: 405 }, /^denied: \S+ does not serve advisories \(HTTP 405\)$/],
    ['501', { status: 501 }, /^denied: \S+ does not serve advisories \(HTTP 501\)$/],
    [
      'a web page',
      { status: 200, body: '<!doctype html><title>Sign in</title>' },
      /^denied: \S+ answered with something else than advisories/,
    ],
    ['a list', { status: 200, body: '[]' }, /^denied: \S+ answered with something else than advisories \(HTTP 200\)$/],
    ['nothing', { status: 200, body: '' }, /^denied: \S+ answered with something else than advisories \(HTTP 200\)$/],
  ] as const) {
    it(`is unknown where the registry answers with ${what}, and asks no second time for a while`, async () => {
      let now = Date.parse('2026-11-22T00:00:00Z');
      const server = await start(() => answer);
      const sources = sourcesOf(server, { now: () => now });
      const answers = await ask(sources, ...keysOf(200));
      for (const one of answers) assert.match(String(said(one)), reason);
      assert.ok(server.asked.length <= 2, `${server.asked.length} requests`);
      const asked = server.asked.length;
      await ask(sources, { name: 'later', version: '1.0.0' });
      assert.equal(server.asked.length, asked);
      now += REFUSAL_MS;
      await ask(sources, { name: 'much-later', version: '1.0.0' });
      assert.equal(server.asked.length, asked + 1);
      // "Refresh Look-ups" asks at once.
      await sources.forget();
      await ask(sources, { name: 'refreshed', version: '1.0.0' });
      assert.equal(server.asked.length, asked + 2);
    });
  }

  for (const [what, answer, reason] of [
    ['429', { status: 429, headers: { 'retry-after': '60' } }, /^error: \S+ (?:limits look-ups|rate limited until)/],
    ['403 with a time', { status: 403, headers: { 'retry-after': '60' } }, /^error: \S+ (?:limits look-ups|rate limited until)/],
    ['500', { status: 500 }, /^error: \S+ answered HTTP 500$/],
    ['more than anybody knows', { status: 200, body: ' '.repeat(MAX_ADVISORY_BYTES + 1) }, /^too-large: \S+ the answer is longer than/],
    ['a body that ends early', 'truncated', /^error: \S+ /],
    [
      'a redirect to another host',
      { status: 307, headers: { location: 'http://127.0.0.1:9/' } },
      /^denied: \S+ redirects to 127\.0\.0\.1:9, which is not asked$/,
    ],
  ] as const) {
    it(`fails with ${what}, and gives up what waits after two of these`, async () => {
      const server = await start(() => answer);
      const answers = await ask(sourcesOf(server), ...keysOf(1000));
      for (const one of answers) assert.match(String(said(one)), reason);
      assert.ok(server.asked.length <= 3, `${server.asked.length} requests for 1000 questions`);
    });
  }

  it('loses no answer to one request that fails', async () => {
    let requests = 0;
    const server = await start(() => (++requests === 1 ? { status: 500 } : {}));
    const answers = await ask(sourcesOf(server), ...keysOf(640));
    assert.equal(answers.filter(({ state }) => state === 'unknown').length, 64);
    assert.equal(server.asked.length, 10);
  });

  it('asks no longer than the time that all questions have together, and keeps what it learned by then', async () => {
    let now = Date.parse('2026-11-22T00:00:00Z');
    const server = await start(() => {
      now += ADVISORIES_BUDGET_MS / 2;
      return {};
    });
    const sources = sourcesOf(server, { now: () => now });
    const answers = await ask(sources, ...keysOf(640));
    const learned = answers.filter(({ state }) => state === 'known').length;
    assert.ok(learned >= 64 && learned <= 4 * 64, `${learned} of 640`);
    for (const answer of answers.slice(-64)) assert.equal(said(answer), `timeout: ${server.host} did not tell all advisories in 90 s`);
    const asked = server.asked.length;
    assert.equal(asked * 64, learned);
    now += FAILURE_REST_MS - 1;
    assert.deepEqual(
      (await ask(sources, { name: 'p600', version: '1.0.0' })).map(({ state }) => state),
      ['unknown'],
      'remembered for a moment',
    );
    now += FAILURE_REST_MS;
    assert.deepEqual((await ask(sources, { name: 'p600', version: '1.0.0' })).map(said), [[]]);
  });

  it('stops asking when nobody waits any more', async () => {
    let release = (): void => undefined;
    const server = await start(async () => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return {};
    });
    const sources = sourcesOf(server);
    const abort = new AbortController();
    const answers = keysOf(200).map((key) => sources.fetchFact(npmAdvisories, key, abort.signal));
    while (server.asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    abort.abort();
    for (const answer of await Promise.all(answers)) assert.deepEqual(answer, { state: 'unknown', why: 'pending', detail: 'cancelled' });
    release();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(server.asked.length, 2, 'what waited was not sent');
  });

  it('tells each registry of the names that it serves, with its own credential and below its own path', async () => {
    const [all, acme] = [await start(() => ({})), await start(() => ({ '@acme/a': [advisory(ONE)] }))];
    const sources = sourcesOf(all, {
      registryOf: async ({ name }) =>
        name.startsWith('@acme/')
          ? ok({ url: `${acme.url}/artifactory/api/npm/acme/`, isMapped: true, authorization: 'Bearer secret' })
          : ok({ url: `${all.url}/`, isMapped: false }),
    });
    const answers = await ask(sources, { name: '@acme/a', version: '1.0.0' }, { name: 'b', version: '1.0.0' });
    assert.deepEqual(answers.map(said), [[ONE], []]);
    assert.deepEqual(
      all.asked.map(({ body, authorization }) => [body, authorization]),
      [[{ b: ['1.0.0'] }, undefined]],
    );
    assert.deepEqual(
      acme.asked.map(({ url, body, authorization }) => [url, body, authorization]),
      [['/artifactory/api/npm/acme/-/npm/v1/security/advisories/bulk', { '@acme/a': ['1.0.0'] }, 'Bearer secret']],
    );
  });

  it('asks nothing where audit is off, no registry may be asked, or the question makes no sense', async () => {
    const server = await start(() => ({}));
    const off = sourcesOf(server, { registryOf: async () => ok({ url: `${server.url}/`, isMapped: false, isAuditOff: true }) });
    assert.deepEqual((await ask(off, { name: 'a', version: '1.0.0' })).map(said), [
      "denied: npm's setting audit=false: no registry is asked for advisories",
    ]);
    const untrusted = sourcesOf(server, { registryOf: async () => fail({ why: 'untrusted', detail: 'no trust' }) });
    assert.deepEqual((await ask(untrusted, { name: 'a', version: '1.0.0' })).map(said), ['untrusted: no trust']);
    const answers = await ask(
      sourcesOf(server),
      { name: '../a', version: '1.0.0' },
      { name: 'a', version: 'latest' },
      { name: 'a', version: '' },
    );
    assert.deepEqual(
      answers.map((one) => one.state === 'unknown' && one.why),
      ['unparsable', 'unparsable', 'unparsable'],
    );
    assert.equal(server.asked.length, 0);
  });

  it('opens no connection where look-ups are off', async () => {
    const server = await start(() => ({}));
    let connections = 0;
    server.server.on('connection', () => connections++);
    const [answer] = await ask(sourcesOf(server, { online: false }), { name: 'a', version: '1.0.0' });
    assert.equal(said(answer), 'offline: look-ups are off');
    assert.equal(connections, 0);
  });

  it('reads no settings twice in one moment', async () => {
    const server = await start(() => ({}));
    const read: string[] = [];
    const sources = sourcesOf(server, {
      registryOf: async ({ name }) => {
        read.push(name);
        return ok({ url: `${server.url}/`, isMapped: false });
      },
    });
    await ask(sources, ...keysOf(500), { name: '@acme/a', version: '1.0.0' });
    assert.ok(read.length <= 6, `${read.length} readings for 501 questions`);
    assert.ok(read.includes('@acme/a'));
  });
});

describe('what outlives the session', () => {
  const stored = (): SharedStorage & { readonly texts: Map<string, string> } => {
    const texts = new Map<string, string>();
    return {
      texts,
      read: async (name) => texts.get(name),
      write: async (name, text) => {
        texts.set(name, text);
        return true;
      },
      update: async (name, change) => {
        texts.set(name, change(texts.get(name)));
        return true;
      },
      remove: async (name) => {
        texts.delete(name);
      },
    };
  };

  it('is the answer about each version, for a day; never what a credential got', async () => {
    const server = await start(() => ({ a: [advisory(ONE)] }));
    const storage = stored();
    const first = sourcesOf(server, { storage });
    await ask(first, { name: 'a', version: '1.0.0' }, { name: 'b', version: '1.0.0' });
    await first.flush();
    const kept = JSON.parse(storage.texts.get('npm-advisories') ?? '{}');
    assert.deepEqual(kept.entries.map(([id]: [string]) => id).sort(), [`${server.url}/ a@1.0.0`, `${server.url}/ b@1.0.0`]);
    const again = sourcesOf(server, { storage });
    const answer = await again.keptFact(npmAdvisories, { name: 'a', version: '1.0.0' }, signal);
    assert.deepEqual(said(answer), [ONE]);

    const secret = sourcesOf(server, {
      storage: stored(),
      registryOf: async () => ok({ url: `${server.url}/`, isMapped: false, authorization: 'Bearer x' }),
    });
    await ask(secret, { name: 'a', version: '1.0.0' });
    await secret.flush();
    assert.equal(await secret.keptFact(npmAdvisories, { name: 'other', version: '1.0.0' }, signal), undefined);
  });

  it('is not read where somebody else wrote it', async () => {
    const server = await start(() => ({}));
    for (const value of [{}, [1], [{ id: ONE }], [{ id: ONE, title: '', severity: 'grave', range: '*', isMalware: false }], null]) {
      const storage = stored();
      storage.texts.set('npm-advisories', JSON.stringify({ version: 1, entries: [[`${server.url}/ a@1.0.0`, Date.now(), value]] }));
      assert.equal(await sourcesOf(server, { storage }).keptFact(npmAdvisories, { name: 'a', version: '1.0.0' }, signal), undefined);
    }
  });
});

describe('npm-lock-advisories', () => {
  const packages = (...names: readonly string[]): LockedVersion[] => names.map((name) => ({ name, version: '1.0.0' }));
  const fetch = async (sources: Sources, of: readonly LockedVersion[]): Promise<Answer<LockAdvisories>> =>
    await sources.fetchFact(npmLockAdvisories, { packages: of, text: of.map(({ name }) => name).join(' ') }, signal);

  it('is what is known of each package, whose answers it shares', async () => {
    const server = await start(() => ({ a: [advisory(ONE)], c: [] }));
    const sources = sourcesOf(server);
    const answer = await fetch(sources, packages('a', 'b', 'c'));
    assert.deepEqual(answer.state === 'known' && answer.value.advised.map(({ name, advisories }) => [name, advisories.length]), [['a', 1]]);
    assert.deepEqual(answer.state === 'known' && answer.value.unanswered, []);
    await ask(sources, { name: 'a', version: '1.0.0' });
    await fetch(sources, packages('a', 'b', 'c', 'd'));
    assert.deepEqual(
      server.asked.map(({ body }) => Object.keys(body ?? {})),
      [['a', 'b', 'c'], ['d']],
    );
  });

  it('says for how many nothing could be learned, and is unknown where that is all', async () => {
    const server = await start(() => ({ a: [advisory(ONE)], b: 'unreadable' }));
    const sources = sourcesOf(server, {
      registryOf: async ({ name }) =>
        name.startsWith('@') ? fail({ why: 'untrusted', detail: 'no trust' }) : ok({ url: `${server.url}/`, isMapped: false }),
    });
    const answer = await fetch(sources, packages('a', 'b', '@x/a', '@x/b'));
    assert.deepEqual(answer.state === 'known' && answer.value.unanswered, [
      { why: 'error', detail: `${server.host} tells of advisories that cannot be read`, count: 1 },
      { why: 'untrusted', detail: 'no trust', count: 2 },
    ]);
    assert.deepEqual(await fetch(sources, packages('@x/a', '@x/b')), { state: 'unknown', why: 'untrusted', detail: 'no trust' });
  });
});
