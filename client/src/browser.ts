import * as vscode from 'vscode';
import { LanguageClient } from 'vscode-languageclient/browser';
import { activateWith } from './activation.ts';

/** The part of a web worker that we need; the compiler's own types for it would hide Node's. */
declare const Worker: new (address: string) => ConstructorParameters<typeof LanguageClient>[2] & object;

/** Where VS Code runs extensions in a web worker: the server is another one, and reads files through us. */
export function activate(context: vscode.ExtensionContext): void {
  activateWith(context, (options) => {
    const server = vscode.Uri.joinPath(context.extensionUri, 'dist', 'browser', 'server.js');
    return new LanguageClient('waybill', 'Waybill', new Worker(server.toString(true)), options);
  });
}

/** VS Code disposes what was registered; the server ends with its handle. */
export function deactivate(): void {}
