import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { CancellationTokenSource, ProgressType } from 'vscode-jsonrpc/node';
import type { Registration, WorkspaceDiagnosticReport } from 'vscode-languageserver-protocol';
import type { ScanProgress, ScanResult } from '../../server/src/lsp/protocol.ts';
import { withFolder, writeFiles } from '../support/folder.ts';
import { MODERN, Session, type SessionOptions, uriOf } from '../support/lsp-client.ts';

const UNPINNED = 'FROM node:20\n';

/** A session over folders `a` and `b`, and whatever is in them. */
async function session(
  files: Readonly<Record<string, string>>,
  work: (view: View, folder: string) => Promise<void>,
  options: SessionOptions & { readonly open?: readonly string[] } = {},
): Promise<void> {
  await withFolder(files, async (folder) => {
    const folders = (options.open ?? ['a', 'b']).map((name) => path.join(folder, name));
    for (const one of folders) mkdirSync(one, { recursive: true });
    const lsp = await Session.start({ ...options, folders });
    try {
      await work(new View(lsp, folder), folder);
    } finally {
      assert.equal(await lsp.stop(), 0);
    }
  });
}

/** A client that keeps asking for workspace diagnostics, as VS Code does. */
class View {
  readonly lsp: Session;
  readonly #folder: string;
  /** Result id and rules by URI, as the reports say. */
  readonly #known = new Map<string, { readonly value: string; readonly rules: string[] }>();

  constructor(lsp: Session, folder: string) {
    this.lsp = lsp;
    this.#folder = folder;
  }

