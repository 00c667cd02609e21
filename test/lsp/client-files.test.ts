import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { WorkspaceDiagnosticReport } from 'vscode-languageserver-protocol';
import type { ListedFiles, ReadFile } from '../../server/src/lsp/protocol.ts';
import { MODERN, Session } from '../support/lsp-client.ts';
import { until } from '../support/until.ts';
import { type BrowserServer, startBrowserServer } from './support/browser-server.ts';

const FOLDER = 'vscode-vfs://github/owner/repo';
const MANIFEST = '{ "name": "shop", "version": "1.0.0", "dependencies": { "left-pad": "1.3.0" } }\n';
const LOCK = JSON.stringify({
  name: 'shop',
  version: '1.0.0',
  lockfileVersion: 3,
  packages: { '': { name: 'shop', version: '1.0.0', dependencies: { 'left-pad': '1.3.0' } } },
});

/** A client whose files are in memory, and what it was asked. */
function serveFiles(connection: Session['connection'], files: Map<string, string>): string[] {
  const asked: string[] = [];
  connection.onRequest('waybill/listFiles', ({ folder }: { folder: string }): ListedFiles => {
    asked.push(`list ${folder}`);
    return { uris: [...files.keys()].map((path) => `${FOLDER}/${path}`), truncated: false };
  });
  connection.onRequest('waybill/readFile', ({ uri }: { uri: string }): ReadFile => {
    const path = decodeURIComponent(uri).slice(FOLDER.length + 1);
    asked.push(`read ${path}`);
    const text = files.get(path);
    return text === undefined ? { exists: false } : { exists: true, text };
  });
  return asked;
}

const sessions: Session[] = [];
afterEach(async () => {
  for (const session of sessions.splice(0)) assert.equal(await session.stop(), 0);
});

async function start(files: Map<string, string>, options: Parameters<typeof Session.start>[0] = {}) {
  const session = await Session.start({ folderUri: FOLDER, ...options });
  sessions.push(session);
  return { session, asked: serveFiles(session.connection, files) };
}

async function rulesOf(session: Session, path: string): Promise<unknown[]> {
  return (await session.diagnostics(`${FOLDER}/${path}`)).map(({ code }) => code);
}

describe('a workspace that is on no disk', () => {
  test('a neighbour that the client lists is there, one that it does not list is not', async () => {
    const { session } = await start(new Map([['package.json', MANIFEST]]));
    await session.open(`${FOLDER}/package.json`, MANIFEST, 'json');
    assert.deepEqual(await rulesOf(session, 'package.json'), ['npm/lockfile-missing']);
    const other = await start(new Map([['package.json', MANIFEST]]).set('package-lock.json', LOCK));
    await other.session.open(`${FOLDER}/package.json`, MANIFEST, 'json');
    assert.equal((await rulesOf(other.session, 'package.json')).includes('npm/lockfile-missing'), false);
  });

  test('the folder is listed once, and only files are read that a format of ours reads', async () => {
    const files = new Map([['package.json', MANIFEST]]).set('src/index.ts', '').set('dir with space/Dockerfile', 'FROM scratch\n');
    const { session, asked } = await start(files);
    await session.open(`${FOLDER}/package.json`, MANIFEST, 'json');
    await rulesOf(session, 'package.json');
    await rulesOf(session, 'package.json');
    assert.deepEqual(asked.sort(), [`list ${FOLDER}`, 'read dir with space/Dockerfile', 'read package.json']);
  });

  test('a file that comes, changes and goes is seen', async () => {
    const files = new Map([['package.json', MANIFEST]]);
    const { session } = await start(files);
    await session.open(`${FOLDER}/package.json`, MANIFEST, 'json');
    assert.deepEqual(await rulesOf(session, 'package.json'), ['npm/lockfile-missing']);
    files.set('package-lock.json', LOCK);
    const changes = [{ uri: `${FOLDER}/package-lock.json`, type: 1 }];
    await session.connection.sendNotification('workspace/didChangeWatchedFiles', { changes });
    await until('it never came true', async () => !(await rulesOf(session, 'package.json')).includes('npm/lockfile-missing'));
    files.delete('package-lock.json');
    await session.connection.sendNotification('workspace/didChangeWatchedFiles', { changes });
    await until('it never came true', async () => (await rulesOf(session, 'package.json')).includes('npm/lockfile-missing'));
  });

  test('the workspace scan covers files that are not open', async () => {
    const { session } = await start(new Map([['docker/Dockerfile', 'FROM node\n']]));
    const { items }: WorkspaceDiagnosticReport = await session.connection.sendRequest('workspace/diagnostic', { previousResultIds: [] });
    assert.deepEqual(
      items.map(({ uri }) => uri),
      [`${FOLDER}/docker/Dockerfile`],
    );
  });

  test('the policy file is read through the client, and only inside of the folder', async () => {
    const files = new Map([['waybill.json', '{ "version": 1, "rules": { "image/latest": "off", "image/unpinned": "off" } }']]);
    for (const [policy, rules] of [
      ['waybill.json', []],
      ['../waybill.json', ['image/latest']],
    ] as const) {
      const { session } = await start(files, { settings: { policy }, initializationOptions: { trusted: true } });
      await session.open(`${FOLDER}/Dockerfile`, 'FROM node:latest\n', 'dockerfile');
      assert.deepEqual(await rulesOf(session, 'Dockerfile'), rules, session.logged.join());
    }
  });

  test('a client that knows none of the requests gets diagnostics all the same', async () => {
    const session = await Session.start({ folderUri: FOLDER });
    sessions.push(session);
    await session.open(`${FOLDER}/Dockerfile`, 'FROM node:latest\n', 'dockerfile');
    assert.deepEqual(await rulesOf(session, 'Dockerfile'), ['image/latest']);
    assert.match(session.logged.join('\n'), /reading files failed/);
  });
});

describe('the server in a web worker', () => {
  const workers: BrowserServer[] = [];
  afterEach(() => {
    for (const worker of workers.splice(0)) worker.dispose();
  });

  test('it finds what the server in Node finds, and looks nothing up', async () => {
    const worker = startBrowserServer();
    workers.push(worker);
    const { connection } = worker;
    connection.onRequest('workspace/configuration', ({ items }: { items: unknown[] }) => items.map(() => ({})));
    connection.onRequest('client/registerCapability', () => null);
    serveFiles(connection, new Map([['package.json', MANIFEST]]));
    connection.listen();
    const workspaceFolders = [{ uri: FOLDER, name: 'repo' }];
    await connection.sendRequest('initialize', { processId: null, rootUri: FOLDER, workspaceFolders, capabilities: MODERN });
    await connection.sendNotification('initialized', {});
    const uri = `${FOLDER}/package.json`;
    await connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri, languageId: 'json', version: 1, text: MANIFEST },
    });
    const { items }: { items: { code: string }[] } = await connection.sendRequest('textDocument/diagnostic', { textDocument: { uri } });
    assert.deepEqual(
      items.map(({ code }) => code),
      ['npm/lockfile-missing'],
    );
    const docker = `${FOLDER}/Dockerfile`;
    await connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri: docker, languageId: 'dockerfile', version: 1, text: 'FROM node:22\n' },
    });
    const range = { start: { line: 0, character: 6 }, end: { line: 0, character: 6 } };
    const actions: { title: string; disabled?: object }[] = await connection.sendRequest('textDocument/codeAction', {
      textDocument: { uri: docker },
      range,
      context: { diagnostics: [] },
    });
    assert.deepEqual(
      actions.filter(({ title, disabled }) => title.startsWith('Pin') && disabled === undefined),
      [],
    );
  });
});
