import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, it } from 'node:test';
import type { Answer } from '../../server/src/core/answer.ts';
import { npmProvenance } from '../../server/src/core/npm-facts.ts';
import type { ProvenanceVerdict } from '../../server/src/core/provenance.ts';
import { ok } from '../../server/src/core/result.ts';
import { type RefreshedRoot, trustRoot } from '../../server/src/core/trust-root.ts';
import { BUNDLED_TRUST } from '../../server/src/provenance/index.ts';
import { packageVerifier } from '../../server/src/provenance/verifier.ts';
import type { SharedStorage } from '../../server/src/sources/fact-cache.ts';
import { createSources, type Sources, type SourcesOptions } from '../../server/src/sources/index.ts';
import { PROVENANCE_TTL_MS } from '../../server/src/sources/npm-attestations.ts';
import { REFRESH_MS, RETRY_MS, SIGSTORE, TARGETS } from '../../server/src/sources/trust-root.ts';
import { INTEGRITY, NAME, VERSION } from '../support/provenance.ts';
import { goodSet, keysPaper, listed } from '../support/registry-papers.ts';
import { makeSigstore } from '../support/sigstore.ts';
import { makeTuf, NOW, SINCE, tufKey } from '../support/tuf-repository.ts';
import { until } from '../support/until.ts';
import { flood } from './support/loopback.ts';
import { type Paper, startNpmServer } from './support/npm-server.ts';
import { startTufServer, type TufServer } from './support/tuf-server.ts';

const signal = new AbortController().signal;
const sigstore = makeSigstore();
const [ROOT, KEYS] = TARGETS;

/** The registry's key, as Sigstore's repository has it. */
const KEYS_TEXT = JSON.stringify({
  keys: [
    {
      keyId: sigstore.keyId,
      keyUsage: 'npm:attestations',
      publicKey: { rawBytes: sigstore.registryKey.spki.toString('base64'), validFor: { start: '2025-01-01T00:00:00Z' } },
    },
  ],
});
const FILES = { [ROOT]: JSON.stringify(sigstore.trust.root), [KEYS]: KEYS_TEXT };

/** What a first refresh asks for. */
const FIRST = ['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json'];

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

interface Clock {
  now: number;
}

function storageOf(texts = new Map<string, string>()): SharedStorage & { readonly texts: Map<string, string> } {
  return {
    texts,
    read: async (name) => texts.get(name),
    write: async (name, text) => texts.set(name, text) === texts,
    update: async (name, change) => texts.set(name, change(texts.get(name))) === texts,
    remove: async (name) => {
      texts.delete(name);
    },
  };
}

async function start(repo = makeTuf(FILES), answer?: Parameters<typeof startTufServer>[1]) {
  const server = await startTufServer(repo, answer);
  open.push(server);
  return { repo, server };
}

/** A new session. */
function session({ place }: TufServer, clock: Clock, options: Partial<SourcesOptions> = {}): Sources {
  const sources = createSources({
    online: true,
    env: {},
    trustRootFrom: place,
    verifier: packageVerifier,
    now: () => clock.now,
    ...options,
  });
  open.push(sources);
  return sources;
}

function ask({ fetchFact }: Sources, { place }: TufServer): Promise<Answer<RefreshedRoot>> {
  return fetchFact(trustRoot, { address: place.address }, signal);
}

const known = (answer: Answer<RefreshedRoot>): RefreshedRoot =>
  answer.state === 'known' ? answer.value : assert.fail(JSON.stringify(answer));
const why = (answer: Answer<RefreshedRoot>): string =>
  answer.state === 'unknown' ? (answer.detail ?? answer.why) : assert.fail('it is known');

