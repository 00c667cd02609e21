import * as vscode from 'vscode';
import { type DocumentStatusParams, LOCKFILE_CHANGE, type LockfileChange } from '../../../server/src/lsp/protocol.ts';
import type { Pages } from '../pages.ts';
import type { ServerHandle } from '../server-handle.ts';

/** Shows what a lockfile brings in. `uri` comes from a code lens; without one the active document is meant. */
export async function showLockfileChange(server: ServerHandle, pages: Pages, uri: unknown): Promise<void> {
  const active = vscode.window.activeTextEditor?.document.uri.toString();
  const wanted = typeof uri === 'string' ? uri : active;
  const client = await server.start();
  if (wanted === undefined || client === undefined) return;
  const params: DocumentStatusParams = { textDocument: { uri: wanted } };
  const change = await client.sendRequest<LockfileChange | null>(LOCKFILE_CHANGE, params);
  if (change === null) void vscode.window.showInformationMessage('Waybill: open a lockfile first.');
  else await pages.show(vscode.Uri.parse(wanted).path, change.document);
}
