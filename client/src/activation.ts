import * as vscode from 'vscode';
import { registerCommands } from './commands/index.ts';
import { isOurs } from './selector.ts';
import { type ClientFactory, ServerHandle } from './server-handle.ts';
import { StatusItem } from './status.ts';
import type { Shown } from './status-text.ts';

/** What other extensions, and our own tests, may ask. */
export interface WaybillApi {
  /** What the status item shows now. */
  readonly status: Shown;
}

/**
 * Activation only registers: the server starts with the first document that one of our formats reads, or with the first command
 * that needs it.
 */
export function activateWith(context: vscode.ExtensionContext, createClient: ClientFactory): WaybillApi {
  const log = vscode.window.createOutputChannel('Waybill', { log: true });
  const server = new ServerHandle(log, createClient, context.globalStorageUri);
  const status = new StatusItem(server);
  context.subscriptions.push(log, server, status);
  registerCommands({ context, log, server });

  const consider = (document: vscode.TextDocument) => {
    // One that gave up is started by the user.
    if (server.state.kind === 'stopped' && isOurs(document)) void server.start();
  };
  context.subscriptions.push(
    vscode.workspace.onDidOpenTextDocument(consider),
    vscode.workspace.onDidGrantWorkspaceTrust(() => server.trustGranted()),
  );
  for (const document of vscode.workspace.textDocuments) consider(document);
  return {
    get status() {
      return status.shown;
    },
  };
}