describe('trust-root', () => {
  it('gets the trust root and the keys of the registry, once a day for all sessions', async () => {
    const { server } = await start();
    const [clock, storage] = [{ now: NOW }, storageOf()];
    const first = session(server, clock, { storage });
    const root = known(await ask(first, server));
    assert.deepEqual([root.trustedRoot, root.registryKeys, root.date], [FILES[ROOT], KEYS_TEXT, '2026-12-01']);
    assert.deepEqual(server.asked.slice(0, 4), FIRST);
    assert.equal(server.asked.length, 7);
    clock.now += REFRESH_MS - 1;
    assert.deepEqual(known(await ask(session(server, clock, { storage }), server)), root);
    assert.equal(server.asked.length, 7);
    server.asked.length = 0;
    clock.now += 1;
    assert.deepEqual(known(await ask(session(server, clock, { storage }), server)), { ...root, date: '2026-12-02' });
    assert.deepEqual(server.asked, ['2.root.json', 'timestamp.json']);
  });

  it('says what is kept without a connection, verified again', async () => {
    const { server } = await start();
    const [clock, storage] = [{ now: NOW }, storageOf()];
    const root = known(await ask(session(server, clock, { storage }), server));
    await server.close();
    clock.now += 20 * REFRESH_MS;
    assert.deepEqual(known(await ask(session(server, clock, { storage }), server)), root);
  });

  it('follows new roots and other files', async () => {
    const { repo, server } = await start();
    const [clock, storage] = [{ now: NOW }, storageOf()];
    await ask(session(server, clock, { storage }), server);
    for (let round = 0; round < 3; round++) repo.rotate({ root: [tufKey(), tufKey('ed25519')], timestamp: [tufKey()] });
    repo.publish({ files: { ...FILES, [ROOT]: '{"two":2}' } });
    clock.now += REFRESH_MS;
    assert.equal(known(await ask(session(server, clock, { storage }), server)).trustedRoot, '{"two":2}');
    await server.close();
    clock.now += 1;
    assert.equal(known(await ask(session(server, clock, { storage }), server)).trustedRoot, '{"two":2}');
  });

  it('does not need a storage', async () => {
    const { server } = await start();
    const clock = { now: NOW };
    const sources = session(server, clock);
    assert.equal(known(await ask(sources, server)).date, '2026-12-01');
    clock.now += REFRESH_MS;
    assert.equal(known(await ask(sources, server)).date, '2026-12-02');
    assert.deepEqual(server.asked.slice(7), ['2.root.json', 'timestamp.json']);
  });

  it('asks nobody where look-ups are off, and no repository that it has no root of', async () => {
    const { server } = await start();
    const off = session(server, { now: NOW }, { online: false });
    assert.deepEqual(await ask(off, server), { state: 'unknown', why: 'offline', detail: 'look-ups are off' });
    const sources = session(server, { now: NOW });
    const other = await sources.fetchFact(trustRoot, { address: 'http://127.0.0.1:9' }, signal);
    assert.equal(why(other), 'no root metadata are known of this repository');
    assert.deepEqual(server.asked, []);
  });

  it('begins with root metadata that can be read, and that its own keys have signed', async () => {
    assert.match(SIGSTORE.address, /^https:\/\/[^/]+$/);
    const nowhere = await startTufServer(makeTuf(FILES), (_, response) => {
      response.writeHead(404).end();
    });
    open.push(nowhere);
    const place = { address: nowhere.url, since: SIGSTORE.since };
    const sources = session({ ...nowhere, place: { ...place, root: '' } }, { now: NOW }, { trustRootFrom: place });
    // It came past the root that travels along, to what the server does not have.
    assert.equal(why(await ask(sources, { ...nowhere, place: { ...place, root: '' } })), 'the repository has no timestamp.json');
    assert.match(nowhere.asked[0] ?? '', /^\d{2,}\.root\.json$/);
  });
});

const page = (status: number, body = '<!doctype html><title>Sign in</title>', headers: Readonly<Record<string, string>> = {}) => {
  return (_: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(status, headers).end(body);
  };
};

