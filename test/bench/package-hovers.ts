// What hovers over packages cost over LSP, cold and from what is known: for look-ups.ts.

import path from 'node:path';
import { type Paper, type Published, startNpmServer } from '../sources/support/npm-server.ts';
import { withFolder } from '../support/folder.ts';
import { Session, uriOf } from '../support/lsp-client.ts';
import { publish, SIGNER, slsa1 } from '../support/provenance.ts';
import { keysPaper, setOf } from '../support/registry-papers.ts';
import { makeSigstore } from '../support/sigstore.ts';
import type { LookUpRow } from './look-ups.ts';
import { median, percentile } from './statistics.mjs';

/** Packages that are hovered over, and versions of each. */
const PACKAGES = 30;
const VERSIONS = 60;

/** Entries of the lockfile. */
const ENTRIES = 10_000;

/** Hovers over what is known. */
const HOVERS = 1_000;

/** The most that a hover may take from what is known, in ms. */
const GOAL_MS = 50;

const nameOf = (nth: number): string => `package-${String(nth).padStart(5, '0')}`;
const integrityOf = (nth: number): string => `sha512-${nth.toString(36).padStart(86, 'A')}==`;

function published(nth: number): Published {
  const versions = Array.from({ length: VERSIONS }, (_, minor) => {
    const version = `1.${minor}.0`;
    const dist = {
      integrity: integrityOf(nth),
      attestations: { url: `https://npm.example.test/-/npm/v1/attestations/${nameOf(nth)}@${version}` },
    };
    return [version, { dist, dependencies: { other: '1' }, _npmUser: { name: 'kim', email: 'kim@example.test' } }] as const;
  });
  const time = Object.fromEntries(versions.map(([version], minor) => [version, new Date(Date.UTC(2024, 0, 1 + minor * 7)).toISOString()]));
  return { versions: Object.fromEntries(versions), tags: { latest: `1.${VERSIONS - 1}.0` }, time };
}

/** Hovers over a package.json and over the lockfile beside it, which has ten thousand packages. */
export async function packageHoverRows(): Promise<LookUpRow[]> {
  const sigstore = makeSigstore();
  const set = setOf(sigstore.bundle({ statement: slsa1(), by: SIGNER }), sigstore.bundle({ statement: publish(), by: 'registry' }));
  const names = Array.from({ length: PACKAGES }, (_, nth) => nameOf(nth));
  const papers = new Map<string, Paper>([
    ['npm/v1/keys', keysPaper(sigstore)],
    ...names.map((name) => [`npm/v1/attestations/${name}@1.${VERSIONS - 1}.0`, { body: set }] as const),
  ]);
  const npm = await startNpmServer(Object.fromEntries(names.map((name, nth) => [name, published(nth)])), { papers });
  const dependencies = Object.fromEntries(names.map((name) => [name, '^1.0.0']));
  const entries = Array.from({ length: ENTRIES }, (_, nth) => [
    `node_modules/${nameOf(nth)}`,
    { version: `1.${VERSIONS - 1}.0`, integrity: integrityOf(nth) },
  ]);
  const manifest = `${JSON.stringify({ dependencies }, null, 2)}\n`;
  const lock = `${JSON.stringify({ lockfileVersion: 3, packages: { '': { dependencies }, ...Object.fromEntries(entries) } }, null, 2)}\n`;
  try {
    return await withFolder({ 'package.json': manifest, 'package-lock.json': lock }, async (folder) => {
      const session = await Session.start({
        folder,
        env: { NPM_CONFIG_REGISTRY: npm.registry, XDG_CACHE_HOME: path.join(folder, 'cache') },
        initializationOptions: { trusted: true },
        settings: { network: 'onDemand' },
      });
      const places = await Promise.all(
        [
          ['package.json', manifest, '    "package-00000"'],
          ['package-lock.json', lock, '    "node_modules/package-00000"'],
        ].map(async ([file = '', text = '', first = '']) => {
          const uri = uriOf(folder, file);
          await session.open(uri, text);
          await session.diagnostics(uri);
          const lines = text.split('\n');
          return {
            file,
            uri,
            lines: names.map((name) => lines.findIndex((line) => line.startsWith(first.replace('package-00000', name)))),
          };
        }),
      );
      try {
        const [inManifest, inLock] = places;
        if (inManifest === undefined || inLock === undefined) throw new Error('no documents');
        const asked = () => npm.requests.length;
        return [
          await row({ what: `${PACKAGES} hovers in package.json`, how: 'cold', count: PACKAGES, session, place: inManifest, asked }),
          await row({ what: `${HOVERS} hovers in package.json`, how: 'warm', count: HOVERS, session, place: inManifest, asked }),
          await row({ what: `${HOVERS} hovers in package-lock.json`, how: 'warm', count: HOVERS, session, place: inLock, asked }),
        ];
      } finally {
        await session.stop();
      }
    });
  } finally {
    await npm.close();
  }
}

interface Run {
  readonly what: string;
  readonly how: 'cold' | 'warm';
  readonly count: number;
  readonly session: Session;
  readonly place: { readonly uri: string; readonly lines: readonly number[] };
  readonly asked: () => number;
}

async function row({ what, how, count, session, place: { uri, lines }, asked }: Run): Promise<LookUpRow> {
  const before = asked();
  const samples: number[] = [];
  for (let nth = 0; nth < count; nth++) {
    const line = lines[nth % lines.length] ?? 0;
    const started = performance.now();
    const hover = await session.hover(uri, line, 10);
    samples.push(performance.now() - started);
    const text = JSON.stringify(hover?.contents ?? '');
    if (!text.includes('Registry signature')) throw new Error(`no papers in line ${line}: ${text}`);
    if (how === 'warm' && text.includes(': checking')) throw new Error(`something of line ${line} was not known`);
  }
  const requests = asked() - before;
  const p95 = percentile(samples, 0.95);
  const goal = how === 'warm' ? { goal: GOAL_MS, held: requests === 0 && p95 <= GOAL_MS ? 'yes' : 'NO' } : {};
  return { what, how, requests, ms: median(samples), p95, ...goal };
}
