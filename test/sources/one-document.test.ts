/** What one registry is asked for one package: one document, in whatever order somebody wants to know something of it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, describe, it } from 'node:test';
import { npmPackument, npmProvenance, npmVersions, type PackageKey, type PackageVersions } from '../../server/src/core/npm-facts.ts';
import { ok } from '../../server/src/core/result.ts';
import { FactStore, FOR_ONE_RUN } from '../../server/src/engine/fact-store.ts';
import type { SharedStorage } from '../../server/src/sources/fact-cache.ts';
import { FRESH_MS } from '../../server/src/sources/fetcher.ts';
import { createSources, type Sources, type SourcesOptions } from '../../server/src/sources/index.ts';
import { VERSIONS_TTL_MS } from '../../server/src/sources/npm-registry.ts';
import { waybill } from '../support/cli.ts';
import { withFolder } from '../support/folder.ts';
import { INTEGRITY, NAME, VERSION } from '../support/provenance.ts';
import { goodSet, keysPaper, listed } from '../support/registry-papers.ts';
import { makeSigstore } from '../support/sigstore.ts';
import { serve } from './support/loopback.ts';
import { type NpmServer, type NpmServerOptions, type Published, startNpmServer } from './support/npm-server.ts';

const signal = new AbortController().signal;
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

function keep<T extends { close(): unknown }>(thing: T): T {
  open.push(thing);
  return thing;
}

const PAD: Published = {
  versions: { '1.0.0': { _npmUser: { name: 'kim' } }, '1.1.0': { _npmUser: { name: 'kim' }, deprecated: 'use the platform' } },
  tags: { latest: '1.1.0' },
  time: { '1.0.0': '2020-01-01T00:00:00.000Z', '1.1.0': '2021-01-01T00:00:00.000Z' },
};
const KEY: PackageKey = { name: 'pad' };

async function registryOf(options?: NpmServerOptions): Promise<NpmServer> {
  return keep(await startNpmServer({ pad: PAD }, options));
}

function sourcesAt(url: string, more: Partial<SourcesOptions> = {}): Sources {
  return keep(createSources({ online: true, env: {}, registryOf: async () => ok({ url, isMapped: false }), ...more }));
}

/** The kinds of documents that were asked for. */
const asked = ({ requests }: NpmServer): string[] =>
  requests.map(({ url, accept = '' }) => `${url} ${accept.includes('install-v1') ? 'short' : 'whole'}`);

const versionsIn = (value: PackageVersions): string[] => value.versions.map(({ version, deprecated = '' }) => `${version} ${deprecated}`);
const LISTED = ['1.0.0 ', '1.1.0 use the platform'];

