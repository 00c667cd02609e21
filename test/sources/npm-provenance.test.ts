import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { Answer } from '../../server/src/core/answer.ts';
import { npmProvenance, type PackageVersionKey } from '../../server/src/core/npm-facts.ts';
import type { ProvenanceVerdict, Verdict } from '../../server/src/core/provenance.ts';
import { ok } from '../../server/src/core/result.ts';
import { createSources, type Sources, type SourcesOptions } from '../../server/src/sources/index.ts';
import { INTEGRITY, NAME, OTHER_INTEGRITY, VERSION } from '../support/provenance.ts';
import { goodSet, keysPaper, listed, testVerifier } from '../support/registry-papers.ts';
import { makeSigstore } from '../support/sigstore.ts';
import { type NpmServer, type NpmServerOptions, type Paper, type Published, startNpmServer } from './support/npm-server.ts';

const signal = new AbortController().signal;
const NOW = Date.parse('2026-03-02T00:00:00Z');
const ATTESTATIONS = `npm/v1/attestations/${NAME}@${VERSION}`;
const KEYS = 'npm/v1/keys';
const KEY: PackageVersionKey = { name: NAME, version: VERSION, integrity: INTEGRITY };
const sigstore = makeSigstore();

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
});
