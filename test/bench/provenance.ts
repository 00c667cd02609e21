// What it costs to verify the packages of a lockfile: from a registry on loopback, and from the cache's file.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { npmProvenance, type PackageVersionKey } from '../../server/src/core/npm-facts.ts';
import type { PackageVerifier } from '../../server/src/core/provenance.ts';
import { ok } from '../../server/src/core/result.ts';
import type { SharedStorage } from '../../server/src/sources/fact-cache.ts';
import { createSources } from '../../server/src/sources/index.ts';
import { type NpmServer, type Paper, type Published, startNpmServer } from '../sources/support/npm-server.ts';
import { waybill } from '../support/cli.ts';
import { withFolder } from '../support/folder.ts';
import { Session, uriOf } from '../support/lsp-client.ts';
import { INTEGRITY, SIGNER, slsa1, VERSION } from '../support/provenance.ts';
import { keysPaper, setOf, signatureOf } from '../support/registry-papers.ts';
import { makeSigstore, type Sigstore } from '../support/sigstore.ts';
import { storageOf } from './storage.ts';

/** As many as a middling application has directly and through others. */
const PACKAGES = 200;

/** How many versions each of them has had: the registry's document tells of all. */
const VERSIONS = 60;

/** Where the answers of the cache are from: an address that is not this machine's, whose answers would be asked for again. */
const ELSEWHERE = 'https://npm.example.test/';

const signal = new AbortController().signal;

/** A row of the bench. */
interface Row {
  readonly kind: string;
  readonly [column: string]: string | number;
}

/** Times and memory for `PACKAGES` packages with provenance, by the bundle that ships. */
export async function dependencyRows(): Promise<Row[]> {
  const sigstore = makeSigstore();
  const names = Array.from({ length: PACKAGES }, (_, nth) => `package-${nth}`);
  const papers = new Map<string, Paper>([['npm/v1/keys', keysPaper(sigstore)]]);
  const packages: Record<string, Published> = {};
  for (const name of names) {
    const subject = [{ name: `pkg:npm/${name}@${VERSION}`, digest: { sha512: Buffer.from(INTEGRITY.slice(7), 'base64').toString('hex') } }];
    papers.set(`npm/v1/attestations/${name}@${VERSION}`, { body: setOf(sigstore.bundle({ statement: slsa1({ subject }), by: SIGNER })) });
    const others = Array.from({ length: VERSIONS }, (_, nth) => [`0.${nth}.0`, { dist: { integrity: INTEGRITY } }] as const);
    const signatures = [signatureOf(sigstore.registryKey, sigstore.keyId, `${name}@${VERSION}:${INTEGRITY}`)];
    const attestations = { url: `${ELSEWHERE}-/npm/v1/attestations/${name}@${VERSION}` };
    const repository = 'github:acme/widget';
    packages[name] = {
      versions: { ...Object.fromEntries(others), [VERSION]: { repository, dist: { integrity: INTEGRITY, signatures, attestations } } },
    };
  }
  const server = await startNpmServer(packages, { papers });
  try {
    const texts = new Map<string, string>();
    const keys = names.map((name): PackageVersionKey => ({ name, version: VERSION, integrity: INTEGRITY }));
    heapUsed();
    const before = heapUsed();
    const verifier = shippedVerifier(sigstore);
    // Any set makes it read the trust root.
    (await verifier.load())({
      name: 'x',
      version: VERSION,
      attestations: { state: 'served', text: '{"attestations":[]}' },
      keys: [],
      now: 0,
    });
    const memory = heapUsed() - before;
    const measured = await askAll(server.registry, { keys, verifier, storage: storageOf(texts) });
    // What was kept of the loopback registry, as if another one had said it.
    for (const [name, text] of texts) texts.set(name, text.replaceAll(server.registry, ELSEWHERE));
    const requests = server.requests.length;
    const cached = await askAll(ELSEWHERE, { keys, verifier, storage: storageOf(texts) });
    if (server.requests.length !== requests) throw new Error('the cache was not used');
    return [
      { kind: `${PACKAGES} packages, registry on loopback (its own time included): all`, ms: measured.ms, requests },
      { kind: `${PACKAGES} packages, from the cache's file: all`, ms: cached.ms, requests: 0 },
      ...(await processRows({ server, names, sigstore })),
      { kind: 'memory of the code that verifies and of the trust root', kB: Math.round(memory / 1024) },
      { kind: `the cache's file for ${PACKAGES} verdicts`, kB: Math.round((texts.get(npmProvenance.id)?.length ?? 0) / 1024) },
    ];
  } finally {
    await server.close();
  }
}

