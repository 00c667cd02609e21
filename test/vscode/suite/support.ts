import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { WaybillApi } from '../../../client/src/activation.ts';

/** How long anything may take to show, in ms: generous, because a loaded machine is no failure, and nothing waits longer than it must. */
const WAIT_MS = 45_000;

/** How often to look, in ms. */
const POLL_MS = 25;

/** Waits until `look` gives something; fails with `what`, as it is then, after `WAIT_MS`. */
export function until<T>(what: string | (() => string), look: () => T | undefined | false): Promise<T> {
  return untilAsync(what, async () => look());
}

/** The same, for what has to be asked for. */
export async function untilAsync<T>(what: string | (() => string), look: () => Promise<T | undefined | false>): Promise<T> {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`timed out: ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Waits until the status item's text fits. */
export async function statusLike(fits: RegExp): Promise<WaybillApi['status']> {
  const extension = vscode.extensions.getExtension<WaybillApi>('waybill.waybill');
  assert.ok(extension);
  const api = await extension.activate();
  return await until(
    () => `a status like ${fits}; it is ${JSON.stringify(api.status)}`,
    () => fits.test(api.status.text) && api.status,
  );
}

/** The range of a text's first occurrence. */
export function placeOf(document: vscode.TextDocument, text: string): vscode.Range {
  const start = document.getText().indexOf(text);
  assert.ok(start >= 0, `${text} is not in ${document.uri.path}`);
  return new vscode.Range(document.positionAt(start), document.positionAt(start + text.length));
}

/** Waits for our hover over a text to contain some words, and gives its Markdown. A look-up may come too late for the first hover. */
export async function textOfHover(document: vscode.TextDocument, over: string, words: string): Promise<string> {
  const at = placeOf(document, over).start.translate(0, 1);
  let last = '';
  return await untilAsync(
    () => `a hover with ${words}; it is: ${last}`,
    async () => {
      const hovers = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', document.uri, at);
      const texts = hovers.flatMap(({ contents }) => contents.map((content) => (typeof content === 'string' ? content : content.value)));
      last = texts.find((text) => text.startsWith('**Waybill**')) ?? '';
      return last.includes(words) && last;
    },
  );
}

/** A file of the open folder. */
export function fileUri(name: string): vscode.Uri {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  assert.ok(folder, 'no folder is open');
  return vscode.Uri.joinPath(folder.uri, name);
}

/** Writes a file of the open folder and opens it in an editor. */
export async function openFile(name: string, text: string): Promise<vscode.TextDocument> {
  const uri = fileUri(name);
  await vscode.workspace.fs.writeFile(uri, Buffer.from(text));
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document);
  return document;
}

/** Our own diagnostics of a document; others' do not count. */
export function ours(uri: vscode.Uri): vscode.Diagnostic[] {
  return vscode.languages.getDiagnostics(uri).filter(({ source }) => source === 'waybill');
}

/** A diagnostic's rule. */
export function ruleOf({ code }: vscode.Diagnostic): string {
  return typeof code === 'object' ? String(code.value) : String(code);
}

/** Waits for a diagnostic of a rule. */
export function finding(uri: vscode.Uri, rule: string): Promise<vscode.Diagnostic> {
  return until(
    () => `${rule} in ${uri.path}; there: ${ours(uri).map(ruleOf)}`,
    () => ours(uri).find((diagnostic) => ruleOf(diagnostic) === rule),
  );
}

/** Waits until a rule has no diagnostic in a document. */
export function noFinding(uri: vscode.Uri, rule: string): Promise<true> {
  return until(`no ${rule} in ${uri.path}`, () => !ours(uri).some((diagnostic) => ruleOf(diagnostic) === rule));
}

/** The code actions at a range, resolved, as the editor would show them. */
export async function actionsAt(uri: vscode.Uri, range: vscode.Range, kind: vscode.CodeActionKind): Promise<vscode.CodeAction[]> {
  const all = await vscode.commands.executeCommand<vscode.CodeAction[]>('vscode.executeCodeActionProvider', uri, range, kind.value, 20);
  return all;
}

/** Applies the first action whose title fits, as the editor does. */
export async function applyAction(actions: readonly vscode.CodeAction[], title: RegExp): Promise<void> {
  const action = actions.find((candidate) => title.test(candidate.title));
  assert.ok(action, `no action ${title} among: ${actions.map((candidate) => candidate.title).join(' | ')}`);
  assert.ok(action.edit, `"${action.title}" has no edit`);
  assert.ok(await vscode.workspace.applyEdit(action.edit));
}

/** The text of a file on the disk. */
export async function onDisk(name: string): Promise<string> {
  return Buffer.from(await vscode.workspace.fs.readFile(fileUri(name))).toString('utf8');
}

/** Closes every editor without asking. */
export async function closeAll(): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}
