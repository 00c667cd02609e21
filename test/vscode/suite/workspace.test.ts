import assert from 'node:assert/strict';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { closeAll, fileUri, finding, noFinding, openFile, ours, ruleOf, until, untilAsync } from './support.ts';

const UNPINNED = 'FROM node:22-slim\n';

/** Writes a file below the open folder, or another one, without opening it. */
async function write(uri: vscode.Uri, text: string): Promise<void> {
  await mkdir(path.dirname(uri.fsPath), { recursive: true });
  await writeFile(uri.fsPath, text);
}

/** How long VS Code may take to tell of a file that was written, in ms, until it is written once more. */
const TOLD_MS = 8_000;

/**
 * Writes a file into a folder that is new, and waits for its finding. VS Code's watcher follows a new folder a moment after it
 * was made, and on a busy machine never tells of what was written into it before.
 */
async function appears(uri: vscode.Uri): Promise<void> {
  let writtenAt = Number.NEGATIVE_INFINITY;
  await untilAsync(`image/unpinned in ${uri.path}`, async () => {
    if (Date.now() - writtenAt > TOLD_MS) {
      await write(uri, UNPINNED);
      writtenAt = Date.now();
    }
    return ours(uri).some((diagnostic) => ruleOf(diagnostic) === 'image/unpinned');
  });
}

/** Waits until a file has no findings any more. */
function clean(uri: vscode.Uri): Promise<true> {
  return until(`no findings in ${uri.path}`, () => ours(uri).length === 0);
}

describe('files that are not open', () => {
  before(async () => {
    // The server starts with the first document.
    await openFile('moves/Dockerfile', UNPINNED);
    await finding(fileUri('moves/Dockerfile'), 'image/unpinned');
    await closeAll();
  });
  after(() => rm(fileUri('moves').fsPath, { recursive: true, force: true }));

  it('are found, followed on the disk and cleared when they are deleted', async () => {
    const uri = fileUri('moves/one/Dockerfile');
    await appears(uri);
    await write(uri, 'FROM alpine\n');
    await finding(uri, 'image/latest');
    await rm(uri.fsPath);
    await clean(uri);
  });

  it('take their findings along when they are renamed in the editor', async () => {
    const [from, to] = [fileUri('moves/two/Dockerfile'), fileUri('moves/two/app.Dockerfile')];
    await appears(from);
    const edit = new vscode.WorkspaceEdit();
    edit.renameFile(from, to);
    await vscode.workspace.applyEdit(edit);
    await finding(to, 'image/unpinned');
    await clean(from);
  });

  it('go with their folder, and come with it under its new name', async () => {
    const [from, to] = [fileUri('moves/three/Dockerfile'), fileUri('moves/four/Dockerfile')];
    await appears(from);
    await rename(fileUri('moves/three').fsPath, fileUri('moves/four').fsPath);
    await finding(to, 'image/unpinned');
    await clean(from);
    await rm(fileUri('moves/four').fsPath, { recursive: true });
    await clean(to);
  });
});

describe('two folders', () => {
  it('both count, each with its own settings, until one is removed', async () => {
    const second = fileUri('../second');
    const [one, two] = [fileUri('both/Dockerfile'), vscode.Uri.joinPath(second, 'Dockerfile')];
    await appears(one);
    await write(two, UNPINNED);
    const settings = vscode.Uri.joinPath(second, '.vscode/settings.json');
    await write(settings, '{ "waybill.rules": { "image/unpinned": "info" } }');
    const folders = () => vscode.workspace.workspaceFolders?.length;
    assert.ok(vscode.workspace.updateWorkspaceFolders(1, 0, { uri: second }));
    await until('two folders', () => folders() === 2);
    await finding(one, 'image/unpinned');
    await until('the second folder has its own severity', () =>
      ours(two).some(({ severity }) => severity === vscode.DiagnosticSeverity.Information),
    );
    assert.equal((await finding(one, 'image/unpinned')).severity, vscode.DiagnosticSeverity.Warning);
    assert.ok(vscode.workspace.updateWorkspaceFolders(1, 1));
    await until('one folder', () => folders() === 1);
    await clean(two);
    await finding(one, 'image/unpinned');
    await rm(second.fsPath, { recursive: true });
    await rm(fileUri('both').fsPath, { recursive: true });
  });
});

describe('settings', () => {
  afterEach(closeAll);

  it('take effect at once', async () => {
    const document = await openFile('settings/Dockerfile', UNPINNED);
    assert.equal((await finding(document.uri, 'image/unpinned')).severity, vscode.DiagnosticSeverity.Warning);
    const settings = () => vscode.workspace.getConfiguration('waybill');
    await settings().update('rules', { 'image/*': 'error' }, vscode.ConfigurationTarget.Workspace);
    await until('an error', () => ours(document.uri).some(({ severity }) => severity === vscode.DiagnosticSeverity.Error));
    await settings().update('rules', { 'image/*': 'off' }, vscode.ConfigurationTarget.Workspace);
    await noFinding(document.uri, 'image/unpinned');
    await settings().update('rules', undefined, vscode.ConfigurationTarget.Workspace);
    await finding(document.uri, 'image/unpinned');
  });
});
