import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { type GitServer, startGitServer } from '../../sources/support/git-server.ts';
import { type Registry, startRegistry } from '../../sources/support/registry.ts';
import { actionsAt, applyAction, closeAll, fileUri, finding, noFinding, onDisk, openFile, ours, ruleOf, until } from './support.ts';

const { QuickFix, SourceFixAll } = vscode.CodeActionKind;
const workflow = (step: string) =>
  `on: push\npermissions:\n  contents: read\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - ${step}\n`;

describe('in the editor', () => {
  let git: GitServer;
  let registry: Registry;

  before(async () => {
    git = await startGitServer({
      'actions/checkout': { branches: { main: 'head' }, tags: { v4: { annotated: 'two' }, 'v4.2.1': 'one', 'v4.2.2': 'two' } },
    });
    registry = await startRegistry({ 'team/app:1': { kind: 'index' } });
    // A server that runs already has another environment.
    process.env.GITHUB_SERVER_URL = git.url;
    await vscode.commands.executeCommand('waybill.restart');
  });
  after(async () => {
    await git.close();
    await registry.close();
  });
  afterEach(closeAll);

  it('squiggles under exactly the image, with a link to the rule', async () => {
    const document = await openFile('case-1/Dockerfile', '# 👷\nFROM --platform=$BUILDPLATFORM node:22-slim AS build\n');
    const diagnostic = await finding(document.uri, 'image/unpinned');
    assert.equal(document.getText(diagnostic.range), 'node:22-slim');
    assert.equal(diagnostic.severity, vscode.DiagnosticSeverity.Warning);
    assert.ok(typeof diagnostic.code === 'object' && diagnostic.code.target.path.endsWith('/rules/image/unpinned'));
  });

  it('follows what is typed', async () => {
    const document = await openFile('case-2/Dockerfile', 'FROM node:22-slim\n');
    await finding(document.uri, 'image/unpinned');
    const edit = new vscode.WorkspaceEdit();
    edit.replace(document.uri, new vscode.Range(0, 5, 0, 17), 'scratch');
    await vscode.workspace.applyEdit(edit);
    await noFinding(document.uri, 'image/unpinned');
  });

  it('shows the papers on hover', async () => {
    const document = await openFile('case-3/Dockerfile', 'FROM node:22-slim\n');
    await finding(document.uri, 'image/unpinned');
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      document.uri,
      new vscode.Position(0, 8),
    );
    const texts = hovers.flatMap(({ contents }) => contents.map((content) => (typeof content === 'string' ? content : content.value)));
    assert.ok(
      texts.some((text) => text.includes('Provenance: unknown') && text.includes('library/node')),
      texts.join('\n---\n'),
    );
    // No text of a registry can become a link to a command, and none is HTML.
    const own = hovers.flatMap(({ contents }) => contents.flatMap((one) => (typeof one === 'object' && 'isTrusted' in one ? [one] : [])));
    for (const { isTrusted, supportHtml, value } of own.filter(({ value }) => value.includes('Waybill'))) {
      assert.ok(!isTrusted, value);
      assert.ok(!supportHtml, value);
    }
  });

  it('pins an action with one quick fix, and saves it', async () => {
    const name = '.github/workflows/pin.yml';
    const document = await openFile(name, workflow('uses: actions/checkout@v4 # keep me'));
    const diagnostic = await finding(document.uri, 'actions/unpinned');
    assert.equal(document.getText(diagnostic.range), 'v4');
    await applyAction(await actionsAt(document.uri, diagnostic.range, QuickFix), /pin/i);
    await noFinding(document.uri, 'actions/unpinned');
    assert.ok(await document.save());
    assert.equal(await onDisk(name), workflow(`uses: actions/checkout@${git.id('actions/checkout', 'two')} # v4.2.2 keep me`));
  });

  it('pins an image with one quick fix', async () => {
    const image = `${registry.host}/team/app:1`;
    const document = await openFile('case-4/Dockerfile', `FROM ${image} AS app\n`);
    const diagnostic = await finding(document.uri, 'image/unpinned');
    await applyAction(await actionsAt(document.uri, diagnostic.range, QuickFix), /pin/i);
    assert.equal(document.getText(), `FROM ${image}@${registry.digest('team/app:1')} AS app\n`);
  });

  it('fixes all that is safe at once', async () => {
    const document = await openFile(
      '.github/workflows/all.yml',
      `${workflow('uses: actions/checkout@v4')}      - uses: actions/checkout@v4.2.1\n`,
    );
    await finding(document.uri, 'actions/unpinned');
    const whole = new vscode.Range(0, 0, document.lineCount, 0);
    await applyAction(await actionsAt(document.uri, whole, SourceFixAll.append('waybill')), /safe fixes/);
    const id = (label: string) => git.id('actions/checkout', label);
    assert.equal(
      document.getText(),
      `${workflow(`uses: actions/checkout@${id('two')} # v4.2.2`)}      - uses: actions/checkout@${id('one')} # v4.2.1\n`,
    );
    await noFinding(document.uri, 'actions/unpinned');
  });

  it('pins everything through the refactor preview', async () => {
    const image = `${registry.host}/team/app:1`;
    const first = await openFile('.github/workflows/every.yml', workflow('uses: actions/checkout@v4'));
    await vscode.workspace.fs.writeFile(fileUri('case-pin/Dockerfile'), Buffer.from(`FROM ${image}\n`));
    await inPreview('refactorPreview.discard');
    assert.ok(first.getText().includes('actions/checkout@v4\n'), 'nothing may change without the preview being applied');
    await inPreview('refactorPreview.apply');
    const commit = git.id('actions/checkout', 'two');
    await until('the workflow is pinned', () => first.getText().includes(`actions/checkout@${commit} # v4.2.2\n`));
    const dockerfile = await vscode.workspace.openTextDocument(fileUri('case-pin/Dockerfile'));
    assert.equal(dockerfile.getText(), `FROM ${image}@${registry.digest('team/app:1')}\n`);
    await vscode.workspace.saveAll();
  });

  it('turns npm install into npm ci where there is a lockfile', async () => {
    await vscode.workspace.fs.writeFile(fileUri('package-lock.json'), Buffer.from('{"lockfileVersion": 3, "packages": {"": {}}}'));
    const document = await openFile('.github/workflows/install.yml', workflow('run: npm install'));
    const diagnostic = await finding(document.uri, 'run/lockfile-ignored');
    assert.equal(document.getText(diagnostic.range), 'npm install');
    await applyAction(await actionsAt(document.uri, diagnostic.range, QuickFix), /npm ci/);
    assert.equal(document.getText(), workflow('run: npm ci'));
    await vscode.workspace.fs.delete(fileUri('package-lock.json'));
  });

  it('reads a workflow whatever its language id is', async () => {
    const document = await openFile('.github/workflows/foreign.yml', workflow('uses: actions/checkout@main'));
    await vscode.languages.setTextDocumentLanguage(document, 'plaintext');
    const diagnostic = await finding(document.uri, 'actions/branch-ref');
    assert.equal(document.getText(diagnostic.range), 'main');
  });

  it('reads an untitled Dockerfile, and forgets it when it is closed', async () => {
    const document = await vscode.workspace.openTextDocument({ language: 'dockerfile', content: 'FROM node\n' });
    await vscode.window.showTextDocument(document);
    await finding(document.uri, 'image/latest');
    await closeAll();
    await until('the diagnostics of a closed document are gone', () => ours(document.uri).length === 0);
  });

  it('keeps to what is there while a document is broken', async () => {
    const document = await openFile('broken/package.json', '{\n  "dependencies": {\n    "left-pad": "*",\n    "semver": \n');
    assert.equal(document.getText((await finding(document.uri, 'npm/floating-range')).range), '*');
    await finding(document.uri, 'file/unreadable');
  });
});