describe('the document of a package', () => {
  for (const [what, kinds] of [
    ['versions before everything', [npmVersions, npmPackument]],
    ['everything before versions', [npmPackument, npmVersions]],
    ['both over and over', [npmVersions, npmPackument, npmVersions, npmPackument]],
  ] as const) {
    it(`is the whole one alone where both are asked for at once: ${what}`, async () => {
      const registry = await registryOf();
      const { fetchFact } = sourcesAt(registry.registry);
      const answers = await Promise.all(kinds.map((kind) => fetchFact<PackageKey, PackageVersions>(kind, KEY, signal)));
      for (const answer of answers) assert.equal(answer, answers[0], 'one answer, of one moment');
      assert.deepEqual(answers[0]?.state === 'known' && versionsIn(answers[0].value), LISTED);
      assert.deepEqual(asked(registry), ['/pad whole']);
    });
  }

  it('is the short one where nobody asks for more, and the whole one answers from then on', async () => {
    const registry = await registryOf();
    const { fetchFact } = sourcesAt(registry.registry);
    const short = await fetchFact(npmVersions, KEY, signal);
    assert.deepEqual(short.state === 'known' && versionsIn(short.value), LISTED);
    const whole = await fetchFact(npmPackument, KEY, signal);
    assert.equal(await fetchFact(npmVersions, KEY, signal), whole);
    assert.deepEqual(asked(registry), ['/pad short', '/pad whole']);
  });

  it('is joined while it is on its way', async () => {
    const gate = gated();
    const registry = await registryOf({ until: gate.promise });
    const { fetchFact } = sourcesAt(registry.registry);
    const whole = fetchFact(npmPackument, KEY, signal);
    const turns = async (): Promise<void> => {
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    };
    await turns();
    const late = fetchFact(npmVersions, KEY, signal);
    await turns();
    gate.open();
    assert.equal(await late, await whole);
    assert.deepEqual(asked(registry), ['/pad whole']);
  });

  it('of an earlier session answers for the short one, for as long as it holds', async () => {
    const registry = await registryOf();
    const texts = new Map<string, string>();
    const clock = { now: Date.now() };
    const storage: SharedStorage = {
      read: async (name) => texts.get(name),
      write: async (name, text) => texts.set(name, text) === texts,
      update: async (name, change) => texts.set(name, change(texts.get(name))) === texts,
      remove: async (name) => void texts.delete(name),
    };
    // Under a name that is not this machine's, whose answers would be asked for again; nobody is at the proxy.
    const url = 'https://npm.example.test/';
    const env = { HTTPS_PROXY: 'http://127.0.0.1:1' };
    const session = (at: string): Sources => sourcesAt(at, { storage, env, now: () => clock.now });
    const first = session(registry.registry);
    const whole = await first.fetchFact(npmPackument, KEY, signal);
    await first.close();
    assert.equal(whole.state, 'known');
    for (const [name, text] of texts) texts.set(name, text.replaceAll(registry.registry, url));
    const second = session(url);
    assert.deepEqual(await second.keptFact(npmVersions, KEY, signal), whole);
    assert.deepEqual(await second.fetchFact(npmVersions, KEY, signal), whole);
    clock.now += VERSIONS_TTL_MS;
    assert.equal((await session(url).fetchFact(npmVersions, KEY, signal)).state, 'unknown', 'too old to go by');
    assert.deepEqual(await session(url).keptFact(npmVersions, KEY, signal), whole, 'and to be shown all the same');
  });

  it('for a fix is one of this very moment', async () => {
    const registry = await registryOf();
    const clock = { now: Date.now() };
    const { fetchFact, fetchFresh } = sourcesAt(registry.registry, { now: () => clock.now });
    const whole = await fetchFact(npmPackument, KEY, signal);
    assert.equal(await fetchFresh(npmVersions, KEY, signal), whole);
    clock.now += FRESH_MS + 1;
    assert.notEqual(await fetchFresh(npmVersions, KEY, signal), whole);
    assert.deepEqual(asked(registry), ['/pad whole', '/pad short']);
  });

  it('is asked for once where a registry answers with the whole one for the short one', async () => {
    const body = JSON.stringify({ name: 'pad', 'dist-tags': PAD.tags, versions: PAD.versions, time: PAD.time });
    let requests = 0;
    const registry = keep(
      await serve((_, response) => {
        requests++;
        response.setHeader('content-type', 'application/json').end(body);
      }),
    );
    const { fetchFact } = sourcesAt(`${registry.url}/`);
    const versions = await fetchFact(npmVersions, KEY, signal);
    const whole = await fetchFact(npmPackument, KEY, signal);
    assert.equal(whole, versions);
    assert.equal(whole.state === 'known' && whole.value.versions[0]?.publishedAt, Date.UTC(2020, 0, 1));
    assert.equal(requests, 1);
  });

  it('that is too long leaves the short one, and no other failure does', async () => {
    for (const [status, length, state, wanted] of [
      [200, 64 * 1024 * 1024, 'known', ['whole', 'short']],
      [403, undefined, 'unknown', ['whole']],
    ] as const) {
      const kinds: string[] = [];
      const server = keep(
        await serve(({ headers }, response) => {
          const isShort = headers.accept?.includes('install-v1') === true;
          kinds.push(isShort ? 'short' : 'whole');
          const body = JSON.stringify({ name: 'pad', versions: { '1.0.0': {} } });
          const claimed = isShort || length === undefined ? Buffer.byteLength(body) : length;
          response.writeHead(status, { 'content-length': claimed }).end(body);
        }),
      );
      const { fetchFact } = sourcesAt(`${server.url}/`);
      const [whole, versions] = await Promise.all([fetchFact(npmPackument, KEY, signal), fetchFact(npmVersions, KEY, signal)]);
      assert.equal(whole.state, 'unknown');
      assert.equal(versions.state, state);
      assert.deepEqual(kinds, wanted);
    }
  });
});

describe('facts in a store', () => {
  it('are asked for once where one says the other, and rules see one answer', async () => {
    const registry = await registryOf();
    for (const kinds of [
      [npmVersions, npmPackument],
      [npmPackument, npmVersions],
    ] as const) {
      const facts = new FactStore(sourcesAt(registry.registry).fetchFact, FOR_ONE_RUN);
      for (const kind of kinds) assert.equal(facts.get<PackageKey, PackageVersions>(kind, KEY).state, 'unknown');
      assert.equal(facts.pending, 1);
      await facts.resolve(signal);
      const versions = facts.get(npmVersions, KEY);
      assert.equal(versions.state, 'known');
      assert.equal(versions, facts.get(npmPackument, KEY));
      assert.equal(facts.last(npmVersions, KEY), versions);
      assert.equal(facts.pending, 0);
    }
    assert.deepEqual(asked(registry), ['/pad whole', '/pad whole']);
  });

  it('go by the later of two answers, and a failure is none', () => {
    const facts = new FactStore(async () => assert.fail(), FOR_ONE_RUN);
    const answer = (asOf: number, version: string) =>
      ({ state: 'known', asOf, value: { name: 'pad', versions: [{ version }], distTags: {}, isStripped: false } }) as const;
    const seen = (): string | undefined => {
      const found = facts.peek(npmVersions, KEY);
      return found?.state === 'known' ? found.value.versions[0]?.version : found?.state;
    };
    facts.put(npmPackument, KEY, { state: 'unknown', why: 'timeout' });
    assert.equal(seen(), undefined);
    facts.put(npmVersions, KEY, answer(10, '1.0.0'));
    assert.equal(seen(), '1.0.0');
    facts.put(npmPackument, KEY, answer(20, '2.0.0'));
    assert.equal(seen(), '2.0.0');
    facts.put(npmVersions, KEY, answer(30, '3.0.0'));
    assert.equal(seen(), '3.0.0');
  });
});

