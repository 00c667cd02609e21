import * as vscode from 'vscode';
import { newRecommendations, recommend } from '../recommendations.ts';

/** Adds this extension to the recommendations that a workspace folder makes to everybody who opens it, and shows the file. */
export async function recommendToTeam(context: vscode.ExtensionContext): Promise<void> {
  const folder = await pickFolder();
  if (folder === undefined) return;
  const uri = vscode.Uri.joinPath(folder.uri, '.vscode', 'extensions.json');
  const { id } = context.extension;
  if (!(await exists(uri))) await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(newRecommendations(id)));
  const document = await vscode.workspace.openTextDocument(uri);
  const editor = await vscode.window.showTextDocument(document, { preview: false });
  const name = vscode.workspace.asRelativePath(uri);
  const advice = recommend(document.getText(), id);
  switch (advice.kind) {
    case 'present':
      void vscode.window.setStatusBarMessage(`Waybill: ${name} recommends it`, MESSAGE_MS);
      return;
    case 'unwanted':
      editor.selection = new vscode.Selection(document.positionAt(advice.start), document.positionAt(advice.end));
      editor.revealRange(editor.selection);
      void vscode.window.showWarningMessage(
        `Waybill: ${name} lists it under unwantedRecommendations. Remove it there first, or VS Code does not recommend it.`,
      );
      return;
    case 'unusable':
      void vscode.window.showWarningMessage(`Waybill: ${name} ${advice.reason}. Correct it, then run the command again.`);
      return;
    case 'edit': {
      const clean = !document.isDirty;
      const edit = new vscode.WorkspaceEdit();
      for (const { start, end, text } of advice.edits) {
        edit.replace(uri, new vscode.Range(document.positionAt(start), document.positionAt(end)), text);
      }
      // What the user has not saved is the user's to save.
      if ((await vscode.workspace.applyEdit(edit)) && clean) await document.save();
    }
  }
}

/** How long a confirmation stays in the status bar, in ms. */
const MESSAGE_MS = 5000;

/** The only workspace folder, or the one that the user picks. */
async function pickFolder(): Promise<vscode.WorkspaceFolder | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 0) {
    void vscode.window.showInformationMessage('Waybill: open a folder first; the recommendation is a file in it.');
    return undefined;
  }
  if (folders.length === 1) return folders[0];
  return await vscode.window.showWorkspaceFolderPick({ placeHolder: 'Recommend Waybill to everybody who opens which folder?' });
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}
