import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TrustRootPlace } from '../../../server/src/sources/trust-root.ts';
import { SINCE, type TufRepositoryMaker } from '../../support/tuf-repository.ts';
import { type Loopback, serve } from './loopback.ts';

/** A repository of The Update Framework on loopback. */
export interface TufServer extends Loopback {
  readonly place: TrustRootPlace & { readonly root: string };
  /** The paths that were asked for; a test may empty it. */
  readonly asked: string[];
}

/** Serves what a repository has, or answers in a way of its own. */
export async function startTufServer(
  { served, root }: TufRepositoryMaker,
  answer?: (request: IncomingMessage, response: ServerResponse, path: string) => void | Promise<void>,
): Promise<TufServer> {
  const asked: string[] = [];
  const loopback = await serve(async (request, response) => {
    const path = decodeURIComponent((request.url ?? '').slice(1));
    asked.push(path);
    await answer?.(request, response, path);
    if (answer !== undefined && (response.headersSent || response.destroyed)) return;
    const text = served.get(path);
    if (text === undefined) response.writeHead(404).end('<h1>Not found</h1>');
    else response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(text);
  });
  return { ...loopback, place: { address: loopback.url, root, since: SINCE }, asked };
}
