// Bundles client, server and command line. `--watch` rebuilds on change; `--production` minifies and drops source maps;
// `--quiet` says nothing unless something is wrong.
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
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
  // Bundles get at one another by `require` alone: it is what the script of a web worker has, and needs no guess at the names they export.
  supported: { 'dynamic-import': false },
  legalComments: 'none',
  logLevel: quiet ? 'warning' : 'info',
  loader: { '.md': 'text' },
  outdir: 'dist',
};

/** For Node.js and web workers alike: no module of Node, or the build fails. */
const portable = { ...shared, platform: 'browser', mainFields: ['browser', 'module', 'main'] };

/** For web workers only. */
const browser = { ...portable, target: 'es2023', outdir: 'dist/browser' };

/** Modules that are bundles of their own, which a program that never needs them never reads. */
const BUNDLES = {
  'lsp/on-demand.ts': { bundle: 'look-ups', from: 'server/src/lsp/on-demand.ts' },
  'provenance/index.ts': { bundle: 'provenance', from: 'server/src/provenance/index.ts' },
  'tuf/index.ts': { bundle: 'tuf', from: 'server/src/tuf/index.ts' },
  'disk/git-objects.ts': { bundle: 'git-objects', from: 'server/src/disk/git-objects.ts' },
  'lsp/lock-change-report.ts': { bundle: 'lock-change', from: 'server/src/lsp/lock-change-report.ts', kind: portable },
};

/** Libraries that are read with the first document that needs them: a bundle of its own for each. */
const LIBRARIES = { yaml: { exports: yaml, bundle: 'yaml' }, 'toml-eslint-parser': { exports: toml, bundle: 'toml' } };

/** Tables of ours that only some documents need, and what they export: one bundle for all of them. */
const TABLES = { 'bun-trusted': ['BUN_TRUSTED'], 'manager-settings': ['KNOWN_SETTINGS'] };

/** What server, command line and the bundles above share: one copy, in a bundle of its own. */
const SHARED_LAYERS = ['core', 'formats', 'rules', 'policy', 'engine', 'data', 'lookalikes'];

/** The pages of all rules are for the command line alone. */
const NOT_SHARED = new Set(['data/pages.generated', ...Object.keys(TABLES).map((table) => `data/${table}`)]);

const SOURCES = path.resolve('server/src');
const sharedModules = (
  await Promise.all(
    SHARED_LAYERS.map((layer) =>
      readdir(path.join(SOURCES, layer), { recursive: true }).then((files) =>
        files.map((file) => path.posix.join(layer, file.split(path.sep).join('/'))),
      ),
    ),
  )
)
  .flat()
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .filter((name) => !NOT_SHARED.has(name))
  .sort();

/** The source of the bundle with all shared modules, by name. */
const ENGINE_SOURCE = [
  ...sharedModules.map((name, nth) => `import * as m${nth} from './server/src/${name}.ts';`),
  `export const modules = { ${sharedModules.map((name, nth) => `'${name}': m${nth}`).join(', ')} };`,
].join('\n');

/** The source of the bundle with all tables. */
const TABLES_SOURCE = Object.keys(TABLES)
  .map((table) => `export * from './server/src/data/${table}.ts';`)
  .join('\n');

/** A module whose exports are read from a bundle of its own when the first of them is used. */
const onDemand = (bundle, names) => `let loaded;
  for (const name of ${JSON.stringify(names)})
    Object.defineProperty(exports, name, { enumerable: true, get: () => (loaded ??= require('./${bundle}.js'))[name] });`;

/** Libraries and tables come from their own bundles. */
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

/** Shared modules come from the bundle that has them all, modules with a bundle of their own from that. */
const fromOtherBundles = {
  name: 'from-other-bundles',
  setup(build) {
    build.onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ path: written, resolveDir, kind }) => {
      if (kind === 'entry-point') return undefined;
      const file = path.relative(SOURCES, path.resolve(resolveDir, written)).split(path.sep).join('/');
      if (Object.hasOwn(BUNDLES, file)) return { path: `./${BUNDLES[file].bundle}.js`, external: true };
      const name = file.slice(0, -'.ts'.length);
      return sharedModules.includes(name) ? { path: name, namespace: 'engine' } : undefined;
    });
    build.onResolve({ filter: /^\.\/engine\.js$/, namespace: 'engine' }, ({ path }) => ({ path, external: true }));
    build.onLoad({ filter: /.*/, namespace: 'engine' }, ({ path }) => ({
      contents: `module.exports = require('./engine.js').modules['${path}'];`,
    }));
  },
};

/** A bundle of a source that is in no file. */
const made = (bundle, contents) => ({ ...portable, stdin: { contents, resolveDir: '.' }, outdir: undefined, outfile: `dist/${bundle}.js` });

const builds = [
  { ...shared, entryPoints: { client: 'client/src/extension.ts' }, external: ['vscode'] },
  { ...shared, entryPoints: { server: 'server/src/lsp/main.ts' }, plugins: [fromOtherBundles] },
  { ...shared, entryPoints: { cli: 'server/src/cli/main.ts' }, plugins: [fromOtherBundles], banner: { js: '#!/usr/bin/env node' } },
  { ...made('engine', ENGINE_SOURCE), plugins: [loadedOnDemand] },
  ...Object.values(BUNDLES).map(({ bundle, from, kind = shared }) => ({
    ...kind,
    entryPoints: { [bundle]: from },
    plugins: [fromOtherBundles],
  })),
  ...Object.entries(LIBRARIES).map(([library, { bundle }]) => ({ ...portable, entryPoints: { [bundle]: library } })),
  made('tables', TABLES_SOURCE),
  { ...browser, entryPoints: { client: 'client/src/browser.ts' }, external: ['vscode'] },
  // Not a script yet: the client puts it together with the shared bundles (client/src/worker-script.ts).
  { ...browser, entryPoints: { server: 'server/src/lsp/browser-main.ts' }, plugins: [fromOtherBundles] },
];

await mkdir('dist', { recursive: true });
// The project's own sources are ES modules, the bundles are not: VS Code loads them with `require`.
await writeFile('dist/package.json', '{"type":"commonjs"}\n');
await copyFile('server/src/data/lookalikes.bin', 'dist/lookalikes.bin');

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
