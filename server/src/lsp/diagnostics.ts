import { type Connection, DocumentDiagnosticReportKind } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { isLockfileName } from '../formats/lock-model.ts';
import { whileWanted, yieldToQueue } from './abort.ts';
import { type Diagnosed, diagnose } from './documents.ts';
import { awaitsLookalikes } from './lookalike-list.ts';
import { cancelled, type Session } from './session.ts';
import { WorkspaceDiagnostics } from './workspace-diagnostics.ts';

/** How long a client that does not pull waits for diagnostics after a key, in ms. */
const PUSH_DELAY_MS = 150;

/** How long refreshes are gathered, in ms: each one makes the client ask for every open document again. */
const REFRESH_DELAY_MS = 250;

/** The diagnostics of open documents and of the workspace: pulled by clients that pull, else pushed, and kept current. */
export class Diagnostics {
  readonly #session: Session;
  readonly #scanner: WorkspaceDiagnostics;
  readonly #pushTimers = new Map<string, NodeJS.Timeout>();
  #refreshTimer: NodeJS.Timeout | undefined;

  constructor(session: Session) {
    this.#session = session;
    this.#scanner = new WorkspaceDiagnostics({
      host: session.host,
      workspace: session.workspace,
      support: () => session.client().diagnostic,
      contextOf: (uri) => session.contextOf(uri),
      openDiagnostics: (uri) => this.#openDiagnostics(uri),
      loadLookalikes: () => session.lookalikes.load(),
      onRuleError: (rule, format, error) => session.logRuleError(rule, format, error),
      onUnreadable: (folder, reason) => session.logUnreadable(folder, reason),
    });
  }

  /** The diagnostics of all files of the workspace. */
  get scanner(): WorkspaceDiagnostics {
    return this.#scanner;
  }

  /** Follows the documents that the client opens, edits and closes. */
  watchDocuments(): void {
    const { documents } = this.#session;
    documents.onDidOpen(({ document }) => {
      this.#session.opened(document);
      this.#documentChanged(document, 0);
    });
    documents.onDidChangeContent(({ document }) => {
      this.#session.opened(document);
      // Opening fires this too, at version and text that were just pushed for: the timer is simply set again.
      this.#documentChanged(document, PUSH_DELAY_MS);
    });
    documents.onDidClose(({ document: { uri } }) => {
      this.#session.closed(uri);
      clearTimeout(this.#pushTimers.get(uri));
      this.#pushTimers.delete(uri);
      if (!this.#session.client().pullDiagnostics) void this.#send({ uri, diagnostics: [] });
      this.#scanner.documentChanged(uri);
    });
  }

  /** Answers the client's pulls. */
  answer(): void {
    const session = this.#session;
    const { diagnostics } = session.connection.languages;
    diagnostics.on((params, token) =>
      session.guard('diagnostics', { kind: DocumentDiagnosticReportKind.Full, items: [] }, async () => {
        const document = session.documents.get(params.textDocument.uri);
        if (document === undefined) return { kind: DocumentDiagnosticReportKind.Full, items: [] };
        // A burst of keys: the client has cancelled all requests but the last one, and that waits in the queue.
        await yieldToQueue();
        if (token.isCancellationRequested) throw cancelled();
        const { resultId, items } = await this.#diagnose(document);
        if (token.isCancellationRequested) throw cancelled();
        if (params.previousResultId === resultId) return { kind: DocumentDiagnosticReportKind.Unchanged, resultId };
        return { kind: DocumentDiagnosticReportKind.Full, resultId, items };
      }),
    );
    diagnostics.onWorkspace((params, token) =>
      session.guard('workspace diagnostics', { items: [] }, () =>
        whileWanted(token, async (signal) => {
          const items = await this.#scanner.pull(params.previousResultIds, signal);
          if (signal.aborted) throw cancelled();
          return { items };
        }),
      ),
    );
  }

  /** What is known changed, and with it what rules say of any open document. */
  openDocumentsChanged(): void {
    this.#analysesChanged();
    this.#refreshSoon();
  }

  /** Settings, files or answers changed, and with them what rules say of any file. */
  everythingChanged(): void {
    this.#session.analyses.invalidate();
    this.#scanner.changed();
    this.#refreshSoon();
  }

  #documentChanged(document: TextDocument, delayMs: number): void {
    this.#session.workspace.forget(document.uri);
    this.#scanner.documentChanged(document.uri);
    if (isDependedOn(document.uri)) this.#othersChanged();
    if (!this.#session.client().pullDiagnostics) this.#pushSoon(document.uri, delayMs);
  }

  /** What a manifest or lockfile says shows in other documents: ask the client to ask again, or push again. */
  #othersChanged(): void {
    this.#analysesChanged();
    if (this.#session.documents.all().length > 1) this.#refreshSoon();
  }

  #analysesChanged(): void {
    this.#session.analyses.invalidate();
    // Files that are not open follow when this one is saved: the watcher tells.
    for (const { uri } of this.#session.documents.all()) this.#scanner.documentChanged(uri);
  }

  #refreshSoon(): void {
    const session = this.#session;
    clearTimeout(this.#refreshTimer);
    this.#refreshTimer = setTimeout(() => {
      const { pullDiagnostics, refreshDiagnostics } = session.client();
      if (!pullDiagnostics) for (const { uri } of session.documents.all()) this.#pushSoon(uri, 0);
      else if (refreshDiagnostics) {
        session.connection.languages.diagnostics.refresh().catch((error: unknown) => session.logError('refresh', error));
      }
    }, REFRESH_DELAY_MS);
  }

  #pushSoon(uri: string, delayMs: number): void {
    clearTimeout(this.#pushTimers.get(uri));
    this.#pushTimers.set(
      uri,
      setTimeout(() => void this.#session.guard('push', undefined, () => this.#push(uri)), delayMs),
    );
  }

  async #push(uri: string): Promise<void> {
    const { documents } = this.#session;
    const document = documents.get(uri);
    if (document === undefined) return;
    const { version } = document;
    const { items } = await this.#diagnose(document);
    // What was typed meanwhile has its own timer.
    if (documents.get(uri)?.version !== version) return;
    await this.#send({ uri, version, diagnostics: items });
  }

  async #send(params: Parameters<Connection['sendDiagnostics']>[0]): Promise<void> {
    await this.#session.connection.sendDiagnostics(params);
  }

  async #diagnose(document: TextDocument): Promise<Diagnosed> {
    const session = this.#session;
    const analysis = session.analyses.of(document, await session.contextOf(document.uri));
    const diagnosed = diagnose(analysis, session.client().diagnostic, document);
    void session.guard('background look-ups', undefined, () => this.#lookUpInBackground(document.uri));
    void session.guard('list of names', undefined, async () => {
      if (awaitsLookalikes(analysis) && (await session.lookalikes.load())) this.everythingChanged();
    });
    return diagnosed;
  }

  async #lookUpInBackground(uri: string): Promise<void> {
    const settings = await this.#session.lookUpSettings(uri);
    if (await this.#session.lookUps.resolvePending(settings, new AbortController().signal)) this.everythingChanged();
  }

  async #openDiagnostics(uri: string) {
    const session = this.#session;
    const document = session.openDocument(uri);
    if (document === undefined) return undefined;
    const analysis = session.analyses.of(document, await session.contextOf(document.uri));
    return { version: document.version, diagnosed: diagnose(analysis, session.client().diagnostic, document), analysis };
  }
}

/** Whether other documents' findings depend on this one. */
function isDependedOn(uri: string): boolean {
  const name = uri.slice(uri.lastIndexOf('/') + 1);
  return name === 'package.json' || isLockfileName(name);
}
