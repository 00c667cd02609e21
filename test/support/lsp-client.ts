import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createMessageConnection, type MessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import type {
  ClientCapabilities,
  CodeAction,
  Diagnostic,
  DocumentDiagnosticReport,
  Hover,
  InitializeResult,
  PublishDiagnosticsParams,
  Range,
  Registration,
  TextDocumentContentChangeEvent,
} from 'vscode-languageserver-protocol';
import { NO_HOME, NO_OUTSIDE } from './cli.ts';
import { withFolder } from './folder.ts';
import type { Files } from './memory-project.ts';

/** What a modern client can do: pull, lazy resolve, versioned edits. */
export const MODERN: ClientCapabilities = {
  workspace: {
    configuration: true,
    workspaceFolders: true,
    workspaceEdit: { documentChanges: true },
    diagnostics: { refreshSupport: true },
  },
  textDocument: {
    publishDiagnostics: { relatedInformation: true, codeDescriptionSupport: true, dataSupport: true, versionSupport: true },
    diagnostic: { dynamicRegistration: false, relatedDocumentSupport: false },
    hover: { contentFormat: ['markdown', 'plaintext'] },
    codeAction: {
      codeActionLiteralSupport: { codeActionKind: { valueSet: ['quickfix', 'source.fixAll'] } },
      dataSupport: true,
      disabledSupport: true,
      isPreferredSupport: true,
      resolveSupport: { properties: ['edit'] },
    },
  },
};

/** What an old client can do: it takes what is pushed to it. */
export const SIMPLE: ClientCapabilities = {
  textDocument: { publishDiagnostics: {}, codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: ['quickfix'] } } } },
};

/** How a session is started. */
export interface SessionOptions {
  readonly capabilities?: ClientCapabilities;
  readonly folder?: string;
  /** Several workspace folders, instead of `folder`. */
  readonly folders?: readonly string[];
  /** Instead of `folder`: one that is on no disk. */
  readonly folderUri?: string;
  readonly initializationOptions?: unknown;
  /** What `workspace/configuration` answers for the section `waybill`; a function gives it by the `scopeUri`. */
  readonly settings?: unknown;
  readonly env?: Readonly<Record<string, string>>;
  /** The server's bundle; `dist/server.js` where none is named. */
  readonly server?: string;
}

/** The shipped server bundle as a process, and a client that speaks to it over stdio. */
export class Session {
  readonly connection: MessageConnection;
  readonly pushed: PublishDiagnosticsParams[] = [];
  readonly logged: string[] = [];
  readonly shown: string[] = [];
  /** The `scopeUri` of every setting that was asked for. */
  readonly asked: string[] = [];
  readonly registrations: Registration[] = [];
  refreshes = 0;
  settings: unknown;
  initialized: InitializeResult | undefined;
  readonly #process: ChildProcess;
  readonly #waiting: (() => void)[] = [];

  private constructor(process: ChildProcess, connection: MessageConnection, settings: unknown) {
    this.#process = process;
    this.connection = connection;
    this.settings = settings;
  }

