import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { CodeAction, WorkspaceDiagnosticReport } from 'vscode-languageserver-protocol';
import { startGitServer } from '../sources/support/git-server.ts';
import { startRegistry } from '../sources/support/registry.ts';
import { afterAction, type Session, SIMPLE, withSession as session, uriOf } from '../support/lsp-client.ts';
import { until } from '../support/until.ts';

const WORKFLOW = `name: ci
on: push
permissions:
  contents: read
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4 # keep me
`;
const USES = { start: { line: 8, character: 32 }, end: { line: 8, character: 32 } };

describe('diagnostics by pull', () => {
  test('a finding has source, code, page, severity and an exact UTF-16 range', () =>
    session({}, async (lsp, folder) => {
      const uri = uriOf(folder, 'Dockerfile');
      await lsp.open(uri, '# 👷 builds\nFROM node:20\n', 'dockerfile');
      const [diagnostic, ...rest] = await lsp.diagnostics(uri);
      assert.equal(rest.length, 0);
      assert.deepEqual(diagnostic?.range, { start: { line: 1, character: 5 }, end: { line: 1, character: 12 } });
      assert.equal(diagnostic?.source, 'waybill');
      assert.equal(diagnostic?.code, 'image/unpinned');
      assert.equal(diagnostic?.severity, 2);
      assert.match(diagnostic?.codeDescription?.href ?? '', /\/rules\/image\/unpinned$/);
    }));

  test('the same diagnostics are reported as unchanged, other ones in full', () =>
    session({}, async (lsp, folder) => {
      const uri = uriOf(folder, 'Dockerfile');
      await lsp.open(uri, 'FROM node:20\n');
      const first = await lsp.pull(uri);
      assert.ok(first.kind === 'full' && first.resultId !== undefined);
      assert.equal((await lsp.pull(uri, first.resultId)).kind, 'unchanged');
      await lsp.change(uri, 2, { range: { start: { line: 0, character: 5 }, end: { line: 0, character: 12 } }, text: 'scratch' });
      const second = await lsp.pull(uri, first.resultId);
      assert.ok(second.kind === 'full');
      assert.deepEqual(second.items, []);
    }));

  test('documents are recognised by path whatever their language id, untitled ones by language id, others have none', () =>
    session({}, async (lsp, folder) => {
      const cases: [string, string, number][] = [
        [uriOf(folder, 'deploy/Containerfile'), 'plaintext', 1],
        [uriOf(folder, 'app.Dockerfile'), 'github-actions-workflow', 1],
        ['untitled:Untitled-1', 'dockerfile', 1],
        ['untitled:Untitled-2', 'markdown', 0],
        [uriOf(folder, 'notes.txt'), 'dockerfile', 0],
      ];
      for (const [uri, language, count] of cases) {
        await lsp.open(uri, 'FROM node:20\n', language);
        assert.equal((await lsp.diagnostics(uri)).length, count, uri);
      }
      const never = await lsp.pull(uriOf(folder, 'never-opened/Dockerfile'));
      assert.ok(never.kind === 'full' && never.items.length === 0);
    }));

  test('a cancelled request is answered as cancelled', () =>
    session({}, async (lsp, folder) => {
      const uri = uriOf(folder, 'Dockerfile');
      await lsp.open(uri, 'FROM node:20\n');
      const { CancellationTokenSource } = await import('vscode-jsonrpc/node');
      const source = new CancellationTokenSource();
      const asked = lsp.connection.sendRequest('textDocument/diagnostic', { textDocument: { uri } }, source.token);
      source.cancel();
      await assert.rejects(asked, { code: -32800 });
      assert.equal((await lsp.diagnostics(uri)).length, 1);
    }));

  test('what a lockfile says shows in the manifest once it is typed, also unsaved', () =>
    session({ 'package.json': '{"dependencies": {"left-pad": "^1.0.0"}}' }, async (lsp, folder) => {
      const uri = uriOf(folder, 'package.json');
      await lsp.open(uri, '{"dependencies": {"left-pad": "^1.0.0"}}', 'json');
      assert.deepEqual(
        (await lsp.diagnostics(uri)).map(({ code }) => code),
        ['npm/lockfile-missing'],
      );
      writeFileSync(path.join(folder, 'package-lock.json'), '{"lockfileVersion": 3, "packages": {}}');
      await lsp.connection.sendNotification('workspace/didChangeWatchedFiles', {
        changes: [{ uri: uriOf(folder, 'package-lock.json'), type: 1 }],
      });
      assert.deepEqual(
        (await lsp.diagnostics(uri)).map(({ code }) => code),
        ['npm/package-manager-unpinned'],
      );
    }));
});

