import { type Connection, LSPErrorCodes, ResponseError, TextDocuments } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { yieldToQueue } from './abort.ts';
import type { ClientSupport } from './client-support.ts';
import { Analyses, type AnalysisContext } from './documents.ts';
import type { Host } from './host.ts';
import { LookUps } from './look-ups.ts';
import { LazyLookalikes } from './lookalike-list.ts';
import { STATUS } from './protocol.ts';
import { Settings } from './settings.ts';
import { normalise, Workspace } from './workspace.ts';
import type { ReadableWorkspace } from './workspace-files.ts';

/** Told when what is known of the world outside of the documents changes. */
export interface SessionEvents {
  /** Answers of an earlier session have been read: they concern every file. */
  readonly everythingChanged: () => void;
  /** An answer came in that open documents may show. */
  readonly openDocumentsChanged: () => void;
}

/** What one client has open and has told, and what is known of it: the handlers of all features work on this. */
export class Session {
  readonly connection: Connection;
  readonly host: Host;
  readonly documents = new TextDocuments(TextDocument);
  readonly workspace: Workspace;
  readonly settings: Settings;
  readonly analyses: Analyses;
  readonly lookUps: LookUps;
  readonly lookalikes: LazyLookalikes;
  /** Whether the client has Waybill's commands, so that an answer may name them. */
  commands = false;
  /** Whether the client shows what is being looked up. */
  statusWanted = false;
  readonly #byUri = new Map<string, TextDocument>();
  readonly #loggedRules = new Set<string>();
  #support: ClientSupport | undefined;

  constructor(connection: Connection, host: Host, events: SessionEvents) {
    this.connection = connection;
    this.host = host;
    this.workspace = new Workspace(host, (uri) => this.#byUri.get(uri));
    this.settings = new Settings(connection, host, this.workspace);
    this.analyses = new Analyses(this.workspace, (rule, format, error) => this.logRuleError(rule, format, error));
    this.lookUps = new LookUps(host.network, {
      status: (status) => {
        if (this.statusWanted) void connection.sendNotification(STATUS, status).catch(() => undefined);
      },
      remembered: events.everythingChanged,
      learned: events.openDocumentsChanged,
    });
    this.lookalikes = new LazyLookalikes(() => host.readLookalikes());
  }

  /** What the client can do. Throws before `initialize`, where no request is allowed. */
  client(): ClientSupport {
    if (this.#support === undefined) throw new Error('a request before initialize');
    return this.#support;
  }

  /** Takes down what the client can do. */
  greet(support: ClientSupport): void {
    this.#support = support;
  }

  /** An open document, however the client writes its URI. */
  openDocument(uri: string): TextDocument | undefined {
    return this.#byUri.get(normalise(uri));
  }

  /** Takes down that a document is open, or that it was edited. */
  opened(document: TextDocument): void {
    this.#byUri.set(normalise(document.uri), document);
  }

  /** Forgets a document that is no longer open. */
  closed(uri: string): void {
    this.#byUri.delete(normalise(uri));
    this.workspace.closed(uri);
    this.analyses.forget(uri);
  }

  /** What holds for a document besides its text: the policy, what is known of the world, the list of names. */
  async contextOf(uri: string): Promise<AnalysisContext> {
    await this.host.ready();
    const { settings, policy } = await this.settings.of(uri);
    const facts = this.lookUps.view({ ...settings, trusted: this.settings.trusted });
    return { policy, facts, lookalikes: this.lookalikes.list };
  }

  /** The settings of a document, and whether the user trusts its workspace. */
  async lookUpSettings(uri: string) {
    const { settings } = await this.settings.of(uri);
    return { ...settings, trusted: this.settings.trusted };
  }

  /** An open document's analysis and the settings that hold for it; undefined where no format of ours reads it. */
  async analysisOf(uri: string) {
    const document = this.documents.get(uri);
    if (document === undefined) return undefined;
    await yieldToQueue();
    const analysis = this.analyses.of(document, await this.contextOf(uri));
    return analysis && { analysis, settings: await this.lookUpSettings(uri) };
  }

  /** What walks the workspace's files. */
  readable(): ReadableWorkspace {
    return {
      host: this.host,
      workspace: this.workspace,
      openDocument: (uri) => this.openDocument(uri),
      onUnreadable: (folder, reason) => this.logUnreadable(folder, reason),
    };
  }

  /** One of the three places that catch: a handler's own defect is logged and answered with nothing, so no stale squiggle stays. */
  async guard<T>(what: string, otherwise: T, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ResponseError) throw error;
      this.logError(what, error);
      return otherwise;
    }
  }

  /** Writes a defect of ours into the client's log. */
  logError(what: string, error: unknown): void {
    this.connection.console.error(`${what} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }

  /** Writes a rule's defect into the client's log, once for each format. */
  logRuleError(rule: string, format: string, error: unknown): void {
    const id = `${rule} ${format}`;
    if (this.#loggedRules.has(id)) return;
    this.#loggedRules.add(id);
    this.logError(`the rule ${rule} on a ${format}`, error);
  }

  /** Writes into the client's log that a folder could not be read. */
  logUnreadable(folder: string, reason: string): void {
    this.connection.console.warn(`cannot read ${folder}: ${reason}`);
  }
}

/** What a request that its client cancelled is answered with. */
export function cancelled(): ResponseError<void> {
  return new ResponseError(LSPErrorCodes.RequestCancelled, 'cancelled');
}

/** What a request about an older version of a document is answered with. */
export function contentModified(): ResponseError<void> {
  return new ResponseError(LSPErrorCodes.ContentModified, 'the document changed meanwhile');
}
