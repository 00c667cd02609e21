import * as vscode from 'vscode';
import {
  type BaseLanguageClient,
  CloseAction,
  type CloseHandlerResult,
  ErrorAction,
  type LanguageClientOptions,
  RevealOutputChannelOn,
  State,
} from 'vscode-languageclient';
import { DID_GRANT_TRUST, STATUS, type Status, type WaybillInitializationOptions } from '../../server/src/lsp/protocol.ts';
import { CRASH_LIMIT, CrashBudget } from './crash-budget.ts';
import { serveFiles } from './files.ts';
import { SELECTOR } from './selector.ts';
import type { ServerState } from './status-text.ts';

/** Makes a client for a new server. What server there is, a process or a worker, depends on where VS Code runs us. */
export type ClientFactory = (options: LanguageClientOptions) => BaseLanguageClient;

/** The language server's life: started once and lazily, started again when it crashes, restarted on demand. */
export class ServerHandle implements vscode.Disposable {
  readonly #createClient: ClientFactory;
  readonly #log: vscode.LogOutputChannel;
  readonly #changed = new vscode.EventEmitter<ServerState>();
  readonly #crashes = new CrashBudget();
  readonly #cacheFolder: string | undefined;
  #client: BaseLanguageClient | undefined;
  #starting: Promise<BaseLanguageClient | undefined> | undefined;
  #state: ServerState = { kind: 'stopped' };

  /** Fires when the state changes. */
  readonly onDidChange = this.#changed.event;

  /** `storage` is VS Code's folder for this extension; what is no folder on a disk is of no use to the server. */
  constructor(log: vscode.LogOutputChannel, createClient: ClientFactory, storage: vscode.Uri) {
    this.#cacheFolder = storage.scheme === 'file' ? vscode.Uri.joinPath(storage, 'look-ups').fsPath : undefined;
    this.#createClient = createClient;
    this.#log = log;
  }

  get state(): ServerState {
    return this.#state;
  }

  /** The running client; undefined, with the reason in the log, where the server does not start. */
  start(): Promise<BaseLanguageClient | undefined> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async restart(): Promise<void> {
    this.#crashes.reset();
    await this.#stop();
    await this.start();
  }

  /** The user trusts the workspace now. */
  trustGranted(): void {
    // A server that is just being started again hears of it in its initialization.
    void this.#client?.sendNotification(DID_GRANT_TRUST).catch(() => undefined);
  }

  dispose(): void {
    void this.#stop();
    this.#changed.dispose();
  }

  async #start(): Promise<BaseLanguageClient | undefined> {
    this.#set({ kind: 'starting', again: false });
    const client = this.#create();
    try {
      await client.start();
    } catch (error) {
      const message = messageOf(error);
      this.#log.error(`the language server did not start: ${message}`);
      this.#starting = undefined;
      this.#set({ kind: 'failed', message });
      return undefined;
    }
    this.#client = client;
    this.#set({ kind: 'running', status: { lookUps: 0 } });
    // It may crash later; the library then starts it again with the same client.
    client.onDidChangeState(({ newState }) => {
      if (this.#client !== client) return;
      if (newState === State.Running) this.#set({ kind: 'running', status: { lookUps: 0 } });
      else if (newState === State.Stopped && this.#state.kind === 'running') this.#gone('the connection to the language server broke');
    });
    return client;
  }

  #create(): BaseLanguageClient {
    const options: LanguageClientOptions = {
      documentSelector: SELECTOR,
      // A function: a server that is started again must hear of trust that was granted meanwhile.
      initializationOptions: (): WaybillInitializationOptions => ({
        trusted: vscode.workspace.isTrusted,
        commands: true,
        status: true,
        ...(this.#cacheFolder === undefined ? {} : { cacheFolder: this.#cacheFolder }),
      }),
      initializationFailedHandler: () => false,
      // A message that fails is nothing to act on: that the process is gone is said by `closed`, sooner or later.
      errorHandler: { error: () => ({ action: ErrorAction.Continue, handled: true }), closed: () => this.#closed() },
      outputChannel: this.#log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      diagnosticPullOptions: { onChange: true, onSave: false, onTabs: false },
      markdown: { isTrusted: false, supportHtml: false },
    };
    const client = this.#createClient(options);
    serveFiles(client);
    client.onNotification(STATUS, (status: Status) => this.#set({ kind: 'running', status }));
    return client;
  }

  /** The server ended unasked: it is started again without a word, unless that happens too often. */
  #closed(): CloseHandlerResult {
    // Still in its first start, which says itself that it failed.
    if (this.#client === undefined) return { action: CloseAction.DoNotRestart, handled: true };
    if (this.#crashes.spend(Date.now())) {
      this.#set({ kind: 'starting', again: true });
      return { action: CloseAction.Restart, handled: true, message: 'the language server ended unasked; it is started again' };
    }
    const minutes = CRASH_LIMIT.withinMs / 60_000;
    const message = `the language server ended ${CRASH_LIMIT.count + 1} times within ${minutes} minutes and is not started again`;
    this.#gone(message);
    return { action: CloseAction.DoNotRestart, handled: true, message };
  }

  #gone(message: string): void {
    this.#client = undefined;
    this.#starting = undefined;
    this.#set({ kind: 'failed', message });
    void this.#offerRestart(message);
  }

  async #offerRestart(message: string): Promise<void> {
    const choice = await vscode.window.showErrorMessage(`Waybill: ${message}.`, 'Restart', 'Show Log');
    if (choice === 'Restart') await this.restart();
    if (choice === 'Show Log') this.#log.show();
  }

  async #stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#starting = undefined;
    try {
      await client?.dispose();
    } catch (error) {
      // A server that crashed cannot be asked to stop; it is gone all the same.
      this.#log.warn(`stopping the language server: ${messageOf(error)}`);
    }
    this.#set({ kind: 'stopped' });
  }

  #set(state: ServerState): void {
    this.#state = state;
    this.#changed.fire(state);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
