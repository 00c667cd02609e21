import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { startGitServer } from '../sources/support/git-server.ts';
import { startRegistry } from '../sources/support/registry.ts';
import { type CliRun, waybill } from '../support/cli.ts';
import { withFolder, writeFiles } from '../support/folder.ts';
import type { Files } from '../support/memory-project.ts';

/** The parts of the JSON report that the tests read. */
interface JsonReport {
  readonly findings: readonly {
    readonly rule: string;
    readonly severity: string;
    readonly path: string;
    readonly message: string;
    readonly fingerprint: string;
    readonly range: { readonly start: { readonly line: number; readonly character: number } };
    readonly fixes: readonly { readonly title: string; readonly safety: string }[];
  }[];
  readonly unknown: readonly { readonly path: string; readonly subject: string; readonly why: string; readonly count: number }[];
  readonly summary: Readonly<Record<string, number>>;
}

function json(run: CliRun): JsonReport {
  return JSON.parse(run.stdout) as JsonReport;
}

function check(files: Files, args: readonly string[], work: (run: CliRun, folder: string) => void | Promise<void>): Promise<void> {
  return withFolder(files, async (folder) => work(await waybill(['check', folder, ...args]), folder));
}

const UNPINNED = { Dockerfile: 'FROM node:20\n' };
const CLEAN = { Dockerfile: 'FROM scratch\n' };

describe('exit status', () => {
  test('0 without findings at or above --fail-on, 1 with them', async () => {
    await check(CLEAN, [], ({ status }) => assert.equal(status, 0));
    await check(UNPINNED, [], ({ status }) => assert.equal(status, 1));
    await check(UNPINNED, ['--fail-on', 'error'], ({ status }) => assert.equal(status, 0));
    await check(UNPINNED, ['--fail-on', 'never'], ({ status }) => assert.equal(status, 0));
    await check({ Dockerfile: '# syntax=docker/dockerfile:1\nFROM scratch\n' }, ['--fail-on', 'info'], ({ status }) =>
      assert.equal(status, 1),
    );
  });

  test('2 for wrong usage, with a sentence and nothing on standard output', async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['chek'], /did you mean "check"/],
      [['check', '--formt', 'json'], /did you mean "--format"/],
      [['check', '--format', 'xml'], /text, json, sarif, github/],
      [['check', '--fail-on', 'fatal'], /--fail-on must be one of/],
      [['check', '/does/not/exist'], /does not exist/],
      [['check', ''], /empty/],
      [['check', '--stdin'], /--stdin-filename/],
      [['explain'], /one rule/],
      [['explain', 'image/unpined'], /did you mean "image\/unpinned"/],
      [['check', '--policy', '/does/not/exist.json'], /cannot read the policy/],
    ];
    for (const [args, wanted] of cases) {
      const { status, stdout, stderr } = await waybill(args);
      assert.equal(status, 2, args.join(' '));
      assert.match(stderr, wanted);
      assert.equal(stdout, '');
    }
  });

  test('2 where the output cannot be written, also with findings', () =>
    check(UNPINNED, ['--output', '/does/not/exist/report.json'], ({ status, stderr }) => {
      assert.equal(status, 2);
      assert.match(stderr, /cannot write/);
    }));

  test('--strict: 2 where anything is unknown, but a finding is 1', async () => {
    await check({ 'package.json': '{"name": ' }, ['--strict'], ({ status }) => assert.equal(status, 2));
    await check({ 'package.json': '{"name": ' }, [], ({ status }) => assert.equal(status, 0));
    await check({ 'package.json': '{"name": ', ...UNPINNED }, ['--strict'], ({ status }) => assert.equal(status, 1));
  });

  test('help and version are 0 and print to standard output', async () => {
    for (const args of [['help'], ['--help'], ['help', 'check'], ['check', '--help'], ['version'], ['--version'], []]) {
      const { status, stdout } = await waybill(args);
      assert.equal(status, 0, args.join(' '));
      assert.notEqual(stdout, '');
    }
  });
});

