import * as vscode from 'vscode';
import { type DocumentStatusParams, LOCKFILE_CHANGE, type LockfileChange } from '../../../server/src/lsp/protocol.ts';
import type { ServerHandle } from '../server-handle.ts';

const SCHEME = 'waybill-change';

/** Shows what lockfiles bring in, as read-only documents in the Markdown preview. */
export class LockfileChanges implements vscode.Disposable, vscode.TextDocumentContentProvider {
  readonly #server: ServerHandle;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #registration: vscode.Disposable;
  /** The texts by the path of their lockfile. */
  readonly #texts = new Map<string, string>();
  readonly onDidChange = this.#changed.event;

  constructor(server: ServerHandle) {
    this.#server = server;
    this.#registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  provideTextDocumentContent({ path }: vscode.Uri): string {
    return this.#texts.get(path) ?? '';
  }

  /** `uri` comes from a code lens; without one the active document is meant. */
  async show(uri: unknown): Promise<void> {
    const active = vscode.window.activeTextEditor?.document.uri.toString();
    const wanted = typeof uri === 'string' ? uri : active;
    const client = await this.#server.start();
    if (wanted === undefined || client === undefined) return;
    const params: DocumentStatusParams = { textDocument: { uri: wanted } };
    const change = await client.sendRequest<LockfileChange | null>(LOCKFILE_CHANGE, params);
    if (change === null) {
      void vscode.window.showInformationMessage('Waybill: open a lockfile first.');
      return;
    }
    const page = vscode.Uri.from({ scheme: SCHEME, path: `${vscode.Uri.parse(wanted).path}.md` });
    this.#texts.set(page.path, change.document);
    this.#changed.fire(page);
    await vscode.commands.executeCommand('markdown.showPreview', page);
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changed.dispose();
  }
}
