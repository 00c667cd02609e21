import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, it } from 'node:test';
import type { Answer } from '../../server/src/core/answer.ts';
import { npmProvenance, type PackageVersionKey } from '../../server/src/core/npm-facts.ts';
import type { ProvenanceVerdict, Verdict } from '../../server/src/core/provenance.ts';
import { fail, ok } from '../../server/src/core/result.ts';
import { packageVerifier } from '../../server/src/provenance/verifier.ts';
import type { SharedStorage } from '../../server/src/sources/fact-cache.ts';
import { createSources, type Sources, type SourcesOptions } from '../../server/src/sources/index.ts';
import { MAX_ATTESTATION_BYTES } from '../../server/src/sources/npm-attestations.ts';
import { INTEGRITY, NAME, OTHER_INTEGRITY, VERSION } from '../support/provenance.ts';
import { goodSet, keysPaper, listed, signatureOf, testVerifier } from '../support/registry-papers.ts';
import { makeSigstore } from '../support/sigstore.ts';
import { type NpmServer, type NpmServerOptions, type Paper, type Published, startNpmServer } from './support/npm-server.ts';

const signal = new AbortController().signal;
const NOW = Date.parse('2026-03-02T00:00:00Z');
const ATTESTATIONS = `npm/v1/attestations/${NAME}@${VERSION}`;
const KEYS = 'npm/v1/keys';
const KEY: PackageVersionKey = { name: NAME, version: VERSION, integrity: INTEGRITY };
const sigstore = makeSigstore();

/** Others' data, which is not in the repository. */
const REAL = process.env.WAYBILL_ATTESTATIONS ?? path.resolve('..', 'shared', 'data', 'attestations');

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

function good(): Map<string, Paper> {
  return new Map<string, Paper>([
    [ATTESTATIONS, { body: goodSet(sigstore) }],
    [KEYS, keysPaper(sigstore)],
  ]);
}

async function start(papers: ReadonlyMap<string, Paper>, published: Published = listed(sigstore), options: NpmServerOptions = {}) {
  const server = await startNpmServer({ [NAME]: published }, { ...options, papers });
  open.push(server);
  return server;
}

function sourcesOf({ registry }: Pick<NpmServer, 'registry'>, options: Partial<SourcesOptions> = {}): Sources {
  const sources = createSources({
    online: true,
    env: {},
    registryOf: async () => ok({ url: registry, isMapped: false }),
    verifier: testVerifier(sigstore.trust),
    now: () => NOW,
    ...options,
  });
  open.push(sources);
  return sources;
}

async function ask(server: Pick<NpmServer, 'registry'>, key = KEY): Promise<Answer<ProvenanceVerdict>> {
  return await sourcesOf(server).fetchFact(npmProvenance, key, signal);
}

function verdictOf(answer: Answer<ProvenanceVerdict>): ProvenanceVerdict {
  return answer.state === 'known' ? answer.value : assert.fail(JSON.stringify(answer));
}

/** The verdict, and the checks that are neither passed nor without anything to compare. */
function said(answer: Answer<ProvenanceVerdict>): [Verdict, ...string[]] {
  const { verdict, checks, attestations } = verdictOf(answer);
  const open = [...checks, ...attestations.flatMap((one) => one.checks)].filter(
    ({ outcome }) => !['passed', 'not-asked'].includes(outcome),
  );
  return [verdict, ...open.map(({ id, outcome }) => `${id} ${outcome}`)];
}