describe('diagnostics by push', () => {
  test('a client that does not pull gets them pushed with their version, only the last of a burst, and cleared on close', () =>
    session(
      {},
      async (lsp, folder) => {
        assert.equal(lsp.initialized?.capabilities.diagnosticProvider, undefined);
        const uri = uriOf(folder, 'Dockerfile');
        await lsp.open(uri, 'FROM node:20\n');
        const first = await lsp.pushedLike((push) => push.uri === uri && push.diagnostics.length === 1);
        assert.equal(first.version, 1);
        for (let version = 2; version <= 11; version++) await lsp.change(uri, version, { text: `FROM node:${version}\n` });
        await lsp.pushedLike((push) => push.version === 11);
        assert.ok(lsp.pushed.length < 10, `pushed ${lsp.pushed.map(({ version }) => version)}`);
        await lsp.close(uri);
        await lsp.pushedLike((push) => push.uri === uri && push.diagnostics.length === 0);
      },
      { capabilities: SIMPLE },
    ));

  test('a client that pulls gets nothing pushed', () =>
    session({}, async (lsp, folder) => {
      const uri = uriOf(folder, 'Dockerfile');
      await lsp.open(uri, 'FROM node:20\n');
      await lsp.diagnostics(uri);
      await new Promise((resolve) => setTimeout(resolve, 400));
      assert.deepEqual(lsp.pushed, []);
    }));
});

describe('workspace diagnostics', () => {
  const ask = (lsp: Session, previousResultIds: unknown[] = []) =>
    lsp.connection.sendRequest<WorkspaceDiagnosticReport>('workspace/diagnostic', { previousResultIds });

  test('cover files that are not open, wait until something changes, and clear what is deleted', () =>
    session(
      { 'a/Dockerfile': 'FROM node:20\n', 'node_modules/x/Dockerfile': 'FROM node:20\n', 'b/Dockerfile': 'FROM scratch\n' },
      async (lsp, folder) => {
        const { items } = await ask(lsp);
        assert.deepEqual(
          items.map(({ uri, version, kind }) => [uri, version, kind]),
          [[uriOf(folder, 'a/Dockerfile'), null, 'full']],
        );
        const known = items.map(({ uri, resultId }) => ({ uri, value: resultId }));
        let answered = false;
        const parked = ask(lsp, known).then((report) => {
          answered = true;
          return report;
        });
        await new Promise((resolve) => setTimeout(resolve, 300));
        assert.equal(answered, false, 'it must wait while nothing changed');
        await lsp.open(uriOf(folder, 'b/Dockerfile'), 'FROM alpine:3\n');
        const second = await parked;
        assert.deepEqual(
          second.items.map(({ uri, version }) => [uri, version]),
          [[uriOf(folder, 'b/Dockerfile'), 1]],
        );
        rmSync(path.join(folder, 'a/Dockerfile'));
        await lsp.connection.sendNotification('workspace/didChangeWatchedFiles', {
          changes: [{ uri: uriOf(folder, 'a/Dockerfile'), type: 3 }],
        });
        const third = await ask(lsp, [...known, ...second.items.map(({ uri, resultId }) => ({ uri, value: resultId }))]);
        assert.deepEqual(
          third.items.map((item) => [item.uri, item.kind === 'full' ? item.items.length : undefined]),
          [[uriOf(folder, 'a/Dockerfile'), 0]],
        );
      },
    ));

  test('typing answers for the document alone and does not walk the disk', () =>
    session({ 'a/Dockerfile': 'FROM node:20\n', 'b/Dockerfile': 'FROM scratch\n' }, async (lsp, folder) => {
      const { items } = await ask(lsp);
      const known = items.map(({ uri, resultId }) => ({ uri, value: resultId }));
      const parked = ask(lsp, known);
      await lsp.open(uriOf(folder, 'b/Dockerfile'), 'FROM scratch\n');
      // Nobody tells of this file, so only a walk would find it.
      mkdirSync(path.join(folder, 'c'));
      writeFileSync(path.join(folder, 'c/Dockerfile'), 'FROM node:20\n');
      await lsp.change(uriOf(folder, 'b/Dockerfile'), 2, { text: 'FROM alpine:3\n' });
      const second = await parked;
      assert.deepEqual(
        second.items.map(({ uri, version }) => [uri, version]),
        [[uriOf(folder, 'b/Dockerfile'), 2]],
      );
      const third = ask(lsp, [...known, ...second.items.map(({ uri, resultId }) => ({ uri, value: resultId }))]);
      await lsp.close(uriOf(folder, 'b/Dockerfile'));
      assert.deepEqual(
        (await third).items.map((item) => [item.uri, item.version, item.kind === 'full' ? item.items.length : undefined]),
        [[uriOf(folder, 'b/Dockerfile'), null, 0]],
      );
    }));

  test('a waiting request does not keep others from being answered, and can be cancelled', () =>
    session({}, async (lsp, folder) => {
      const { CancellationTokenSource } = await import('vscode-jsonrpc/node');
      const source = new CancellationTokenSource();
      const parked = lsp.connection.sendRequest('workspace/diagnostic', { previousResultIds: [] }, source.token);
      const uri = uriOf(folder, 'Dockerfile');
      await lsp.open('untitled:Untitled-1', 'FROM node:20\n', 'dockerfile');
      assert.equal((await lsp.diagnostics('untitled:Untitled-1')).length, 1);
      assert.equal((await lsp.diagnostics(uri)).length, 0);
      source.cancel();
      await assert.rejects(parked, { code: -32800 });
    }));

  test('waybill/scanWorkspace reads the disk again and counts', () =>
    session({ 'a/Dockerfile': 'FROM node:20\n' }, async (lsp, folder) => {
      mkdirSync(path.join(folder, 'b'));
      writeFileSync(path.join(folder, 'b/Dockerfile'), 'FROM node\n');
      const counts = await lsp.connection.sendRequest('waybill/scanWorkspace');
      assert.deepEqual(counts, { files: 2, error: 0, warning: 2, info: 0, hint: 0, unknown: 0 });
    }));
});

