import * as vscode from 'vscode';
import { ProgressType, type WorkspaceEdit } from 'vscode-languageclient';
import { PIN_EVERYTHING, type PinAnswer, type PinParams, type PinProgress } from '../../../server/src/lsp/protocol.ts';
import type { ServerHandle } from '../server-handle.ts';

/**
 * Looks up what every safe fix of the workspace needs, and shows all edits in VS Code's refactor preview: nothing is changed
 * before the user applies them there.
 */
export async function pinEverything(server: ServerHandle, log: vscode.LogOutputChannel): Promise<void> {
  if (vscode.workspace.workspaceFolders === undefined) {
    void vscode.window.showInformationMessage('Waybill: open a folder first; there is nothing to pin.');
    return;
  }
  const client = await server.start();
  if (client === undefined) return;
  const answer = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Waybill: pinning everything', cancellable: true },
    async (progress, token) => {
      const params: PinParams = { progressToken: `pin-${++runs}` };
      const told = client.onProgress(new ProgressType<PinProgress>(), `pin-${runs}`, (step) =>
        progress.report({ message: 'files' in step ? `${step.files} files` : `looking up ${step.lookUps}` }),
      );
      try {
        return await client.sendRequest<PinAnswer | null>(PIN_EVERYTHING, params, token);
      } catch (error) {
        if (token.isCancellationRequested) return undefined;
        throw error;
      } finally {
        told.dispose();
      }
    },
  );
  if (answer === undefined || answer === null) return;
  for (const problem of answer.problems) log.warn(problem);
  if (answer.fixes === 0) {
    void tell(answer, 'Waybill: there is nothing to pin.', log);
    return;
  }
  // The protocol's type is declared by the client's own copy of the library; the server sends just that.
  const edit = await client.protocol2CodeConverter.asWorkspaceEdit(answer.edit as WorkspaceEdit);
  const [first] = edit.entries();
  // What asks for confirmation opens the preview, but comes unticked: so that is one edit that changes nothing, and the fixes are ticked.
  if (first !== undefined) edit.insert(first[0], new vscode.Position(0, 0), '', ASK);
  await vscode.workspace.applyEdit(edit, { isRefactoring: true });
  if (answer.problems.length > 0) void tell(answer, '', log);
}

async function tell({ problems }: PinAnswer, otherwise: string, log: vscode.LogOutputChannel): Promise<void> {
  if (problems.length === 0) {
    void vscode.window.showInformationMessage(otherwise);
    return;
  }
  const more = problems.length > 1 ? ` And ${problems.length - 1} more.` : '';
  // Some reasons are whole sentences already.
  const first = (problems[0] ?? '').replace(/\.$/, '');
  const choice = await vscode.window.showWarningMessage(`Waybill could not pin everything. ${first}.${more}`, 'Show Log');
  if (choice !== undefined) log.show();
}

/** The edit that makes VS Code show the others first. */
const ASK: vscode.WorkspaceEditEntryMetadata = {
  label: 'Nothing is changed before you apply',
  description: 'untick what should stay as it is',
  needsConfirmation: true,
};

/** How often it ran: each run has a progress token of its own. */
let runs = 0;
