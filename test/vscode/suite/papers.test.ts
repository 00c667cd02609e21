import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { type GitServer, startGitServer } from '../../sources/support/git-server.ts';
import { type NpmServer, startNpmServer } from '../../sources/support/npm-server.ts';
import { type Registry, startRegistry } from '../../sources/support/registry.ts';
import { actionsAt, applyAction, closeAll, fileUri, finding, openFile, placeOf, textOfHover, untilAsync } from './support.ts';

const STEPS = 'on: push\npermissions: {}\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n';
const uses = (...steps: string[]) => STEPS + steps.map((step) => `      - uses: ${step}\n`).join('');

describe('what was looked up', () => {
  let git: GitServer;
  let registry: Registry;
  let npm: NpmServer;
  const commit = (label: string) => git.id('actions/checkout', label);

  before(async () => {
    git = await startGitServer({
      'actions/checkout': { branches: { main: 'head' }, tags: { v4: 'two', 'v4.2.1': 'one', 'v4.2.2': 'two', 'v5.0.0': 'three' } },
    });
    registry = await startRegistry({ 'team/app:1': { kind: 'index', version: '1.2.3' } });
    const versions = { '1.0.0': { deprecated: 'use [other](https://npm.example.test)' }, '1.1.0': {} };
    npm = await startNpmServer({ 'left-pad': { versions, tags: { latest: '1.1.0' } } });
    // A server that runs already has another environment.
    process.env.GITHUB_SERVER_URL = git.url;
    await vscode.commands.executeCommand('waybill.restart');
  });
  after(() => Promise.all([git.close(), registry.close(), npm.close()]));
  afterEach(closeAll);

  it('is in the hover of an action', async () => {
    const document = await openFile('.github/workflows/hover.yml', uses('actions/checkout@v4'));
    const text = await textOfHover(document, 'checkout@v4', 'Stands for');
    assert.ok(text.includes(commit('two')), text);
    assert.match(text, /Version: `v4\.2\.2`/);
    assert.match(text, /Newest release: `v5\.0\.0/);
    assert.match(text, /\[actions\/unpinned\]\(/);
  });

  it('is in the hover of an image', async () => {
    const document = await openFile('papers/Dockerfile', `FROM ${registry.host}/team/app:1\n`);
    const text = await textOfHover(document, 'team/app', 'Digest today');
    assert.ok(text.includes(registry.digest('team/app:1')), text);
    assert.match(text, /Platforms: linux\\\/amd64, linux\\\/arm64/);
  });

  it("is in the hover of a package, from the project's registry, and is no markup", async () => {
    await vscode.workspace.fs.writeFile(fileUri('papers/.npmrc'), Buffer.from(`registry=${npm.registry}\n`));
    const document = await openFile('papers/package.json', '{ "dependencies": { "left-pad": "1.0.0" } }\n');
    const text = await textOfHover(document, 'left-pad', 'Newest release');
    assert.match(text, /Newest release: `1\.1\.0` of 2 versions/);
    assert.match(text, /Deprecated: yes, "use \\\[other\\\]/);
  });

  it('is beside a commit without a version, once it is known', async () => {
    const document = await openFile('.github/workflows/hint.yml', uses(`actions/checkout@${commit('one')}`));
    await textOfHover(document, commit('one'), '`v4.2.1`');
    const whole = new vscode.Range(0, 0, document.lineCount, 0);
    const hints = await untilAsync('a hint', async () => {
      const found = await vscode.commands.executeCommand<vscode.InlayHint[]>('vscode.executeInlayHintProvider', document.uri, whole);
      return found.length > 0 && found;
    });
    assert.deepEqual(hints.map(labelOf), ['v4.2.1']);
  });

  it('upgrades an action, and takes the pin away again, as refactorings', async () => {
    const document = await openFile('.github/workflows/upgrade.yml', uses(`actions/checkout@${commit('two')} # v4.2.2`));
    const at = placeOf(document, commit('two'));
    const { RefactorRewrite } = vscode.CodeActionKind;
    const offered = await untilAsync('refactorings', async () => {
      const found = await actionsAt(document.uri, at, RefactorRewrite);
      return found.length >= 3 && found;
    });
    assert.ok(
      offered.every(({ isPreferred }) => isPreferred !== true),
      'nobody gets one unasked',
    );
    await applyAction(offered, /^Upgrade to the newest release, of whatever age/);
    assert.equal(document.getText(), uses(`actions/checkout@${commit('three')} # v5.0.0`));
    const back = await untilAsync('the way back', async () => {
      const found = await actionsAt(document.uri, placeOf(document, commit('three')), RefactorRewrite);
      return found.some(({ title }) => title.startsWith('Follow v5.0.0 ')) && found;
    });
    await applyAction(back, /^Follow v5\.0\.0 /);
    assert.equal(document.getText(), uses('actions/checkout@v5.0.0'));
    await finding(document.uri, 'actions/unpinned');
  });

  it('is looked up again with Refresh Look-ups', async () => {
    const document = await openFile('.github/workflows/refresh.yml', uses('actions/checkout@v4'));
    await textOfHover(document, 'checkout@v4', commit('two'));
    git.move('actions/checkout', 'refs/tags/v4', 'three');
    await textOfHover(document, 'checkout@v4', commit('two'));
    const asked = git.requests.length;
    await vscode.commands.executeCommand('waybill.refreshLookUps');
    await textOfHover(document, 'checkout@v4', `Stands for: \`${commit('three')}`);
    assert.ok(git.requests.length > asked);
  });
});

function labelOf({ label }: vscode.InlayHint): string {
  return typeof label === 'string' ? label : label.map(({ value }) => value).join('');
}
