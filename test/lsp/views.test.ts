import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DocumentLink, InlayHint } from 'vscode-languageserver-protocol';
import { startGitServer } from '../sources/support/git-server.ts';
import { uriOf, withSession } from '../support/lsp-client.ts';

const steps = (...lines: string[]) =>
  `on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n${lines.map((line) => `      - ${line}\n`).join('')}`;

test('links lead to the code at the ref and to the page of an image, and never to an address that the document made up', () =>
  withSession({}, async (lsp, folder) => {
    const links = async (name: string, text: string) => {
      const uri = uriOf(folder, name);
      await lsp.open(uri, text);
      const found = await lsp.connection.sendRequest<DocumentLink[]>('textDocument/documentLink', { textDocument: { uri } });
      return found.map(({ target, range }) => [
        text.split('\n')[range.start.line]?.slice(range.start.character, range.end.character),
        target,
      ]);
    };
    const workflow = steps('uses: github/codeql-action/init@v3', 'uses: ./local', 'uses: "a/b@re f"', 'uses: o/r/sub@release/v1');
    assert.deepEqual(await links('.github/workflows/a.yml', workflow), [
      ['github/codeql-action/init', 'https://github.com/github/codeql-action/tree/v3/init'],
      ['o/r/sub', 'https://github.com/o/r/tree/release/v1/sub'],
    ]);
    const dockerfile = 'FROM node:20\nFROM team/app\nFROM ghcr.io/o/i:1\nFROM evil.example/x:1\nFROM quay.io/a/b:2 AS x\nFROM x\n';
    assert.deepEqual(await links('Dockerfile', dockerfile), [
      ['node:20', 'https://hub.docker.com/_/node'],
      ['team/app', 'https://hub.docker.com/r/team/app'],
      ['ghcr.io/o/i:1', 'https://ghcr.io/o/i'],
      ['quay.io/a/b:2', 'https://quay.io/repository/a/b'],
    ]);
  }));

test('the version stands beside a bare commit and a moving tag once it is known, and nothing is looked up for it', async () => {
  const git = await startGitServer({
    'actions/checkout': { branches: { main: 'head' }, tags: { v4: 'two', 'v4.2.2': { annotated: 'two' } } },
  });
  try {
    const options = { env: { GITHUB_SERVER_URL: git.url }, initializationOptions: { trusted: true } };
    await withSession(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, '.github/workflows/a.yml');
        const commit = git.id('actions/checkout', 'two');
        const text = steps(`uses: actions/checkout@${commit}`, `uses: actions/checkout@${commit} # v4.2.2`, 'uses: actions/checkout@v4');
        await lsp.open(uri, text);
        const whole = { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } };
        const hints = () => lsp.connection.sendRequest<InlayHint[]>('textDocument/inlayHint', { textDocument: { uri }, range: whole });
        assert.deepEqual(await hints(), []);
        assert.equal(git.requests.length, 0);
        const [pin] = await lsp.actions(uri, { start: { line: 8, character: 31 }, end: { line: 8, character: 31 } });
        assert.ok(pin);
        await lsp.resolve(pin);
        assert.deepEqual(
          (await hints()).map(({ label, position }) => [label, position]),
          [
            ['v4.2.2', { line: 6, character: 8 + `uses: actions/checkout@${commit}`.length }],
            ['v4.2.2', { line: 8, character: 8 + 'uses: actions/checkout@v4'.length }],
          ],
        );
        assert.equal(git.requests.length, 1);
        lsp.settings = { inlayHints: false };
        await lsp.connection.sendNotification('workspace/didChangeConfiguration', { settings: null });
        assert.equal(await hints(), null);
      },
      options,
    );
  } finally {
    await git.close();
  }
});