describe('commands', () => {
  afterEach(closeAll);

  it('scan the workspace finds what is not open', async () => {
    await vscode.workspace.fs.writeFile(fileUri('deploy/Dockerfile'), Buffer.from('FROM alpine\n'));
    await vscode.commands.executeCommand('waybill.scanWorkspace');
    await finding(fileUri('deploy/Dockerfile'), 'image/latest');
    await vscode.workspace.fs.delete(fileUri('deploy/Dockerfile'));
    await until('a deleted file has no diagnostics', () => ours(fileUri('deploy/Dockerfile')).length === 0);
  });

  it('explain opens the page that came with the extension', async () => {
    await vscode.commands.executeCommand('waybill.explainRule', 'image/unpinned');
    await until('a preview of the page', () =>
      vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).find(({ label }) => label.includes('unpinned')),
    );
  });

  it('disable writes the setting and leaves others alone', async () => {
    const document = await openFile('case-5/Dockerfile', 'FROM node:22-slim\n');
    await finding(document.uri, 'image/unpinned');
    const settings = () => vscode.workspace.getConfiguration('waybill');
    await settings().update('rules', { 'run/*': 'info' }, vscode.ConfigurationTarget.Workspace);
    await vscode.commands.executeCommand('waybill.disableRule', 'image/unpinned');
    assert.deepEqual(settings().get('rules'), { 'run/*': 'info', 'image/unpinned': 'off' });
    await noFinding(document.uri, 'image/unpinned');
    await settings().update('rules', undefined, vscode.ConfigurationTarget.Workspace);
    await finding(document.uri, 'image/unpinned');
  });

  it('restart brings the server back', async () => {
    const document = await openFile('case-6/Dockerfile', 'FROM node:22-slim\n');
    await finding(document.uri, 'image/unpinned');
    await vscode.commands.executeCommand('waybill.restart');
    await finding(document.uri, 'image/unpinned');
    assert.ok(ours(document.uri).every((diagnostic) => ruleOf(diagnostic) !== ''));
  });
});

/** Pins everything and answers the refactor preview, as soon as it is there, with a command of VS Code's own. */
async function inPreview(answer: string): Promise<void> {
  let answered = false;
  const done = vscode.commands.executeCommand('waybill.pinEverything').then(() => {
    answered = true;
  });
  await until(`the preview takes ${answer}`, () => {
    // Until the preview is open there is nothing that would answer.
    vscode.commands.executeCommand(answer).then(undefined, () => undefined);
    return answered;
  });
  await done;
}
