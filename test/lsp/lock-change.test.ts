import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import type { CodeLens } from 'vscode-languageserver-protocol';
import { format as packageLock } from '../../server/src/formats/package-lock.ts';
import { LockChanges } from '../../server/src/lsp/lock-change.ts';
import type { LockfileChange } from '../../server/src/lsp/protocol.ts';
import { type Session, uriOf, withSession } from '../support/lsp-client.ts';
import { sourceFile } from '../support/memory-project.ts';

const HASH = `sha512-${'A'.repeat(86)}==`;

function lock(packages: Readonly<Record<string, string>>, host = 'npm.example.test'): string {
  const entries = Object.entries(packages).map(([name, version]) => [
    `node_modules/${name}`,
    { version, resolved: `https://${host}/${name}/-/${name}-${version}.tgz`, integrity: HASH },
  ]);
  return `${JSON.stringify({ lockfileVersion: 3, packages: Object.fromEntries(entries) }, null, 2)}\n`;
}

function commitAll(folder: string): string {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@example.test', ...args], { env, encoding: 'utf8' }).trim();
  git('init', '-q');
  git('add', '-A');
  git('commit', '-q', '-m', 'x');
  return git('rev-parse', 'HEAD');
}

function changeOf(lsp: Session, uri: string): Promise<LockfileChange | null> {
  return lsp.connection.sendRequest('waybill/lockfileChange', { textDocument: { uri } });
}

function lensesOf(lsp: Session, uri: string): Promise<CodeLens[] | null> {
  return lsp.connection.sendRequest('textDocument/codeLens', { textDocument: { uri } });
}

test('what an open lockfile brings in since the last commit, as a lens and as a document', () =>
  withSession(
    { 'package-lock.json': lock({ a: '1.0.0', b: '1.0.0' }), 'yarn.lock': '# yarn lockfile v1\n' },
    async (lsp, folder) => {
      const commit = commitAll(folder);
      const uri = uriOf(folder, 'package-lock.json');
      await lsp.open(uri, lock({ a: '1.0.0', b: '1.0.0' }));
      assert.deepEqual(await lensesOf(lsp, uri), [], 'nothing changed');
      await lsp.change(uri, 2, { text: lock({ a: '2.0.0', c: '1.0.0' }, 'other.example.test') });
      const change = await changeOf(lsp, uri);
      assert.equal(change?.state, 'known');
      assert.equal(change.summary, `Since ${commit.slice(0, 7)}: 1 new host, 1 package added, 1 changed, 1 removed`);
      assert.match(change.document, /^- a: 1\\\.0\\\.0 → 2\\\.0\\\.0$/m);
      assert.match(change.document, /^- other\\\.example\\\.test: 2 packages, a first$/m);
      const position = { line: 0, character: 0 };
      const command = { title: change.summary, command: 'waybill.showLockfileChange', arguments: [uri] };
      assert.deepEqual(await lensesOf(lsp, uri), [{ range: { start: position, end: position }, command }]);
      // A later commit is seen.
      await lsp.change(uri, 3, { text: lock({ a: '1.0.0', b: '1.0.0' }) });
      assert.equal((await changeOf(lsp, uri))?.state === 'known' && (await lensesOf(lsp, uri))?.length, 0);
    },
    { settings: { codeLens: true }, initializationOptions: { commands: true } },
  ));

test('without the setting there is no lens; what is new, unknown or no lockfile says so', () =>
  withSession({ 'yarn.lock': '# yarn lockfile v1\n' }, async (lsp, folder) => {
    const uri = uriOf(folder, 'package-lock.json');
    await lsp.open(uri, lock({ a: '1.0.0' }));
    const unknown = await changeOf(lsp, uri);
    assert.ok(unknown?.state === 'unknown' && /./.test(unknown.reason), JSON.stringify(unknown));
    commitAll(folder);
    await lsp.close(uri);
    const yarn = uriOf(folder, 'yarn.lock');
    await lsp.open(yarn, '# yarn lockfile v1\n\n\na@^1.0.0:\n  version "1.0.0"\n');
    assert.equal((await changeOf(lsp, yarn))?.state, 'known');
    assert.equal(await lensesOf(lsp, yarn), null);
    const manifest = uriOf(folder, 'package.json');
    await lsp.open(manifest, '{}');
    assert.equal(await changeOf(lsp, manifest), null);
    assert.equal(await changeOf(lsp, uriOf(folder, 'not-open/yarn.lock')), null);
  }));

test('nothing of a lockfile becomes markup', async () => {
  const hostile = '](command:evil)<img src=x>`**\u202e\n# x';
  const text = JSON.stringify({
    lockfileVersion: 3,
    packages: { [`node_modules/${hostile}`]: { version: hostile, resolved: `https://npm.example.test/${hostile}` } },
  });
  const manifest = packageLock.parse(sourceFile('package-lock.json', text));
  const question = { uri: 'x', manifest, headText: async () => ({ state: 'absent', commit: 'a'.repeat(40) }) as const };
  const change = await new LockChanges().of(question, new AbortController().signal);
  assert.equal(change?.state, 'known');
  assert.doesNotMatch(change.document, /(?<!\\)\]\(|<img|\u202e|^# x/m);
});

test('a lockfile that is half typed, or was broken in the commit, is not compared', async () => {
  const whole = packageLock.parse(sourceFile('package-lock.json', lock({ a: '1.0.0' })));
  const broken = packageLock.parse(sourceFile('package-lock.json', lock({ a: '1.0.0' }).slice(0, -5)));
  const head = (text: string) => async () => ({ state: 'known', commit: 'a'.repeat(40), text }) as const;
  const { signal } = new AbortController();
  const half = await new LockChanges().of({ uri: 'x', manifest: broken, headText: head('{}') }, signal);
  assert.ok(half?.state === 'unknown' && /to its end/.test(half.reason));
  const before = await new LockChanges().of({ uri: 'x', manifest: whole, headText: head('{ "packages"') }, signal);
  assert.ok(before?.state === 'unknown' && /last commit/.test(before.reason));
});
