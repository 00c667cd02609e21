import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { CodeAction, Hover, InlayHint } from 'vscode-languageserver-protocol';
import { type GitServer, startGitServer } from '../sources/support/git-server.ts';
import { serve } from '../sources/support/loopback.ts';
import { waybill } from '../support/cli.ts';
import { withFolder } from '../support/folder.ts';
import { afterAction, type Session, uriOf, withSession } from '../support/lsp-client.ts';
import { until } from '../support/until.ts';

const FILE = '.github/workflows/ci.yml';
const HEAD = 'on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n';
const FIRST_LINE = 6;
const steps = (...lines: readonly string[]): string => HEAD + lines.map((line) => `      - uses: ${line}\n`).join('');
const at = (line: number) => ({ start: { line, character: 20 }, end: { line, character: 20 } });
const DAY_S = 24 * 60 * 60;
const nowS = Math.floor(Date.now() / 1000);

let git: GitServer;
before(async () => {
  git = await startGitServer(
    {
      'actions/checkout': {
        branches: { main: 'C9', v5: 'B5' },
        tags: {
          v4: { annotated: 'C2' },
          'v4.2.1': 'C1',
          'v4.2.2': 'C2',
          latest: 'C2',
          v5: 'C5',
          'v5.0.0': 'C5',
          'v5.0.1': { annotated: 'C6', at: nowS - 3600 },
        },
        dates: { C5: nowS - 30 * DAY_S, C6: nowS - 3600 },
        files: { C2: { 'action.yml': 'runs:\n  using: composite\n  steps:\n    - uses: a/b@v1\n' } },
        strays: ['fork'],
      },
      'hostile/names': { branches: { main: 'h' }, tags: { 'v1.0.0': 'h', 'x](evil)`<img>': 'h', 'x\u202ey': 'h' } },
      'org/private': { isPrivate: true },
    },
    { renames: { 'old/name': 'actions/checkout' } },
  );
});
after(() => git.close());

const C = (label: string): string => git.id('actions/checkout', label);
const options = (more: { trusted?: boolean; settings?: object } = {}) => ({
  env: { GITHUB_SERVER_URL: git.url },
  initializationOptions: { trusted: more.trusted ?? true },
  ...(more.settings === undefined ? {} : { settings: more.settings }),
});

const textOf = (hover: Hover | null): string =>
  hover !== null && typeof hover.contents === 'object' && 'value' in hover.contents ? hover.contents.value : '';

async function named(lsp: Session, uri: string, line: number, title: RegExp, only?: string[]): Promise<CodeAction> {
  const actions = await lsp.actions(uri, at(line), only === undefined ? {} : { only });
  const found = actions.find((action) => title.test(action.title));
  assert.ok(found, `no ${title} among: ${actions.map((action) => action.title).join(' | ')}`);
  return found;
}

