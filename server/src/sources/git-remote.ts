import { createHash } from 'node:crypto';
import { type Answer, unknown } from '../core/answer.ts';
import { PUBLIC_GITHUB_URL, type RepositoryKey } from '../core/facts.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { plain } from '../core/untrusted.ts';
import { isLoopback, parseAddress } from './address.ts';
import type { Http, HttpFailure, HttpResponse } from './http.ts';
import { DELIMITER_PKT, FLUSH_PKT, pktLine } from './pkt-line.ts';
import { answerFailure, answerStatus, LOOKUP_TIMEOUT_MS, mediaTypeOf } from './source.ts';

/** Where actions come from. */
export interface GitRemoteOptions {
  /** A GitHub server; the public one unless given. */
  readonly serverUrl?: string | undefined;
  /** Sent to that server only, and nowhere else. */
  readonly token?: string | undefined;
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number;
}

/** The way to a server, and when to give up. */
export interface Through {
  readonly http: Http;
  readonly signal: AbortSignal;
}

/** One question to `git-upload-pack`. */
export interface GitQuestion {
  readonly body: string;
  /** The longest answer to accept, in bytes. */
  readonly maxBytes: number;
}

/** An answer in git's protocol, not read yet. */
export interface GitAnswer {
  readonly body: Uint8Array;
  /** The host that answered, for a sentence. */
  readonly host: string;
  /** The repository's new name, where the same server redirected to one. */
  readonly movedTo?: RepositoryKey;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A git server that is spoken to in protocol version 2, one request a question. */
export interface GitRemote {
  /** The server's host, for the privacy table. */
  readonly host: string;
  /** The server's address with a slash at its end, to tell servers apart; the text as given where it is none. */
  readonly address: string;
  /** Whether it is on this machine. */
  readonly isLocal: boolean;
  /** Who asks: a hash of the token, so that one's answers are not shown to another; empty without a token. */
  readonly identity: string;
  readonly now: () => number;
  /** Sends a question. Resolves always; what is no answer in git's protocol is the error. */
  post(repository: RepositoryKey, question: GitQuestion, through: Through): Promise<Result<GitAnswer, Answer<never>>>;
}

/**
 * The base address of a GitHub server, with a slash at its end. It may have a path; https, or http on loopback. The
 * error is a sentence for the user.
 */
export function parseServerUrl(text: string): Result<URL> {
  const parsed = parseAddress(text.trim());
  if (!parsed.ok) return fail(`The GitHub server URL cannot be used: ${parsed.error}.`);
  const { origin, pathname, search, hash } = parsed.value;
  if (search !== '' || hash !== '') return fail('The GitHub server URL cannot be used: it has a query or a fragment.');
  return ok(new URL(`${origin}${pathname.replace(/\/+$/, '')}/`));
}

/** The server that repositories are asked for at. */
export function createGitRemote(options: GitRemoteOptions = {}): GitRemote {
  const serverUrl = options.serverUrl || PUBLIC_GITHUB_URL;
  const server = parseServerUrl(serverUrl);
  const token = options.token || undefined;
  const now = options.now ?? Date.now;
  return {
    host: server.ok && !isLoopback(server.value.hostname) ? server.value.host : new URL(PUBLIC_GITHUB_URL).host,
    address: server.ok ? server.value.href : serverUrl,
    isLocal: server.ok && isLoopback(server.value.hostname),
    identity: token === undefined ? '' : identityOf(token),
    now,
    post: async ({ owner, repo }, question, through) => {
      if (!server.ok) return fail(unknown('error', server.error));
      if (!isOwner(owner) || !isRepository(repo)) return fail(unknown('unparsable', 'not the name of a repository'));
      const url = new URL(`${owner}/${repo}.git/git-upload-pack`, server.value);
      const first = await send({ ...question, url, token }, through);
      // A stale token must not hide what everybody may see.
      const isRefused = token !== undefined && first.ok && (first.value.status === 401 || first.value.status === 403);
      if (!isRefused) return read(first, { server: server.value, asked: url, seesAll: seesAll(token), now: now() });
      const second = await send({ ...question, url, token: undefined }, through);
      return read(second, { server: server.value, asked: url, seesAll: false, now: now() });
    },
  };
}

/** Tokens of GitHub are random enough that a hash gives nothing away. */
function identityOf(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 32);
}

