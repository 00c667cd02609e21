import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Ajv } from 'ajv';
import { TARGETS } from '../../server/src/sources/trust-root.ts';
import { TUF_ROOT } from '../../server/src/tuf/repository.generated.ts';
import { type NpmServer, type Paper, startNpmServer } from '../sources/support/npm-server.ts';
import { startTufServer, type TufServer } from '../sources/support/tuf-server.ts';
import { type CliRun, waybill } from '../support/cli.ts';
import { withFolder } from '../support/folder.ts';
import { bundlesFor, FAR_EXPIRES, replaceIn, today } from '../support/own-repository.ts';
import { INTEGRITY, NAME, VERSION } from '../support/provenance.ts';
import { goodSet, keysPaper, listed } from '../support/registry-papers.ts';
import { makeSigstore } from '../support/sigstore.ts';
import { socketSpy } from '../support/socket-spy.ts';
import { makeTuf } from '../support/tuf-repository.ts';

const SUBJECT = `npm:${NAME}@${VERSION}`;
const sigstore = makeSigstore();
let registry: NpmServer;
let repository: TufServer;

before(async () => {
  const papers = new Map<string, Paper>([
    [`npm/v1/attestations/${NAME}@${VERSION}`, { body: goodSet(sigstore) }],
    ['npm/v1/keys', keysPaper(sigstore)],
  ]);
  registry = await startNpmServer({ [NAME]: listed(sigstore) }, { papers });
  const tuf = makeTuf({ [TARGETS[0]]: JSON.stringify(sigstore.trust.root), [TARGETS[1]]: '{"keys":[]}' }, { expires: FAR_EXPIRES });
  repository = await startTufServer(tuf);
});
after(async () => {
  await registry.close();
  await repository.close();
});

interface Place {
  readonly folder: string;
  readonly bundle: string;
}

function inPlace(use: (place: Place) => Promise<void>): Promise<void> {
  return withFolder({}, async (folder) => {
    const dist = bundlesFor(repository, folder);
    repository.asked.length = 0;
    await use({ folder, bundle: path.join(dist, 'cli.js') });
  });
}

function run({ folder, bundle }: Place, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliRun> {
  const cache = path.join(folder, 'cache');
  return waybill(['verify', ...args], {
    cwd: folder,
    bundle,
    env: { XDG_CACHE_HOME: cache, NPM_CONFIG_REGISTRY: registry.registry, ...env },
  });
}

/** A run that came to a refreshed trust root: on a slow machine the verdict may come before that. */
async function refreshed(place: Place, args: readonly string[]): Promise<CliRun> {
  for (let tries = 10; ; tries--) {
    repository.asked.length = 0;
    const done = await run(place, args);
    if (tries === 0 || /refreshed/.test(done.stdout)) return done;
    rmSync(path.join(place.folder, 'cache'), { recursive: true, force: true });
  }
}

const LOCK = JSON.stringify({
  lockfileVersion: 3,
  packages: { '': {}, [`node_modules/${NAME}`]: { version: VERSION, integrity: INTEGRITY } },
});

test('one package: proven by the trust root that was refreshed, and the next run asks nobody for it', () =>
  inPlace(async (place) => {
    const first = await refreshed(place, [SUBJECT]);
    assert.match(first.stdout, new RegExp(`\n\nVerified on this machine, by the trust root of ${today()}, refreshed on that day\\.\n$`));
    assert.deepEqual([first.status, first.stderr, repository.asked.length], [0, '', 7]);
    const second = await run(place, [SUBJECT, '--format', 'json']);
    const report = JSON.parse(second.stdout);
    assert.deepEqual([report.verdict, report.trustRootSource, report.trustRootDate], ['proven', 'refreshed', today()]);
    const isValid = new Ajv({ strict: false }).compile(JSON.parse(readFileSync('schemas/verify.schema.json', 'utf8')));
    assert.ok(isValid(report), JSON.stringify(isValid.errors));
    assert.equal(repository.asked.length, 7);
  }));

test('lockfiles: the same verdict', () =>
  inPlace(async (place) => {
    writeFileSync(path.join(place.folder, 'package-lock.json'), LOCK);
    const { status, stdout } = await refreshed(place, ['package-lock.json', '--require', 'provenance']);
    assert.match(stdout, /1 proven, 0 not proven/);
    assert.match(stdout, new RegExp(`by the trust root of ${today()}, refreshed on that day\\.\n$`));
    assert.equal(status, 0);
  }));

test('a repository that fails is no failure: the snapshot is used, and the text says why', () =>
  inPlace(async (place) => {
    replaceIn(path.join(place.folder, 'dist', 'tuf.js'), repository.place.root, TUF_ROOT);
    const { status, stdout } = await run(place, [SUBJECT]);
    assert.match(
      stdout,
      /by the trust root of \d{4}-\d\d-\d\d, which travels with Waybill\. It could not be refreshed: timestamp was signed by 0\/1 keys\./,
    );
    // By the snapshot the test's own authority is unknown.
    assert.equal(status, 2);
    const { stdout: json } = await run(place, [SUBJECT, '--format', 'json']);
    assert.equal(JSON.parse(json).trustRootSource, 'bundled');
  }));

test('--no-refresh, --trust-root and --bundle ask no repository', () =>
  inPlace(async (place) => {
    const trustRoot = path.join(place.folder, 'trusted_root.json');
    const bundle = path.join(place.folder, 'bundle.json');
    writeFileSync(trustRoot, JSON.stringify(sigstore.trust.root));
    writeFileSync(bundle, JSON.stringify(goodSet(sigstore)));
    const plain = await run(place, [SUBJECT, '--no-refresh']);
    assert.match(plain.stdout, /by the trust root of \d{4}-\d\d-\d\d, which travels with Waybill\.\n$/);
    assert.equal((await run(place, [SUBJECT, '--trust-root', trustRoot])).status, 0);
    const spy = socketSpy(place.folder);
    assert.match((await run(place, [SUBJECT, '--bundle', bundle], spy.env)).stdout, /which travels with Waybill\.\n$/);
    assert.deepEqual(spy.attempts(), []);
    assert.deepEqual(repository.asked, []);
    // What was refreshed by another run is not used then either.
    assert.equal((await refreshed(place, [SUBJECT])).status, 0);
    assert.equal((await run(place, [SUBJECT, '--no-refresh'])).status, 2);
  }));
