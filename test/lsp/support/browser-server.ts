import { readFileSync } from 'node:fs';
import { createMessageConnection, type DataCallback, type Message, type MessageConnection } from 'vscode-jsonrpc';
import { AbstractMessageReader, AbstractMessageWriter } from 'vscode-jsonrpc/node';
import { SHARED_BUNDLES, workerScript } from '../../../client/src/worker-script.ts';

/** The browser's server bundle, and a client's connection to it that nobody listens to yet. */
export interface BrowserServer {
  readonly connection: MessageConnection;
  dispose(): void;
}

/** The part of a worker's global scope that the bundle uses. */
interface WorkerScope {
  onmessage: ((event: { data: unknown }) => void) | undefined;
  postMessage(message: Message): void;
  addEventListener(): void;
}

/** Reads what the worker posts. */
class Reader extends AbstractMessageReader {
  callback: DataCallback = () => undefined;

  listen(callback: DataCallback): { dispose(): void } {
    this.callback = callback;
    return { dispose: () => undefined };
  }
}

/** Posts to the worker, as copies, which is what a port makes of a message. */
class Writer extends AbstractMessageWriter {
  readonly #scope: WorkerScope;

  constructor(scope: WorkerScope) {
    super();
    this.#scope = scope;
  }

  async write(message: Message): Promise<void> {
    const data = structuredClone(message);
    setTimeout(() => this.#scope.onmessage?.({ data }), 0);
  }

  end(): void {}
}

/** Runs the server as the client puts it together, with a worker's `self` and without what only Node has. */
export function startBrowserServer(): BrowserServer {
  const read = (name: string) => readFileSync(`dist/${name}`, 'utf8');
  const bundle = workerScript(read('browser/server.js'), Object.fromEntries(SHARED_BUNDLES.map((name) => [name, read(name)])));
  const reader = new Reader();
  const scope: WorkerScope = {
    onmessage: undefined,
    addEventListener: () => undefined,
    postMessage(message) {
      const copy = structuredClone(message);
      setTimeout(() => reader.callback(copy), 0);
    },
  };
  const missing = ['process', 'Buffer', 'require', 'setImmediate', 'global', 'module', 'exports'];
  new Function('self', ...missing, bundle)(scope);
  const connection = createMessageConnection(reader, new Writer(scope));
  return { connection, dispose: () => connection.dispose() };
}
