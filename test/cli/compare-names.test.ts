import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startNpmServer } from '../sources/support/npm-server.ts';
import { waybill } from '../support/cli.ts';

describe('waybill lookalike NAME', () => {
  test('shows a name beside the one that it looks like, and makes no connection', async () => {
    const npm = await startNpmServer({});
    try {
      const { status, stdout } = await waybill(['lookalike', 'raect'], { env: { NPM_CONFIG_REGISTRY: npm.registry } });
      assert.equal(status, 0);
      assert.match(
        stdout,
        /^raect looks like react: two letters are swapped\.\n\n {2}raect\n {3}\^\^\n {2}react\n {3}\^\^\n\nUse, by the list of /,
      );
      assert.match(stdout, /^Exists\n {2}raect {2}unknown \(offline: --online is not given\)\n {2}react {2}unknown /m);
      assert.equal(npm.requests.length, 0);
    } finally {
      await npm.close();
    }
  });

  test('looks both up with --online, and nothing foreign reaches the terminal raw', async () => {
    const npm = await startNpmServer({
      react: { versions: { '19.2.0': {} }, tags: { latest: '19.2.0' }, maintainers: [{ name: 'a\u001b[2J\u202eb' }] },
    });
    try {
      const env = { NPM_CONFIG_REGISTRY: npm.registry };
      const { status, stdout } = await waybill(['lookalike', 'raect', '--online'], { env });
      assert.equal(status, 0);
      assert.match(stdout, /^Exists\n {2}raect {2}no: anybody can register it\n {2}react {2}yes$/m);
      assert.match(stdout, /^Maintainers\n {2}raect\n {2}react {2}a\ufffd\[2J\ufffdb$/m);
      assert.equal(npm.requests.length, 2);
      assert.ok(npm.requests.every(({ authorization }) => authorization === undefined));
    } finally {
      await npm.close();
    }
    const gone = await waybill(['lookalike', 'raect', '--online'], { env: { NPM_CONFIG_REGISTRY: npm.registry } });
    assert.equal(gone.status, 2, 'a look-up that was asked for failed');
    assert.match(gone.stdout, /^Exists\n {2}raect {2}unknown \(/m);
  });

  test('says what it does not know, and what is wrong with the command', async () => {
    const known = await waybill(['lookalike', 'react']);
    assert.equal(known.status, 0);
    assert.match(known.stdout, /^react looks like no well-known name of the list of \d{4}-\d\d\. That proves nothing about it\.\n$/);
    const pypi = await waybill(['lookalike', 'reqests', '--ecosystem', 'pypi']);
    assert.match(pypi.stdout, /^reqests looks like requests: a letter is missing\.$/m);
    for (const args of [[], ['raect', '--stdin'], ['raect', 'lodahs'], ['--stdin', '--online']]) {
      const { status, stderr } = await waybill(['lookalike', ...args]);
      assert.equal(status, 2, args.join(' '));
      assert.match(stderr, /^waybill: lookalike /);
    }
  });
});
