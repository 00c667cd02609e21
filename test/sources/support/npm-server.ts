/** An npm registry of the test suite's own, shaped as npm.md records: scopes, credentials, 304, short and whole documents, and mirrors. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BULK_PATH, type BulkAnswer, type BulkRequest, serveBulk } from './bulk-server.ts';
import { type Loopback, serve } from './loopback.ts';

/** A package as a test declares it; versions by number, with any member of a manifest. */
export interface Published {
  readonly versions: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly time?: Readonly<Record<string, unknown>>;
  readonly maintainers?: readonly unknown[];
  readonly repository?: unknown;
  /** The `authorization` that it is shown to. */
  readonly only?: string;
}

/** How a server differs from the public registry. */
export interface NpmServerOptions {
  /** A path below which everything is, as repository managers have it: `/artifactory/api/npm/all`. */
  readonly path?: string;
  /** Serves whole documents for short ones, without what mirrors strip. */
  readonly isMirror?: boolean;
  /** What stands under `/-/` (`npm/v1/keys`, `npm/v1/attestations/@a/b@1.0.0`); nothing unless given. */
  readonly papers?: ReadonlyMap<string, Paper>;
  /** What is answered about advisories; 404 unless given. */
  readonly advisories?: BulkAnswer;
  /** Nothing is answered before. */
  readonly until?: Promise<void>;
}

/** A document of a registry, as it is answered: 200 with a JSON body unless given. */
export interface Paper {
  readonly status?: number;
  /** A text is sent as it stands. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request as it came. */
export interface NpmRequest {
  readonly url: string;
  readonly authorization: string | undefined;
  readonly accept: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly status: number;
}

/** A running registry; `packages` may be changed at any time. */
export interface NpmServer extends Loopback {
  /** The registry's address with a slash at its end, as in .npmrc. */
  readonly registry: string;
  readonly packages: Map<string, Published>;
  readonly requests: NpmRequest[];
  /** The questions about advisories, which are among the requests as well. */
  readonly asked: BulkRequest[];
}

/** Starts a registry. */
export async function startNpmServer(packages: Readonly<Record<string, Published>>, options: NpmServerOptions = {}): Promise<NpmServer> {
  const { path = '', isMirror = false, papers = new Map(), until, advisories } = options;
  const shelf = new Map(Object.entries(packages));
  const requests: NpmRequest[] = [];
  const asked: BulkRequest[] = [];
  const loopback = await serve(async (request, response) => {
    await until;
    if (advisories !== undefined && request.url === `${path}/${BULK_PATH}`)
      await serveBulk(request, response, { answer: advisories, asked });
    else answer(request, response, { shelf, path, isMirror, papers });
    const { authorization, accept } = request.headers;
    requests.push({
      url: request.url ?? '',
      authorization,
      accept,
      ifNoneMatch: request.headers['if-none-match'],
      status: response.statusCode,
    });
  });
  return { ...loopback, registry: `${loopback.url}${path}/`, packages: shelf, requests, asked };
}

interface Shelf {
  readonly shelf: ReadonlyMap<string, Published>;
  readonly path: string;
  readonly isMirror: boolean;
  readonly papers: ReadonlyMap<string, Paper>;
}

const SHORT_TYPE = 'application/vnd.npm.install-v1+json';

function answer(request: IncomingMessage, response: ServerResponse, { shelf, path, isMirror, papers }: Shelf): void {
  const url = request.url ?? '';
  const paper = url.startsWith(`${path}/-/`) ? papers.get(decodeURIComponent(url.slice(path.length + 3))) : undefined;
  if (paper !== undefined) {
    const { status = 200, body = '', headers = { 'content-type': 'application/json' } } = paper;
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
    return;
  }
  const name = decodeURIComponent(url.slice(path.length + 1));
  const found = url.startsWith(`${path}/`) ? shelf.get(name) : undefined;
  const { authorization, accept = '' } = request.headers;
  const wantsShort = accept.includes(SHORT_TYPE) && !isMirror;
  if (found === undefined) send(response, 404, { error: 'not_found' });
  else if (found.only !== undefined && found.only !== authorization)
    send(response, authorization === undefined ? 401 : 403, { error: 'denied' });
  else if (isMirror) send(response, 200, whole(name, found, true));
  else sendUnlessKnown(request, response, wantsShort ? short(name, found) : whole(name, found, false));
}

function sendUnlessKnown(request: IncomingMessage, response: ServerResponse, document: object): void {
  const etag = `"${createHash('sha256').update(JSON.stringify(document)).digest('hex')}"`;
  response.setHeader('etag', etag);
  if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
  else send(response, 200, document);
}

const STRIPPED = ['deprecated', 'hasInstallScript', '_npmUser', 'gitHead', 'gypfile'];

function whole(name: string, { versions, tags = {}, time, maintainers, repository }: Published, isMirror: boolean): object {
  const manifests = Object.entries(versions).map(([version, manifest]) => {
    const members = Object.entries({ name, version, ...manifest }).filter(([key]) => !isMirror || !STRIPPED.includes(key));
    return [version, Object.fromEntries(members)];
  });
  const base = { name, 'dist-tags': tags, versions: Object.fromEntries(manifests), ...(time && { time }) };
  return isMirror ? base : { ...base, ...(maintainers && { maintainers }), ...(repository !== undefined && { repository }) };
}

const SHORT_MEMBERS = [
  'name',
  'version',
  'deprecated',
  'dependencies',
  'optionalDependencies',
  'dist',
  'hasInstallScript',
  'bin',
  'engines',
];

function short(name: string, { versions, tags = {} }: Published): object {
  const manifests = Object.entries(versions).map(([version, manifest]) => {
    const members = Object.entries({ name, version, ...manifest }).filter(([key]) => SHORT_MEMBERS.includes(key));
    return [version, Object.fromEntries(members)];
  });
  return { name, modified: '2026-01-01T00:00:00.000Z', 'dist-tags': tags, versions: Object.fromEntries(manifests) };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