  uri(file: string): string {
    return uriOf(this.#folder, file);
  }

  /** Asks once more; gives what the files with findings are then, by path, in order. */
  async next(): Promise<Record<string, string[]>> {
    const previousResultIds = [...this.#known].map(([uri, { value }]) => ({ uri, value }));
    const { items } = await this.lsp.connection.sendRequest<WorkspaceDiagnosticReport>('workspace/diagnostic', { previousResultIds });
    for (const item of items) {
      assert.ok(item.kind === 'full' && item.resultId !== undefined);
      this.#known.set(item.uri, { value: item.resultId, rules: item.items.map(({ code }) => String(code)) });
    }
    return this.now();
  }

  /** The files with findings. */
  now(): Record<string, string[]> {
    const found = [...this.#known].filter(([, { rules }]) => rules.length > 0);
    return Object.fromEntries(found.map(([uri, { rules }]) => [uri.slice(this.uri('').length + 1), rules]).sort());
  }

  async folders(change: { readonly added?: readonly string[]; readonly removed?: readonly string[] }): Promise<void> {
    const named = (names: readonly string[] = []) => names.map((name) => ({ uri: this.uri(name), name }));
    const event = { added: named(change.added), removed: named(change.removed) };
    await this.lsp.connection.sendNotification('workspace/didChangeWorkspaceFolders', { event });
  }
}

describe('several folders', () => {
  test('all are covered; one that is added is found, one that is removed is cleared', () =>
    session({ 'a/Dockerfile': UNPINNED, 'b/Dockerfile': UNPINNED, 'c/Dockerfile': 'FROM alpine\n' }, async (view) => {
      assert.deepEqual(await view.next(), { 'a/Dockerfile': ['image/unpinned'], 'b/Dockerfile': ['image/unpinned'] });
      await view.folders({ added: ['c'] });
      assert.deepEqual(Object.keys(await view.next()), ['a/Dockerfile', 'b/Dockerfile', 'c/Dockerfile']);
      await view.folders({ removed: ['a'] });
      assert.deepEqual(Object.keys(await view.next()), ['b/Dockerfile', 'c/Dockerfile']);
      await view.folders({ added: ['a'], removed: ['b', 'c'] });
      assert.deepEqual(Object.keys(await view.next()), ['a/Dockerfile']);
    }));

  test('of nested folders the innermost one counts, and each file is reported once', () =>
    session(
      { 'a/Dockerfile': UNPINNED, 'a/inner/Dockerfile': UNPINNED },
      async (view) => {
        assert.deepEqual(await view.next(), { 'a/Dockerfile': ['image/unpinned'] });
        await view.folders({ removed: ['a/inner'] });
        assert.deepEqual(Object.keys(await view.next()), ['a/Dockerfile', 'a/inner/Dockerfile']);
      },
      { open: ['a', 'a/inner'], settings: (uri: string) => (uri.includes('/inner/') ? { rules: { 'image/*': 'off' } } : {}) },
    ));

  test('each has its own settings, asked for once', () =>
    session(
      { 'a/1/Dockerfile': UNPINNED, 'a/2/Dockerfile': UNPINNED, 'b/1/Dockerfile': UNPINNED, 'b/2/Dockerfile': UNPINNED },
      async (view) => {
        assert.deepEqual(Object.keys(await view.next()), ['a/1/Dockerfile', 'a/2/Dockerfile']);
        assert.equal(view.lsp.asked.length, 2);
        view.lsp.settings = (uri: string) => ({ rules: { 'image/*': uri.includes('/a/') ? 'off' : 'warning' } });
        await view.lsp.connection.sendNotification('workspace/didChangeConfiguration', { settings: null });
        assert.deepEqual(Object.keys(await view.next()), ['b/1/Dockerfile', 'b/2/Dockerfile']);
        assert.equal(view.lsp.asked.length, 4);
      },
      { settings: (uri: string) => ({ rules: { 'image/*': uri.includes('/b/') ? 'off' : 'warning' } }) },
    ));

  test('an open manifest belongs to the folder that comes around it', () =>
    session({ 'c/package-lock.json': '{"lockfileVersion": 3, "packages": {}}' }, async (view) => {
      const uri = view.uri('c/app/package.json');
      await view.lsp.open(uri, '{"dependencies": {"left-pad": "1.3.0"}}', 'json');
      const missing = async () => (await view.lsp.diagnostics(uri)).filter(({ code }) => code === 'npm/lockfile-missing').length;
      assert.equal(await missing(), 1);
      await view.folders({ added: ['c'] });
      assert.equal(await missing(), 0);
      await view.folders({ removed: ['c'] });
      assert.equal(await missing(), 1);
    }));

  test('an open document outlives its folder', () =>
    session({ 'a/Dockerfile': UNPINNED }, async (view) => {
      await view.lsp.open(view.uri('a/Dockerfile'), 'FROM alpine\n');
      assert.deepEqual(await view.next(), { 'a/Dockerfile': ['image/latest'] });
      await view.folders({ removed: ['a'] });
      assert.deepEqual(
        (await view.lsp.diagnostics(view.uri('a/Dockerfile'))).map(({ code }) => code),
        ['image/latest'],
      );
    }));
});

describe('files that change', () => {
  test('a renamed file moves its findings', () =>
    session({ 'a/one/Dockerfile': UNPINNED }, async (view, folder) => {
      await view.next();
      renameSync(path.join(folder, 'a/one/Dockerfile'), path.join(folder, 'a/one/app.Dockerfile'));
      await view.lsp.watched({ uri: view.uri('a/one/Dockerfile'), type: 3 }, { uri: view.uri('a/one/app.Dockerfile'), type: 1 });
      assert.deepEqual(await view.next(), { 'a/one/app.Dockerfile': ['image/unpinned'] });
    }));

  test('a folder that goes takes its findings along, though only the folder is reported', () =>
    session({ 'a/one/deep/Dockerfile': UNPINNED, 'a/two/Dockerfile': UNPINNED }, async (view, folder) => {
      await view.next();
      rmSync(path.join(folder, 'a/one'), { recursive: true });
      await view.lsp.watched({ uri: view.uri('a/one'), type: 3 });
      assert.deepEqual(Object.keys(await view.next()), ['a/two/Dockerfile']);
    }));

  test('what is deleted and was never ours wakes nobody', () =>
    session({ 'a/Dockerfile': UNPINNED }, async (view) => {
      await view.next();
      let answered = false;
      const parked = view.next().then(() => {
        answered = true;
      });
      const refreshes = view.lsp.refreshes;
      await view.lsp.watched({ uri: view.uri('a/out/main.js'), type: 3 }, { uri: view.uri('a/out'), type: 3 });
      await new Promise((resolve) => setTimeout(resolve, 500));
      assert.equal(answered, false);
      assert.equal(view.lsp.refreshes, refreshes);
      await view.lsp.open(view.uri('a/Dockerfile'), 'FROM scratch\n');
      await parked;
    }));

  test('the server asks to be told of deletions everywhere', () =>
    session(
      {},
      async ({ lsp }) => {
        await lsp.diagnostics('untitled:Untitled-1');
        const watched = lsp.registrations.find(({ method }: Registration) => method === 'workspace/didChangeWatchedFiles');
        const watchers: unknown = watched?.registerOptions?.watchers;
        assert.ok(Array.isArray(watchers));
        assert.deepEqual(watchers.at(-1), { globPattern: '**', kind: 4 });
      },
      { capabilities: { ...MODERN, workspace: { ...MODERN.workspace, didChangeWatchedFiles: { dynamicRegistration: true } } } },
    ));

  test('while a file is open its text counts, not what is written to the disk; closed, the disk counts', () =>
    session({ 'a/Dockerfile': UNPINNED }, async (view, folder) => {
      const uri = view.uri('a/Dockerfile');
      await view.lsp.open(uri, 'FROM scratch\n');
      writeFileSync(path.join(folder, 'a/Dockerfile'), 'FROM alpine\n');
      await view.lsp.watched({ uri, type: 2 });
      assert.deepEqual(await view.lsp.diagnostics(uri), []);
      const parked = view.next();
      await view.lsp.close(uri);
      assert.deepEqual(await parked, { 'a/Dockerfile': ['image/latest'] });
    }));

  test('a lockfile in an inner workspace folder counts for the manifest above it, whoever owns it', () =>
    session(
      {
        'a/package.json': '{"workspaces": ["inner"], "dependencies": {}}',
        'a/package-lock.json': '{"lockfileVersion": 3, "packages": {}}',
        'a/inner/package.json': '{"name": "inner", "dependencies": {"left-pad": "1.3.0"}}',
      },
      async (view, folder) => {
        const uri = view.uri('a/inner/package.json');
        await view.lsp.open(uri, '{"name": "inner", "dependencies": {"left-pad": "1.3.0"}}', 'json');
        const before = (await view.lsp.diagnostics(uri)).map(({ code }) => code);
        rmSync(path.join(folder, 'a/package-lock.json'));
        await view.lsp.watched({ uri: view.uri('a/package-lock.json'), type: 3 });
        const after = (await view.lsp.diagnostics(uri)).map(({ code }) => code);
        assert.ok(after.includes('npm/lockfile-missing') && !before.includes('npm/lockfile-missing'), `${before} then ${after}`);
      },
      { open: ['a'] },
    ));
});

describe('scanning', () => {
  const many = Object.fromEntries(Array.from({ length: 1500 }, (_, at) => [`a/${at}/Dockerfile`, UNPINNED.repeat(10)]));

  test('tells how far it is, and counts in the end', () =>
    session(many, async ({ lsp }) => {
      const seen: number[] = [];
      lsp.connection.onProgress(new ProgressType<ScanProgress>(), 'mine', ({ files }) => {
        seen.push(files);
      });
      const counts = await lsp.connection.sendRequest<ScanResult>('waybill/scanWorkspace', { progressToken: 'mine' });
      assert.equal(counts.files, 1500);
      assert.equal(counts.warning, 15_000);
      assert.ok(seen.length > 0, 'nothing was told');
      assert.deepEqual(
        seen,
        seen.toSorted((one, other) => one - other),
      );
    }));

  test('can be cancelled, and leaves nothing half-known', () =>
    session(many, async (view) => {
      const source = new CancellationTokenSource();
      const scan = view.lsp.connection.sendRequest('waybill/scanWorkspace', {}, source.token);
      await new Promise((resolve) => setTimeout(resolve, 50));
      source.cancel();
      await assert.rejects(scan, { code: -32800 });
      assert.equal(Object.keys(await view.next()).length, 1500);
    }));

  test('files may come and go meanwhile', () =>
    session(many, async (view, folder) => {
      const first = view.next();
      rmSync(path.join(folder, 'a/1400'), { recursive: true });
      writeFiles(folder, { 'b/new/Dockerfile': UNPINNED });
      await view.lsp.watched({ uri: view.uri('a/1400'), type: 3 }, { uri: view.uri('b/new/Dockerfile'), type: 1 });
      await first;
      while (!('b/new/Dockerfile' in view.now()) || 'a/1400/Dockerfile' in view.now()) await view.next();
      assert.equal(Object.keys(view.now()).length, 1500);
    }));
});

describe('the status of a document', () => {
  const ask = (lsp: Session, uri: string) => lsp.connection.sendRequest('waybill/documentStatus', { textDocument: { uri } });

  test('sums up what is unknown by the reason', () =>
    session({}, async ({ lsp }) => {
      await lsp.open('untitled:Untitled-1', 'FROM scratch\n', 'dockerfile');
      assert.deepEqual(await ask(lsp, 'untitled:Untitled-1'), { unknown: [] });
      assert.equal(await ask(lsp, 'untitled:Untitled-2'), null);
    }));

  test('says that a document is broken', () =>
    session({}, async (view) => {
      const uri = view.uri('a/package.json');
      await view.lsp.open(uri, '{"dependencies": {', 'json');
      assert.deepEqual(await ask(view.lsp, uri), { unknown: [{ why: 'unparsable', count: 1 }] });
    }));
});
