import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TextDocumentEdit, WorkspaceEdit } from 'vscode-languageserver-protocol';
import { LineIndex } from '../../server/src/core/text.ts';
import { PIN_EVERYTHING, type PinAnswer } from '../../server/src/lsp/protocol.ts';
import { startGitServer } from '../sources/support/git-server.ts';
import { type NpmServer, startNpmServer } from '../sources/support/npm-server.ts';
import { startRegistry } from '../sources/support/registry.ts';
import { waybill } from '../support/cli.ts';
import { withFolder } from '../support/folder.ts';
import { Session, type SessionOptions, uriOf } from '../support/lsp-client.ts';

/** A workspace with everything that a pin may get wrong: quotes, comments, line ends, byte order marks, one name many times. */
function workspace(registryHost: string, shortCommit = 'abcdef0', commit = 'a'.repeat(40)): Record<string, string> {
  const image = `${registryHost}/team/app:1`;
  const steps = [
    `uses: actions/checkout@v4`,
    `uses: 'actions/checkout@v4.2.1' # keep me`,
    `uses: actions/setup-node@v1`,
    `run: npm install`,
  ];
  const workflow = `on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    container: "${image}"\n    steps:\n${steps.map((step) => `      - ${step}\n`).join('')}`;
  return {
    Dockerfile: `# syntax=${registryHost}/team/app:1\nFROM ${image} AS build\nRUN --mount=from=${image},target=/x true\nFROM scratch\nCOPY --from=${image} /a /b`,
    'windows/Dockerfile': `\ufeffFROM ${image}\r\nRUN true\r\n`,
    '.github/workflows/ci.yml': workflow,
    '.github/workflows/crlf.yml': workflow.replaceAll('\n', '\r\n'),
    '.github/workflows/forms.yml': `on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    services:\n      one:\n        image: '${image}' # one\n        ports: [80]\n      two: { image: ${image} }\n    steps:\n      - uses: docker://${image}\n      - uses: actions/checkout@main\n      - uses: actions/checkout@${shortCommit}\n      - uses: actions/checkout@${commit} # v4\n      - uses: actions/checkout@${commit}\n      - { uses: actions/checkout@v4, with: { path: x } }\n      - run: |\n          npm i -g tool@next\n          npx tool\n`,
    'forms/Dockerfile': `\ufeffFROM --platform=linux/amd64 ${image} AS b\r\nADD https://github.com/actions/checkout.git#v4.2.1 /src\r\nADD https://github.com/actions/checkout.git#main /src\r\nRUN ["npm", "i", "-g", "tool"]\r\nRUN npm i \\\r\n  # 🎉\r\n  -g "tool"`,
    'docker-action/action.yml': `name: a\nruns:\n  using: docker\n  image: docker://${image}\n`,
    'action/action.yml': `name: a\nruns:\n  using: composite\n  steps:\n    - uses: actions/checkout@v4\n`,
    'package.json': '{"name": "shop"}\n',
    'package-lock.json': '{"name": "shop", "lockfileVersion": 3, "packages": {"": {"name": "shop"}}}\n',
    'broken/Dockerfile': `FROM ${image} AS\nFROM "${image}\n`,
    'clean/Dockerfile': 'FROM scratch\n',
  };
}

/** A server that is stopped whatever becomes of the work. */
async function withServer(options: SessionOptions, work: (lsp: Session) => Promise<void>): Promise<void> {
  const lsp = await Session.start(options);
  try {
    await work(lsp);
  } finally {
    assert.equal(await lsp.stop(), 0);
  }
}