/** What a process wrote down at its end (usage.cjs). */
interface Usage {
  readonly startKb: number;
  readonly peakKb: number;
  readonly cpuMs: number;
  readonly longestMs: number;
  /** The longest stretches without a turn for anything else, in processor time, and when they ended. */
  readonly stretches: readonly { readonly at: number; readonly cpuMs: number }[];
}

/** The most that nothing else may get a turn for, in ms: what an editor's user would notice. */
const BLOCK_MS = 50;

/** The command line over a lockfile with these packages, and the language server over a package.json, each in its own process. */
async function processRows({
  server,
  names,
  sigstore,
}: {
  readonly server: NpmServer;
  readonly names: readonly string[];
  readonly sigstore: Sigstore;
}): Promise<Row[]> {
  const dependencies = Object.fromEntries(names.map((name) => [name, VERSION]));
  const entries = names.map((name) => [`node_modules/${name}`, { version: VERSION, integrity: INTEGRITY }]);
  const manifest = JSON.stringify({ name: 'app', private: true, dependencies }, undefined, 2);
  const files = {
    'package.json': manifest,
    'package-lock.json': JSON.stringify({ lockfileVersion: 3, packages: { '': { dependencies }, ...Object.fromEntries(entries) } }),
    'root.json': JSON.stringify(sigstore.trust.root),
  };
  return await withFolder(files, async (folder) => {
    const usage = path.join(folder, 'usage.json');
    const env = {
      NPM_CONFIG_REGISTRY: server.registry,
      XDG_CACHE_HOME: path.join(folder, 'cache'),
      WAYBILL_BENCH_USAGE: usage,
      NODE_OPTIONS: `--require ${path.resolve('test/bench/usage.cjs')} ${process.env.WAYBILL_BENCH_NODE_ARGS ?? ''}`,
    };
    const said = (): Usage => JSON.parse(readFileSync(usage, 'utf8'));
    const { stdout } = await waybill(['verify', '.', '--trust-root', 'root.json'], { cwd: folder, env });
    if (!stdout.includes(`${PACKAGES} proven`)) throw new Error(stdout);
    const commandLine = said();
    const session = await Session.start({ folder, env, initializationOptions: { trusted: true }, settings: { network: 'background' } });
    const before = server.requests.length;
    const uri = uriOf(folder, 'package.json');
    await session.open(uri, manifest);
    await session.diagnostics(uri);
    const endsAt = Date.now() + 120_000;
    // The document and the attestations of each, and the keys.
    while (server.requests.length < before + 2 * PACKAGES + 1 && Date.now() < endsAt) await session.diagnostics(uri);
    const requests = server.requests.length - before;
    await session.diagnostics(uri);
    await session.stop();
    const row = (kind: string, { cpuMs, longestMs, stretches, startKb, peakKb }: Usage): Row => ({
      kind: `${PACKAGES} packages, ${kind}: longest block, of processor time`,
      ms: stretches[0]?.cpuMs ?? 0,
      'goal at most': BLOCK_MS,
      held: (stretches[0]?.cpuMs ?? 0) <= BLOCK_MS ? 'yes' : 'NO',
      'by a watch': longestMs,
      'ms of processor': cpuMs,
      kB: peakKb - startKb,
    });
    return [row('verify .', commandLine), { ...row('the language server in the background', said()), requests }];
  });
}

/** The bundle that ships, with the bench's own authorities. */
function shippedVerifier({ trust }: Sigstore): PackageVerifier {
  const shipped: typeof import('../../server/src/provenance/index.ts') = createRequire(path.resolve('package.json'))(
    path.resolve('dist/provenance.js'),
  );
  return shipped.packageVerifierOf(trust);
}

interface Asking {
  readonly keys: readonly PackageVersionKey[];
  readonly verifier: PackageVerifier;
  readonly storage: SharedStorage;
}

async function askAll(url: string, { keys, verifier, storage }: Asking): Promise<{ readonly ms: number }> {
  const sources = createSources({ online: true, env: {}, registryOf: async () => ok({ url, isMapped: false }), verifier, storage });
  const started = performance.now();
  const answers = await Promise.all(keys.map((key) => sources.fetchFact(npmProvenance, key, signal)));
  const ms = performance.now() - started;
  const wrong = answers.find((answer) => answer.state !== 'known' || answer.value.verdict !== 'proven');
  if (wrong !== undefined) throw new Error(`not proven: ${JSON.stringify(wrong)}`);
  await sources.close();
  return { ms };
}

function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  for (let round = 0; round < 3; round++) if (typeof collect === 'function') collect();
  const { heapUsed: heap } = process.memoryUsage();
  return heap;
}
