import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CodeAction } from 'vscode-languageserver-protocol';
import { type NpmServer, startNpmServer } from '../sources/support/npm-server.ts';
import { afterAction, SIMPLE, uriOf, withSession } from '../support/lsp-client.ts';
import { actionsAt, untilNamed } from './support/names.ts';

const ROOT = '{\n  "workspaces": ["a", "b"],\n  "devDependencies": { "raect": "^19.0.0" },\n  "scripts": { "x": "npx raect@18" }\n}\n';
const FILES = {
  'package.json': ROOT,
  'a/package.json': '{ "name": "a", "dependencies": { "raect": "1.2.3" } }\n',
  'b/package.json': '{ "name": "b", "dependencies": { "raect": "19.1.0", "react": "19.1.0" } }\n',
  Dockerfile: 'FROM scratch\nRUN npm i -g raect lodahs\n',
  'package-lock.json':
    '{ "lockfileVersion": 3, "packages": { "": {}, "node_modules/raect": { "version": "19.0.0", "resolved": "https://npm.example.test/raect-19.0.0.tgz" } } }',
  'node_modules/x/package.json': '{ "dependencies": { "raect": "1.0.0" } }\n',
};

async function withRegistry(work: (npm: NpmServer) => Promise<void>): Promise<void> {
  const versions = { '18.3.1': {}, '19.0.0': {}, '19.1.0': {} };
  const npm = await startNpmServer({ react: { versions, tags: { latest: '19.1.0' } } });
  try {
    await work(npm);
  } finally {
    await npm.close();
  }
}

/** Each file of an edit, by its path, as it is afterwards. */
function changedBy(folder: string, { edit }: CodeAction): Record<string, string> {
  const changed: Record<string, string> = {};
  for (const change of edit?.documentChanges ?? []) {
    assert.ok('textDocument' in change);
    const file = decodeURIComponent(change.textDocument.uri.slice(uriOf(folder, '').length + 1));
    const text = Object.entries(FILES).find(([name]) => name === file)?.[1];
    assert.ok(text !== undefined, file);
    changed[file] = afterAction(text, { title: '', edit: { documentChanges: [change] } });
  }
  return changed;
}

const isEverywhere = ({ title }: CodeAction) => title.startsWith('Replace raect by react in all files');

describe('replacing a name in all files', () => {
  test('gives each a version that the registry has, and leaves lockfiles and what is installed alone', () =>
    withRegistry((npm) =>
      withSession(
        FILES,
        async (lsp, folder) => {
          const uri = uriOf(folder, 'package.json');
          await lsp.open(uri, ROOT, 'json');
          await untilNamed(lsp, uri, 2);
          const action = (await actionsAt(lsp, uri, { text: ROOT, at: 'raect' })).find(isEverywhere);
          assert.equal(action?.title, 'Replace raect by react in all files of the workspace (then install again)');
          assert.equal(npm.requests.length, 0, 'the list asks nobody');
          const resolved = await lsp.resolve(action);
          assert.deepEqual(changedBy(folder, resolved), {
            'package.json': ROOT.replace('"raect"', '"react"').replace('raect@18', 'react@18'),
            'a/package.json': '{ "name": "a", "dependencies": { "react": "19.1.0" } }\n',
            Dockerfile: 'FROM scratch\nRUN npm i -g react lodahs\n',
          });
          const versions = resolved.edit?.documentChanges?.map((change) => 'textDocument' in change && change.textDocument.version);
          assert.deepEqual(versions?.toSorted(), [1, null, null]);
          assert.deepEqual(lsp.shown, ['Waybill: b/package.json: it has react already: remove raect there']);
        },
        { env: { NPM_CONFIG_REGISTRY: npm.registry } },
      ),
    ));

  test('asks nobody where the network is off: then the names alone are replaced', () =>
    withRegistry((npm) =>
      withSession(
        FILES,
        async (lsp, folder) => {
          const uri = uriOf(folder, 'package.json');
          await lsp.open(uri, ROOT, 'json');
          await untilNamed(lsp, uri, 2);
          const action = (await actionsAt(lsp, uri, { text: ROOT, at: 'raect' })).find(isEverywhere);
          assert.match(action?.title ?? '', /\(only the name: check the versions; then install again\)$/);
          assert.ok(action);
          assert.deepEqual(changedBy(folder, await lsp.resolve(action)), {
            'package.json': ROOT.replaceAll('raect', 'react'),
            'a/package.json': FILES['a/package.json'].replace('raect', 'react'),
            Dockerfile: 'FROM scratch\nRUN npm i -g react lodahs\n',
          });
          assert.equal(npm.requests.length, 0);
        },
        { env: { NPM_CONFIG_REGISTRY: npm.registry }, settings: { network: 'off' } },
      ),
    ));

  test('says of each file why it could not be done, and is not offered to a client that cannot resolve', async () => {
    const npm = await startNpmServer({});
    try {
      await withSession(
        { 'package.json': ROOT },
        async (lsp, folder) => {
          const uri = uriOf(folder, 'package.json');
          await lsp.open(uri, ROOT, 'json');
          await untilNamed(lsp, uri, 2);
          const action = (await actionsAt(lsp, uri, { text: ROOT, at: 'raect' })).find(isEverywhere);
          assert.ok(action);
          assert.equal((await lsp.resolve(action)).edit, undefined);
          const why = 'package.json: the registry has no package react';
          assert.deepEqual(lsp.shown, [`Waybill: ${why} ${why}`]);
        },
        { env: { NPM_CONFIG_REGISTRY: npm.registry } },
      );
    } finally {
      await npm.close();
    }
    await withSession(
      { 'package.json': ROOT },
      async (lsp, folder) => {
        const uri = uriOf(folder, 'package.json');
        await lsp.open(uri, ROOT, 'json');
        await lsp.pushedLike((push) => push.diagnostics.filter(({ code }) => code === 'npm/lookalike').length === 2, 20_000);
        const titles = (await actionsAt(lsp, uri, { text: ROOT, at: 'raect' })).map(({ title }) => title);
        assert.ok(titles.some((title) => title.startsWith('Replace only the name by react')));
        assert.ok(!titles.some((title) => title.includes('all files') || title.startsWith('Allow')));
      },
      { capabilities: SIMPLE },
    );
  });
});