/** Whether owner and repository are names that GitHub allows. */
export function isRepositoryKey({ owner, repo }: RepositoryKey): boolean {
  return isOwner(owner) && isRepository(repo);
}

// GitHub: letters, digits and hyphens; enterprise accounts end in `_shortcode`.
function isOwner(owner: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(owner);
}

function isRepository(repo: string): boolean {
  return /^[A-Za-z0-9._-]{1,100}$/.test(repo) && repo !== '.' && repo !== '..';
}

/** Tokens of GitHub Actions and fine-grained ones see only some repositories: what they do not see may well exist. */
function seesAll(token: string | undefined): boolean {
  return token !== undefined && !/^(ghs_|github_pat_)/.test(token);
}

const RESULT_TYPE = 'application/x-git-upload-pack-result';

function send(
  { url, token, body, maxBytes }: GitQuestion & { readonly url: URL; readonly token: string | undefined },
  { http, signal }: Through,
): Promise<Result<HttpResponse, HttpFailure>> {
  const authorization = token === undefined ? {} : { authorization: `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}` };
  return http.request(
    {
      method: 'POST',
      url: url.href,
      headers: {
        'content-type': 'application/x-git-upload-pack-request',
        accept: RESULT_TYPE,
        'git-protocol': 'version=2',
        ...authorization,
      },
      body: Buffer.from(body),
      maxBytes,
      timeoutMs: LOOKUP_TIMEOUT_MS,
    },
    signal,
  );
}

/** A command of protocol version 2 (gitprotocol-v2, "Command Request"). */
export function gitCommand(command: string, format: 'sha1' | 'sha256', args: readonly string[]): string {
  const capabilities = [`command=${command}\n`, 'agent=waybill\n', `object-format=${format}\n`];
  return capabilities.map(pktLine).join('') + DELIMITER_PKT + args.map((line) => pktLine(`${line}\n`)).join('') + FLUSH_PKT;
}

interface Circumstances {
  readonly server: URL;
  readonly asked: URL;
  /** Whether a 404 means that there is no such repository. */
  readonly seesAll: boolean;
  readonly now: number;
}

function read(sent: Result<HttpResponse, HttpFailure>, { server, asked, seesAll, now }: Circumstances): Result<GitAnswer, Answer<never>> {
  if (!sent.ok) return fail(answerFailure(sent.error));
  const response = sent.value;
  const host = plain(response.url.host, 100);
  if (response.status === 404 && !(seesAll && response.url.origin === server.origin)) {
    return fail(unknown('denied', `${host} has no such repository, or does not show it without a token`));
  }
  if (response.status !== 200) return fail(answerStatus(response, now));
  if (mediaTypeOf(response) !== RESULT_TYPE) return fail(unknown('error', `${host} did not answer in the protocol of git`));
  const movedTo = response.url.href === asked.href ? undefined : newName(response.url, server);
  return ok({ body: response.body, host, at: now, ...(movedTo === undefined ? {} : { movedTo }) });
}

/** The repository in an address of the same server. What another server answers under is no name of this one. */
function newName(url: URL, server: URL): RepositoryKey | undefined {
  if (url.origin !== server.origin || !url.pathname.startsWith(server.pathname)) return undefined;
  const [owner = '', name = '', ...rest] = url.pathname.slice(server.pathname.length).split('/');
  const repo = name.replace(/\.git$/, '');
  return rest.join('/') === 'git-upload-pack' && isOwner(owner) && isRepository(repo) ? { owner, repo } : undefined;
}
