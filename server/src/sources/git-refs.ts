import { createHash } from 'node:crypto';
import { type Answer, known, unknown } from '../core/answer.ts';
import { type GitRef, type GitRefs, gitRefs, PUBLIC_GITHUB_URL, type RepositoryKey } from '../core/facts.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { plain } from '../core/untrusted.ts';
import { isLoopback, parseAddress } from './address.ts';
import type { Http, HttpFailure, HttpResponse } from './http.ts';
import { DELIMITER_PKT, FLUSH_PKT, parsePktLines, pktLine } from './pkt-line.ts';
import { answerFailure, answerStatus, LOOKUP_TIMEOUT_MS, mediaTypeOf, type Source } from './source.ts';

/** The longest list of refs that is read, in bytes. About 300,000 refs; the largest public repositories have 100,000. */
export const MAX_REFS_BYTES = 32 * 1024 * 1024;

/** The longest list of refs that is kept. */
export const MAX_REFS = 300_000;

/** The longest ref name that is kept, in UTF-16 units. GitHub allows 244 bytes. */
export const MAX_REF_NAME_UNITS = 512;

/** How long tags and branches may be used without asking again, in milliseconds. */
export const REFS_TTL_MS = 10 * 60 * 1000;

/** Where actions come from. */
export interface GitRefsOptions {
  /** A GitHub server; the public one unless given. */
  readonly serverUrl?: string | undefined;
  /** Sent to that server only, and nowhere else. */
  readonly token?: string | undefined;
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number;
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

/** Tags and branches through git's own protocol, in one request and without the REST interface's limits. */
export function createGitRefsSource(options: GitRefsOptions = {}): Source<RepositoryKey, GitRefs> {
  const server = parseServerUrl(options.serverUrl || PUBLIC_GITHUB_URL);
  const token = options.token || undefined;
  const now = options.now ?? Date.now;
  return {
    id: gitRefs.id,
    hosts: [
      {
        host: server.ok && !isLoopback(server.value.hostname) ? server.value.host : new URL(PUBLIC_GITHUB_URL).host,
        reason: 'The tags and branches of a repository that a workflow uses. The host learns the name of the repository.',
      },
    ],
    ttlMs: REFS_TTL_MS,
    // A token is hashed, not written down; who has another one, or none, does not see what it showed.
    keepUnder: async (key) => {
      if (!server.ok) return undefined;
      const id = `${server.value.href} ${token === undefined ? '' : identityOf(token)} ${gitRefs.key(key)}`;
      return { id, isLocal: isLoopback(server.value.hostname) };
    },
    read: keptRefs,
    fetch: async ({ owner, repo }, http, signal) => {
      if (!server.ok) return unknown('error', server.error);
      if (!isOwner(owner) || !isRepository(repo)) return unknown('unparsable', 'not the name of a repository');
      const url = new URL(`${owner}/${repo}.git/git-upload-pack`, server.value).href;
      const first = await ask({ url, token }, http, signal);
      // A stale token must not hide what everybody may see.
      const isRefused = token !== undefined && first.ok && (first.value.status === 401 || first.value.status === 403);
      if (!isRefused) return answer(first, { server: server.value, seesAll: seesAll(token), now: now() });
      const second = await ask({ url, token: undefined }, http, signal);
      return answer(second, { server: server.value, seesAll: false, now: now() });
    },
  };
}

/** Who a token is, for telling answers apart. Tokens of GitHub are random enough that a hash gives nothing away. */
function identityOf(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 32);
}

