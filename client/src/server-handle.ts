import * as vscode from 'vscode';
import { type BaseLanguageClient, type LanguageClientOptions, RevealOutputChannelOn } from 'vscode-languageclient';
import { DID_GRANT_TRUST, STATUS, type Status, type WaybillInitializationOptions } from '../../server/src/lsp/protocol.ts';
import { serveFiles } from './files.ts';
import { DOCUMENT_PATTERNS } from './patterns.generated.ts';

/** Which documents go to the server: by path, whatever their language id, and untitled ones by language id. */
const SELECTOR = [
  ...DOCUMENT_PATTERNS.globs.map((pattern) => ({ pattern })),
  ...DOCUMENT_PATTERNS.languageIds.map((language) => ({ scheme: 'untitled', language })),
];

/** Makes a client for a new server. What server there is, a process or a worker, depends on where VS Code runs us. */
export type ClientFactory = (options: LanguageClientOptions) => BaseLanguageClient;

/** What the server is doing, for the status item. */
export type ServerState =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'running'; readonly status: Status }
  | { readonly kind: 'failed'; readonly message: string };

/** The language server's life: started once and lazily, restarted on demand. */
export class ServerHandle implements vscode.Disposable {
  readonly #createClient: ClientFactory;
  readonly #log: vscode.LogOutputChannel;
  readonly #changed = new vscode.EventEmitter<ServerState>();
  #client: BaseLanguageClient | undefined;
  #starting: Promise<BaseLanguageClient | undefined> | undefined;
  #state: ServerState = { kind: 'stopped' };

  /** Fires when the state changes. */
  readonly onDidChange = this.#changed.event;

  constructor(log: vscode.LogOutputChannel, createClient: ClientFactory) {
    this.#createClient = createClient;
    this.#log = log;
  }

  get state(): ServerState {
    return this.#state;
  }

  /** Whether one of our formats reads a document. */
  reads(document: vscode.TextDocument): boolean {
    return vscode.languages.match(SELECTOR, document) > 0;
  }

  /** The running client; undefined, with the reason in the log, where the server does not start. */
  start(): Promise<BaseLanguageClient | undefined> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async restart(): Promise<void> {
    await this.#stop();
    await this.start();
  }

  /** The user trusts the workspace now. */
  trustGranted(): void {
    void this.#client?.sendNotification(DID_GRANT_TRUST);
  }

  dispose(): void {
    void this.#stop();
    this.#changed.dispose();
  }

  async #start(): Promise<BaseLanguageClient | undefined> {
    this.#set({ kind: 'starting' });
    const initializationOptions: WaybillInitializationOptions = { trusted: vscode.workspace.isTrusted, commands: true, status: true };
    const options: LanguageClientOptions = {
      documentSelector: SELECTOR,
      initializationOptions,
      outputChannel: this.#log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      diagnosticPullOptions: { onChange: true, onSave: false, onTabs: false },
      markdown: { isTrusted: false, supportHtml: false },
    };
    const client = this.#createClient(options);
    serveFiles(client);
    client.onNotification(STATUS, (status: Status) => this.#set({ kind: 'running', status }));
    try {
      await client.start();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#log.error(`the language server did not start: ${message}`);
      this.#set({ kind: 'failed', message });
      this.#starting = undefined;
      return undefined;
    }
    this.#client = client;
    this.#set({ kind: 'running', status: { lookUps: 0 } });
    return client;
  }

  async #stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#starting = undefined;
    try {
      await client?.dispose();
    } catch (error) {
      // A server that crashed cannot be asked to stop; it is gone all the same.
      this.#log.warn(`stopping the language server: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#set({ kind: 'stopped' });
  }

  #set(state: ServerState): void {
    this.#state = state;
    this.#changed.fire(state);
  }
}
