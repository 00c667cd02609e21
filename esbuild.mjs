// Bundles client, server and command line. `--watch` rebuilds on change; `--production` minifies and drops source maps;
// `--quiet` says nothing unless something is wrong.
import { mkdir, writeFile } from 'node:fs/promises';
import esbuild from 'esbuild';
import * as toml from 'toml-eslint-parser';
import * as yaml from 'yaml';

const watch = process.argv.includes('--watch');
const production = process.argv.includes('--production');
const quiet = process.argv.includes('--quiet');
let building = 0;

/** @type {import('esbuild').BuildOptions} */
const shared = {
  bundle: true,
  platform: 'node',
  // The oldest VS Code that `engines.vscode` admits runs Node 20.
  target: 'node20',
  format: 'cjs',
  // jsonc-parser's `main` is a UMD file whose requires esbuild cannot follow: the bundle would die at its start.
  mainFields: ['module', 'main'],
  minify: production,
  sourcemap: production ? false : 'linked',
  legalComments: 'none',
  logLevel: quiet ? 'warning' : 'info',
  loader: { '.md': 'text' },
  outdir: 'dist',
};

/** Web workers: no module of Node, or the build fails. */
const browser = { ...shared, platform: 'browser', target: 'es2023', mainFields: ['browser', 'module', 'main'], outdir: 'dist/browser' };

/**
 * The language server loads what makes connections with its first look-up: a bundle of its own, which a server that never
 * looks anything up never reads.
 */
const lookUpsOnDemand = {
  name: 'look-ups-on-demand',
  setup(build) {
    build.onResolve({ filter: /\/sources\/index\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './look-ups.js', external: true } : undefined,
    );
  },
};

/** Libraries that server and command line share and read with the first document that needs them: a bundle of its own for each. */
const LIBRARIES = { yaml: { exports: yaml, bundle: 'yaml' }, 'toml-eslint-parser': { exports: toml, bundle: 'toml' } };

/** Tables of ours that only some documents need, and what they export: one bundle for all of them. */
const TABLES = { 'bun-trusted': ['BUN_TRUSTED'], 'manager-settings': ['KNOWN_SETTINGS'] };

/** A module whose exports are read from a bundle of its own when the first of them is used. */
const onDemand = (bundle, names) => `let loaded;
  for (const name of ${JSON.stringify(names)})
    Object.defineProperty(exports, name, { enumerable: true, get: () => (loaded ??= require('./${bundle}.js'))[name] });`;

const loadedOnDemand = {
  name: 'loaded-on-demand',
  setup(build) {
    build.onResolve({ filter: /^(?:yaml|toml-eslint-parser)$/ }, ({ path }) => ({ path, namespace: 'library' }));
    build.onLoad({ filter: /.*/, namespace: 'library' }, ({ path }) => ({
      contents: onDemand(LIBRARIES[path].bundle, Object.keys(LIBRARIES[path].exports)),
    }));
    build.onResolve({ filter: /\/data\/[\w-]+\.ts$/ }, ({ path }) => {
      const table = path.slice(path.lastIndexOf('/') + 1, -'.ts'.length);
      return Object.hasOwn(TABLES, table) ? { path: table, namespace: 'table' } : undefined;
    });
    build.onLoad({ filter: /.*/, namespace: 'table' }, ({ path }) => ({ contents: onDemand('tables', TABLES[path]) }));
    for (const namespace of ['library', 'table'])
      build.onResolve({ filter: /^\.\/\w+\.js$/, namespace }, ({ path }) => ({ path, external: true }));
  },
};

/** The source of the bundle with all tables. */
const TABLES_SOURCE = Object.keys(TABLES).map((table) => `export * from './server/src/data/${table}.ts';`);

const builds = [
  { ...shared, entryPoints: { client: 'client/src/extension.ts' }, external: ['vscode'] },
  { ...shared, entryPoints: { server: 'server/src/lsp/main.ts' }, plugins: [lookUpsOnDemand, loadedOnDemand] },
  { ...shared, entryPoints: { 'look-ups': 'server/src/sources/index.ts' } },
  ...Object.entries(LIBRARIES).map(([library, { bundle }]) => ({ ...shared, entryPoints: { [bundle]: library } })),
  { ...shared, stdin: { contents: TABLES_SOURCE.join('\n'), resolveDir: '.' }, outdir: undefined, outfile: 'dist/tables.js' },
  { ...browser, entryPoints: { client: 'client/src/browser.ts' }, external: ['vscode'] },
  { ...browser, entryPoints: { server: 'server/src/lsp/browser-main.ts' }, format: 'iife' },
  { ...shared, entryPoints: { cli: 'server/src/cli/main.ts' }, plugins: [loadedOnDemand], banner: { js: '#!/usr/bin/env node' } },
];

await mkdir('dist', { recursive: true });
// The project's own sources are ES modules, the bundles are not: VS Code loads them with `require`.
await writeFile('dist/package.json', '{"type":"commonjs"}\n');

if (watch) {
  const contexts = await Promise.all(
    builds.map((build) => esbuild.context({ ...build, logLevel: 'warning', plugins: [...(build.plugins ?? []), announcer()] })),
  );
  await Promise.all(contexts.map((context) => context.watch()));
} else {
  const results = await Promise.all(builds.map((build) => esbuild.build({ ...build, metafile: true })));
  const outputs = Object.assign({}, ...results.map((result) => result.metafile.outputs));
  await mkdir('out', { recursive: true });
  await writeFile(
    'out/bundle-sizes.json',
    JSON.stringify(Object.fromEntries(Object.entries(outputs).map(([file, { bytes }]) => [file, bytes]))),
  );
}

/** Says when the first of the bundles starts to build and when all have been: VS Code's task waits for these lines. */
function announcer() {
  return {
    name: 'announcer',
    setup(build) {
      build.onStart(() => {
        if (building++ === 0) console.log('[watch] build started');
      });
      build.onEnd(() => {
        if (--building === 0) console.log('[watch] build finished');
      });
    },
  };
}