/** Answers that are none, and what is said of them. */
const FAULTS: readonly (readonly [string, Parameters<typeof startTufServer>[1], RegExp])[] = [
  ['404 for all', page(404), /^the repository has no timestamp\.json$/],
  ['403 for all', page(403), /^the repository has no timestamp\.json$/],
  ['401', page(401), /^127\.0\.0\.1:\d+ answered HTTP 401$/],
  ['500', page(500), /^127\.0\.0\.1:\d+ answered HTTP 500$/],
  ['a web page', page(200), /^root is no JSON object$/],
  ['a redirect to another host', page(302, '', { location: 'http://127.0.0.1:9/' }), /redirects to 127\.0\.0\.1:9, which is not asked$/],
  ['a redirect to itself', page(302, '', { location: '/2.root.json' }), /more than 5 redirects$/],
  ['a compressed answer', page(200, 'x', { 'content-encoding': 'gzip' }), /the answer is compressed/],
  [
    'an answer that is cut',
    (_, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{"signed":');
      response.destroy();
    },
    /the connection was/,
  ],
  ['an endless answer', (_, response) => flood(response.writeHead(200), 'x'.repeat(65_536)), /the answer is longer than 512000 bytes$/],
  [
    'bytes that are no text',
    (_, response) => void response.writeHead(200).end(Buffer.from([0x7b, 0xff, 0x7d])),
    /not valid for encoding utf-8/,
  ],
  ['silence', () => new Promise<void>(() => undefined), /no complete answer in 5000 ms$/],
];

describe('trust-root, where it cannot be had', () => {
  for (const [what, answer, said] of FAULTS) {
    it(`has nothing, and asks again after an hour: ${what}`, async () => {
      const { server } = await start(makeTuf(FILES), answer);
      const [clock, storage] = [{ now: NOW }, storageOf()];
      assert.match(why(await ask(session(server, clock, { storage }), server)), said);
      const asked = server.asked.length;
      assert.ok(asked > 0);
      clock.now += RETRY_MS - 1;
      assert.match(why(await ask(session(server, clock, { storage }), server)), said);
      assert.equal(server.asked.length, asked);
    });
  }

  it('keeps what it had, asks again after an hour, and recovers', async () => {
    let isBroken = false;
    const { repo, server } = await start(makeTuf(FILES), (_, response) => {
      if (isBroken) response.writeHead(503).end();
    });
    const [clock, storage] = [{ now: NOW }, storageOf()];
    const root = known(await ask(session(server, clock, { storage }), server));
    isBroken = true;
    repo.publish({ files: { ...FILES, [ROOT]: '{"two":2}' } });
    clock.now += REFRESH_MS;
    assert.deepEqual(known(await ask(session(server, clock, { storage }), server)), root);
    isBroken = false;
    clock.now += RETRY_MS - 1;
    assert.deepEqual(known(await ask(session(server, clock, { storage }), server)), root);
    clock.now += 1;
    assert.equal(known(await ask(session(server, clock, { storage }), server)).trustedRoot, '{"two":2}');
  });

  it('goes on where a refresh broke off, and lets nobody roll back behind it', async () => {
    let broken = '2.targets.json';
    const { repo, server } = await start(makeTuf(FILES), (_, response, path) => {
      if (path === broken) response.writeHead(500).end();
    });
    const [clock, storage] = [{ now: NOW }, storageOf()];
    const root = known(await ask(session(server, clock, { storage }), server));
    const old = repo.served.get('timestamp.json') ?? '';
    repo.publish({ files: { ...FILES, [ROOT]: '{"two":2}' } });
    const young = repo.served.get('timestamp.json') ?? '';
    clock.now += REFRESH_MS;
    assert.deepEqual(known(await ask(session(server, clock, { storage }), server)), root);
    broken = '';
    repo.served.set('timestamp.json', old);
    clock.now += RETRY_MS;
    assert.deepEqual(known(await ask(session(server, clock, { storage }), server)), root);
    assert.match(storage.texts.get('trust-root') ?? '', /timestamp has the version 1, and had 2 before/);
    repo.served.set('timestamp.json', young);
    server.asked.length = 0;
    clock.now += RETRY_MS;
    assert.equal(known(await ask(session(server, clock, { storage }), server)).trustedRoot, '{"two":2}');
    assert.ok(!server.asked.includes('2.snapshot.json'), 'the snapshot was there already');
  });
});

/** What may lie in the cache. */
const DAMAGE: readonly (readonly [string, (text: string, clock: Clock) => string])[] = [
  ['half of it', (text) => text.slice(0, text.length / 2)],
  ['nothing', () => ''],
  ['a file of a later version', (text) => text.replace('"version":1', '"version":2')],
  ['a file of another repository', (text) => text.replace('"address":"', '"address":"https://other.example.test')],
  ['another shape', () => '{"version":1,"address":{},"state":[[[]]]}'],
  ['JSON that is null', () => 'null'],
  ['another trust root', (text) => text.replace('log.example.test', 'bad.example.test')],
  ['a signature that was changed', (text) => text.replace(/\\"sig\\": \\"3/, '\\"sig\\": \\"4')],
  ['no timestamp', (text) => JSON.stringify(JSON.parse(text, (name, value) => (name === 'timestamp' ? undefined : value)))],
  ['a time to come', (text, clock) => withAt(text, clock.now + 100 * REFRESH_MS)],
  ['a time before what travels along', (text) => withAt(text, SINCE - 1)],
  [
    'a time after its metadata had expired',
    (text, clock) => {
      clock.now = Date.parse('2028-01-01');
      return withAt(text, clock.now - 1);
    },
  ],
];

/** Says that the last good update was at another time. */
function withAt(text: string, at: number): string {
  return JSON.stringify(JSON.parse(text, (name, value) => (name === 'at' ? at : value)));
}

describe('trust-root, with a cache that is not what it was', () => {
  for (const [what, damage] of DAMAGE) {
    it(`begins with what travels along, and recovers: ${what}`, async () => {
      const repo = makeTuf(FILES, { expires: '2027-06-01T00:00:00Z' });
      let isOpen = true;
      const { server } = await start(repo, (_, response) => {
        if (!isOpen) response.writeHead(503).end();
      });
      const [clock, storage] = [{ now: NOW }, storageOf()];
      const root = known(await ask(session(server, clock, { storage }), server));
      const text = storage.texts.get('trust-root') ?? '';
      const damaged = damage(text, clock);
      assert.notEqual(damaged, text);
      storage.texts.set('trust-root', damaged.replace(/"triedAt":\d+/, '"triedAt":0'));
      isOpen = false;
      assert.match(why(await ask(session(server, clock, { storage }), server)), /answered HTTP 503$/);
      isOpen = true;
      clock.now = NOW + RETRY_MS;
      assert.equal(known(await ask(session(server, clock, { storage }), server)).trustedRoot, root.trustedRoot);
    });
  }
});

describe('verdicts by a trust root that was refreshed', () => {
  const papers = new Map<string, Paper>([
    [`npm/v1/attestations/${NAME}@${VERSION}`, { body: goodSet(sigstore) }],
    ['npm/v1/keys', keysPaper(sigstore)],
  ]);

  async function registry(has: ReadonlyMap<string, Paper> = papers) {
    const server = await startNpmServer({ [NAME]: listed(sigstore) }, { papers: has });
    open.push(server);
    return server;
  }

  async function verdictOf({ fetchFact }: Sources): Promise<ProvenanceVerdict> {
    const answer = await fetchFact(npmProvenance, { name: NAME, version: VERSION, integrity: INTEGRITY }, signal);
    return answer.state === 'known' ? answer.value : assert.fail(JSON.stringify(answer));
  }

  const said = ({ verdict, trustRootSource, trustRootDate }: ProvenanceVerdict) => [verdict, trustRootSource, trustRootDate];
  const BUNDLED = ['unknown', 'bundled', BUNDLED_TRUST.date];

  it('knows authorities, logs and keys that the snapshot does not know', async () => {
    const npm = await registry(new Map([...papers].filter(([path]) => path !== 'npm/v1/keys')));
    const registryOf = async () => ok({ url: npm.registry, isMapped: false });
    const { server } = await start();
    assert.deepEqual(said(await verdictOf(session(server, { now: NOW }, { registryOf, trustRootFrom: undefined }))), BUNDLED);
    const sources = session(server, { now: NOW }, { registryOf });
    // Refreshed first: a verdict waits for it, but not on a machine that takes its time.
    await ask(sources, server);
    const verdict = await verdictOf(sources);
    assert.deepEqual(said(verdict), ['proven', 'refreshed', '2026-12-01']);
    // This registry serves no keys: one that the repository has counts as much as one that travels along.
    const { message = '' } = verdict.checks.find(({ id }) => id === 'registry-signature') ?? {};
    assert.match(message, /^Signed with the key SHA256:.* of the public npm registry, known to Waybill\.$/);
    assert.deepEqual(
      verdict.attestations.map((one) => one.verdict),
      ['proven', 'proven'],
    );
  });

  for (const [what, files] of [
    ['is no JSON', { [ROOT]: 'x' }],
    ['names no log', { [ROOT]: '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}' }],
    ['has keys that cannot be read', { [ROOT]: JSON.stringify(sigstore.trust.root).replaceAll('"MF', '"!!') }],
  ] as const) {
    it(`uses the snapshot where the signed trust root ${what}`, async () => {
      const npm = await registry();
      const { server } = await start(makeTuf({ ...FILES, ...files }));
      const sources = session(server, { now: NOW }, { registryOf: async () => ok({ url: npm.registry, isMapped: false }) });
      assert.equal((await ask(sources, server)).state, 'known');
      assert.deepEqual(said(await verdictOf(sources)), BUNDLED);
    });
  }

  it('keeps no verdict longer than its trust root, in the session and on the disk', async () => {
    const npm = await registry();
    const { repo, server } = await start(makeTuf({ ...FILES, [ROOT]: JSON.stringify(makeSigstore().trust.root) }));
    const [clock, storage] = [{ now: NOW }, storageOf()];
    // Answers of loopback are asked for again all the same: only another host's show what is kept.
    const url = 'https://npm.example.test/';
    const options = { storage, registryOf: async () => ok({ url: npm.registry, isMapped: false }) };
    const elsewhere = { storage, registryOf: async () => ok({ url, isMapped: false }) };
    const first = session(server, clock, options);
    await ask(first, server);
    assert.deepEqual(said(await verdictOf(first)), ['unknown', 'refreshed', '2026-12-01']);
    await first.flush();
    for (const [name, text] of storage.texts) if (name !== 'trust-root') storage.texts.set(name, text.replaceAll(npm.registry, url));
    assert.deepEqual(said(await verdictOf(session(server, clock, elsewhere))), ['unknown', 'refreshed', '2026-12-01']);
    repo.publish({ files: FILES });
    // A verdict of half an hour ago would do, but for another one that came with a newer trust root.
    clock.now += REFRESH_MS - PROVENANCE_TTL_MS / 2;
    assert.equal((await verdictOf(first)).verdict, 'unknown');
    clock.now += PROVENANCE_TTL_MS / 2;
    assert.equal((await verdictOf(first)).verdict, 'unknown');
    await ask(first, server);
    assert.equal((await first.fetchFact(npmProvenance, { name: NAME, version: '9.9.9' }, signal)).state, 'absent');
    await until('the newer trust root is not used', async () => (await verdictOf(first)).verdict === 'proven');
    const kept = await session(server, clock, elsewhere).keptFact(
      npmProvenance,
      { name: NAME, version: VERSION, integrity: INTEGRITY },
      signal,
    );
    assert.equal(kept, undefined);
  });

  it('does not wait for a repository that takes its time, and uses it when it has answered', async () => {
    const npm = await registry();
    let answerNow = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      answerNow = resolve;
    });
    const { server } = await start(makeTuf(FILES), () => held);
    const registryOf = async () => ok({ url: npm.registry, isMapped: false });
    const clock = { now: NOW };
    const sources = session(server, clock, { registryOf });
    assert.deepEqual(said(await verdictOf(sources)), BUNDLED);
    answerNow();
    await until('the refresh was of no use', async () => {
      // Where the machine took so long that the refresh has failed, it is due again.
      clock.now += RETRY_MS;
      return (await verdictOf(sources)).verdict === 'proven';
    });
  });

  it('ends a refresh with the session, and nothing is left open', async () => {
    const npm = await registry();
    const { server } = await start(makeTuf(FILES), () => new Promise<void>(() => undefined));
    const sources = session(server, { now: NOW }, { registryOf: async () => ok({ url: npm.registry, isMapped: false }) });
    const asked = sources.fetchFact(npmProvenance, { name: NAME, version: VERSION, integrity: INTEGRITY }, signal);
    await until('nobody was asked', () => server.asked.length > 0 && npm.requests.length === 3);
    await sources.close();
    const answer = await asked;
    // The registry's last answer may have been cut off as well.
    if (answer.state === 'known') assert.deepEqual(said(answer.value), BUNDLED);
    else assert.equal(answer.state, 'unknown');
  });
});
