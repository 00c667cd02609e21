import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { WorkspaceDiagnosticReport } from 'vscode-languageserver-protocol';
import { withFolder } from '../support/folder.ts';
import { MODERN, type Session, SIMPLE, uriOf, withSession } from '../support/lsp-client.ts';
import { until } from '../support/until.ts';
import { startBrowserServer } from './support/browser-server.ts';

const WORKFLOW = 'on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: npm i -g raect@19.0.0\n';
const FILE = '.github/workflows/a.yml';

async function codes(lsp: Session, uri: string): Promise<unknown[]> {
  return (await lsp.diagnostics(uri)).map(({ code }) => code).filter((code) => String(code).endsWith('/lookalike'));
}

function unknownOf(lsp: Session, uri: string): Promise<unknown> {
  return lsp.connection.sendRequest('waybill/documentStatus', { textDocument: { uri } });
}

describe('the list of names in the language server', () => {
  test('is read after the first answer, which does not wait for it, and then everything is pulled again', () =>
    withSession({}, async (lsp, folder) => {
      const uri = uriOf(folder, FILE);
      await lsp.open(uri, WORKFLOW, 'yaml');
      assert.deepEqual(await codes(lsp, uri), []);
      await until('it never came to pass', () => lsp.refreshes > 0);
      assert.deepEqual(await codes(lsp, uri), ['npm/lookalike']);
      assert.deepEqual(await unknownOf(lsp, uri), { unknown: [] });
      const refreshes = lsp.refreshes;
      await lsp.change(uri, 2, { text: WORKFLOW.replace('raect', 'react') });
      assert.deepEqual(await codes(lsp, uri), []);
      assert.equal(lsp.refreshes, refreshes, 'it is read once');
    }));

  test('comes to a client that takes what is pushed', () =>
    withSession(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, FILE);
        await lsp.open(uri, WORKFLOW, 'yaml');
        await lsp.pushedLike((push) => push.uri === uri && push.diagnostics.some(({ code }) => code === 'npm/lookalike'));
      },
      { capabilities: SIMPLE },
    ));

  test('is there for files that are not open, too', () =>
    withSession({ [FILE]: WORKFLOW }, async (lsp) => {
      const report = await lsp.connection.sendRequest<WorkspaceDiagnosticReport>('workspace/diagnostic', { previousResultIds: [] });
      const found = report.items.flatMap((item) => (item.kind === 'full' ? item.items : []));
      assert.deepEqual(
        found.map(({ code }) => code).filter((code) => code === 'npm/lookalike'),
        ['npm/lookalike'],
      );
    }));

  test('is not read for a document without a name in it', () =>
    withSession({}, async (lsp, folder) => {
      const uri = uriOf(folder, FILE);
      await lsp.open(uri, WORKFLOW.replace('npm i -g raect@19.0.0', 'make'), 'yaml');
      await lsp.diagnostics(uri);
      assert.deepEqual(await unknownOf(lsp, uri), { unknown: [] });
      assert.equal(lsp.refreshes, 0);
    }));

  test('that is missing leaves the names unknown, and the rest works', () =>
    withFolder({}, async (dist) => {
      for (const name of readdirSync('dist').filter((file) => /\.(?:js|json)$/.test(file)))
        copyFileSync(path.join('dist', name), path.join(dist, name));
      await withSession(
        {},
        async (lsp, folder) => {
          const uri = uriOf(folder, FILE);
          await lsp.open(uri, WORKFLOW, 'yaml');
          await lsp.diagnostics(uri);
          await until('it never came to pass', () => lsp.refreshes > 0);
          assert.deepEqual(await codes(lsp, uri), []);
          assert.deepEqual(await unknownOf(lsp, uri), { unknown: [{ why: 'error', count: 1 }] });
        },
        { server: path.join(dist, 'server.js') },
      );
    }));
});

test('the server in a web worker asks the client for the list, once', async () => {
  const { connection, dispose } = startBrowserServer();
  try {
    let asked = 0;
    let refreshes = 0;
    connection.onRequest('waybill/readLookalikes', () => {
      asked++;
      return readFileSync('dist/lookalikes.bin').toString('base64');
    });
    connection.onRequest('waybill/listFiles', () => ({ uris: [], truncated: false }));
    connection.onRequest('waybill/readFile', () => ({ exists: false }));
    connection.onRequest('workspace/configuration', ({ items }: { items: unknown[] }) => items.map(() => ({})));
    connection.onRequest('workspace/diagnostic/refresh', () => {
      refreshes++;
      return null;
    });
    connection.onRequest('client/registerCapability', () => null);
    connection.onUnhandledNotification(() => {});
    connection.listen();
    const uri = `vscode-vfs://github/owner/repo/${FILE}`;
    const folders = [{ uri: 'vscode-vfs://github/owner/repo', name: 'repo' }];
    await connection.sendRequest('initialize', { processId: null, rootUri: null, workspaceFolders: folders, capabilities: MODERN });
    await connection.sendNotification('initialized', {});
    await connection.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text: WORKFLOW } });
    const found = async () => {
      const { items } = await connection.sendRequest<{ items: { code: unknown }[] }>('textDocument/diagnostic', { textDocument: { uri } });
      return items.map(({ code }) => code).filter((code) => code === 'npm/lookalike');
    };
    assert.deepEqual(await found(), []);
    await until('it never came to pass', () => refreshes > 0);
    assert.deepEqual(await found(), ['npm/lookalike']);
    assert.equal(asked, 1);
  } finally {
    dispose();
  }
});
