import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { rules } from '../server/src/rules/index.ts';

/** The most that each bundle may weigh, in bytes. */
const BUDGETS: Readonly<Record<string, number>> = {
  'dist/client.js': 484_000,
  'dist/server.js': 330_000,
  // What server, command line and the bundles below share.
  'dist/engine.js': 750_000,
  'dist/look-ups.js': 115_000,
  'dist/provenance.js': 200_000,
  'dist/tuf.js': 100_000,
  'dist/git-objects.js': 20_000,
  'dist/lock-change.js': 60_000,
  'dist/yaml.js': 150_000,
  'dist/toml.js': 60_000,
  'dist/tables.js': 30_000,
  'dist/lookalikes.bin': 500_000,
  'dist/cli.js': 490_000,
  'dist/browser/client.js': 480_000,
  'dist/browser/server.js': 298_000,
};

/** Longest time for a bundle to answer; it takes 0.1 s. */
const ANSWER_LIMIT_MS = 20_000;

for (const [file, budget] of Object.entries(BUDGETS)) {
  test(`${file} weighs ${budget / 1000} kB at the most`, () => {
    const { size } = statSync(file);
    assert.ok(size <= budget, `${file} has ${size} bytes`);
  });
}

/** Runs the bundled command line in the repository's root. */
function waybill(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/cli.js', ...args], { encoding: 'utf8', timeout: ANSWER_LIMIT_MS });
  return { status, stdout, stderr };
}

test('the bundled command line prints its version', () => {
  const { version }: { version: string } = JSON.parse(readFileSync('package.json', 'utf8'));
  assert.deepEqual(waybill('version'), { status: 0, stdout: `${version}\n`, stderr: '' });
});

test('the bundled command line prints its help', () => {
  const { status, stdout, stderr } = waybill('help');
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  assert.match(stdout, /^usage:\n {2}waybill check/m);
});

test('the bundled command line lists every rule as JSON', () => {
  const { status, stdout, stderr } = waybill('rules', '--format', 'json');
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  const listed: { rules: { id: string }[] } = JSON.parse(stdout);
  assert.deepEqual(
    listed.rules.map(({ id }) => id),
    rules.map(({ meta }) => meta.id),
  );
});

test('the bundled command line carries the pages of rules', () => {
  // One of each area: a process takes its time, and what is bundled is bundled for all.
  const first = new Map(rules.map(({ meta }) => [meta.id.replace(/\/.*/, ''), meta.id]));
  for (const id of first.values()) {
    const { status, stdout } = waybill('explain', id);
    assert.deepEqual({ status, page: stdout }, { status: 0, page: readFileSync(`docs/rules/${id}.md`, 'utf8') });
  }
});

for (const command of [
  ['dist/server.js', '--stdio'],
  ['dist/cli.js', 'lsp', '--stdio'],
]) {
  test(`${command.join(' ')} is a language server`, async () => {
    const child = spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'inherit'], timeout: ANSWER_LIMIT_MS });
    const exit = once(child, 'exit');
    const connection = createMessageConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin));
    connection.listen();
    try {
      const { serverInfo }: { serverInfo: { name: string } } = await connection.sendRequest('initialize', {
        processId: process.pid,
        rootUri: null,
        capabilities: {},
      });
      assert.equal(serverInfo.name, 'waybill');
      await connection.sendRequest('shutdown');
      await connection.sendNotification('exit');
      assert.deepEqual(await exit, [0, null]);
    } finally {
      connection.dispose();
      child.kill();
    }
  });
}
