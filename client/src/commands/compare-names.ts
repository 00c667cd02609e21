import * as vscode from 'vscode';
import { COMPARE_NAMES, type CompareAnswer, type CompareParams, type NameInDocument } from '../../../server/src/lsp/protocol.ts';
import type { Pages } from '../pages.ts';
import type { ServerHandle } from '../server-handle.ts';

/** Shows a name beside the well-known one that it looks like. Without a name the user types that of an npm package. */
export async function compareNames(server: ServerHandle, pages: Pages, given: NameInDocument | undefined): Promise<void> {
  const params: CompareParams | undefined = given ?? (await askForName());
  const client = params === undefined ? undefined : await server.start();
  if (params === undefined || client === undefined) return;
  const answer = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `Waybill: looking up ${params.name}`, cancellable: true },
    async (_progress, token) => {
      try {
        return await client.sendRequest<CompareAnswer>(COMPARE_NAMES, params, token);
      } catch (error) {
        if (token.isCancellationRequested) return undefined;
        throw error;
      }
    },
  );
  if (answer === undefined) return;
  if ('failed' in answer) void vscode.window.showInformationMessage(`Waybill: ${answer.failed}`);
  // A scope has a slash, which would end the title.
  else await pages.show(`/${answer.title.replaceAll('/', '∕')}`, answer.document);
}

async function askForName(): Promise<CompareParams | undefined> {
  const name = await vscode.window.showInputBox({ prompt: 'The name of an npm package' });
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const uri = (vscode.window.activeTextEditor?.document.uri ?? folder?.uri)?.toString() ?? 'untitled:names';
  return name === undefined || name.trim() === '' ? undefined : { textDocument: { uri }, ecosystem: 'npm', name: name.trim() };
}