it('a verdict goes by the document that the front holds', async () => {
  const registry = await registryOf();
  const facts = new FactStore(async () => assert.fail(), FOR_ONE_RUN);
  const { fetchFact } = sourcesAt(registry.registry, {
    verifier: { basis: 'test', load: async () => () => assert.fail() },
    held: (kind, key) => facts.peek(kind, key),
  });
  facts.put(npmPackument, KEY, { state: 'absent', asOf: 7 });
  assert.deepEqual(await fetchFact(npmProvenance, { ...KEY, version: '1.0.0' }, signal), { state: 'absent', asOf: 7 });
  assert.deepEqual(asked(registry), []);
});

describe('the command line asks a registry for nothing twice', () => {
  const sigstore = makeSigstore();
  const papers = new Map([
    [`npm/v1/attestations/${NAME}@${VERSION}`, { body: goodSet(sigstore) }],
    ['npm/v1/keys', keysPaper(sigstore)],
  ]);

  it('verify over lockfiles: a document, its attestations, the keys', async () => {
    const registry = keep(await startNpmServer({ [NAME]: listed(sigstore) }, { papers }));
    const lock = (version: string): object => ({ version, integrity: INTEGRITY });
    const packages = {
      '': {},
      [`node_modules/${NAME}`]: lock(VERSION),
      'node_modules/b': lock('1.0.0'),
      'b/node_modules/b': lock('2.0.0'),
    };
    await withFolder({ 'package-lock.json': JSON.stringify({ lockfileVersion: 3, packages }) }, async (folder) => {
      await waybill(['verify', '.'], { cwd: folder, env: { NPM_CONFIG_REGISTRY: registry.registry } });
    });
    assert.deepEqual(registry.requests.map(({ url }) => url.toLowerCase()).sort(), [
      '/-/npm/v1/attestations/@acme%2fwidget@1.2.3',
      '/-/npm/v1/keys',
      '/@acme%2fwidget',
      '/b',
    ]);
  });

  it('verify over many versions: their document once', async () => {
    const versions = Object.fromEntries(Array.from({ length: 40 }, (_, nth) => [`1.${nth}.0`, { dist: { integrity: INTEGRITY } }]));
    const names = Array.from({ length: 40 }, (_, nth) => `p${nth}`);
    const registry = keep(await startNpmServer(Object.fromEntries(names.map((name) => [name, { versions }])), { papers }));
    // In the lockfile the versions of a package are far from each other.
    const packages = Object.fromEntries(
      Object.keys(versions).flatMap((version, nth) =>
        nth < 5 ? names.map((name) => [`in${nth}/node_modules/${name}`, { version, integrity: INTEGRITY }]) : [],
      ),
    );
    await withFolder({ 'package-lock.json': JSON.stringify({ lockfileVersion: 3, packages: { '': {}, ...packages } }) }, async (folder) => {
      await waybill(['verify', '.'], { cwd: folder, env: { NPM_CONFIG_REGISTRY: registry.registry } });
    });
    const urls = registry.requests.map(({ url }) => url);
    assert.equal(urls.length, 40 + 5 * 40 + 1);
    assert.deepEqual(urls.toSorted(), [...new Set(urls)].sort());
  });

  it('check --online over the example: one document for each package', async () => {
    const registry = keep(await startNpmServer(Object.fromEntries(['zod', 'lodash', 'dayjs', 'typescript'].map((name) => [name, PAD]))));
    const files = Object.fromEntries(
      ['package.json', 'package-lock.json'].map((file) => [file, readFileSync(`examples/shop/${file}`, 'utf8')]),
    );
    await withFolder(files, async (folder) => {
      const { stdout } = await waybill(['check', '.', '--online', '--format', 'json'], {
        cwd: folder,
        env: { NPM_CONFIG_REGISTRY: registry.registry },
      });
      assert.ok(JSON.parse(stdout).findings.some(({ rule }: { rule: string }) => rule === 'npm/not-in-registry'));
    });
    const urls = registry.requests.map(({ url }) => url).filter((url) => !url.startsWith('/-/'));
    assert.ok(urls.includes('/zod') && urls.includes('/slugify') && urls.includes('/typescript'), urls.join());
    assert.deepEqual(urls, [...new Set(urls)]);
  });
});

function gated(): { readonly promise: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open: () => open() };
}
