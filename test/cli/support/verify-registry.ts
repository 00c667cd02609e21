import path from 'node:path';
import { after, before } from 'node:test';
import { type NpmServer, type Paper, type Published, startNpmServer } from '../../sources/support/npm-server.ts';
import { type CliRun, waybill } from '../../support/cli.ts';
import { withFolder } from '../../support/folder.ts';
import { INTEGRITY, NAME, VERSION } from '../../support/provenance.ts';
import { goodSet, keysPaper, listed, signatureOf } from '../../support/registry-papers.ts';
import { makeSigstore, type Sigstore } from '../../support/sigstore.ts';

/** A registry for the tests of a file, with the test's own authorities, and the command line that asks it. */
export interface VerifyRegistry {
  readonly sigstore: Sigstore;
  /** Where it serves; known once the tests have begun. */
  url(): string;
  /** Runs `waybill verify` in a folder with these files, by the test's own trust root and registry. */
  run(files: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<CliRun>;
}

/** What a registry has besides `NAME`, which has provenance of acme/widget. */
export interface Stock {
  /** Packages whose version 1.0.0 is signed, by the name that the signature is about. */
  readonly signed: Readonly<Record<string, string>>;
  /** Packages whose version 1.0.0 is not. */
  readonly bare?: readonly string[];
  /** The names among them whose attestations are refused. */
  readonly refused?: readonly string[];
}

/** Starts a registry before the tests of a file, and stops it after them. */
export function verifyRegistry({ signed, bare = [], refused = [] }: Stock): VerifyRegistry {
  const sigstore = makeSigstore();
  let server: NpmServer;
  const first = (signature: object): Published => ({ versions: { '1.0.0': { dist: { integrity: INTEGRITY, ...signature } } } });
  const signatureFor = (name: string) => signatureOf(sigstore.registryKey, sigstore.keyId, `${name}@1.0.0:${INTEGRITY}`);
  before(async () => {
    const papers = new Map<string, Paper>([
      [`npm/v1/attestations/${NAME}@${VERSION}`, { body: goodSet(sigstore) }],
      ...refused.map((name): [string, Paper] => [`npm/v1/attestations/${name}@1.0.0`, { status: 405 }]),
      ['npm/v1/keys', keysPaper(sigstore)],
    ]);
    const packages = {
      [NAME]: { versions: listed(sigstore).versions, time: {} },
      ...Object.fromEntries(Object.entries(signed).map(([name, by]) => [name, first({ signatures: [signatureFor(by)] })])),
      ...Object.fromEntries(bare.map((name) => [name, first({})])),
    };
    server = await startNpmServer(packages, { papers });
  });
  after(() => server.close());
  return {
    sigstore,
    url: () => server.registry,
    run: (files, ...args) =>
      withFolder({ 'root.json': JSON.stringify(sigstore.trust.root), '.git/HEAD': '', ...files }, (folder) =>
        waybill(['verify', '--trust-root', path.join(folder, 'root.json'), ...args], {
          cwd: folder,
          env: { NPM_CONFIG_REGISTRY: server.registry },
        }),
      ),
  };
}
