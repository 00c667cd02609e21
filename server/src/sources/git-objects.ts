import { type Answer, absent, known, unknown } from '../core/answer.ts';
import {
  type Ancestry,
  type AncestryKey,
  type DatesKey,
  type GitDates,
  type GitFile,
  type GitFileKey,
  gitAncestry,
  gitDates,
  gitFile,
  type RepositoryKey,
} from '../core/facts.ts';
import { dateOf, type GitObject, headerOf, parsePack, TOO_LARGE, treeEntries } from './git-pack.ts';
import { type GitRemote, gitCommand, type Through } from './git-remote.ts';
import { parseFetch } from './pkt-line.ts';
import type { Source } from './source.ts';

/** The longest object that is read, in bytes. A tree of 10,000 files has about 400 kB. */
export const MAX_OBJECT_BYTES = 512 * 1024;

/** The longest answer to a question for objects, in bytes. */
const MAX_PACK_BYTES = 2 * MAX_OBJECT_BYTES;

/** How many tips one question about ancestry names; a line of it has 50 bytes. */
export const MAX_TIPS = 10_000;

/** How many dates one question asks for. */
export const MAX_DATES = 32;

/** How many folders deep a file may lie. */
const MAX_DEPTH = 8;

/** How many tag objects a tag may be nested in. */
const MAX_NESTED_TAGS = 8;

const DAY_MS = 24 * 60 * 60 * 1000;

/** A repository's history only grows: a commit that is in it hardly ever leaves it. */
export const ANCESTRY_TTL_MS = 7 * DAY_MS;

/** What an id stands for never changes. */
export const FOREVER_MS = 365 * DAY_MS;

interface Want {
  readonly wants: readonly string[];
  readonly haves?: readonly string[];
}

/**
 * Asks for single objects (gitprotocol-v2, "fetch"): with `filter tree:0` a server sends of a commit only the commit and of a
 * folder only its list. What is reachable from `haves` is not sent. Absent where the server has not all that is wanted.
 */
async function fetchObjects(
  remote: GitRemote,
  repository: RepositoryKey,
  { wants, haves = [] }: Want,
  through: Through,
): Promise<Answer<ReadonlyMap<string, GitObject>>> {
  const format = wants[0]?.length === 64 ? 'sha256' : 'sha1';
  const lines = [
    ...wants.map((id) => `want ${id}`),
    ...haves.map((id) => `have ${id}`),
    'filter tree:0',
    'deepen 1',
    'no-progress',
    'done',
  ];
  const asked = await remote.post(repository, { body: gitCommand('fetch', format, lines), maxBytes: MAX_PACK_BYTES }, through);
  if (!asked.ok) return asked.error;
  const { host, body, at } = asked.value;
  // A git that may not filter says so on its own console only, and closes the connection.
  if (body.length === 0) return unknown('error', `${host} does not give single objects`);
  const fetched = parseFetch(body);
  if (!fetched.ok) return fetched.error.startsWith(NOT_OURS) ? absent(at) : unknown('error', `${host}: ${fetched.error}`);
  const objects = parsePack(fetched.value, { format, maxBytes: MAX_OBJECT_BYTES });
  if (!objects.ok) return unknown(objects.error === TOO_LARGE ? 'too-large' : 'error', `${host}: ${objects.error}`);
  return known(objects.value, at);
}

/** What git answers where it has no such object (upload-pack.c). */
const NOT_OURS = 'upload-pack: not our ref';

/** One object, or why it is not there. */
async function fetchObject(remote: GitRemote, repository: RepositoryKey, id: string, through: Through): Promise<Answer<GitObject>> {
  const answer = await fetchObjects(remote, repository, { wants: [id] }, through);
  if (answer.state !== 'known') return answer;
  const object = answer.value.get(id);
  return object === undefined ? unknown('error', 'the server sent another object than the one asked for') : known(object, answer.asOf);
}

/**
 * Whether a commit is in a repository, and whether a tag or branch leads there, in one question: the server sends the commit
 * only where none of the tips leads to it.
 */
export function createGitAncestrySource(remote: GitRemote): Source<AncestryKey, Ancestry> {
  return {
    id: gitAncestry.id,
    hosts: [
      {
        host: remote.host,
        reason: 'Whether a commit that a workflow names is in the repository. The host learns the name and the commit.',
      },
    ],
    ttlMs: ANCESTRY_TTL_MS,
    fetch: async ({ owner, repo, commit, tips }, http, signal) => {
      if (!isId(commit)) return unknown('unparsable', 'not a commit');
      const haves = tips.filter((id) => isId(id) && id.length === commit.length).slice(0, MAX_TIPS);
      const answer = await fetchObjects(remote, { owner, repo }, { wants: [commit], haves }, { http, signal });
      if (answer.state !== 'known') return answer;
      const sent = answer.value.get(commit);
      if (sent === undefined && answer.value.size > 0) return unknown('error', 'the server sent another object than the one asked for');
      if (sent !== undefined && sent.type !== 'commit') return absent(answer.asOf);
      if (sent !== undefined && haves.length < tips.length) {
        return unknown('too-large', `the repository has more than ${MAX_TIPS} tags and branches`);
      }
      return known({ isReachable: sent === undefined }, answer.asOf);
    },
  };
}

