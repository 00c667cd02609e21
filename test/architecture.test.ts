import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';
import { forbiddenArrows, type Sources } from './support/layers.ts';

/** The TypeScript modules below some folders, by their path with `/`. */
function modulesOf(...folders: string[]): Sources {
  const sources: Record<string, string> = {};
  for (const folder of folders) {
    for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      const file = `${folder}/${entry.split(path.sep).join('/')}`;
      if (file.endsWith('.ts')) sources[file] = readFileSync(file, 'utf8');
    }
  }
  return sources;
}

test('imports run one way: core, formats, rules, engine, fronts', () => {
  const sources = modulesOf('server/src', 'client/src');
  assert.ok(Object.keys(sources).length > 50, 'the modules were found');
  assert.deepEqual(forbiddenArrows(sources), []);
});

/** Modules with a forbidden arrow, and what is said of it. */
const FORBIDDEN: readonly (readonly [string, string, string])[] = [
  ['server/src/core/x.ts', "import { rules } from '../rules/index.ts';", 'imports ../rules/index.ts'],
  ['server/src/formats/x.ts', "import { rules } from '../rules/index.ts';", 'imports ../rules/index.ts'],
  ['server/src/formats/x.ts', "export { analyse } from '../engine/analyse.ts';", 'imports ../engine/analyse.ts'],
  ['server/src/rules/run/x.ts', "import type { Policy } from '../../policy/policy.ts';", 'imports ../../policy/policy.ts'],
  ['server/src/rules/run/x.ts', "import {\n  a,\n  b,\n} from '../../engine/edits.ts';", 'imports ../../engine/edits.ts'],
  ['server/src/policy/x.ts', "import { format } from '../formats/npm-spec.ts';", 'imports ../formats/npm-spec.ts'],
  ['server/src/engine/x.ts', "import { createSources } from '../sources/index.ts';", 'imports ../sources/index.ts'],
  ['server/src/sources/x.ts', "import { analyse } from '../engine/analyse.ts';", 'imports ../engine/analyse.ts'],
  ['server/src/provenance/x.ts', "import { createSources } from '../sources/index.ts';", 'imports ../sources/index.ts'],
  ['server/src/provenance/x.ts', "import { readFileSync } from 'node:fs';", 'imports node:fs'],
  ['server/src/cli/x.ts', "import { Verifier } from '@sigstore/verify';", 'imports @sigstore/verify'],
  ['server/src/disk/x.ts', "import { check } from '../cli/check.ts';", 'imports ../cli/check.ts'],
  ['server/src/cli/x.ts', "import { hover } from '../lsp/hover.ts';", 'imports ../lsp/hover.ts'],
  ['server/src/lsp/x.ts', "import { check } from '../cli/check.ts';", 'imports ../cli/check.ts'],
  ['client/src/x.ts', "import { analyse } from '../../server/src/engine/analyse.ts';", 'imports ../../server/src/engine/analyse.ts'],
  ['server/src/cli/x.ts', "import type { Position } from 'vscode-languageserver';", 'imports vscode-languageserver'],
  ['server/src/cli/x.ts', "import { createConnection } from 'vscode-languageserver/node';", 'imports vscode-languageserver/node'],
  ['server/src/lsp/x.ts', "import * as vscode from 'vscode';", 'imports vscode'],
  ['server/src/lsp/x.ts', "import { LanguageClient } from 'vscode-languageclient/node';", 'imports vscode-languageclient/node'],
  ['server/src/core/x.ts', "import path from 'node:path';", 'imports node:path'],
  ['server/src/engine/x.ts', "import path from 'path';", 'imports path'],
  ['server/src/sources/x.ts', "import { readFileSync } from 'node:fs';", 'imports node:fs'],
  ['server/src/formats/x.ts', "import { readFile } from 'node:fs/promises';", 'imports node:fs/promises'],
  ['server/src/cli/x.ts', "import { spawn } from 'node:child_process';", 'imports node:child_process'],
  ['server/src/lsp/x.ts', "const { spawn } = await import('node:child_process');", 'imports node:child_process'],
  ['server/src/disk/x.ts', "import { spawn } from 'node:child_process';", 'imports node:child_process'],
  ['server/src/disk/docker-config.ts', "import { spawn } from 'node:child_process';", 'imports node:child_process'],
  ['server/src/disk/credential-helper.ts', "import { exec, spawn } from 'node:child_process';", 'imports node:child_process'],
  ['server/src/disk/credential-helper.ts', "import * as all from 'node:child_process';", 'imports node:child_process'],
  ['server/src/disk/credential-helper.ts', "const all = await import('node:child_process');", 'imports node:child_process'],
  ['server/src/lsp/x.ts', "import { request } from 'node:https';", 'imports node:https'],
  ['server/src/sources/git-refs.ts', "import http from 'node:http';", 'imports node:http'],
  ['server/src/sources/proxy.ts', "import { connect } from 'node:net';", 'imports node:net'],
  ['server/src/sources/proxy.ts', "import * as net from 'node:net';", 'imports node:net'],
  ['server/src/lsp/x.ts', "export const got = fetch('https://example.com');", 'uses the global fetch'],
  ['server/src/sources/x.ts', 'export const got = (url: string) => globalThis.fetch(url);', 'uses the global fetch'],
  ['server/src/rules/run/x.ts', 'export const home = process.env.HOME;', 'uses the global process'],
  ['server/src/formats/x.ts', "export const bytes = Buffer.from('');", 'uses the global Buffer'],
];

