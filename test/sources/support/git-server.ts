/**
 * A GitHub of the test suite's own: bare repositories on disk, served by the real `git http-backend` behind a small CGI
 * server. It answers like GitHub where no token is given: 401 for what is private or missing.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bodyOf, serve } from './loopback.ts';

/** A tag: the label of a commit (lightweight), or an annotated tag, which may be nested in further tag objects. */
export type TagSpec = string | { readonly annotated: string; readonly nested?: number; readonly at?: number };

/** A repository. Commits are made from labels: the same label is the same commit. */
export interface RepositorySpec {
  readonly branches?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, TagSpec>>;
  /** The branch that HEAD names; `main` unless given. */
  readonly head?: string;
  readonly objectFormat?: 'sha1' | 'sha256';
  /** Moves the refs into `packed-refs`. */
  readonly packed?: boolean;
  /** What a label's commit holds, by path; nothing unless given. */
  readonly files?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The label of the commit before a label's; none unless given. */
  readonly parents?: Readonly<Record<string, string>>;
  /** When a label's commit was made, in seconds since the epoch. */
  readonly dates?: Readonly<Record<string, number>>;
  /** Labels of commits that no ref leads to: what a fork has is in the same store. */
  readonly strays?: readonly string[];
  /** Whether the server gives single objects, as GitHub does; true unless given. */
  readonly filters?: boolean;
  /** Shown only to requests with `GitServerOptions.token`. */
  readonly isPrivate?: boolean;
}

/** Special cases of the server. */
export interface GitServerOptions {
  /** The token that opens private repositories. Any other token is answered with 401. */
  readonly token?: string;
  /** Old name to new name: answered with `renameStatus`. */
  readonly renames?: Readonly<Record<string, string>>;
  /** 301 unless given. */
  readonly renameStatus?: 301 | 302 | 307 | 308;
  /** What a request without a token gets for a private or missing repository; 401 unless given. */
  readonly hiddenStatus?: 401 | 403 | 404;
}

/** A request that reached the server. */
export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  /** `ls-refs` or `fetch`; missing until the request's body was read, and where it was not. */
  command?: string;
}

/** The running server. */
export interface GitServer {
  /** For `GITHUB_SERVER_URL`. */
  readonly url: string;
  readonly requests: readonly LoggedRequest[];
  /** The id of a label's commit, of `refs/tags/x` (the tag object, where there is one) or of `refs/heads/x`. */
  id(repository: string, labelOrRef: string): string;
  /** Makes a ref point at another label's commit. */
  move(repository: string, ref: string, label: string): void;
  close(): Promise<void>;
}

