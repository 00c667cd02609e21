// Requests without anything of ours around them, and what they weigh: what look-ups are held against.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Agent, request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { MAX_PARALLEL_PER_HOST } from '../../server/src/sources/http.ts';

/** A request of a chain. One that gives a token gives it to those after it. */
export interface BareRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly givesToken?: boolean;
}

/** Sends requests over kept connections, as many chains at a time as our own client sends requests to a host. */
export class BareClient {
  readonly #agent = new Agent({ keepAlive: true });

  /** Sends chains; the requests of one chain go one after the other. */
  async send(chains: readonly (readonly BareRequest[])[]): Promise<void> {
    const waiting = [...chains];
    const work = async (): Promise<void> => {
      for (let chain = waiting.shift(); chain !== undefined; chain = waiting.shift()) await this.#sendChain(chain);
    };
    await Promise.all(Array.from({ length: MAX_PARALLEL_PER_HOST }, work));
  }

  /** Closes the connections. */
  close(): void {
    this.#agent.destroy();
  }

  async #sendChain(chain: readonly BareRequest[]): Promise<void> {
    let token: string | undefined;
    for (const request of chain) {
      const body = await this.#sendOne(request, token);
      if (request.givesToken) token = tokenOf(body);
    }
  }

  #sendOne({ method, url, headers, body }: BareRequest, token: string | undefined): Promise<string> {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return new Promise((resolve, reject) => {
      const request = httpRequest(url, { method, headers: { ...headers, ...authorization }, agent: this.#agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
        response.on('error', reject);
      });
      request.on('error', reject);
      request.end(body);
    });
  }
}

function tokenOf(text: string): string {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed === 'object' && parsed !== null && 'access_token' in parsed) return String(parsed.access_token);
  throw new Error('the token server gave no token');
}

/** Counts what this process sends to and gets from some ports, whoever does so. */
export class TrafficMeter {
  readonly #sockets = new Set<Socket>();
  readonly #note: (message: unknown) => void;

  constructor(ports: readonly number[]) {
    this.#note = (message) => {
      const { socket } = message as { readonly socket: Socket };
      // Only a connected socket knows its port, and a closed one has forgotten it.
      socket.once('connect', () => {
        if (ports.includes(socket.remotePort ?? 0)) this.#sockets.add(socket);
      });
    };
    subscribe('net.client.socket', this.#note);
  }

  /** Bytes in both directions so far, with all headers. */
  get bytes(): number {
    return [...this.#sockets].reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0);
  }

  /** Counts no new connections any more. */
  stop(): void {
    unsubscribe('net.client.socket', this.#note);
  }
}
