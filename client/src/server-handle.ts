import * as vscode from 'vscode';
import {
  CloseAction,
  type CloseHandlerResult,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  RevealOutputChannelOn,
  type ServerOptions,
  State,
  TransportKind,
} from 'vscode-languageclient/node';
import { DID_GRANT_TRUST, STATUS, type Status, type WaybillInitializationOptions } from '../../server/src/lsp/protocol.ts';
import { CRASH_LIMIT, CrashBudget } from './crash-budget.ts';
import { SELECTOR } from './selector.ts';
import type { ServerState } from './status-text.ts';

/** The language server's life: started once and lazily, started again when it crashes, restarted on demand. */
export class ServerHandle implements vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #log: vscode.LogOutputChannel;
  readonly #changed = new vscode.EventEmitter<ServerState>();
  readonly #crashes = new CrashBudget();
  #client: LanguageClient | undefined;
  #starting: Promise<LanguageClient | undefined> | undefined;
  #state: ServerState = { kind: 'stopped' };

  /** Fires when the state changes. */
  readonly onDidChange = this.#changed.event;

  constructor(context: vscode.ExtensionContext, log: vscode.LogOutputChannel) {
    this.#context = context;
    this.#log = log;
  }

  get state(): ServerState {
    return this.#state;
  }

  /** The running client; undefined, with the reason in the log, where the server does not start. */
  start(): Promise<LanguageClient | undefined> {
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
    void this.#client?.sendNotification(DID_GRANT_TRUST);
  }

  dispose(): void {
    void this.#stop();
    this.#changed.dispose();
  }

  async #start(): Promise<LanguageClient | undefined> {
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

  #create(): LanguageClient {
    const module = vscode.Uri.joinPath(this.#context.extensionUri, 'dist', 'server.js').fsPath;
    const run = { module, transport: TransportKind.ipc };
    const server: ServerOptions = { run, debug: { ...run, options: { execArgv: ['--nolazy', '--inspect=6009'] } } };
    const options: LanguageClientOptions = {
      documentSelector: SELECTOR,
      // A function: a server that is started again must hear of trust that was granted meanwhile.
      initializationOptions: (): WaybillInitializationOptions => ({ trusted: vscode.workspace.isTrusted, commands: true, status: true }),
      initializationFailedHandler: () => false,
      // A message that fails is nothing to act on: that the process is gone is said by `closed`, sooner or later.
      errorHandler: { error: () => ({ action: ErrorAction.Continue, handled: true }), closed: () => this.#closed() },
      outputChannel: this.#log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      diagnosticPullOptions: { onChange: true, onSave: false, onTabs: false },
      markdown: { isTrusted: false, supportHtml: false },
    };
    const client = new LanguageClient('waybill', 'Waybill', server, options);
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
