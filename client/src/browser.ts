import * as vscode from 'vscode';
import { BrowserMessageReader, BrowserMessageWriter, LanguageClient, State } from 'vscode-languageclient/browser';
import { activateWith, type WaybillApi } from './activation.ts';

/** What we use of a web worker: the compiler's own types for workers would hide Node's. */
type WebWorker = ConstructorParameters<typeof BrowserMessageReader>[0] & { terminate(): void };
declare const Worker: new (address: string) => WebWorker;

/** Where VS Code runs extensions in a web worker: the server is another one, and reads files through us. */
export function activate(context: vscode.ExtensionContext): WaybillApi {
  return activateWith(context, (options) => {
    let worker: WebWorker | undefined;
    const connect = async () => {
      worker = await startWorker(context);
      // The library would make these itself, but it does not know VS Code's workers for workers.
      return { reader: new BrowserMessageReader(worker), writer: new BrowserMessageWriter(worker) };
    };
    const client = new LanguageClient('waybill', 'Waybill', connect, options);
    client.onDidChangeState(({ newState }) => {
      // A worker does not end by itself.
      if (newState === State.Stopped) worker?.terminate();
    });
    return client;
  });
}

/** VS Code disposes what was registered; the server ends with its handle. */
export function deactivate(): void {}

async function startWorker({ extensionUri }: vscode.ExtensionContext): Promise<WebWorker> {
  const server = vscode.Uri.joinPath(extensionUri, 'dist', 'browser', 'server.js');
  // VS Code makes no worker from an address on a remote machine, but it gives us the text.
  if (server.scheme !== 'vscode-remote') return new Worker(server.toString(true));
  const script = new Blob([await vscode.workspace.fs.readFile(server)], { type: 'text/javascript' });
  return new Worker(URL.createObjectURL(script));
}