describe('hover of an action', () => {
  test('looks its repository up, once, and shows commit, version, other tags, newest release and the time', () =>
    withSession(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, FILE);
        await lsp.open(uri, steps('actions/checkout@v4', `actions/checkout@${C('C9')}`, 'actions/checkout@v5', 'old/name@v4'));
        const before = git.requests.length;
        const value = textOf(await lsp.hover(uri, FIRST_LINE, 20));
        assert.match(value, new RegExp(`Stands for: \`${C('C2')}\``));
        assert.match(value, /Version: `v4.2.2`/);
        assert.match(value, /Other tags of the commit: `latest`/);
        assert.match(value, new RegExp(`Newest release: \`v5.0.1 ${C('C6')}\``));
        assert.match(value, /As of: \d{4}\\-\d\d\\-\d\d \d\d\\:\d\d UTC/);
        assert.doesNotMatch(value, /command:|\bsafe\b/);
        assert.match(textOf(await lsp.hover(uri, FIRST_LINE + 1, 20)), /Version: unknown/);
        assert.match(textOf(await lsp.hover(uri, FIRST_LINE + 2, 20)), new RegExp(`Tag: \`${C('C5')}\`[^]*Branch: \`${C('B5')}\``));
        assert.equal(git.requests.length - before, 1);
        assert.match(textOf(await lsp.hover(uri, FIRST_LINE + 3, 20)), /Moved to: `actions\/checkout`/);
      },
      options(),
    ));

  test('says why it does not know: not trusted, network off, not shown', async () => {
    const before = git.requests.length;
    for (const [more, why] of [
      [{ trusted: false }, /Tags: unknown \\\(untrusted\\: nothing is looked up/],
      [{ settings: { network: 'off' } }, /Tags: unknown \\\(offline\\: waybill\\.network is off/],
    ] as const) {
      await withSession(
        {},
        async (lsp, folder) => {
          const uri = uriOf(folder, FILE);
          await lsp.open(uri, steps('actions/checkout@v4', './x', 'a/b@c@d'));
          assert.match(textOf(await lsp.hover(uri, FIRST_LINE, 20)), why);
          assert.doesNotMatch(textOf(await lsp.hover(uri, FIRST_LINE + 2, 16)), /Tags/);
        },
        options(more),
      );
    }
    assert.equal(git.requests.length, before, 'nothing is sent');
    await withSession(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, FILE);
        await lsp.open(uri, steps('org/private@v4'));
        assert.match(textOf(await lsp.hover(uri, FIRST_LINE, 20)), /Tags: unknown \\\(denied\\: .*HTTP 401/);
      },
      options(),
    );
  });

  test('names from a repository cannot become markup', () =>
    withSession(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, FILE);
        await lsp.open(uri, steps('hostile/names@v1.0.0'));
        const value = textOf(await lsp.hover(uri, FIRST_LINE, 20));
        // In a code span that is longer than any run of backticks in it, and without the character that turns text around.
        assert.match(value, /Other tags of the commit: `` .*x\]\(evil\)`<img>.* ``/);
        assert.doesNotMatch(value, /\u202e/);
      },
      options(),
    ));

  test('a slow host is not waited for', async () => {
    const slow = await serve(() => {});
    try {
      await withSession(
        {},
        async (lsp, folder) => {
          const uri = uriOf(folder, FILE);
          await lsp.open(uri, steps('actions/checkout@v4'));
          assert.match(
            textOf(await lsp.hover(uri, FIRST_LINE, 20)),
            /^The look\\-up has not finished\\: point here again in a moment\\\.$[\s\S]*^- Tags: checking$/m,
          );
        },
        { ...options(), env: { GITHUB_SERVER_URL: slow.url } },
      );
    } finally {
      await slow.close();
    }
  });
});

describe('changes of an action', () => {
  test('unpinning writes the version of the comment back, without a look-up', () =>
    withSession(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, FILE);
        const before = git.requests.length;
        const cases = [
          [`actions/checkout@${C('C2')} # v4.2.2`, 'actions/checkout@v4.2.2'],
          [`'actions/checkout@${C('C2')}'   # tag=v4.2.2`, "'actions/checkout@v4.2.2'"],
          [`actions/checkout@${C('C2')} # v4.2.2 keep me`, 'actions/checkout@v4.2.2 # keep me'],
          [`actions/checkout@${C('C2')} # v4.2.2, for the submodules`, 'actions/checkout@v4.2.2 # for the submodules'],
          [`actions/checkout@${C('C2')} # v4.2.2 # zizmor: ignore[x]`, 'actions/checkout@v4.2.2 # zizmor: ignore[x]'],
          [`actions/checkout@${C('C2')} # ratchet:actions/checkout@v4`, 'actions/checkout@v4'],
        ] as const;
        const text = steps(...cases.map(([pinned]) => pinned));
        await lsp.open(uri, text);
        for (const [index, [pinned, unpinned]] of cases.entries()) {
          const action = await named(lsp, uri, FIRST_LINE + index, /^Follow .*check/, ['refactor']);
          assert.equal(action.kind, 'refactor.rewrite');
          assert.equal(action.isPreferred, undefined);
          assert.equal(afterAction(text, action), text.replace(`uses: ${pinned}\n`, `uses: ${unpinned}\n`));
        }
        assert.equal(git.requests.length, before);
      },
      options({ settings: { network: 'off' } }),
    ));

  test('there is nothing to go back to without a version', () =>
    withSession(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, FILE);
        await lsp.open(uri, steps(`actions/checkout@${C('C2')}`, `actions/checkout@${C('C2')} # keep me`, './x', 'docker://alpine:3'));
        for (let line = FIRST_LINE; line < FIRST_LINE + 4; line++) {
          const actions = await lsp.actions(uri, at(line), { only: ['refactor'] });
          assert.deepEqual(
            actions.filter(({ title }) => title.startsWith('Follow')),
            [],
          );
        }
      },
      options(),
    ));

  test('upgrading takes the newest release that is old enough, or the newest, and never an older one', () =>
    withSession(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, FILE);
        const text = steps(`actions/checkout@${C('C2')} # v4.2.2 keep me`, 'actions/checkout@v4', `actions/checkout@${C('C6')} # v5.0.1`);
        await lsp.open(uri, text);
        const before = git.requests.length;
        const seasoned = await named(lsp, uri, FIRST_LINE, /^Upgrade .*7 days/);
        assert.equal(seasoned.edit, undefined);
        assert.equal(git.requests.length, before, 'the list must not look anything up');
        assert.equal(afterAction(text, await lsp.resolve(seasoned)), text.replace(`${C('C2')} # v4.2.2 keep`, `${C('C5')} # v5.0.0 keep`));
        const newest = await named(lsp, uri, FIRST_LINE + 1, /^Upgrade .*whatever age/);
        assert.equal(afterAction(text, await lsp.resolve(newest)), text.replace('checkout@v4\n', `checkout@${C('C6')} # v5.0.1\n`));
        const older = await lsp.resolve(await named(lsp, uri, FIRST_LINE + 2, /^Upgrade .*7 days/));
        assert.equal(older.edit, undefined);
        assert.match(lsp.shown.at(-1) ?? '', /no newer release/);
      },
      options(),
    ));

  test('they are not offered beside every light bulb, and not without a network', () =>
    withSession(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, FILE);
        await lsp.open(uri, steps('actions/checkout@v4'));
        const automatic = await lsp.actions(uri, at(FIRST_LINE), { triggerKind: 2 });
        const invoked = await lsp.actions(uri, at(FIRST_LINE), { triggerKind: 1 });
        for (const actions of [automatic, invoked])
          assert.deepEqual(
            actions.filter(({ kind }) => kind === 'refactor.rewrite'),
            [],
          );
      },
      options({ settings: { network: 'off' } }),
    ));

  test('an upgrade whose document moved on is refused, and made-up data does no harm', () =>
    withSession(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, FILE);
        const text = steps('actions/checkout@v4');
        await lsp.open(uri, text);
        const action = await named(lsp, uri, FIRST_LINE, /^Upgrade .*whatever age/);
        for (const data of [
          { uri, version: 1, upgrade: 'newest', start: 1e9 },
          { uri, version: 1, upgrade: '__proto__', start: 0 },
        ]) {
          assert.equal((await lsp.resolve({ title: action.title, data })).edit, undefined);
        }
        await lsp.change(uri, 2, { text: `# moved\n${text}` });
        await assert.rejects(lsp.resolve(action), { code: -32801 });
      },
      options(),
    ));
});

