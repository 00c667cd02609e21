import * as vscode from 'vscode';
import { REFRESH_LOOK_UPS, type RefreshResult } from '../../../server/src/lsp/protocol.ts';
import type { ServerHandle } from '../server-handle.ts';

/** Forgets everything that was looked up, also in earlier sessions, and asks again for what the open documents need. */
export async function refreshLookUps(server: ServerHandle): Promise<void> {
  const result = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Waybill: looking up again', cancellable: true },
    async (_, token) => {
      const client = await server.start();
      try {
        return await client?.sendRequest<RefreshResult | null>(REFRESH_LOOK_UPS, token);
      } catch (error) {
        if (token.isCancellationRequested) return undefined;
        throw error;
      }
    },
  );
  if (result === undefined || result === null) return;
  void vscode.window.setStatusBarMessage(`Waybill: ${summary(result)}`, SUMMARY_MS);
}

/** How long the outcome stays in the status bar, in ms. */
const SUMMARY_MS = 10_000;

function summary({ asked, unknown }: RefreshResult): string {
  if (asked === 0) return 'look-ups forgotten; they are made again when you ask for something';
  return `${asked} look-up${asked === 1 ? '' : 's'} made again${unknown > 0 ? `, ${unknown} without an answer` : ''}`;
}