describe('npm-provenance', () => {
  it('verifies attestations, signature and bytes through the registry', async () => {
    const server = await start(good());
    const answer = await ask(server);
    assert.deepEqual(said(answer), ['proven']);
    const passed = verdictOf(answer).checks.filter(({ outcome }) => outcome === 'passed');
    assert.deepEqual(
      passed.map(({ id }) => id),
      ['attestations-served', 'provenance-present', 'registry-signature', 'registry-signature-time', 'integrity-locked'],
    );
    assert.deepEqual(JSON.parse(JSON.stringify(verdictOf(answer))), verdictOf(answer));
    assert.deepEqual(server.requests.map(({ url }) => url).sort(), [
      '/-/npm/v1/attestations/@acme%2fwidget@1.2.3',
      '/-/npm/v1/keys',
      '/@acme%2fwidget',
    ]);
  });

  it('is contradicted by other locked bytes, and absent where no such version is listed', async () => {
    const server = await start(good());
    assert.deepEqual(said(await ask(server, { ...KEY, integrity: OTHER_INTEGRITY })), [
      'contradicted',
      'integrity-locked contradicted',
      'digest-locked contradicted',
      'digest-locked contradicted',
    ]);
    assert.equal((await ask(server, { ...KEY, version: '9.9.9' })).state, 'absent');
  });

  // What a registry refuses is unknown with its own reason, and the rest is still judged.
  for (const [what, paper, reason] of [
    ['400', { status: 400 }, /^127\.0\.0\.1:\d+ does not serve attestations \(HTTP 400\)\.$/],
    ['401', { status: 401 }, /shows attestations only with credentials \(HTTP 401\)\.$/],
    ['403', { status: 403, body: 'blocked' }, /refuses to show attestations \(HTTP 403\)\.$/],
    ['404', { status: 404 }, /announces attestations of this version, but does not have them \(HTTP 404\)\.$/],
    ['405', { status: 405 }, /does not serve attestations \(HTTP 405\)\.$/],
    ['an empty body', { body: '' }, /answered with nothing instead of attestations \(HTTP 200\)\.$/],
    ['a web page', { body: '<!doctype html><title>Sign in</title>' }, /answered with a web page instead of attestations \(HTTP 200\)\.$/],
    ['more than anybody attests', { body: ' '.repeat(MAX_ATTESTATION_BYTES + 1) }, /the answer is longer than 4194304 bytes\.$/],
    [
      'a redirect to another host',
      { status: 302, headers: { location: 'http://127.0.0.1:9/' } },
      /redirects to 127\.0\.0\.1:9, which is not asked\.$/,
    ],
  ] as const) {
    it(`is unknown where the attestations are ${what}, and says why`, async () => {
      const answer = await ask(await start(good().set(ATTESTATIONS, paper)));
      assert.deepEqual(said(answer), ['unknown', 'attestations-served unknown']);
      const { checks } = verdictOf(answer);
      assert.match(checks.find(({ id }) => id === 'attestations-served')?.message ?? '', reason);
      assert.ok(checks.some(({ id, outcome }) => id === 'registry-signature' && outcome === 'passed'));
    });
  }

  for (const [what, body] of [
    ['other JSON', { ok: true }],
    ['a cut set', '{"attestations":[{'],
  ] as const) {
    it(`is unknown where the registry answers with ${what}`, async () => {
      assert.deepEqual(said(await ask(await start(good().set(ATTESTATIONS, { body })))), ['unknown', 'readable unknown']);
    });
  }

  for (const [what, paper, why] of [
    ['429', { status: 429, headers: { 'retry-after': '60' } }, 'error'],
    ['403 with a time to wait', { status: 403, headers: { 'retry-after': '60' } }, 'error'],
    ['500', { status: 500 }, 'error'],
  ] as const) {
    it(`gives no verdict where the attestations are ${what}: they may come in a moment`, async () => {
      const answer = await ask(await start(good().set(ATTESTATIONS, paper)));
      assert.deepEqual([answer.state, answer.state === 'unknown' && answer.why], ['unknown', why]);
    });
  }

  it('asks for no attestations where the registry signs and lists none', async () => {
    const server = await start(good(), listed(sigstore, { dist: { attestations: undefined } }));
    assert.deepEqual(said(await ask(server)), ['not-proven', 'provenance-present not-proven']);
    assert.ok(!server.requests.some(({ url }) => url.includes('attestations')));
  });

  describe('of a registry that strips signatures and the list of attestations', () => {
    const stripped = () => listed(sigstore, { dist: { attestations: undefined, signatures: undefined } });
    const without = (...names: readonly string[]) => new Map([...good()].filter(([name]) => !names.includes(name)));

    it('asks all the same, and is proven', async () => {
      assert.deepEqual(said(await ask(await start(good(), stripped()))), ['proven', 'registry-signature not-proven']);
    });

    it('says that there are none where the registry knows what attestations are', async () => {
      const answer = await ask(await start(without(ATTESTATIONS), stripped()));
      assert.deepEqual(said(answer), ['not-proven', 'provenance-present not-proven', 'registry-signature not-proven']);
    });

    it('is unknown where the registry may not know what attestations are', async () => {
      const answer = await ask(await start(new Map(), stripped()));
      assert.deepEqual(said(answer), ['unknown', 'attestations-served unknown', 'registry-signature unknown']);
      assert.match(
        verdictOf(answer).checks[0]?.message ?? '',
        /\(HTTP 404\)\. It serves no keys either, so that it may know of no attestations/,
      );
    });
  });

  // Without its keys the registry's own word cannot be judged, but provenance can.
  for (const [what, paper, reason] of [
    ['400', { status: 400 }, /127\.0\.0\.1:\d+ does not serve keys \(HTTP 400\)/],
    ['401', { status: 401 }, /does not show this without credentials \(HTTP 401\)/],
    ['403', { status: 403 }, /does not show this without credentials \(HTTP 403\)/],
    ['404', { status: 404 }, /the registry serves none \(HTTP 404\)/],
    ['405', { status: 405 }, /does not serve keys \(HTTP 405\)/],
    ['an empty body', { body: '' }, /answered with something else than keys \(HTTP 200\)/],
    ['a web page', { body: '<html>' }, /answered with something else than keys \(HTTP 200\)/],
  ] as const) {
    it(`judges provenance also where the keys are ${what}`, async () => {
      const stranger = makeSigstore();
      const signatures = [signatureOf(stranger.registryKey, stranger.keyId)];
      const answer = await ask(await start(good().set(KEYS, paper), listed(sigstore, { dist: { signatures } })));
      assert.deepEqual(said(answer), ['proven', 'registry-signature unknown']);
      const check = verdictOf(answer).checks.find(({ id }) => id === 'registry-signature');
      assert.match(check?.message ?? '', reason);
    });
  }

  it('gives no verdict where a key is missing that may come in a moment', async () => {
    const stranger = makeSigstore();
    const signatures = [signatureOf(stranger.registryKey, stranger.keyId)];
    const server = await start(good().set(KEYS, { status: 500 }), listed(sigstore, { dist: { signatures } }));
    assert.equal((await ask(server)).state, 'unknown');
    // The keys that are known here are enough for the others.
    assert.deepEqual(said(await ask(await start(good().set(KEYS, { status: 500 })))), ['proven']);
  });

  it('verifies with keys that only the registry knows, of the one kind that npm uses', async () => {
    const other = makeSigstore();
    const signatures = [signatureOf(other.registryKey, other.keyId)];
    const server = await start(good().set(KEYS, keysPaper(other)), listed(sigstore, { dist: { signatures } }));
    assert.deepEqual(said(await ask(server)), ['proven']);
    const [key] = (keysPaper(other).body as { keys: object[] }).keys;
    const odd = await start(
      good().set(KEYS, { body: { keys: [null, 1, { ...key, keytype: 'rsa' }] } }),
      listed(sigstore, { dist: { signatures } }),
    );
    assert.deepEqual(said(await ask(odd)), ['proven', 'registry-signature unknown']);
  });

  it('takes no more keys from a registry than one could have', async () => {
    const other = makeSigstore();
    const signatures = [signatureOf(other.registryKey, other.keyId)];
    const [key] = (keysPaper(other).body as { keys: object[] }).keys;
    const withKeys = (count: number) =>
      good().set(KEYS, { body: { keys: [...Array.from({ length: count }, (_, nth) => ({ ...key, keyid: `SHA256:${nth}` })), key] } });
    const published = listed(sigstore, { dist: { signatures } });
    assert.deepEqual(said(await ask(await start(withKeys(63), published))), ['proven']);
    assert.deepEqual(said(await ask(await start(withKeys(64), published))), ['proven', 'registry-signature unknown']);
    assert.deepEqual(said(await ask(await start(withKeys(100_000), published))), ['proven', 'registry-signature unknown']);
  });

  it('judges without times of publication', async () => {
    assert.deepEqual(said(await ask(await start(good(), listed(sigstore, {}, { time: {} })))), ['proven']);
    const late = keysPaper(sigstore, '2026-02-01T00:00:00Z');
    const server = await start(good().set(KEYS, late), listed(sigstore, { dist: { attestations: undefined } }, { time: {} }));
    assert.deepEqual(said(await ask(server)), ['not-proven', 'provenance-present not-proven', 'registry-signature-time unknown']);
  });

  describe('asks the configured registry', () => {
    it('below its path, whatever host the document names, and with its credential', async () => {
      const server = await start(good(), listed(sigstore), { path: '/repository/npm' });
      const registryOf = async () => ok({ url: server.registry, isMapped: true, authorization: 'Bearer secret' });
      const answer = await sourcesOf(server, { registryOf }).fetchFact(npmProvenance, KEY, signal);
      assert.equal(verdictOf(answer).verdict, 'proven');
      assert.deepEqual(server.requests.map(({ url, authorization }) => `${authorization} ${url}`).sort(), [
        'Bearer secret /repository/npm/-/npm/v1/attestations/@acme%2fwidget@1.2.3',
        'Bearer secret /repository/npm/-/npm/v1/keys',
        'Bearer secret /repository/npm/@acme%2fwidget',
      ]);
    });

    for (const [written, asked] of [
      ['https://evil.example.test/-/npm/v1/attestations/x@1', '/-/npm/v1/attestations/x@1'],
      ['https://npm.example.test/prefix/-/npm/v1/attestations/@a%2fb@1?x=1#y', '/-/npm/v1/attestations/@a%2fb@1'],
      ['https://npm.example.test/-/npm/v1/security/audits', '/-/npm/v1/attestations/@acme%2fwidget@1.2.3'],
      ['https://npm.example.test/-/npm/v1/attestations/../../../whoami', '/-/npm/v1/attestations/@acme%2fwidget@1.2.3'],
      ['no address', '/-/npm/v1/attestations/@acme%2fwidget@1.2.3'],
    ] as const) {
      it(`at ${asked} for ${written}`, async () => {
        const server = await start(good(), listed(sigstore, { dist: { attestations: { url: written } } }));
        await ask(server);
        assert.ok(
          server.requests.some(({ url }) => url === asked),
          JSON.stringify(server.requests),
        );
        assert.equal(server.requests.length, 3);
      });
    }

    it('for its keys once, whatever is verified', async () => {
      const server = await start(good());
      server.packages.set('plain', listed(sigstore));
      const { fetchFact } = sourcesOf(server);
      await Promise.all(
        [KEY, { ...KEY, integrity: OTHER_INTEGRITY }, { name: 'plain', version: VERSION }].map((key) =>
          fetchFact(npmProvenance, key, signal),
        ),
      );
      assert.equal(server.requests.filter(({ url }) => url === '/-/npm/v1/keys').length, 1);
      assert.equal(server.requests.filter(({ url }) => url === '/@acme%2fwidget').length, 1);
    });

    it('not at all where no registry is to be asked, or nothing verifies', async () => {
      const server = await start(good());
      const untrusted = async () => fail({ why: 'untrusted' as const, detail: 'no' });
      const refused = await sourcesOf(server, { registryOf: untrusted }).fetchFact(npmProvenance, KEY, signal);
      assert.deepEqual(refused, { state: 'unknown', why: 'untrusted', detail: 'no' });
      const blind = await sourcesOf(server, { verifier: undefined }).fetchFact(npmProvenance, KEY, signal);
      assert.equal(blind.state, 'unknown');
      const offline = await sourcesOf(server, { online: false }).fetchFact(npmProvenance, KEY, signal);
      assert.equal(offline.state === 'unknown' && offline.why, 'offline');
      assert.equal(server.requests.length, 0);
    });
  });

  describe('the real attestations of sigstore@0.4.0, by the real trust root', {
    skip: !existsSync(REAL) && 'set WAYBILL_ATTESTATIONS',
  }, () => {
    const attested =
      '282c0c5fa936d264321643581b65d3de5c0af6ed4fdfac12f5851115df39cc25cfaf0ad22d908487bfef30114d61c25746206d1834be4f8fd1659178f77cc004';
    const integrity = `sha512-${Buffer.from(attested, 'hex').toString('base64')}`;
    for (const [file, expected] of [
      ['valid.json', ['proven', 'registry-signature unknown']],
      ['invalid.json', ['contradicted', 'registry-signature unknown', 'signature contradicted']],
      ['mismatched-subject-digest.json', ['contradicted', 'registry-signature unknown', 'signature contradicted']],
      ['mismatched-keyid.json', ['contradicted', 'registry-signature unknown', 'key-id contradicted']],
    ] as const) {
      it(`${file}: ${expected[0]}`, async () => {
        const url = 'https://npm.example.test/-/npm/v1/attestations/sigstore@0.4.0';
        const manifest = { repository: 'github:sigstore/sigstore-js', dist: { integrity, attestations: { url } } };
        const papers = new Map([['npm/v1/attestations/sigstore@0.4.0', { body: readFileSync(path.join(REAL, file), 'utf8') }]]);
        const server = await startNpmServer({ sigstore: { versions: { '0.4.0': manifest } } }, { papers });
        open.push(server);
        const sources = sourcesOf(server, { verifier: packageVerifier, now: Date.now });
        assert.deepEqual(said(await sources.fetchFact(npmProvenance, { name: 'sigstore', version: '0.4.0', integrity }, signal)), expected);
      });
    }
  });

  describe('keeps a verdict', () => {
    /** A registry's address that is not this machine's, whose answers are kept; it is asked at the server all the same. */
    const elsewhere = 'https://npm.example.test/';

    async function keep(storage: SharedStorage, basis: string): Promise<Answer<ProvenanceVerdict> | undefined> {
      const sources = sourcesOf({ registry: elsewhere }, { storage, verifier: testVerifier(sigstore.trust, basis) });
      return await sources.keptFact(npmProvenance, KEY, signal);
    }

    it('no longer than the verifier and its trust root, and only a whole one', async () => {
      const verdict = verdictOf(await ask(await start(good())));
      const file = (value: unknown) =>
        memoryStorage({
          'npm-provenance': JSON.stringify({ version: 1, entries: [[`${elsewhere} ${NAME}@${VERSION} ${INTEGRITY} one`, NOW, value]] }),
        });
      assert.deepEqual(await keep(file(verdict), 'one'), { state: 'known', value: verdict, asOf: NOW });
      assert.equal(await keep(file(verdict), 'two'), undefined);
      for (const spoilt of [
        null,
        { ...verdict, verdict: 'fine' },
        { ...verdict, checks: [{ id: 'readable' }] },
        { ...verdict, checks: [{ id: 'none-such', outcome: 'passed', message: '' }] },
        { ...verdict, attestations: [{ ...verdict.attestations[0], kind: 'x' }] },
        { ...verdict, attestations: [{ ...verdict.attestations[0], identity: { subject: 1 } }] },
        { ...verdict, trustRootDate: 1 },
      ])
        assert.equal(await keep(file(spoilt), 'one'), undefined, JSON.stringify(spoilt));
    });
  });
});

/** Texts in memory, as a folder would have them. */
function memoryStorage(texts: Readonly<Record<string, string>>): SharedStorage {
  const all = new Map(Object.entries(texts));
  return {
    read: async (name) => all.get(name),
    write: async (name, text) => {
      all.set(name, text);
      return true;
    },
    update: async (name, change) => {
      all.set(name, change(all.get(name)));
      return true;
    },
    remove: async (name) => {
      all.delete(name);
    },
  };
}
