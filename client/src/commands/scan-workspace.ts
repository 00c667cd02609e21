import * as vscode from 'vscode';
import { ProgressType } from 'vscode-languageclient';
import { SCAN_WORKSPACE, type ScanParams, type ScanProgress, type ScanResult } from '../../../server/src/lsp/protocol.ts';
import type { ServerHandle } from '../server-handle.ts';
import { countsText } from '../status-text.ts';

/** Reads every file of the workspace that a format of ours reads, and shows what was found in the Problems view. */
export async function scanWorkspace(server: ServerHandle): Promise<void> {
  if (vscode.workspace.workspaceFolders === undefined) {
    void vscode.window.showInformationMessage('Waybill: open a folder first; there is nothing to scan.');
    return;
  }
  const result = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Waybill: scanning the workspace', cancellable: true },
    async (progress, token) => {
      const client = await server.start();
      if (client === undefined) return undefined;
      const params: ScanParams = { progressToken: `scan-${++scans}` };
      const told = client.onProgress(new ProgressType<ScanProgress>(), `scan-${scans}`, ({ files }) =>
        progress.report({ message: `${files} files` }),
      );
      try {
        return await client.sendRequest<ScanResult | null>(SCAN_WORKSPACE, params, token);
      } catch (error) {
        if (token.isCancellationRequested) return undefined;
        throw error;
      } finally {
        told.dispose();
      }
    },
  );
  if (result === undefined || result === null) return;
  await vscode.commands.executeCommand('workbench.actions.view.problems');
  void vscode.window.setStatusBarMessage(summary(result), SUMMARY_MS);
}

/** How many scans there were: each has a progress token of its own. */
let scans = 0;

/** How long the counts stay in the status bar, in ms. */
const SUMMARY_MS = 10_000;

function summary({ files, unknown, ...counts }: ScanResult): string {
  const found = countsText(counts).join(', ') || 'no findings';
  return `Waybill: ${found} in ${files} file${files === 1 ? '' : 's'}${unknown > 0 ? `, ${unknown} unknown` : ''}`;
}