/** The dates of some tags and commits, in one question. */
export function createGitDatesSource(remote: GitRemote): Source<DatesKey, GitDates> {
  return {
    id: gitDates.id,
    hosts: [
      {
        host: remote.host,
        reason: 'The dates of the newest versions of an action that you update. The host learns the name of the repository.',
      },
    ],
    ttlMs: FOREVER_MS,
    fetch: async ({ owner, repo, ids }, http, signal) => {
      if (ids.length === 0 || ids.length > MAX_DATES || !ids.every(isId)) return unknown('unparsable', 'not a list of tags');
      const answer = await fetchObjects(remote, { owner, repo }, { wants: ids }, { http, signal });
      if (answer.state !== 'known') return answer;
      const dates = ids.flatMap((id) => {
        const date = dateBehind(answer.value, id);
        return date === undefined ? [] : [[id, date] as const];
      });
      return known(Object.fromEntries(dates), answer.asOf);
    },
  };
}

/** The latest date on the way from a tag object to its commit. */
function dateBehind(objects: ReadonlyMap<string, GitObject>, start: string): number | undefined {
  let id = start;
  let latest: number | undefined;
  for (let depth = 0; depth <= MAX_NESTED_TAGS; depth++) {
    const object = objects.get(id);
    if (object === undefined || object.type === 'tree' || object.type === 'blob') return undefined;
    const date = dateOf(headerOf(object, object.type === 'tag' ? 'tagger' : 'committer'));
    if (date !== undefined) latest = Math.max(date, latest ?? date);
    if (object.type === 'commit') return date === undefined ? undefined : latest;
    id = headerOf(object, 'object') ?? '';
  }
  return undefined;
}

/** A file at a commit, reached from the commit through its folders: each step is checked against the id that named it. */
export function createGitFileSource(remote: GitRemote): Source<GitFileKey, GitFile> {
  return {
    id: gitFile.id,
    hosts: [
      {
        host: remote.host,
        reason: 'The action.yml of an action at the commit that a workflow names. The host learns the name, the commit and the folder.',
      },
    ],
    ttlMs: FOREVER_MS,
    fetch: async ({ owner, repo, commit, paths }, http, signal) => {
      if (!isId(commit) || !paths.every(isPath)) return unknown('unparsable', 'not a file of a commit');
      const get = (id: string): Promise<Answer<GitObject>> => fetchObject(remote, { owner, repo }, id, { http, signal });
      const top = await get(commit);
      if (top.state !== 'known') return top;
      const tree = top.value.type === 'commit' ? headerOf(top.value, 'tree') : undefined;
      if (tree === undefined || !isId(tree)) return unknown('error', 'not a commit');
      // A folder that two paths share is asked for once.
      const asked = new Map<string, Promise<Answer<GitObject>>>();
      const once = (id: string): Promise<Answer<GitObject>> => {
        const answer = asked.get(id) ?? get(id);
        asked.set(id, answer);
        return answer;
      };
      for (const path of paths) {
        const blob = await walk(tree, path.split('/'), once);
        if (blob.state === 'known') return known({ path, text: Buffer.from(blob.value.body).toString('utf8') }, blob.asOf);
        if (blob.state === 'unknown') return blob;
      }
      return absent(top.asOf);
    },
  };
}

/** From a folder to the file at some names. Absent where a name is missing, or is a link or another repository. */
async function walk(tree: string, names: readonly string[], get: (id: string) => Promise<Answer<GitObject>>): Promise<Answer<GitObject>> {
  let answer = await get(tree);
  for (const [index, name] of names.entries()) {
    if (answer.state !== 'known') return lost(answer);
    const entries = answer.value.type === 'tree' ? treeEntries(answer.value) : undefined;
    if (entries === undefined) return unknown('error', 'a folder of the repository cannot be read');
    const mode = index === names.length - 1 ? /^100/ : /^40000$/;
    const entry = entries.find((candidate) => candidate.name === name && mode.test(candidate.mode));
    if (entry === undefined) return absent(answer.asOf);
    answer = await get(entry.id);
  }
  return answer.state === 'known' && answer.value.type !== 'blob'
    ? unknown('error', 'a file of the repository cannot be read')
    : lost(answer);
}

/** A commit that is there and lacks one of its own parts is no verdict about the part. */
function lost<V>(answer: Answer<V>): Answer<V> {
  return answer.state === 'absent' ? unknown('error', 'the server has the commit, but not all of it') : answer;
}

function isId(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

function isPath(path: string): boolean {
  const names = path.split('/');
  return names.length <= MAX_DEPTH && names.every((name) => name !== '' && name !== '.' && name !== '..');
}