test('a server address that makes no sense is refused before anything is done', () =>
  withFolder(UNPINNED, async (folder) => {
    const { status, stdout, stderr } = await waybill(['check', folder, '--online'], { env: { GITHUB_SERVER_URL: 'ftp://github.example' } });
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /GITHUB_SERVER_URL/);
  }));

describe('which files', () => {
  test('node_modules, .git and what .gitignore ignores are skipped, but not lockfiles and manifests beside others', () =>
    check(
      {
        '.gitignore': 'dist/\n*.lock.json\npackage-lock.json\n/tmp\nignored.Dockerfile\n',
        'node_modules/a/package.json': '{"dependencies": {"x": "*"}}',
        'dist/Dockerfile': 'FROM node:20\n',
        'tmp/package.json': '{"dependencies": {"x": "*"}}',
        'ignored.Dockerfile': 'FROM node:20\n',
        'package-lock.json':
          '{"lockfileVersion": 3, "packages": {"": {}, "node_modules/a": {"version": "1.0.0", "resolved": "http://npm.example.test/a/-/a-1.0.0.tgz"}}}',
        'kept/.gitignore': '!ignored.Dockerfile\n',
        'kept/ignored.Dockerfile': 'FROM node:20\n',
      },
      ['--format', 'json'],
      (run) => {
        const paths = new Set(json(run).findings.map((finding) => finding.path));
        assert.deepEqual([...paths], ['kept/ignored.Dockerfile', 'package-lock.json']);
      },
    ));

  test('an ignored folder that is named is checked', () =>
    withFolder({ '.git/HEAD': '', '.gitignore': 'out/\n', 'out/Dockerfile': 'FROM node:20\n' }, async (folder) => {
      assert.equal(json(await waybill(['check', path.join(folder, 'out'), '--format', 'json'])).findings.length, 1);
    }));

  test('paths are relative to the one folder, to the working directory for several, and sorted by code units', () =>
    withFolder(
      { 'b/Dockerfile': 'FROM node:20\n', 'B/Dockerfile': 'FROM node:20\n', 'a/x/Dockerfile': 'FROM node:20\n' },
      async (folder) => {
        const one = await waybill(['check', 'a', '--format', 'json'], { cwd: folder });
        assert.deepEqual(
          json(one).findings.map((finding) => finding.path),
          ['x/Dockerfile'],
        );
        const several = await waybill(['check', 'b', 'a', 'B', 'b/Dockerfile', '--format', 'json'], { cwd: folder });
        assert.deepEqual(
          json(several).findings.map((finding) => finding.path),
          ['B/Dockerfile', 'a/x/Dockerfile', 'b/Dockerfile'],
        );
      },
    ));

  test('a lockfile above the checked folder counts, within the repository', () =>
    withFolder(
      {
        '.git/HEAD': '',
        'package-lock.json': '{"lockfileVersion": 3, "packages": {}}',
        'packages/a/package.json': '{"dependencies": {"x": "^1.0.0"}}',
      },
      async (folder) => {
        assert.deepEqual(json(await waybill(['check', path.join(folder, 'packages/a'), '--format', 'json'])).findings, []);
      },
    ));

  test('workflows are known for what they are however they are named, also outside of a repository', () =>
    withFolder(
      { '.github/workflows/a.yml': 'on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps: []\n', 'elsewhere/x': '' },
      async (folder) => {
        const runs: [string, string, string][] = [
          ['.', '.', '.github/workflows/a.yml'],
          ['.', '.github', 'workflows/a.yml'],
          ['.', '.github/workflows/a.yml', '.github/workflows/a.yml'],
          ['.github/workflows', '.', 'a.yml'],
          ['.github/workflows', 'a.yml', 'a.yml'],
          ['elsewhere', path.join(folder, '.github'), 'workflows/a.yml'],
          ['elsewhere', '../.github/workflows/a.yml', '../.github/workflows/a.yml'],
        ];
        for (const [cwd, name, shown] of runs) {
          const run = await waybill(['check', name, '--format', 'json'], { cwd: path.join(folder, cwd) });
          assert.deepEqual(
            json(run).findings.map((finding) => [finding.rule, finding.path]),
            [['workflow/permissions-missing', shown]],
            `${cwd} ${name}`,
          );
        }
      },
    ));

  test('symbolic links do not lead out of the root, nor in circles', () =>
    withFolder({ 'outside/Dockerfile': 'FROM node:20\n', 'inside/images/prod.txt': 'FROM node:20\n' }, async (folder) => {
      const inside = path.join(folder, 'inside');
      symlinkSync(path.join(folder, 'outside'), path.join(inside, 'out'));
      symlinkSync(path.join(folder, 'outside/Dockerfile'), path.join(inside, 'Containerfile'));
      symlinkSync(inside, path.join(inside, 'again'));
      symlinkSync('images/prod.txt', path.join(inside, 'Dockerfile'));
      symlinkSync('gone', path.join(inside, 'x.Dockerfile'));
      assert.deepEqual(
        json(await waybill(['check', inside, '--format', 'json'])).findings.map((finding) => finding.path),
        ['Dockerfile'],
      );
    }));

  test('a file above 32 MB is listed as unknown, not read', () =>
    withFolder({ 'package-lock.json': '' }, async (folder) => {
      truncateSync(path.join(folder, 'package-lock.json'), 33 * 1024 * 1024);
      const run = await waybill(['check', folder, '--format', 'json']);
      assert.equal(run.status, 0);
      assert.deepEqual(json(run).unknown, [{ path: 'package-lock.json', subject: 'package-lock.json', why: 'too-large', count: 1 }]);
    }));

  test('a file that no format reads is said to be skipped', () =>
    withFolder({ 'notes.txt': 'x' }, async (folder) => {
      const { status, stderr } = await waybill(['check', 'notes.txt'], { cwd: folder });
      assert.equal(status, 0);
      assert.match(stderr, /notes\.txt is skipped/);
    }));
});

