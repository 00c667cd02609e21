import * as vscode from 'vscode';
import { DOCUMENT_STATUS, type DocumentStatus, type DocumentStatusParams } from '../../server/src/lsp/protocol.ts';
import { isOurs, SELECTOR } from './selector.ts';
import type { ServerHandle } from './server-handle.ts';
import { type Counts, type DocumentFacts, type Shown, statusText } from './status-text.ts';

/** How long changes are gathered before the document is asked about again, in ms. */
const DELAY_MS = 300;

/** The entry in the language status of documents that we read: findings, what is unknown and why, and what the server does. */
export class StatusItem implements vscode.Disposable {
  readonly #server: ServerHandle;
  readonly #item = vscode.languages.createLanguageStatusItem('waybill.status', SELECTOR);
  readonly #disposables: vscode.Disposable[] = [];
  #facts: { readonly uri: string; readonly document: DocumentFacts } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #shown: Shown;

  constructor(server: ServerHandle) {
    this.#server = server;
    this.#item.name = 'Waybill';
    this.#shown = this.#show();
    const isActive = (uri: vscode.Uri) => uri.toString() === activeDocument()?.uri.toString();
    this.#disposables.push(
      server.onDidChange(() => this.#changed()),
      vscode.window.onDidChangeActiveTextEditor(() => this.#changed()),
      vscode.languages.onDidChangeDiagnostics(({ uris }) => uris.some(isActive) && this.#changed()),
      vscode.workspace.onDidChangeTextDocument(({ document }) => isActive(document.uri) && this.#changed()),
      vscode.workspace.onDidChangeConfiguration((event) => event.affectsConfiguration('waybill') && this.#changed()),
    );
  }

  /** What is shown now. */
  get shown(): Shown {
    return this.#shown;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const one of [this.#item, ...this.#disposables]) one.dispose();
  }

  #changed(): void {
    this.#show();
    clearTimeout(this.#timer);
    // Nobody looks, so nothing is counted.
    if (activeDocument() !== undefined) this.#timer = setTimeout(() => void this.#refresh(), DELAY_MS);
  }

  async #refresh(): Promise<void> {
    const document = activeDocument();
    if (document === undefined || this.#server.state.kind !== 'running') return;
    const { uri, version } = document;
    const answer = await this.#ask(uri);
    // What changed meanwhile has its own timer.
    if (document.version !== version || document !== activeDocument()) return;
    this.#facts = answer && { uri: uri.toString(), document: { counts: countsOf(uri), unknown: answer.unknown } };
    this.#show();
  }

  async #ask(uri: vscode.Uri): Promise<DocumentStatus | undefined> {
    const client = await this.#server.start();
    try {
      const params: DocumentStatusParams = { textDocument: { uri: uri.toString() } };
      return (await client?.sendRequest<DocumentStatus | null>(DOCUMENT_STATUS, params)) ?? undefined;
    } catch {
      // The server ended meanwhile: its state says so.
      return undefined;
    }
  }

  #show(): Shown {
    const uri = activeDocument()?.uri.toString();
    const shown = statusText(this.#server.state, this.#facts?.uri === uri ? this.#facts?.document : undefined);
    this.#item.text = shown.text;
    this.#item.detail = shown.detail;
    this.#item.severity = SEVERITIES[shown.severity];
    this.#item.busy = shown.busy;
    this.#item.command = COMMANDS[shown.action];
    this.#shown = shown;
    return shown;
  }
}

const SEVERITIES: Readonly<Record<Shown['severity'], vscode.LanguageStatusSeverity>> = {
  information: vscode.LanguageStatusSeverity.Information,
  warning: vscode.LanguageStatusSeverity.Warning,
  error: vscode.LanguageStatusSeverity.Error,
};

const COMMANDS: Readonly<Record<Shown['action'], vscode.Command>> = {
  showProblems: { title: 'Problems', command: 'workbench.actions.view.problems' },
  showLog: { title: 'Log', command: 'waybill.showLog' },
  restart: { title: 'Restart', command: 'waybill.restart' },
};

/** The document in front of the user, where we read it. */
function activeDocument(): vscode.TextDocument | undefined {
  const document = vscode.window.activeTextEditor?.document;
  return document !== undefined && isOurs(document) ? document : undefined;
}

function countsOf(uri: vscode.Uri): Counts {
  const counts = { error: 0, warning: 0, info: 0, hint: 0 };
  const names = ['error', 'warning', 'info', 'hint'] as const;
  for (const { source, severity } of vscode.languages.getDiagnostics(uri)) {
    const name = names[severity];
    if (source === 'waybill' && name !== undefined) counts[name]++;
  }
  return counts;
}