describe('#62 several fixes in one document', () => {
  test('#62 two quick fixes of two lines do not touch the same text, and a second edit is made for the second version', () =>
    withSession(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, FILE);
        const text = steps('actions/checkout@v4', 'actions/checkout@v4.2.1');
        await lsp.open(uri, text);
        const first = await named(lsp, uri, FIRST_LINE, /^Pin to the commit/);
        const second = await named(lsp, uri, FIRST_LINE + 1, /^Pin to the commit/);
        const once = afterAction(text, await lsp.resolve(first));
        await lsp.change(uri, 2, { text: once });
        // What was offered for the first version is refused for the second one; asked again, it is right.
        await assert.rejects(lsp.resolve(second), { code: -32801 });
        const again = await named(lsp, uri, FIRST_LINE + 1, /^Pin to the commit/);
        assert.equal(
          afterAction(once, await lsp.resolve(again)),
          steps(`actions/checkout@${C('C2')} # v4.2.2`, `actions/checkout@${C('C1')} # v4.2.1`),
        );
      },
      options(),
    ));

  test('fix-all and the command line write the same bytes', async () => {
    const text = steps(
      'actions//checkout@v4 # keep me',
      "'actions/checkout@v4.2.1'",
      `actions/checkout@${C('refs/tags/v4')} # v4`,
      `actions/checkout@${C('C1')} # v4.2.2`,
      `actions/checkout@${C('C2')}`,
      'actions/checkout@main',
      'actions/checkout@v5',
      `actions/checkout@${C('fork')} # v4.2.2`,
    ).replaceAll('\n', '\r\n');
    const expected = steps(
      `actions/checkout@${C('C2')} # v4.2.2 keep me`,
      `'actions/checkout@${C('C1')}' # v4.2.1`,
      `actions/checkout@${C('C2')} # v4.2.2`,
      `actions/checkout@${C('C1')} # v4.2.1`,
      `actions/checkout@${C('C2')} # v4.2.2`,
      'actions/checkout@main',
      'actions/checkout@v5',
      `actions/checkout@${C('fork')} # v4.2.2`,
    ).replaceAll('\n', '\r\n');
    await withFolder({ [FILE]: text }, async (folder) => {
      const run = await waybill(['check', '--fix', '--online', '--stdin', '--stdin-filename', FILE], {
        cwd: folder,
        stdin: text,
        env: { GITHUB_SERVER_URL: git.url },
      });
      assert.equal(run.stdout, expected, run.stderr);
    });
    await withSession(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, FILE);
        await lsp.open(uri, text);
        // In the background mode the facts come by themselves: refresh follows refresh until nothing is missing.
        const codes = async (): Promise<unknown[]> => (await lsp.diagnostics(uri)).map(({ code }) => code);
        const awaited = [
          'obscured-path',
          'tag-object',
          'comment-mismatch',
          'comment-floating',
          'ref-ambiguous',
          'branch-ref',
          'commit-unknown',
          'transitive-unpinned',
        ].map((name) => `actions/${name}`);
        let found: unknown[] = [];
        await until(
          () => `not all of ${awaited.join(', ')} are among ${found.join(', ')}`,
          async () => {
            found = await codes();
            return awaited.every((rule) => found.includes(rule));
          },
        );
        const [action] = await lsp.actions(
          uri,
          { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } },
          { only: ['source.fixAll.waybill'], triggerKind: 1 },
        );
        assert.ok(action);
        assert.equal(afterAction(text, action.edit === undefined ? await lsp.resolve(action) : action), expected);
      },
      options({ settings: { network: 'background' } }),
    );
  });
});

test('a tag that moves has its version beside it once that is known', () =>
  withSession(
    {},
    async (lsp, folder) => {
      const uri = uriOf(folder, FILE);
      await lsp.open(uri, steps('actions/checkout@v4', 'actions/checkout@v4.2.1', 'actions/checkout@main', 'actions/checkout@v5'));
      const hints = () =>
        lsp.connection.sendRequest<InlayHint[]>('textDocument/inlayHint', {
          textDocument: { uri },
          range: { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } },
        });
      assert.deepEqual(await hints(), []);
      await lsp.hover(uri, FIRST_LINE, 20);
      assert.deepEqual(
        (await hints()).map(({ label, position }) => [label, position.line]),
        [['v4.2.2', FIRST_LINE]],
      );
    },
    options(),
  ));