describe('text output', () => {
  test('shows file, place, carets, the three parts and the fix, and counts', () =>
    check(UNPINNED, [], ({ stdout }) => {
      assert.match(stdout, /Dockerfile:1:6/);
      assert.match(stdout, /1 \| FROM node:20\n.*\| {6}\^{7}\n/);
      assert.match(stdout, /image\/unpinned/);
      assert.match(stdout, /--fix --online/);
      assert.match(stdout, /1 warning in 1 file, 1 reference\./);
    }));

  test('control characters and colours never reach a pipe', () =>
    check({ Dockerfile: 'FROM node:20\u001b]0;owned\u0007\nFROM no\u202ede:20\n' }, ['--min-severity', 'hint'], ({ stdout, stderr }) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there.
      assert.doesNotMatch(stdout + stderr, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    }));

  test('findings below --min-severity are only counted', () =>
    check({ Dockerfile: '# syntax=docker/dockerfile:1\nFROM scratch\n' }, [], ({ stdout }) => {
      assert.doesNotMatch(stdout, /frontend-unpinned/);
      assert.match(stdout, /1 finding below warning not shown/);
    }));
});

describe('--fix', () => {
  const LOCK = '{"lockfileVersion": 3, "packages": {"": {}}}';

  test('applies safe offline fixes, keeps mode bits, line ends, byte order mark and the missing final newline, and says so', () =>
    withFolder({ 'package-lock.json': LOCK, 'package.json': '{}', 'ci/Dockerfile': 'FROM scratch\n' }, async (folder) => {
      const file = path.join(folder, 'Dockerfile');
      writeFileSync(file, '\ufeffFROM scratch\r\nCOPY . .\r\nRUN npm install --no-audit');
      chmodSync(file, 0o751);
      const { status, stderr } = await waybill(['check', folder, '--fix']);
      assert.equal(readFileSync(file, 'utf8'), '\ufeffFROM scratch\r\nCOPY . .\r\nRUN npm ci --no-audit');
      assert.equal(statSync(file).mode & 0o777, 0o751);
      assert.match(stderr, /Dockerfile: fixed, run\/lockfile-ignored/);
      assert.equal(status, 0, 'the status describes the files after fixing');
      const before = statSync(file).mtimeMs;
      await waybill(['check', folder, '--fix']);
      assert.equal(statSync(file).mtimeMs, before, 'nothing is written where nothing changes');
    }));

  test('review fixes are never applied, online ones not without --online', () =>
    withFolder({ Dockerfile: 'FROM Node:20\nFROM node:20\n', '.github/workflows/a.yml': 'on: push\njobs: {}\n' }, async (folder) => {
      await waybill(['check', folder, '--fix']);
      assert.equal(readFileSync(path.join(folder, 'Dockerfile'), 'utf8'), 'FROM Node:20\nFROM node:20\n');
      assert.equal(readFileSync(path.join(folder, '.github/workflows/a.yml'), 'utf8'), 'on: push\njobs: {}\n');
    }));

  test('with --online actions and images are pinned against real servers, and a second run changes nothing', async () => {
    const git = await startGitServer({
      'actions/checkout': { branches: { main: 'head' }, tags: { v4: { annotated: 'two', nested: 1 }, 'v4.2.2': 'two' } },
    });
    const registry = await startRegistry({ 'team/app:1': { kind: 'index' } }, { auth: 'token' });
    try {
      const image = `${registry.host}/team/app:1`;
      const files = {
        Dockerfile: `FROM ${image}\nCOPY --from=${image} /a /b\n`,
        '.github/workflows/ci.yml': `on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    container: ${image}\n    steps:\n      - uses: actions/checkout@v4\n      - uses: 'actions/checkout@v4'\n`,
      };
      await withFolder(files, async (folder) => {
        const env = { GITHUB_SERVER_URL: git.url };
        const run = await waybill(['check', folder, '--fix', '--online', '--format', 'json'], { env });
        const commit = git.id('actions/checkout', 'two');
        const pinned = `${image}@${registry.digest('team/app:1')}`;
        assert.equal(readFileSync(path.join(folder, 'Dockerfile'), 'utf8'), files.Dockerfile.replaceAll(image, pinned));
        assert.equal(
          readFileSync(path.join(folder, '.github/workflows/ci.yml'), 'utf8'),
          files['.github/workflows/ci.yml']
            .replace(image, pinned)
            .replace('checkout@v4\n', `checkout@${commit} # v4.2.2\n`)
            .replace("checkout@v4'", `checkout@${commit}' # v4.2.2`),
        );
        assert.equal(run.status, 0, run.stdout);
        const asked = git.requests.filter(({ command }) => command === 'ls-refs');
        assert.equal(asked.length, 1, 'one request for the refs of a repository however many references');
        const again = await waybill(['check', folder, '--fix', '--online'], { env });
        assert.equal(again.status, 0);
        assert.doesNotMatch(again.stderr, /fixed/);
      });
    } finally {
      await git.close();
      await registry.close();
    }
  });

  test('a look-up that fails leaves the file, is reported as unknown, and is status 2 where no finding is graver', () =>
    withFolder({ Dockerfile: 'FROM 127.0.0.1:1/team/app:1\n' }, async (folder) => {
      const run = await waybill(['check', folder, '--fix', '--online', '--fail-on', 'error', '--format', 'json']);
      assert.equal(run.status, 2);
      assert.equal(json(run).unknown[0]?.why, 'error');
      assert.match(run.stderr, /Dockerfile: not fixed, image\/unpinned/);
      assert.equal(readFileSync(path.join(folder, 'Dockerfile'), 'utf8'), 'FROM 127.0.0.1:1/team/app:1\n');
    }));
});

