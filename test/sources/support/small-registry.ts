/** A registry of the test suite's own, for machines without docker-registry: just what the tests ask of the real one. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { bodyOf, type Loopback, serve } from './loopback.ts';

interface Manifest {
  readonly mediaType: string;
  readonly body: Buffer;
}

/** Says no with a challenge, or yes with undefined. */
export type Guard = (repository: string, authorization: string | undefined) => string | undefined;

/** Starts it, empty. */
export async function startSmallRegistry(challengeFor: Guard): Promise<Loopback> {
  const manifests = new Map<string, Manifest>();
  return serve((request, response) => {
    const path = new URL(request.url ?? '/', 'http://loopback').pathname;
    const [, repository = '', kind = '', reference = ''] = /^\/v2\/([a-z0-9/._-]+)\/(manifests|blobs)\/(.+)$/.exec(path) ?? [];
    const challenge = challengeFor(repository, request.headers.authorization);
    if (challenge !== undefined) return sendError(response.setHeader('www-authenticate', challenge), 401, 'UNAUTHORIZED');
    if (kind === '') return sendError(response, 404, 'NAME_UNKNOWN');
    if (kind === 'blobs') return answerBlob(request, response, path);
    answerManifest(request, response, { manifests, repository, reference }).catch(() => response.destroy());
  });
}

function answerBlob(request: IncomingMessage, response: ServerResponse, path: string): void {
  request.resume();
  if (request.method === 'POST') response.writeHead(202, { location: `${path}upload` }).end();
  else response.writeHead(request.method === 'PUT' ? 201 : 404).end();
}

interface Place {
  readonly manifests: Map<string, Manifest>;
  readonly repository: string;
  readonly reference: string;
}

async function answerManifest(
  request: IncomingMessage,
  response: ServerResponse,
  { manifests, repository, reference }: Place,
): Promise<void> {
  const digestOf = (body: Buffer): string => `sha256:${createHash('sha256').update(body).digest('hex')}`;
  if (request.method === 'PUT') {
    const manifest = { mediaType: request.headers['content-type'] ?? '', body: await bodyOf(request) };
    manifests.set(`${repository}:${reference}`, manifest).set(`${repository}:${digestOf(manifest.body)}`, manifest);
    return void response.writeHead(201, { 'docker-content-digest': digestOf(manifest.body) }).end();
  }
  if (request.method === 'DELETE') {
    // The tags that stand for it go too.
    for (const [name, { body }] of manifests) if (digestOf(body) === reference && name.startsWith(`${repository}:`)) manifests.delete(name);
    return void response.writeHead(202).end();
  }
  const manifest = manifests.get(`${repository}:${reference}`);
  // As the real one: a media type that was not asked for does not exist.
  const isAccepted = manifest !== undefined && (request.headers.accept ?? '').includes(manifest.mediaType);
  if (!isAccepted) return sendError(response, 404, 'MANIFEST_UNKNOWN');
  const etag = `"${digestOf(manifest.body)}"`;
  if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end();
  response.writeHead(200, {
    etag,
    'content-type': manifest.mediaType,
    'content-length': manifest.body.length,
    'docker-content-digest': digestOf(manifest.body),
  });
  response.end(request.method === 'HEAD' ? undefined : manifest.body);
}

function sendError(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ errors: [{ code }] }));
}