for (const [module, text, complaint] of FORBIDDEN) {
  test(`the check of layers finds: ${module}: ${text.split('\n').join(' ')}`, () => {
    assert.deepEqual(forbiddenArrows({ [module]: text }), [`${module} ${complaint}`]);
  });
}

/** Modules that look forbidden and are not. */
const ALLOWED: readonly (readonly [string, string])[] = [
  ['server/src/sources/http.ts', "import { request } from 'node:https';"],
  ['server/src/sources/proxy.ts', "import { BlockList, isIP } from 'node:net';"],
  ['server/src/disk/credential-helper.ts', "import { spawn } from 'node:child_process';"],
  ['server/src/lsp/x.ts', 'export const use = (fetch: (url: string) => unknown) => fetch("x");'],
  ['server/src/lsp/x.ts', "import { URI } from 'vscode-uri';"],
  ['client/src/x.ts', "import { STATUS } from '../../server/src/lsp/protocol.ts';"],
  ['server/src/data/pages.generated.ts', "import page from '../../../docs/rules/image/latest.md';"],
  ['server/src/rules/run/x.ts', "export const message = 'never import from the network';"],
];

for (const [module, text] of ALLOWED) {
  test(`the check of layers allows: ${module}: ${text}`, () => {
    assert.deepEqual(forbiddenArrows({ [module]: text }), []);
  });
}

test('the engine with everything below it runs without Node: it can be bundled for a web worker', async () => {
  const contents = ['analyse', 'edits', 'report', 'project', 'rule-names'].map((name) => `export * from './${name}.ts';`).join('\n');
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: 'server/src/engine', loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    loader: { '.md': 'text' },
    // A module of Node is an error here, because a browser has none.
    logLevel: 'silent',
  });
  assert.equal(outputFiles.length, 1);
});

test('the only process that is started is a credential helper, without a shell, and never one that the caller names', () => {
  const text = readFileSync('server/src/disk/credential-helper.ts', 'utf8');
  assert.deepEqual(text.match(/\bspawn\(.*/g), [
    "spawn(file, ['get'], { cwd: path.dirname(file), env, stdio: ['pipe', 'pipe', 'ignore'], shell: false, windowsHide: true });",
  ]);
  const others = Object.entries(modulesOf('server/src', 'client/src')).filter(([, source]) =>
    /child_process|\bprocess\.(binding|dlopen)/.test(source),
  );
  assert.deepEqual(
    others.map(([module]) => module),
    ['server/src/disk/credential-helper.ts'],
  );
});

/** Everything in the repository that is not ignored, whether committed yet or not. */
function repositoryFiles(): string[] {
  const { status, stdout, stderr } = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  const files = stdout.split('\0').filter((file) => file !== '');
  return files.filter((file) => lstatSync(file, { throwIfNoEntry: false })?.isFile() === true);
}

test('no file names a package registry or a folder outside of the repository', () => {
  // In pieces, or this file would be one that names them.
  const registries = ['npmjs.org', 'yarnpkg.com', 'npmmirror.com'].map((domain) => `registry.${domain}`);
  const words = [...registries, ['..', 'shared'].join('/')];
  const files = repositoryFiles();
  assert.ok(files.length > 100, 'git lists the files');
  const found = files.flatMap((file) => {
    const text = readFileSync(file, 'latin1');
    return words.filter((word) => text.includes(word)).map((word) => `${file}: ${word}`);
  });
  assert.deepEqual(found, []);
});
