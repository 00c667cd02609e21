import * as vscode from 'vscode';
import { LanguageClient, type ServerOptions, TransportKind } from 'vscode-languageclient/node';
import { SERVER_FLAGS } from '../../server/src/lsp/protocol.ts';
import { activateWith, type WaybillApi } from './activation.ts';

/** Where VS Code runs extensions in Node: the server is a process of its own. */
export function activate(context: vscode.ExtensionContext): WaybillApi {
  return activateWith(context, (options) => {
    const module = vscode.Uri.joinPath(context.extensionUri, 'dist', 'server.js').fsPath;
    const at = { module, transport: TransportKind.ipc };
    const server: ServerOptions = {
      run: { ...at, options: { execArgv: [...SERVER_FLAGS] } },
      debug: { ...at, options: { execArgv: ['--nolazy', '--inspect=6009'] } },
    };
    return new LanguageClient('waybill', 'Waybill', server, options);
  });
}

/** VS Code disposes what was registered; the server ends with its handle. */
export function deactivate(): void {}
