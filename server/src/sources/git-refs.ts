import { type Answer, known, unknown } from '../core/answer.ts';
import { type GitRef, type GitRefs, gitRefs, type RepositoryKey } from '../core/facts.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { type GitAnswer, type GitRemote, gitCommand, isRepositoryKey, type Through } from './git-remote.ts';
import { parsePktLines } from './pkt-line.ts';
import type { Source } from './source.ts';

/** The longest list of refs that is read, in bytes. About 300,000 refs; the largest public repositories have 100,000. */
export const MAX_REFS_BYTES = 32 * 1024 * 1024;

/** The longest list of refs that is kept. */
export const MAX_REFS = 300_000;

/** The longest ref name that is kept, in UTF-16 units. GitHub allows 244 bytes. */
export const MAX_REF_NAME_UNITS = 512;

/** How long tags and branches may be used without asking again, in milliseconds. */
export const REFS_TTL_MS = 10 * 60 * 1000;

/** Tags and branches through git's own protocol, in one request and without the REST interface's limits. */
export function createGitRefsSource(remote: GitRemote): Source<RepositoryKey, GitRefs> {
  return {
    id: gitRefs.id,
    hosts: [
      {
        host: remote.host,
        reason: 'The tags and branches of a repository that a workflow uses. The host learns the name of the repository.',
      },
    ],
    ttlMs: REFS_TTL_MS,
    // A token is hashed, not written down; who has another one, or none, does not see what it showed.
    keepUnder: async (key) => ({ id: `${remote.address} ${remote.identity} ${gitRefs.key(key)}`, isLocal: remote.isLocal }),
    read: keptRefs,
    fetch: async (repository, http, signal) => {
      const asked = await ask(remote, repository, { http, signal });
      return asked.ok ? read(asked.value) : asked.error;
    },
  };
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
  const movedTo = 'movedTo' in value ? readRepository(value.movedTo) : undefined;
  if ('movedTo' in value && movedTo === undefined) return undefined;
  return { refs: value.refs, ...(head === undefined ? {} : { head }), ...(movedTo === undefined ? {} : { movedTo }) };
}

function readRepository(value: unknown): RepositoryKey | undefined {
  const { owner, repo }: Record<string, unknown> = { ...(typeof value === 'object' ? value : {}) };
  return typeof owner === 'string' && typeof repo === 'string' && isRepositoryKey({ owner, repo }) ? { owner, repo } : undefined;
}

async function ask(remote: GitRemote, repository: RepositoryKey, through: Through): ReturnType<GitRemote['post']> {
  const sent = await remote.post(repository, { body: lsRefs('sha1'), maxBytes: MAX_REFS_BYTES }, through);
  // git dies without a word when the repository uses the other hash.
  const isSilent = sent.ok && sent.value.body.length === 0;
  return isSilent ? remote.post(repository, { body: lsRefs('sha256'), maxBytes: MAX_REFS_BYTES }, through) : sent;
}

type ObjectFormat = 'sha1' | 'sha256';

/** gitprotocol-v2, "ls-refs". The prefix `HEAD` is what makes the server say which branch HEAD is. */
function lsRefs(format: ObjectFormat): string {
  return gitCommand('ls-refs', format, ['peel', 'symrefs', 'ref-prefix HEAD', 'ref-prefix refs/heads/', 'ref-prefix refs/tags/']);
}

function read({ body, host, movedTo, at }: GitAnswer): Answer<GitRefs> {
  const refs = parseLsRefs(body);
  if (refs.ok) return known(movedTo === undefined ? refs.value : { ...refs.value, movedTo }, at);
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
