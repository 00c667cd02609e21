import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server as NetServer } from 'node:net';
import type { Writable } from 'node:stream';

/** A server on 127.0.0.1, on a port that was free. */
export interface Loopback {
  /** `http://127.0.0.1:1234`, without a slash at its end. */
  readonly url: string;
  /** `127.0.0.1:1234`. */
  readonly host: string;
  readonly port: number;
  /** Closes it and every connection. */
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export async function listen(server: NetServer, scheme: 'http' | 'https' = 'http'): Promise<Loopback> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = `127.0.0.1:${port}`;
  return { url: `${scheme}://${host}`, host, port, close: () => close(server) };
}

/** An HTTP server on loopback. */
export function serve(handler: RequestListener): Promise<Loopback & { readonly server: Server }> {
  const server = createServer(handler);
  return listen(server).then((loopback) => ({ ...loopback, server }));
}

/** An HTTPS server on loopback. */
export async function serveTls(tls: { readonly key: string; readonly cert: string }, handler: RequestListener): Promise<Loopback> {
  return listen(createTlsServer(tls, handler), 'https');
}

function close(server: NetServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function') server.closeAllConnections();
  });
}

/** The whole body of a request. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Writes the same text until the other side has had enough. */
export function flood(stream: Writable, text: string): void {
  if (stream.destroyed) return;
  stream.write(text);
  setImmediate(() => flood(stream, text));
}
