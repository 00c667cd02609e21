/** What `check --online` does end to end: the shipped bundle, servers on loopback, a cache folder of its own. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { startGitServer } from '../sources/support/git-server.ts';
import { serve } from '../sources/support/loopback.ts';
import { startNpmServer } from '../sources/support/npm-server.ts';
import { waybill } from '../support/cli.ts';
import { withFolder } from '../support/folder.ts';

interface Report {
  readonly findings: readonly { readonly rule: string; readonly severity: string; readonly message: string }[];
  readonly unknown: readonly { readonly why: string }[];
}

const HEAD = 'on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n';

test('#58 a tag that moved between two runs is told, by the ledger on the disk', async () => {
  const git = await startGitServer({ 'moved/tag': { branches: { main: 'main' }, tags: { 'v1.0.0': 'good' } } });
  try {
    await withFolder({ 'work/.github/workflows/ci.yml': `${HEAD}      - uses: moved/tag@v1.0.0\n` }, async (folder) => {
      const cache = path.join(folder, 'cache');
      const run = async (...options: readonly string[]): Promise<string[]> => {
        const { stdout, stderr } = await waybill(['check', path.join(folder, 'work'), '--format', 'json', ...options], {
          env: { GITHUB_SERVER_URL: git.url, XDG_CACHE_HOME: cache },
        });
        assert.equal(stderr, '');
        const { findings } = JSON.parse(stdout) as Report;
        return findings.map(({ rule, severity }) => `${rule} ${severity}`).sort();
      };
      const ledger = path.join(cache, 'waybill', 'first-seen.json');

      assert.deepEqual(await run(), ['actions/unpinned warning']);
      assert.equal(existsSync(cache), false, 'without --online nothing is noted');
      assert.deepEqual(await run('--online'), ['actions/unpinned warning']);
      assert.match(readFileSync(ledger, 'utf8'), new RegExp(git.id('moved/tag', 'good')));
      if (process.platform !== 'win32') assert.equal(statSync(ledger).mode & 0o077, 0, 'for nobody else to read');
      assert.deepEqual(await run('--online'), ['actions/unpinned warning'], 'a tag that stayed');

      git.move('moved/tag', 'refs/tags/v1.0.0', 'evil');
      const moved = ['actions/tag-moved error', 'actions/unpinned warning'];
      assert.deepEqual(await run('--online'), moved);
      assert.deepEqual(await run('--online'), moved, 'what was first stays what was first');
      assert.deepEqual(await run(), ['actions/unpinned warning'], 'without --online the ledger is not read');
    });
  } finally {
    await git.close();
  }
});

test('--fix --online writes the version that the registry names into commands; a second run changes nothing', async () => {
  const npm = await startNpmServer({ tool: { versions: { '1.0.0': {}, '2.0.0': {} }, tags: { latest: '2.0.0' } } });
  try {
    const before = `${HEAD}      - run: npm i -g tool\n      - run: npx tool\n`;
    await withFolder({ '.github/workflows/ci.yml': before, 'package.json': '{}' }, async (folder) => {
      const file = path.join(folder, '.github/workflows/ci.yml');
      const run = () => waybill(['check', folder, '--fix', '--online'], { env: { NPM_CONFIG_REGISTRY: npm.registry } });
      const first = await run();
      assert.equal(first.status, 1, 'npx is left, which asks for a choice');
      assert.match(first.stderr, /fixed, run\/adhoc-package: Pin tool to today's version/);
      assert.equal(readFileSync(file, 'utf8'), before.replace('-g tool', '-g tool@2.0.0'));
      assert.doesNotMatch((await run()).stderr, /fixed/);
      assert.equal(npm.requests.length, 1, 'the second run asks nothing');

      // The project's own registry is not asked for it, nor is another one told of the name.
      const internal = before.replace('-g tool', '-g @acme/tool');
      writeFileSync(path.join(folder, '.npmrc'), '@acme:registry=https://npm.example.test/\n');
      writeFileSync(file, internal);
      const refused = await run();
      assert.match(refused.stderr, /not fixed, run\/adhoc-package.*used only where the user trusts the project/);
      assert.equal(readFileSync(file, 'utf8'), internal);
      assert.equal(npm.requests.length, 1);
    });
  } finally {
    await npm.close();
  }
});

describe('exit status of --online', () => {
  const image = (host: string) => ({ Dockerfile: `FROM ${host}/team/app:1@sha256:${'a'.repeat(64)}\n` });
  /** What a registry that answers in one way makes of an image whose digest is to be checked. */
  async function statuses(host: string, why: string): Promise<Record<string, number | null>> {
    return withFolder(image(host), async (folder) => {
      const run = (...options: readonly string[]) => waybill(['check', folder, '--format', 'json', ...options]);
      const online = await run('--online');
      const { findings, unknown } = JSON.parse(online.stdout) as Report;
      assert.deepEqual(
        findings.filter(({ severity }) => severity !== 'hint'),
        [],
      );
      assert.deepEqual([...new Set(unknown.map((one) => one.why))], [why]);
      return { offline: (await run()).status, online: online.status, strict: (await run('--online', '--strict')).status };
    });
  }
  const answering = async (status: number, work: (host: string) => Promise<void>): Promise<void> => {
    const server = await serve((_, response) => response.writeHead(status).end());
    try {
      await work(server.host);
    } finally {
      await server.close();
    }
  };

  test('an error is 2', () =>
    answering(500, async (host) => assert.deepEqual(await statuses(host, 'error'), { offline: 0, online: 2, strict: 2 })));

  test('a server that refuses the connection is 2', async () =>
    assert.deepEqual(await statuses('127.0.0.1:1', 'error'), { offline: 0, online: 2, strict: 2 }));

  test('denied is what was found out, and 2 only with --strict', () =>
    answering(403, async (host) => assert.deepEqual(await statuses(host, 'denied'), { offline: 0, online: 0, strict: 2 })));

  test('a name that the project sends to a registry without --trust is 2 only with --strict', () =>
    withFolder({ '.npmrc': 'registry=https://npm.example.test/\n', 'package.json': '{"dependencies": {"a": "1.0.0"}}' }, async (folder) => {
      const run = (...options: readonly string[]) =>
        waybill(['check', folder, '--online', '--fail-on', 'never', '--format', 'json', ...options]);
      const online = await run();
      assert.deepEqual([...new Set((JSON.parse(online.stdout) as Report).unknown.map(({ why }) => why))], ['untrusted']);
      assert.deepEqual([online.status, (await run('--strict')).status], [0, 2]);
    }));

  test('a finding at or above --fail-on is 1, whatever is unknown beside it', () =>
    answering(500, async (host) =>
      withFolder({ ...image(host), 'other/Dockerfile': 'FROM node:20\n' }, async (folder) => {
        const run = async (...options: readonly string[]) => (await waybill(['check', folder, '--online', ...options])).status;
        assert.deepEqual([await run(), await run('--strict'), await run('--fail-on', 'error')], [1, 1, 2]);
      }),
    ));

  test('a server that does not answer in time is 2', async () => {
    const server = await serve(() => undefined);
    try {
      assert.deepEqual(await statuses(server.host, 'timeout'), { offline: 0, online: 2, strict: 2 });
    } finally {
      await server.close();
    }
  });
});
