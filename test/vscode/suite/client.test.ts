import assert from 'node:assert/strict';
import { ChildProcess } from 'node:child_process';
import { after, afterEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import type { WaybillApi } from '../../../client/src/activation.ts';
import { closeAll, fileUri, finding, noFinding, onDisk, openFile, ours, statusLike, until } from './support.ts';

/** What the status item shows. */
async function status(): Promise<WaybillApi['status']> {
  const extension = vscode.extensions.getExtension<WaybillApi>('waybill.waybill');
  assert.ok(extension);
  return (await extension.activate()).status;
}

/** The language server's process: a child of the extension host, in which this suite runs. */
function serverProcess(): ChildProcess | undefined {
  assert.ok('_getActiveHandles' in process && typeof process._getActiveHandles === 'function');
  const handles: unknown[] = process._getActiveHandles();
  return handles.find(
    (handle): handle is ChildProcess =>
      handle instanceof ChildProcess && handle.exitCode === null && handle.spawnargs.some((arg) => /dist[\\/]server\.js$/.test(arg)),
  );
}

describe('the status item', () => {
  afterEach(closeAll);

  it('counts what was found and what is unknown, and follows the document', async () => {
    const document = await openFile('status/Dockerfile', 'FROM node:22-slim\nFROM node:latest\n');
    await finding(document.uri, 'image/unpinned');
    const shown = await statusLike(/^Waybill: 2 warnings/);
    assert.equal(shown.action, 'showProblems');
    const edit = new vscode.WorkspaceEdit();
    edit.replace(document.uri, new vscode.Range(0, 0, 2, 0), 'FROM scratch\n');
    await vscode.workspace.applyEdit(edit);
    await statusLike(/^Waybill: no findings/);
    await openFile('status/package.json', '{\n  "dependencies": {\n    "left-pad": "1.3.0",\n    "semver": \n');
    await statusLike(/ · \d+ unknown: .*\bunreadable$/);
  });
});

describe('a document that is no file', () => {
  afterEach(closeAll);

  it('has no findings: what Git shows of an older version is history', async () => {
    const provider = vscode.workspace.registerTextDocumentContentProvider('old', { provideTextDocumentContent: () => 'FROM node\n' });
    const old = await vscode.workspace.openTextDocument(vscode.Uri.parse('old:/history/Dockerfile'));
    await vscode.window.showTextDocument(old);
    const now = await openFile('history/Dockerfile', 'FROM node\n');
    await vscode.commands.executeCommand('vscode.diff', old.uri, now.uri);
    await finding(now.uri, 'image/latest');
    await until('the diff', () => vscode.window.visibleTextEditors.some(({ document }) => document === old));
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.deepEqual(ours(old.uri), []);
    provider.dispose();
  });
});

describe('a server that crashes', () => {
  afterEach(closeAll);

  it('is started again without a word, and goes on where it was', async () => {
    const document = await openFile('crash/Dockerfile', 'FROM node:22-slim\n');
    await finding(document.uri, 'image/unpinned');
    const first = serverProcess();
    assert.ok(first, 'the server runs as a child of the extension host');
    first.kill('SIGKILL');
    const second = await until('another server', () => {
      const now = serverProcess();
      return now !== first && now;
    });
    assert.notEqual(second.pid, first.pid);
    const edit = new vscode.WorkspaceEdit();
    edit.replace(document.uri, new vscode.Range(0, 5, 0, 17), 'scratch');
    await vscode.workspace.applyEdit(edit);
    await noFinding(document.uri, 'image/unpinned');
    await statusLike(/^Waybill: no findings$/);
  });

  it('is given up when it crashes over and over, and says so; Restart brings it back', async () => {
    // Crashes before this test do not count.
    await vscode.commands.executeCommand('waybill.restart');
    const document = await openFile('crash/Dockerfile', 'FROM node:22-slim\n');
    const { showErrorMessage } = vscode.window;
    const told: string[] = [];
    const tell = async (message: string) => {
      told.push(message);
      return undefined;
    };
    Object.assign(vscode.window, { showErrorMessage: tell });
    try {
      let last: ChildProcess | undefined;
      for (let crash = 0; crash < 5; crash++) {
        await finding(document.uri, 'image/unpinned');
        last = await until('a server that runs', () => {
          const now = serverProcess();
          return now !== last && now;
        });
        await statusLike(/^Waybill: 1 warning/);
        last.kill('SIGKILL');
        await until('its end', () => serverProcess() !== last);
      }
      const shown = await statusLike(/does not run/);
      assert.equal(shown.action, 'restart');
      assert.equal(told.length, 1, told.join('\n'));
      assert.match(told[0] ?? '', /ended 5 times/);
      assert.equal(serverProcess(), undefined);
    } finally {
      Object.assign(vscode.window, { showErrorMessage });
    }
    await vscode.commands.executeCommand('waybill.restart');
    await statusLike(/^Waybill: 1 warning/);
    assert.equal((await status()).severity, 'information');
  });
});

describe('recommend to the team', () => {
  const NAME = '.vscode/extensions.json';
  const recommend = () => vscode.commands.executeCommand('waybill.recommendToTeam');
  afterEach(closeAll);
  after(() => vscode.workspace.fs.delete(fileUri(NAME)));

  /** Gives the file a text, also in VS Code's memory, where it may still be. */
  const given = async (text: string) => {
    await vscode.workspace.fs.writeFile(fileUri(NAME), Buffer.from(text));
    const document = await vscode.workspace.openTextDocument(fileUri(NAME));
    await until('VS Code reads the file again', () => document.getText() === text);
    return document;
  };

  it('creates the file, shows it, and does nothing the second time', async () => {
    await recommend();
    assert.equal(vscode.window.activeTextEditor?.document.uri.path, fileUri(NAME).path);
    const text = '{\n  "recommendations": [\n    "waybill.waybill"\n  ]\n}\n';
    assert.equal(await onDisk(NAME), text);
    await recommend();
    assert.equal(await onDisk(NAME), text);
  });

  it('adds one line to a file with comments and CRLF', async () => {
    await given('{\r\n\t"recommendations": [\r\n\t\t"a.b" // formats\r\n\t]\r\n}\r\n');
    await recommend();
    assert.equal(await onDisk(NAME), '{\r\n\t"recommendations": [\r\n\t\t"a.b", // formats\r\n\t\t"waybill.waybill"\r\n\t]\r\n}\r\n');
  });

  it('leaves unsaved text unsaved', async () => {
    const document = await given('{\n}\n');
    const edit = new vscode.WorkspaceEdit();
    edit.insert(document.uri, new vscode.Position(0, 1), ' // mine');
    await vscode.workspace.applyEdit(edit);
    await recommend();
    assert.equal(document.getText(), '{ // mine\n  "recommendations": [\n    "waybill.waybill"\n  ]\n}\n');
    assert.equal(await onDisk(NAME), '{\n}\n');
  });

  it('selects the entry of a file that does not want it', async () => {
    await given('{"unwantedRecommendations": ["waybill.waybill"]}\n');
    await recommend();
    const editor = vscode.window.activeTextEditor;
    assert.equal(editor?.document.getText(editor.selection), '"waybill.waybill"');
    assert.equal(await onDisk(NAME), '{"unwantedRecommendations": ["waybill.waybill"]}\n');
  });
});