describe('standard input', () => {
  test('is checked under a name, with the files around that name', () =>
    withFolder({ 'package-lock.json': '{"lockfileVersion": 3, "packages": {"": {}}}', 'package.json': '{}' }, async (folder) => {
      const run = await waybill(['check', '--stdin', '--stdin-filename', 'Dockerfile', '--format', 'json'], {
        cwd: folder,
        stdin: 'FROM scratch\nCOPY . .\nRUN npm install\n',
      });
      assert.deepEqual(
        json(run).findings.map(({ rule, severity, path: file }) => [rule, severity, file]),
        [['run/lockfile-ignored', 'warning', 'Dockerfile']],
      );
      const fixed = await waybill(['check', '--stdin', '--stdin-filename', 'Dockerfile', '--fix'], {
        cwd: folder,
        stdin: 'FROM scratch\nCOPY . .\nRUN npm install\n',
      });
      assert.equal(fixed.stdout, 'FROM scratch\nCOPY . .\nRUN npm ci\n');
      const unread = await waybill(['check', '--stdin', '--stdin-filename', 'x.txt'], { cwd: folder, stdin: '' });
      assert.equal(unread.status, 2);
    }));
});

describe('policy', () => {
  test('sets severities and silences findings, which are counted', () =>
    withFolder(
      {
        ...UNPINNED,
        'b/Dockerfile': 'FROM node:20\n',
        'policy.json':
          '{\n  // agreed on Monday\n  "version": 1, "rules": {"image/unpinned": "error"}, "ignore": [{"rule": "image/*", "path": "b/**", "reason": "built daily"}]\n}',
      },
      async (folder) => {
        const run = json(await waybill(['check', folder, '--policy', path.join(folder, 'policy.json'), '--format', 'json']));
        assert.deepEqual(
          run.findings.map(({ path: file, severity }) => [file, severity]),
          [['Dockerfile', 'error']],
        );
        assert.equal(run.summary.suppressed, 1);
      },
    ));

  test('a malformed one is refused with file, place and remedy', () =>
    withFolder(
      { ...UNPINNED, 'policy.json': '{"version": 1,\n "rules": {"image/unpined": "warn"}, "ignore": [{"rule": "image/latest"}]}' },
      async (folder) => {
        const { status, stderr } = await waybill(['check', '.', '--policy', 'policy.json'], { cwd: folder });
        assert.equal(status, 2);
        assert.match(stderr, /policy\.json:2:12: there is no rule "image\/unpined"; did you mean "image\/unpinned"\?/);
        assert.match(stderr, /policy\.json:2:29: the severity must be one of/);
        assert.match(stderr, /an ignore needs a "reason"/);
      },
    ));
});