describe('code actions', () => {
  let git: Awaited<ReturnType<typeof startGitServer>>;
  let registry: Awaited<ReturnType<typeof startRegistry>>;
  before(async () => {
    git = await startGitServer({
      'actions/checkout': { branches: { main: 'head' }, tags: { v4: { annotated: 'two' }, 'v4.2.1': 'one', 'v4.2.2': 'two' } },
    });
    registry = await startRegistry({ 'team/app:1': { kind: 'index' } });
  });
  after(async () => {
    await git.close();
    await registry.close();
  });
  const options = () => ({ env: { GITHUB_SERVER_URL: git.url }, initializationOptions: { trusted: true } });
  const pin = (actions: readonly CodeAction[]): CodeAction => {
    const found = actions.find(({ title }) => /pin/i.test(title));
    assert.ok(found, `no pin among: ${actions.map(({ title }) => title).join(', ')}`);
    return found;
  };

  test('an action that needs a look-up is listed at once without an edit; resolving looks it up and names the version', () =>
    session(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, '.github/workflows/ci.yml');
        await lsp.open(uri, WORKFLOW, 'yaml');
        const before = git.requests.length;
        const action = pin(await lsp.actions(uri, USES));
        assert.equal(action.edit, undefined);
        assert.equal(action.isPreferred, true);
        assert.equal(action.diagnostics?.[0]?.code, 'actions/unpinned');
        assert.equal(git.requests.length, before, 'the list must not look anything up');
        const resolved = await lsp.resolve(action);
        assert.deepEqual(
          resolved.edit?.documentChanges?.map((change) => ('textDocument' in change ? change.textDocument : undefined)),
          [{ uri, version: 1 }],
        );
        const commit = git.id('actions/checkout', 'two');
        assert.equal(afterAction(WORKFLOW, resolved), WORKFLOW.replace('@v4 # keep me', `@${commit} # v4.2.2 keep me`));
      },
      options(),
    ));

  test('an action whose document moved on is refused', () =>
    session(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, '.github/workflows/ci.yml');
        await lsp.open(uri, WORKFLOW, 'yaml');
        const action = pin(await lsp.actions(uri, USES));
        await lsp.change(uri, 2, { text: `# moved\n${WORKFLOW}` });
        await assert.rejects(lsp.resolve(action), { code: -32801 });
      },
      options(),
    ));

  test('a failed look-up leaves the document alone and is told', () =>
    session(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, '.github/workflows/ci.yml');
        await lsp.open(uri, WORKFLOW.replace('actions/checkout', 'actions/missing'), 'yaml');
        const resolved = await lsp.resolve(pin(await lsp.actions(uri, USES)));
        assert.equal(resolved.edit, undefined);
        assert.equal(lsp.shown.length, 1);
        assert.match(lsp.shown[0] ?? '', /^Waybill: /);
      },
      options(),
    ));

  test('an image is pinned at its end, from its own registry', () =>
    session(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, 'Dockerfile');
        const text = `FROM --platform=linux/amd64 ${registry.host}/team/app:1 AS build\n`;
        await lsp.open(uri, text, 'dockerfile');
        const resolved = await lsp.resolve(
          pin(await lsp.actions(uri, { start: { line: 0, character: 40 }, end: { line: 0, character: 40 } })),
        );
        assert.equal(afterAction(text, resolved), text.replace('app:1', `app:1@${registry.digest('team/app:1')}`));
      },
      options(),
    ));

  test('with the network off, what needs it is disabled with the reason', () =>
    session(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, '.github/workflows/ci.yml');
        await lsp.open(uri, WORKFLOW, 'yaml');
        assert.match(pin(await lsp.actions(uri, USES)).disabled?.reason ?? '', /network is off/);
        assert.deepEqual(await lsp.actions(uri, USES, { only: ['source.fixAll'], triggerKind: 1 }), []);
      },
      { ...options(), settings: { network: 'off' } },
    ));

  test('fix-all by hand looks up; on save it uses only what is known', () =>
    session(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, '.github/workflows/ci.yml');
        await lsp.open(uri, WORKFLOW, 'yaml');
        const whole = { start: { line: 0, character: 0 }, end: { line: 9, character: 0 } };
        const before = git.requests.length;
        assert.deepEqual(await lsp.actions(uri, whole, { only: ['source.fixAll'], triggerKind: 2 }), []);
        assert.equal(git.requests.length, before);
        const [byHand] = await lsp.actions(uri, whole, { only: ['source.fixAll.waybill'], triggerKind: 1 });
        assert.equal(byHand?.kind, 'source.fixAll.waybill');
        assert.ok(byHand);
        const expected = WORKFLOW.replace('@v4 # keep me', `@${git.id('actions/checkout', 'two')} # v4.2.2 keep me`);
        assert.equal(afterAction(WORKFLOW, await lsp.resolve(byHand)), expected);
        const [onSave] = await lsp.actions(uri, whole, { only: ['source.fixAll'], triggerKind: 2 });
        assert.ok(onSave);
        assert.equal(afterAction(WORKFLOW, onSave), expected);
        assert.deepEqual(
          (await lsp.actions(uri, whole, { only: ['refactor'] })).map(({ title }) => title.slice(0, 7)),
          ['Upgrade', 'Upgrade'],
        );
      },
      options(),
    ));

  test('a client that cannot resolve gets offline fixes only, with their edits', () =>
    session(
      { 'package-lock.json': '{"lockfileVersion": 3, "packages": {}}' },
      async (lsp, folder) => {
        const text = WORKFLOW.replace('uses: actions/checkout@v4 # keep me', 'run: npm install');
        const uri = uriOf(folder, '.github/workflows/ci.yml');
        await lsp.open(uri, text, 'yaml');
        const actions = await lsp.actions(uri, { start: { line: 8, character: 16 }, end: { line: 8, character: 16 } });
        assert.ok(actions.length > 0);
        for (const action of actions) assert.ok(action.edit, action.title);
        assert.equal(afterAction(text, actions[0] ?? assert.fail()), text.replace('npm install', 'npm ci'));
        await lsp.change(uri, 2, { text: WORKFLOW });
        assert.deepEqual(await lsp.actions(uri, USES), []);
      },
      { capabilities: SIMPLE },
    ));
});

