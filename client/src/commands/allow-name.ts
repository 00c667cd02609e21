import * as vscode from 'vscode';
import type { WorkspaceEdit } from 'vscode-languageclient';
import { ALLOW_NAME, type AllowAnswer, type AllowParams, type NameInDocument } from '../../../server/src/lsp/protocol.ts';
import type { ServerHandle } from '../server-handle.ts';

/** Asks for the reason, unless it is given, and allows a name in the policy file, which is made and named in the folder's settings where there is none. */
export async function allowName(server: ServerHandle, wanted: NameInDocument | undefined, given?: string): Promise<void> {
  // Key bindings come without a name; only code actions have one.
  if (wanted === undefined) return;
  const reason =
    given ??
    (await vscode.window.showInputBox({
      prompt: `Why is ${wanted.name} the one you mean? Everybody who works with this policy reads it.`,
      validateInput: (text) => (text.trim() === '' ? 'A name is allowed for a reason.' : undefined),
    }));
  const client = reason === undefined ? undefined : await server.start();
  if (reason === undefined || client === undefined) return;
  const params: AllowParams = { ...wanted, reason: reason.trim() };
  const answer = await client.sendRequest<AllowAnswer>(ALLOW_NAME, params);
  if ('failed' in answer) {
    void vscode.window.showWarningMessage(`Waybill: ${answer.failed}`);
    return;
  }
  const uri = vscode.Uri.parse(answer.uri);
  // What the user has not saved is the user's to save.
  const dirty = vscode.workspace.textDocuments.some((document) => document.isDirty && document.uri.toString() === uri.toString());
  // The protocol's type is declared by the client's own copy of the library; the server sends just that.
  const edit = await client.protocol2CodeConverter.asWorkspaceEdit(answer.edit as WorkspaceEdit);
  if (!(await vscode.workspace.applyEdit(edit))) return;
  if (!dirty) await (await vscode.workspace.openTextDocument(uri)).save();
  if (answer.setting === undefined) return;
  const settings = vscode.workspace.getConfiguration('waybill', vscode.Uri.parse(wanted.textDocument.uri));
  await settings.update('policy', answer.setting, vscode.ConfigurationTarget.WorkspaceFolder);
}