/** Starts the server with repositories by `owner/name`. */
export async function startGitServer(
  repositories: Readonly<Record<string, RepositorySpec>>,
  options: GitServerOptions = {},
): Promise<GitServer> {
  const root = await mkdtemp(join(tmpdir(), 'waybill-git-'));
  const made = new Map(Object.entries(repositories).map(([name, spec]) => [name, createRepository(join(root, `${name}.git`), spec)]));
  const requests: LoggedRequest[] = [];
  const server = await serve((request, response) => {
    const { method = '', url = '', headers } = request;
    const logged: LoggedRequest = { method, path: url, authorization: headers.authorization };
    requests.push(logged);
    answer(request, response, { root, repositories, options, logged }).catch(() => response.destroy());
  });
  return {
    url: server.url,
    requests,
    id: (name, labelOrRef) => made.get(name)?.id(labelOrRef) ?? missing(name),
    move: (name, ref, label) => (made.get(name) ?? missing(name)).move(ref, label),
    close: async () => {
      await server.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

function missing(name: string): never {
  throw new Error(`the test server has no ${name}`);
}

interface Repository {
  id(labelOrRef: string): string;
  move(ref: string, label: string): void;
}

/** When commits and tags are made unless said otherwise, in seconds since the epoch. */
const MADE_AT = 1_700_000_000;

const identity = (at = MADE_AT): string => `Waybill Test <test@waybill.example> ${at} +0000`;

function createRepository(directory: string, spec: RepositorySpec): Repository {
  const format = spec.objectFormat ?? 'sha1';
  git([], ['init', '--quiet', '--bare', `--object-format=${format}`, `--initial-branch=${spec.head ?? 'main'}`, directory]);
  const run = (args: readonly string[], input = ''): string => git(['-C', directory], args, input);
  if (spec.filters !== false) run(['config', 'uploadpack.allowFilter', 'true']);
  const treeOf = (files: readonly (readonly [string, string])[]): string => {
    const names = [...new Set(files.map(([path]) => path.split('/')[0] ?? ''))];
    const lines = names.map((name) => {
      const content = files.find(([path]) => path === name)?.[1];
      if (content !== undefined) return `100644 blob ${run(['hash-object', '-w', '--stdin'], content)}\t${name}\n`;
      const below = files.flatMap(([path, text]) => (path.startsWith(`${name}/`) ? [[path.slice(name.length + 1), text] as const] : []));
      return `040000 tree ${treeOf(below)}\t${name}\n`;
    });
    return run(['mktree'], lines.join(''));
  };
  const commits = new Map<string, string>();
  const commit = (label: string): string => {
    const known = commits.get(label);
    if (known !== undefined) return known;
    const parent = spec.parents?.[label];
    const before = parent === undefined ? '' : `parent ${commit(parent)}\n`;
    const tree = treeOf(Object.entries(spec.files?.[label] ?? {}));
    const who = identity(spec.dates?.[label]);
    const id = run(
      ['hash-object', '-t', 'commit', '-w', '--stdin'],
      `tree ${tree}\n${before}author ${who}\ncommitter ${who}\n\n${label}\n`,
    );
    commits.set(label, id);
    return id;
  };
  const tagObject = (name: string, type: string, object: string, at?: number): string =>
    run(['mktag'], `object ${object}\ntype ${type}\ntag ${name}\ntagger ${identity(at)}\n\n${name}\n`);
  const tagTarget = (name: string, tag: TagSpec): string => {
    if (typeof tag === 'string') return commit(tag);
    const inner = tagObject(name, 'commit', commit(tag.annotated), tag.at);
    return Array.from({ length: tag.nested ?? 0 }).reduce<string>(
      (object, _, index) => tagObject(`${name}-${index}`, 'tag', object),
      inner,
    );
  };
  const refs = [
    ...Object.entries(spec.branches ?? {}).map(([name, label]) => [`refs/heads/${name}`, commit(label)] as const),
    ...Object.entries(spec.tags ?? {}).map(([name, tag]) => [`refs/tags/${name}`, tagTarget(name, tag)] as const),
  ];
  run(['update-ref', '--stdin'], refs.map(([name, id]) => `create ${name} ${id}\n`).join(''));
  for (const label of spec.strays ?? []) commit(label);
  if (spec.packed === true) run(['pack-refs', '--all']);
  return {
    id: (labelOrRef) => commits.get(labelOrRef) ?? run(['rev-parse', '--verify', labelOrRef]),
    move: (ref, label) => void run(['update-ref', ref, commit(label)]),
  };
}

function git(before: readonly string[], args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync('git', [...before, ...args], { input, encoding: 'utf8', env: CLEAN_ENVIRONMENT });
  if (status !== 0) throw new Error(`git ${args[0]}: ${stderr}`);
  return stdout.trim();
}

// The developer's own configuration must not change what the tests see.
const CLEAN_ENVIRONMENT = { PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', HOME: tmpdir() };

interface Setting {
  readonly root: string;
  readonly repositories: Readonly<Record<string, RepositorySpec>>;
  readonly options: GitServerOptions;
  readonly logged: LoggedRequest;
}

async function answer(request: IncomingMessage, response: ServerResponse, { root, repositories, options, logged }: Setting): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://loopback');
  const [, asked = '', rest = ''] = /^\/([^/]+\/[^/]+)\.git(\/.*)$/.exec(pathname) ?? [];
  // Names are case-insensitive, as on GitHub.
  const name = Object.keys(repositories).find((known) => known.toLowerCase() === asked.toLowerCase()) ?? asked;
  const renamed = options.renames?.[name];
  if (renamed !== undefined) return void response.writeHead(options.renameStatus ?? 301, { location: `/${renamed}.git${rest}` }).end();
  const { authorization } = request.headers;
  const isAuthorized = options.token !== undefined && authorization === basic(options.token);
  if (authorization !== undefined && !isAuthorized) return deny(response, 401);
  const repository = repositories[name];
  if (repository === undefined) return deny(response, isAuthorized ? 404 : (options.hiddenStatus ?? 401));
  if (repository.isPrivate === true && !isAuthorized) return deny(response, options.hiddenStatus ?? 401);
  const body = await bodyOf(request);
  logged.command = /command=([a-z-]+)/.exec(body.toString('latin1'))?.[1] ?? '';
  const child = spawn('git', ['http-backend'], {
    env: {
      ...CLEAN_ENVIRONMENT,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REQUEST_METHOD: request.method ?? '',
      PATH_INFO: `/${name}.git${rest}`,
      QUERY_STRING: searchParams.toString(),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      CONTENT_LENGTH: String(body.length),
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.stdin.on('error', () => {}).end(body);
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
  sendCgi(response, Buffer.concat(chunks));
}

function basic(token: string): string {
  return `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
}

function deny(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'text/plain', ...(status === 401 ? { 'www-authenticate': 'Basic realm="GitHub"' } : {}) });
  response.end('Repository not found.');
}

/** A CGI answer: header lines, of which `Status` is the status, an empty line, the body (RFC 3875, 6). */
function sendCgi(response: ServerResponse, output: Buffer): void {
  const end = output.indexOf('\r\n\r\n');
  const headers = output.subarray(0, Math.max(end, 0)).toString('latin1').split('\r\n');
  for (const header of headers) {
    const [name = '', value = ''] = header.split(/:\s*/, 2);
    if (name.toLowerCase() === 'status') response.statusCode = Number.parseInt(value, 10);
    else if (name !== '') response.setHeader(name, value);
  }
  response.end(output.subarray(end + 4));
}
