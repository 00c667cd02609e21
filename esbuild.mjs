// Bundles client, server and command line. `--watch` rebuilds on change; `--production` minifies and drops source maps;
// `--quiet` says nothing unless something is wrong.
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import esbuild from 'esbuild';
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

/** Server and command line share one copy of the `yaml` library, and read it with the first YAML document. */
const yamlOnDemand = {
  name: 'yaml-on-demand',
  setup(build) {
    build.onResolve({ filter: /^yaml$/ }, () => ({ path: 'yaml', namespace: 'on-demand' }));
    build.onResolve({ filter: /^\.\/yaml\.js$/, namespace: 'on-demand' }, ({ path }) => ({ path, external: true }));
    build.onLoad({ filter: /.*/, namespace: 'on-demand' }, () => ({
      contents: `let library;
        for (const name of ${JSON.stringify(Object.keys(yaml))})
          Object.defineProperty(exports, name, { enumerable: true, get: () => (library ??= require('./yaml.js'))[name] });`,
    }));
  },
};

const builds = [
  { ...shared, entryPoints: { client: 'client/src/extension.ts' }, external: ['vscode'] },
  { ...shared, entryPoints: { server: 'server/src/lsp/main.ts' }, plugins: [lookUpsOnDemand, yamlOnDemand] },
  { ...shared, entryPoints: { 'look-ups': 'server/src/sources/index.ts' } },
  { ...shared, entryPoints: { yaml: 'yaml' } },
  { ...browser, entryPoints: { client: 'client/src/browser.ts' }, external: ['vscode'] },
  { ...browser, entryPoints: { server: 'server/src/lsp/browser-main.ts' }, format: 'iife' },
  { ...shared, entryPoints: { cli: 'server/src/cli/main.ts' }, plugins: [yamlOnDemand], banner: { js: '#!/usr/bin/env node' } },
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