describe('pin everything', () => {
  let git: Awaited<ReturnType<typeof startGitServer>>;
  let registry: Awaited<ReturnType<typeof startRegistry>>;
  let npm: NpmServer;
  before(async () => {
    git = await startGitServer({
      'actions/checkout': { branches: { main: 'head' }, tags: { v4: { annotated: 'two', nested: 1 }, 'v4.2.1': 'one', 'v4.2.2': 'two' } },
      'actions/setup-node': { branches: { main: 'head' }, tags: { v2: 'one' } },
    });
    registry = await startRegistry({ 'team/app:1': { kind: 'index' } }, { auth: 'token' });
    npm = await startNpmServer({ tool: { versions: { '1.0.0': {}, '2.0.0-rc.1': {} }, tags: { latest: '1.0.0', next: '2.0.0-rc.1' } } });
  });
  after(async () => {
    await npm.close();
    await git.close();
    await registry.close();
  });

  const env = () => ({ GITHUB_SERVER_URL: git.url, NPM_CONFIG_REGISTRY: npm.registry });
  const pin = (lsp: Session) => lsp.connection.sendRequest<PinAnswer>(PIN_EVERYTHING, {});

  /** The files of a folder after the plan's edits, as an editor applies them. */
  function applied({ edit }: PinAnswer, folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
    const { documentChanges = [] } = edit as WorkspaceEdit;
    const result = { ...files };
    for (const change of documentChanges as TextDocumentEdit[]) {
      const name = Object.keys(files).find((file) => uriOf(folder, file) === change.textDocument.uri);
      assert.ok(name, `an edit of ${change.textDocument.uri}`);
      const text = files[name] ?? '';
      const lines = new LineIndex(text);
      const edits = change.edits.map((one) => {
        assert.ok('newText' in one);
        return { start: lines.offsetAt(one.range.start), end: lines.offsetAt(one.range.end), text: one.newText };
      });
      result[name] = edits
        .map((one, order) => ({ ...one, order }))
        .sort((a, b) => b.start - a.start || b.order - a.order)
        .reduce((sum, one) => sum.slice(0, one.start) + one.text + sum.slice(one.end), text);
    }
    return result;
  }

  test('plans what the command line does with --fix --online, byte for byte, and writes nothing', async () => {
    const commit = git.id('actions/checkout', 'two');
    const files = workspace(registry.host, git.id('actions/checkout', 'one').slice(0, 10), commit);
    const byCommand = await withFolder(files, async (folder) => {
      await waybill(['check', folder, '--fix', '--online'], { env: env() });
      return Object.fromEntries(Object.keys(files).map((file) => [file, readFileSync(path.join(folder, file), 'utf8')]));
    });
    for (const [file, text] of Object.entries(files)) {
      const isLeft = ['clean/Dockerfile', 'package.json', 'package-lock.json'].includes(file);
      assert.equal(byCommand[file] === text, isLeft, file);
    }
    const digest = registry.digest('team/app:1');
    assert.equal(
      byCommand['forms/Dockerfile'],
      files['forms/Dockerfile']
        ?.replaceAll('team/app:1', `team/app:1@${digest}`)
        .replace('#v4.2.1', `#${git.id('actions/checkout', 'one')}`)
        .replace('"-g", "tool"', '"-g", "tool@1.0.0"')
        .replace('-g "tool"', '-g "tool@1.0.0"'),
    );
    assert.equal(
      byCommand['.github/workflows/forms.yml'],
      files['.github/workflows/forms.yml']
        ?.replaceAll('team/app:1', `team/app:1@${digest}`)
        .replace(/@[0-9a-f]{10}\n/, `@${git.id('actions/checkout', 'one')} # v4.2.1\n`)
        .replace(`@${commit} # v4\n`, `@${commit} # v4.2.2\n`)
        .replace(`@${commit}\n`, `@${commit} # v4.2.2\n`)
        .replace('@v4, with: { path: x } }', `@${commit}, with: { path: x } } # v4.2.2`)
        .replace('tool@next', 'tool@2.0.0-rc.1'),
    );
    await withFolder(files, async (folder) => {
      await withServer({ folder, env: env(), initializationOptions: { trusted: true } }, async (lsp) => {
        const requests = git.requests.length;
        const answer = await pin(lsp);
        assert.deepEqual(applied(answer, folder, files), byCommand);
        const asked = git.requests.slice(requests).filter(({ command }) => command === 'ls-refs');
        assert.equal(asked.length, 2, 'one request for the refs of a repository however many references');
        for (const file of Object.keys(files))
          assert.equal(readFileSync(path.join(folder, file), 'utf8'), files[file], `${file} was written`);
        const { documentChanges = [], changeAnnotations = {} } = answer.edit as WorkspaceEdit;
        assert.equal(documentChanges.length, answer.files);
        assert.deepEqual(Object.keys(changeAnnotations).sort(), [
          'actions/comment-floating',
          'actions/short-sha',
          'actions/unpinned',
          'docker/add-git-unpinned',
          'image/frontend-unpinned',
          'image/unpinned',
          'run/adhoc-package',
          'run/lockfile-ignored',
        ]);
        assert.deepEqual(answer.problems, []);
      });
    });
  });

  test('plans for the text that is open, and names its version', async () => {
    const before = `FROM ${registry.host}/team/app:1\n`;
    await withFolder({ Dockerfile: 'FROM scratch\n' }, async (folder) => {
      await withServer({ folder, env: env(), initializationOptions: { trusted: true } }, async (lsp) => {
        const uri = uriOf(folder, 'Dockerfile');
        await lsp.open(uri, before, 'dockerfile');
        const answer = await pin(lsp);
        const { documentChanges = [] } = answer.edit as WorkspaceEdit;
        assert.deepEqual(
          documentChanges.map((change) => 'textDocument' in change && change.textDocument),
          [{ uri, version: 1 }],
        );
        assert.deepEqual(applied(answer, folder, { Dockerfile: before }), {
          Dockerfile: `FROM ${registry.host}/team/app:1@${registry.digest('team/app:1')}\n`,
        });
      });
    });
  });

  test('a file that lies in two open folders is planned once', async () => {
    const before = `FROM ${registry.host}/team/app:1\n`;
    await withFolder({ 'inner/Dockerfile': before }, async (folder) => {
      const folders = [folder, path.join(folder, 'inner')];
      await withServer({ folders, env: env(), initializationOptions: { trusted: true } }, async (lsp) => {
        const answer = await pin(lsp);
        assert.deepEqual({ fixes: answer.fixes, files: answer.files }, { fixes: 1, files: 1 });
      });
    });
  });

  test('with the network off nothing is looked up; what needs no look-up is planned', async () => {
    await withFolder(workspace(registry.host), async (folder) => {
      const requests = git.requests.length;
      await withServer({ folder, env: env(), settings: { network: 'off' }, initializationOptions: { trusted: true } }, async (lsp) => {
        const { edit, problems } = await pin(lsp);
        assert.deepEqual(Object.keys((edit as WorkspaceEdit).changeAnnotations ?? {}), ['run/lockfile-ignored']);
        assert.ok(problems.length > 0, 'what was not pinned is told');
        assert.equal(git.requests.length, requests);
      });
    });
  });
});
