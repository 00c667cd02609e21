import * as vscode from 'vscode';

const SCHEME = 'waybill-page';

/** Pages that the server writes, as read-only documents in the Markdown preview, which runs no scripts of theirs. */
export class Pages implements vscode.Disposable, vscode.TextDocumentContentProvider {
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #registration: vscode.Disposable;
  readonly #texts = new Map<string, string>();
  readonly onDidChange = this.#changed.event;

  constructor() {
    this.#registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  provideTextDocumentContent({ path }: vscode.Uri): string {
    return this.#texts.get(path) ?? '';
  }

  /** Shows a page; `path` begins with a slash, and its last part is the title. */
  async show(path: string, text: string): Promise<void> {
    const page = vscode.Uri.from({ scheme: SCHEME, path: `${path}.md` });
    this.#texts.set(page.path, text);
    this.#changed.fire(page);
    await vscode.commands.executeCommand('markdown.showPreview', page);
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changed.dispose();
  }
}
