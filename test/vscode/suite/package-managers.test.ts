import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, afterEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { closeAll, fileUri, finding, openFile, ours, ruleOf, statusLike, textOfHover, until, untilAsync } from './support.ts';

describe('settings of package managers', () => {
  afterEach(closeAll);

  it("are explained on hover, in people's units", async () => {
    const workspace = await openFile('pm/pnpm-workspace.yaml', 'packages:\n  - "."\nminimumReleaseAge: 10080\n');
    const minutes = await textOfHover(workspace, 'minimumReleaseAge', 'minimumReleaseAge');
    assert.match(minutes, /10,080 minutes \\?= 7 days/);
    assert.match(minutes, /\[pnpm\S*\]\(https:\/\/pnpm\S*\)/);
    const npmrc = await openFile('pm-npm/.npmrc', 'min-release-age=7\nignore-scripts=true\n');
    assert.match(await textOfHover(npmrc, 'min-release-age', 'min-release-age'), /7 days/);
    assert.match(await textOfHover(npmrc, 'ignore-scripts', 'ignore-scripts'), /Does: .*scripts/);
  });

  it('of Bun are checked', async () => {
    const document = await openFile('pm-bun/bunfig.toml', '[install]\nregistry = "http://npm.example.test/"\n');
    const { range } = await finding(document.uri, 'config/insecure-transport');
    assert.match(document.getText(range), /^"?http:/);
  });

  it('in a .dockerignore are read without a word', async () => {
    const document = await openFile('pm-ignore/.dockerignore', '# nothing\nnode_modules\n!*.md\n[a-\n');
    await statusLike(/^Waybill: no findings/);
    assert.deepEqual(ours(document.uri).map(ruleOf), []);
  });
});

const HASH = `sha512-${'A'.repeat(86)}==`;

/** A lockfile of npm with packages by name. */
function lockfile(packages: Readonly<Record<string, string>>, host: string): string {
  const entries = Object.entries(packages).map(([name, version]) => [
    `node_modules/${name}`,
    { version, resolved: `https://${host}/${name}/-/${name}-${version}.tgz`, integrity: HASH },
  ]);
  return `${JSON.stringify({ name: 'x', lockfileVersion: 3, packages: Object.fromEntries([['', {}], ...entries]) }, null, 2)}\n`;
}

/** Makes the folder a repository of Git's with everything in it committed, and gives the commit. */
function commitAll(folder: string): string {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@example.test', ...args], { env, encoding: 'utf8' }).trim();
  git('init', '-q');
  git('add', '-A');
  git('commit', '-q', '-m', 'x');
  return git('rev-parse', 'HEAD');
}

describe('a lockfile under git', () => {
  const folder = fileUri('repository');
  after(() => vscode.workspace.fs.delete(folder, { recursive: true }));
  afterEach(closeAll);

  it('shows what it brings in, over its first line and as a page', async () => {
    const name = 'repository/package-lock.json';
    const settings = () => vscode.workspace.getConfiguration('waybill');
    await vscode.workspace.fs.writeFile(fileUri(name), Buffer.from(lockfile({ a: '1.0.0', b: '1.0.0' }, 'npm.example.test')));
    const commit = commitAll(folder.fsPath);
    await settings().update('codeLens', true, vscode.ConfigurationTarget.Workspace);
    const document = await openFile(name, lockfile({ a: '2.0.0', b: '1.0.0', left_pad: '1.0.0' }, 'other.example.test'));
    const [lens] = await untilAsync('a code lens', async () => {
      const found = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri, 10);
      return found.length > 0 && found;
    });
    const command = lens?.command;
    assert.match(command?.title ?? '', new RegExp(`^Since ${commit.slice(0, 7)}: .*1 new host.*1 package added`));
    assert.equal(lens?.range.start.line, 0);
    await vscode.commands.executeCommand(command?.command ?? '', ...(command?.arguments ?? []));
    await until('the page', () =>
      vscode.window.tabGroups.all
        .flatMap(({ tabs }) => tabs)
        .find(({ label }) => /package-lock\.json/.test(label) && label !== 'package-lock.json'),
    );
    const page = vscode.Uri.from({ scheme: 'waybill-page', path: `${document.uri.path}.md` });
    const shown = (await vscode.workspace.openTextDocument(page)).getText();
    assert.match(shown, /^# What .* brings in$/m);
    assert.match(shown, /^- left\\_pad 1\\\.0\\\.0$/m);
    await settings().update('codeLens', undefined, vscode.ConfigurationTarget.Workspace);
  });
});