describe('settings and trust', () => {
  test('a rule can be switched off and graded; a changed setting takes effect and is asked for again', () =>
    session(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, 'Dockerfile');
        await lsp.open(uri, 'FROM node:20\n');
        assert.deepEqual(await lsp.diagnostics(uri), []);
        // Reading the list of names would ask for a refresh of its own.
        lsp.settings = { rules: { 'image/unpinned': 'error', 'image/unpined': 'off', 'image/lookalike': 'off' } };
        await lsp.connection.sendNotification('workspace/didChangeConfiguration', { settings: null });
        const [diagnostic] = await lsp.diagnostics(uri);
        assert.equal(diagnostic?.severity, 1);
        await until('the changed setting is not asked for again', () => lsp.refreshes > 0);
        assert.ok(
          lsp.logged.some((line) => line.includes('did you mean "image/unpinned"')),
          lsp.logged.join('\n'),
        );
      },
      { settings: { rules: { 'image/*': 'off' } } },
    ));

  test('clients without workspace/configuration give settings in initializationOptions', () =>
    session(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, 'Dockerfile');
        await lsp.open(uri, 'FROM node:20\n');
        const push = await lsp.pushedLike((one) => one.uri === uri);
        assert.equal(push.diagnostics[0]?.severity, 4);
      },
      { capabilities: SIMPLE, initializationOptions: { rules: { 'image/unpinned': 'hint' } } },
    ));

  test('the policy file counts only once the workspace is trusted', () =>
    session(
      { 'policy.json': '{"version": 1, "ignore": [{"rule": "image/unpinned", "path": "Dockerfile", "reason": "rebuilt daily"}]}' },
      async (lsp, folder) => {
        const uri = uriOf(folder, 'Dockerfile');
        await lsp.open(uri, 'FROM node:20\n');
        assert.equal((await lsp.diagnostics(uri)).length, 1);
        await lsp.connection.sendNotification('waybill/didGrantTrust');
        assert.equal((await lsp.diagnostics(uri)).length, 0);
      },
      { settings: { policy: 'policy.json' } },
    ));

  test('an untrusted workspace gets no token sent anywhere', async () => {
    const git = await startGitServer({ 'actions/checkout': { branches: { main: 'head' }, tags: { v4: 'one' } } });
    try {
      for (const [trusted, expected] of [
        [false, false],
        [true, true],
      ] as const) {
        await session(
          {},
          async (lsp, folder) => {
            const uri = uriOf(folder, '.github/workflows/ci.yml');
            await lsp.open(uri, WORKFLOW, 'yaml');
            const [action] = await lsp.actions(uri, USES);
            assert.ok(action);
            await lsp.resolve(action);
            assert.equal(
              git.requests.some(({ authorization }) => authorization !== undefined),
              expected,
            );
          },
          { env: { GITHUB_SERVER_URL: git.url, GITHUB_TOKEN: 'token-of-the-test' }, initializationOptions: { trusted } },
        );
      }
    } finally {
      await git.close();
    }
  });
});

