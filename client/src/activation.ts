import * as vscode from 'vscode';
import { registerCommands } from './commands/index.ts';
import { type ClientFactory, ServerHandle } from './server-handle.ts';
import { registerStatus } from './status.ts';

/**
 * Activation only registers: the server starts with the first document that one of our formats reads, or with the first command
 * that needs it.
 */
export function activateWith(context: vscode.ExtensionContext, createClient: ClientFactory): void {
  const log = vscode.window.createOutputChannel('Waybill', { log: true });
  const server = new ServerHandle(log, createClient);
  context.subscriptions.push(log, server, registerStatus(server));
  registerCommands({ context, log, server });

  const consider = (document: vscode.TextDocument) => {
    if (server.reads(document)) void server.start();
  };
  context.subscriptions.push(
    vscode.workspace.onDidOpenTextDocument(consider),
    vscode.workspace.onDidGrantWorkspaceTrust(() => server.trustGranted()),
  );
  for (const document of vscode.workspace.textDocuments) consider(document);
}