  static async start(options: SessionOptions = {}): Promise<Session> {
    const child = spawn(process.execPath, [options.server ?? 'dist/server.js', '--stdio'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, GITHUB_TOKEN: '', GH_TOKEN: '', ...NO_HOME, ...NO_OUTSIDE, ...options.env },
    });
    const connection = createMessageConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin));
    const session = new Session(child, connection, options.settings ?? {});
    session.#listen();
    const folders = (options.folders ?? (options.folder === undefined ? [] : [options.folder])).map((folder) => pathToFileURL(folder).href);
    if (options.folderUri !== undefined) folders.push(options.folderUri);
    const rootUri = folders[0] ?? null;
    session.initialized = await connection.sendRequest('initialize', {
      processId: process.pid,
      rootUri,
      workspaceFolders: rootUri === null ? null : folders.map((uri) => ({ uri, name: 'workspace' })),
      capabilities: options.capabilities ?? MODERN,
      initializationOptions: options.initializationOptions,
    });
    await connection.sendNotification('initialized', {});
    return session;
  }

  #listen(): void {
    const { connection } = this;
    connection.onNotification('textDocument/publishDiagnostics', (params: PublishDiagnosticsParams) => {
      this.pushed.push(params);
      for (const wake of this.#waiting.splice(0)) wake();
    });
    connection.onNotification('window/logMessage', ({ message }: { message: string }) => {
      this.logged.push(message);
    });
    connection.onNotification('window/showMessage', ({ message }: { message: string }) => {
      this.shown.push(message);
    });
    connection.onRequest('workspace/configuration', ({ items }: { items: { scopeUri?: string }[] }) =>
      items.map(({ scopeUri }) => {
        this.asked.push(scopeUri ?? '');
        return typeof this.settings === 'function' ? this.settings(scopeUri) : this.settings;
      }),
    );
    connection.onRequest('workspace/diagnostic/refresh', () => {
      this.refreshes++;
      return null;
    });
    connection.onRequest('client/registerCapability', ({ registrations }: { registrations: Registration[] }) => {
      this.registrations.push(...registrations);
      return null;
    });
    connection.onRequest('window/workDoneProgress/create', () => null);
    connection.onUnhandledNotification(() => {});
    connection.listen();
  }

  async open(uri: string, text: string, languageId = 'plaintext'): Promise<void> {
    await this.connection.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId, version: 1, text } });
  }

  async change(uri: string, version: number, ...contentChanges: TextDocumentContentChangeEvent[]): Promise<void> {
    await this.connection.sendNotification('textDocument/didChange', { textDocument: { uri, version }, contentChanges });
  }

  async close(uri: string): Promise<void> {
    await this.connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
  }

  pull(uri: string, previousResultId?: string): Promise<DocumentDiagnosticReport> {
    return this.connection.sendRequest('textDocument/diagnostic', { textDocument: { uri }, ...(previousResultId && { previousResultId }) });
  }

  /** The diagnostics of a document, by pull; fails for an `unchanged` report. */
  async diagnostics(uri: string): Promise<Diagnostic[]> {
    const report = await this.pull(uri);
    if (report.kind !== 'full') throw new Error('an unchanged report without a previous result id');
    return report.items;
  }

  actions(uri: string, range: Range, context: { only?: string[]; triggerKind?: number } = {}): Promise<CodeAction[]> {
    return this.connection.sendRequest('textDocument/codeAction', {
      textDocument: { uri },
      range,
      context: { diagnostics: [], ...context },
    });
  }

  resolve(action: CodeAction): Promise<CodeAction> {
    return this.connection.sendRequest('codeAction/resolve', action);
  }

  hover(uri: string, line: number, character: number): Promise<Hover | null> {
    return this.connection.sendRequest('textDocument/hover', { textDocument: { uri }, position: { line, character } });
  }

  /** Waits for a push that fits. Fails after `limitMs`. */
  async pushedLike(fits: (params: PublishDiagnosticsParams) => boolean, limitMs = 60_000): Promise<PublishDiagnosticsParams> {
    const deadline = Date.now() + limitMs;
    for (;;) {
      const found = this.pushed.find(fits);
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw new Error(`no such push; seen: ${JSON.stringify(this.pushed)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Reports changes of files: 1 created, 2 changed, 3 deleted. */
  async watched(...changes: { uri: string; type: 1 | 2 | 3 }[]): Promise<void> {
    await this.connection.sendNotification('workspace/didChangeWatchedFiles', { changes });
  }

  /** Ends the server as a client does, and fails where it does not go by itself. */
  async stop(): Promise<number | null> {
    const exited = new Promise<number | null>((resolve) => this.#process.once('exit', resolve));
    await this.connection.sendRequest('shutdown');
    await this.connection.sendNotification('exit');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 5000);
    const status = await exited;
    clearTimeout(timer);
    this.connection.dispose();
    return status;
  }
}

/** A session over a folder with some files; both are gone afterwards, whatever happens. */
export async function withSession(
  files: Files,
  work: (session: Session, folder: string) => Promise<void>,
  options: SessionOptions = {},
): Promise<void> {
  await withFolder(files, async (folder) => {
    const session = await Session.start({ folder, ...options });
    try {
      await work(session, folder);
    } finally {
      assert.equal(await session.stop(), 0);
    }
  });
}

/** The URI of a file below a folder. */
export function uriOf(folder: string, file: string): string {
  return pathToFileURL(path.join(folder, file)).href;
}

/** A text after the edits of a code action on one document. */
export function afterAction(text: string, action: CodeAction): string {
  const [change] = action.edit?.documentChanges ?? [];
  const edits = change !== undefined && 'edits' in change ? change.edits : Object.values(action.edit?.changes ?? {}).flat();
  const offset = ({ line, character }: Range['start']) =>
    text
      .split('\n')
      .slice(0, line)
      .reduce((sum, one) => sum + one.length + 1, 0) + character;
  return edits
    .flatMap((edit) => ('newText' in edit ? [edit] : []))
    .map((edit, order) => ({ start: offset(edit.range.start), end: offset(edit.range.end), text: edit.newText, order }))
    .sort((a, b) => b.start - a.start || b.order - a.order)
    .reduce((result, edit) => result.slice(0, edit.start) + edit.text + result.slice(edit.end), text);
}
