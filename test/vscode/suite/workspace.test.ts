import assert from 'node:assert/strict';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { closeAll, fileUri, finding, noFinding, openFile, ours, until } from './support.ts';

const UNPINNED = 'FROM node:22-slim\n';

/** Writes a file below the open folder, or another one, without opening it. */
async function write(uri: vscode.Uri, text: string): Promise<void> {
  await mkdir(path.dirname(uri.fsPath), { recursive: true });
  await writeFile(uri.fsPath, text);
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
    await write(uri, UNPINNED);
    await finding(uri, 'image/unpinned');
    await write(uri, 'FROM alpine\n');
    await finding(uri, 'image/latest');
    await rm(uri.fsPath);
    await clean(uri);
  });

  it('take their findings along when they are renamed in the editor', async () => {
    const [from, to] = [fileUri('moves/two/Dockerfile'), fileUri('moves/two/app.Dockerfile')];
    await write(from, UNPINNED);
    await finding(from, 'image/unpinned');
    const edit = new vscode.WorkspaceEdit();
    edit.renameFile(from, to);
    await vscode.workspace.applyEdit(edit);
    await finding(to, 'image/unpinned');
    await clean(from);
  });

  it('go with their folder, and come with it under its new name', async () => {
    const [from, to] = [fileUri('moves/three/Dockerfile'), fileUri('moves/four/Dockerfile')];
    await write(from, UNPINNED);
    await finding(from, 'image/unpinned');
    await rename(fileUri('moves/three').fsPath, fileUri('moves/four').fsPath);
    await finding(to, 'image/unpinned');
    await clean(from);
    await rm(fileUri('moves/four').fsPath, { recursive: true });
    await clean(to);
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
