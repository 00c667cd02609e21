import * as vscode from 'vscode';
import { BrowserMessageReader, BrowserMessageWriter, LanguageClient, State } from 'vscode-languageclient/browser';
import { activateWith, type WaybillApi } from './activation.ts';
import { SHARED_BUNDLES, workerScript } from './worker-script.ts';

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
  const dist = vscode.Uri.joinPath(extensionUri, 'dist');
  const [main, ...shared] = await Promise.all([
    textOf(vscode.Uri.joinPath(dist, 'browser', 'server.js')),
    ...SHARED_BUNDLES.map(async (name) => [name, await textOf(vscode.Uri.joinPath(dist, name))] as const),
  ]);
  // A worker of VS Code has no address of its own that it could load more from.
  const script = new Blob([workerScript(main, Object.fromEntries(shared))], { type: 'text/javascript' });
  return new Worker(URL.createObjectURL(script));
}

/** VS Code reads it, also where extensions are on a web server (its `FetchFileSystemProvider`): we contact no host ourselves. */
async function textOf(uri: vscode.Uri): Promise<string> {
  return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
}