/** Refs that were kept, checked as if they came from the network. */
function keptRefs(value: unknown): GitRefs | undefined {
  if (typeof value !== 'object' || value === null || !('refs' in value) || !Array.isArray(value.refs)) return undefined;
  const isSound = value.refs.every((ref: unknown) => {
    const { name, oid, peeled }: Record<string, unknown> = { ...(typeof ref === 'object' ? ref : {}) };
    if (typeof name !== 'string' || !isRefName(name) || typeof oid !== 'string' || !isOid(oid, oid.length)) return false;
    return peeled === undefined || (typeof peeled === 'string' && isOid(peeled, oid.length));
  });
  const head = 'head' in value ? value.head : undefined;
  if (!isSound || (head !== undefined && (typeof head !== 'string' || !isRefName(head)))) return undefined;
  return head === undefined ? { refs: value.refs } : { refs: value.refs, head };
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

interface Question {
  readonly url: string;
  readonly token: string | undefined;
}

type ObjectFormat = 'sha1' | 'sha256';

async function ask(question: Question, http: Http, signal: AbortSignal): Promise<Result<HttpResponse, HttpFailure>> {
  const sent = await post(question, 'sha1', http, signal);
  // git dies without a word when the repository uses the other hash.
  const isSilent = sent.ok && sent.value.status === 200 && sent.value.body.length === 0;
  return isSilent ? post(question, 'sha256', http, signal) : sent;
}

async function post({ url, token }: Question, format: ObjectFormat, http: Http, signal: AbortSignal): ReturnType<Http['request']> {
  const authorization = token === undefined ? {} : { authorization: `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}` };
  return http.request(
    {
      method: 'POST',
      url,
      headers: {
        'content-type': 'application/x-git-upload-pack-request',
        accept: RESULT_TYPE,
        'git-protocol': 'version=2',
        ...authorization,
      },
      body: Buffer.from(lsRefs(format)),
      maxBytes: MAX_REFS_BYTES,
      timeoutMs: LOOKUP_TIMEOUT_MS,
    },
    signal,
  );
}

const RESULT_TYPE = 'application/x-git-upload-pack-result';

/** gitprotocol-v2, "ls-refs". The prefix `HEAD` is what makes the server say which branch HEAD is. */
function lsRefs(format: ObjectFormat): string {
  const capabilities = ['command=ls-refs\n', 'agent=waybill\n', `object-format=${format}\n`];
  const args = ['peel\n', 'symrefs\n', 'ref-prefix HEAD\n', 'ref-prefix refs/heads/\n', 'ref-prefix refs/tags/\n'];
  return capabilities.map(pktLine).join('') + DELIMITER_PKT + args.map(pktLine).join('') + FLUSH_PKT;
}

interface Circumstances {
  readonly server: URL;
  /** Whether a 404 means that there is no such repository. */
  readonly seesAll: boolean;
  readonly now: number;
}

function answer(sent: Result<HttpResponse, HttpFailure>, { server, seesAll, now }: Circumstances): Answer<GitRefs> {
  if (!sent.ok) return answerFailure(sent.error);
  const response = sent.value;
  const host = plain(response.url.host, 100);
  if (response.status === 404 && !(seesAll && response.url.origin === server.origin)) {
    return unknown('denied', `${host} has no such repository, or does not show it without a token`);
  }
  if (response.status !== 200) return answerStatus(response, now);
  if (mediaTypeOf(response) !== RESULT_TYPE) return unknown('error', `${host} did not answer in the protocol of git`);
  const refs = parseLsRefs(response.body);
  if (refs.ok) return known(refs.value, now);
  return refs.error === TOO_MANY ? unknown('too-large', `${host}: ${refs.error}`) : unknown('error', `${host}: ${refs.error}`);
}

const TOO_MANY = `the repository has more than ${MAX_REFS} tags and branches`;

/**
 * Reads the answer to `ls-refs`. A malformed line makes the whole answer worthless. A ref whose name git would not
 * accept, or that is neither tag nor branch, is left out.
 */
export function parseLsRefs(body: Uint8Array): Result<GitRefs> {
  const lines = parsePktLines(body);
  if (!lines.ok) return lines;
  if (lines.value.length > MAX_REFS) return fail(TOO_MANY);
  const refs = new Map<string, GitRef>();
  let head: string | undefined;
  let oidDigits: number | undefined;
  for (const line of lines.value) {
    const text = decode(line);
    if (text === undefined) continue;
    const [oid = '', name = '', ...attributes] = text.split(' ');
    if (oid === 'unborn') continue;
    const peeled = attribute(attributes, 'peeled:');
    oidDigits ??= oid.length;
    if (!isOid(oid, oidDigits) || name === '' || (peeled !== undefined && !isOid(peeled, oidDigits))) {
      return fail('the answer has a malformed line');
    }
    if (name === 'HEAD') {
      const target = attribute(attributes, 'symref-target:');
      if (target?.startsWith('refs/heads/') && isRefName(target)) head = target;
      continue;
    }
    if (!isRefName(name)) continue;
    const twin = refs.get(name);
    if (twin !== undefined && (twin.oid !== oid || twin.peeled !== peeled)) return fail('the answer says two things about one ref');
    refs.set(name, peeled === undefined ? { name, oid } : { name, oid, peeled });
  }
  const list = [...refs.values()];
  return ok(head === undefined ? { refs: list } : { refs: list, head });
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Names in other encodings exist, but nobody can write one in a workflow: they are left out. */
function decode(line: Uint8Array): string | undefined {
  try {
    return UTF8.decode(line);
  } catch {
    return undefined;
  }
}

function attribute(attributes: readonly string[], name: string): string | undefined {
  return attributes.find((text) => text.startsWith(name))?.slice(name.length);
}

function isOid(text: string, digits: number): boolean {
  return (digits === 40 || digits === 64) && text.length === digits && /^[0-9a-f]+$/.test(text);
}

/** git-check-ref-format, for full names of tags and branches. */
function isRefName(name: string): boolean {
  return (
    name.length <= MAX_REF_NAME_UNITS &&
    /^refs\/(heads|tags)\/./.test(name) &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are just what git forbids.
    !/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\/\.|[/.]$|\.lock(\/|$)/.test(name)
  );
}