test('offline, unknown is one item per file and source', () =>
  check(
    {
      '.github/workflows/a.yml':
        'on: push\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: a/b@v1\n      - uses: a/c@v1\n',
    },
    ['--format', 'json'],
    (run) => assert.deepEqual(json(run).unknown, [{ path: '.github/workflows/a.yml', subject: 'git-refs', why: 'offline', count: 2 }]),
  ));

test('fingerprints stay when lines move, and tell equal findings apart', async () => {
  const prints = async (text: string): Promise<string[]> => {
    let result: string[] = [];
    await check({ Dockerfile: text }, ['--format', 'json'], (run) => {
      result = json(run).findings.map(({ fingerprint }) => fingerprint);
    });
    return result;
  };
  const before = await prints('FROM node:20\nFROM node:20\n');
  assert.equal(new Set(before).size, 2);
  assert.deepEqual(await prints('# a comment\n\nFROM node:20\n\n\nFROM node:20\n'), before);
});

test('a reader that goes away is no error', () =>
  withFolder({}, async (folder) => {
    for (let i = 0; i < 50; i++) writeFiles(folder, { [`${i}/Dockerfile`]: 'FROM node:20\nFROM node\n'.repeat(20) });
    mkdirSync(path.join(folder, 'x'));
    const { spawnSync } = await import('node:child_process');
    const run = spawnSync('sh', ['-c', `"${process.execPath}" "${path.resolve('dist/cli.js')}" check "${folder}" | head -n 1`], {
      encoding: 'utf8',
    });
    assert.equal(run.stderr, '');
  }));