test('the token goes to the server of the environment, never to one that a setting names', async () => {
  const mine = await startGitServer({});
  const theirs = await startGitServer({ 'actions/checkout': { branches: { main: 'head' }, tags: { v4: 'one' } } });
  try {
    await session(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, '.github/workflows/ci.yml');
        await lsp.open(uri, WORKFLOW, 'yaml');
        const [action] = await lsp.actions(uri, USES);
        assert.ok(action);
        await lsp.resolve(action);
        assert.equal(theirs.requests.length, 1);
        assert.equal(theirs.requests[0]?.authorization, undefined);
      },
      {
        env: { GITHUB_SERVER_URL: mine.url, GITHUB_TOKEN: 'token-of-the-test' },
        initializationOptions: { trusted: true },
        settings: { github: { serverUrl: theirs.url } },
      },
    );
  } finally {
    await mine.close();
    await theirs.close();
  }
});

describe('hover', () => {
  test('shows the papers of an image and says what is unknown', () =>
    session({}, async (lsp, folder) => {
      const uri = uriOf(folder, 'Dockerfile');
      await lsp.open(uri, 'FROM ghcr.io/team/app:1 AS build\n');
      const hover = await lsp.hover(uri, 0, 10);
      const value =
        hover?.contents !== null && typeof hover?.contents === 'object' && 'value' in hover.contents ? hover.contents.value : '';
      assert.match(value, /\*\*Waybill\*\* `ghcr\.io\//);
      assert.match(value, /Provenance: unknown/);
      assert.match(value, /image\/unpinned/);
      assert.doesNotMatch(value, /\bsafe\b/);
      assert.equal(await lsp.hover(uri, 0, 28), null);
    }));

  test('text of the document cannot become markup', () =>
    session({}, async (lsp, folder) => {
      const uri = uriOf(folder, 'package.json');
      const text = '{"dependencies": {"a`[x](command:evil)<img src=x>": "* `](http://x)"}}';
      await lsp.open(uri, text, 'json');
      const hover = await lsp.hover(uri, 0, 25);
      const value = JSON.stringify(hover?.contents);
      assert.match(value, /a`\[x\]\(command:evil\)<img src=x>/, 'inside of a longer code span');
      assert.match(value, /``/);
    }));
});
