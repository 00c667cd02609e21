import { createHash } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { inflate as inflateCallback } from 'node:zlib';
import type { HeadText } from '../core/head-text.ts';
import { decode, MAX_FILE_BYTES } from './files.ts';
import { applyDelta } from './git-delta.ts';
import { type Pack, type PackPlace, packsIn } from './git-packs.ts';

const inflate = promisify(inflateCallback);

/** How long a look into a repository may take, in ms. */
const READ_TIMEOUT_MS = 5_000;

/** Larger small files (HEAD, packed-refs, alternates, config) are not git's; in bytes. */
const MAX_SMALL_BYTES = 64 * 1024 * 1024;

/** git's own limit is 4095 deltas, one on the other. */
const MAX_DELTAS = 4096;

/** How many references lead to each other, and how many object folders borrow from each other, one behind the other. */
const MAX_HOPS = 5;

/** Why something is not known: a part of a sentence. Thrown inside of this module alone, through all of its steps. */
class Unreadable extends Error {}

/**
 * The text that a file has in the last commit (`HEAD`) of the git repository around it, read from the repository's own files: no
 * program is started. Reads loose objects and pack files with their deltas, packed references, linked worktrees, borrowed object
 * folders, repositories with SHA-1 and SHA-256. `absent` where the commit has no such file. Never rejects.
 */
export async function headText(file: string, signal: AbortSignal): Promise<HeadText> {
  const reader = new Reader(AbortSignal.any([signal, AbortSignal.timeout(READ_TIMEOUT_MS)]));
  try {
    return await reader.headText(await realpath(file));
  } catch (error) {
    return { state: 'unknown', reason: error instanceof Error ? error.message : String(error) };
  } finally {
    await reader.close();
  }
}

interface Repository {
  /** The folder that the paths of its trees are relative to. */
  readonly workTree: string;
  /** Of this worktree: where `HEAD` is. */
  readonly gitDir: string;
  /** Of all worktrees: objects and references. */
  readonly commonDir: string;
  readonly hash: 'sha1' | 'sha256';
}

interface GitObject {
  readonly type: string;
  readonly bytes: Uint8Array;
}

class Reader {
  readonly #signal: AbortSignal;
  readonly #packs: Pack[] = [];
  #folders: readonly string[] = [];
  #hash: Repository['hash'] = 'sha1';

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  async close(): Promise<void> {
    for (const pack of this.#packs) await pack.close();
  }

  async headText(file: string): Promise<HeadText> {
    const repository = await this.#repositoryOf(file);
    this.#hash = repository.hash;
    const commit = await this.#head(repository);
    this.#folders = await this.#objectFolders(path.join(repository.commonDir, 'objects'));
    for (const folder of this.#folders) this.#packs.push(...(await packsIn(folder, this.#idBytes)));
    const head = await this.#object(commit, 'commit');
    const tree = /^tree ([0-9a-f]+)\n/.exec(decode(head.bytes.subarray(0, 200)))?.[1];
    if (tree === undefined) throw new Unreadable('the commit is malformed');
    const names = path.relative(repository.workTree, file).split(path.sep);
    let id = tree;
    for (const [at, name] of names.entries()) {
      const entry = entryOf((await this.#object(id, 'tree')).bytes, name, this.#idBytes);
      if (entry === undefined) return { state: 'absent', commit };
      const isLast = at === names.length - 1;
      if (entry.isFolder === isLast) return { state: 'absent', commit };
      if (!entry.isFolder && !entry.isFile) throw new Unreadable('the commit has a link or a submodule there');
      id = entry.id;
    }
    const text = decode((await this.#object(id, 'blob')).bytes);
    if (text.startsWith('version https://git-lfs.github.com/spec/')) throw new Unreadable('the commit holds the file in Git LFS');
    return { state: 'known', commit, text };
  }

  get #idBytes(): number {
    return this.#hash === 'sha1' ? 20 : 32;
  }

  /** The innermost repository around a file. `.git` is a folder, or a file that names one (`gitdir:`), for worktrees and submodules. */
  async #repositoryOf(file: string): Promise<Repository> {
    for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
      this.#signal.throwIfAborted();
      const dotGit = path.join(folder, '.git');
      const found = await stat(dotGit).catch(() => undefined);
      if (found !== undefined) {
        const gitDir = found.isDirectory() ? dotGit : await this.#linked(dotGit);
        const common = (await this.#small(path.join(gitDir, 'commondir')))?.trim();
        const commonDir = common === undefined ? gitDir : resolved(gitDir, common);
        return { workTree: folder, gitDir, commonDir, hash: await this.#formatOf(commonDir) };
      }
      if (path.dirname(folder) === folder) throw new Unreadable('the file is in no git repository');
    }
  }

  async #linked(dotGit: string): Promise<string> {
    const target = /^gitdir: (.+?)\r?\n?$/.exec((await this.#small(dotGit)) ?? '')?.[1];
    if (target === undefined) throw new Unreadable('the file `.git` names no folder');
    return resolved(path.dirname(dotGit), target);
  }

  /** The hash that a repository names its objects by (git documentation, "git config", `extensions.*`). */
  async #formatOf(commonDir: string): Promise<Repository['hash']> {
    const config = (await this.#small(path.join(commonDir, 'config'))) ?? '';
    if (/^\s*refstorage\s*=\s*"?reftable/im.test(config)) throw new Unreadable('the repository keeps its references in a reftable');
    if (/^\s*worktree\s*=/im.test(config) && !commonDir.includes(`${path.sep}modules${path.sep}`))
      throw new Unreadable('the repository has its files in another folder');
    const format = /^\s*objectformat\s*=\s*"?(\w+)/im.exec(config)?.[1]?.toLowerCase() ?? 'sha1';
    if (format !== 'sha1' && format !== 'sha256') throw new Unreadable('the repository has an unknown object format');
    return format;
  }

  /** The commit that `HEAD` stands for, through references, of this worktree first, then of all. */
  async #head({ gitDir, commonDir }: Repository): Promise<string> {
    let name = 'HEAD';
    for (let hop = 0; hop < MAX_HOPS; hop++) {
      const value = (
        (await this.#small(path.join(gitDir, name))) ??
        (await this.#small(path.join(commonDir, name))) ??
        (await this.#packedRef(commonDir, name)) ??
        ''
      ).trim();
      if (isId(value)) return value;
      const target = /^ref: *(refs\/\S+)$/.exec(value)?.[1];
      if (target === undefined) throw new Unreadable(value === '' && hop > 0 ? 'there is no commit yet' : '`HEAD` cannot be read');
      // A reference becomes a path: it must not lead out of the repository.
      if (target.split('/').some((part) => part === '..' || part === '.' || part === '') || /[\\:\0]/.test(target))
        throw new Unreadable('`HEAD` names no reference');
      name = target;
    }
    throw new Unreadable('the references lead in a circle');
  }

  async #packedRef(commonDir: string, name: string): Promise<string | undefined> {
    const packed = await this.#small(path.join(commonDir, 'packed-refs'));
    const at = packed === undefined ? -1 : `\n${packed}`.search(new RegExp(`\\n[0-9a-f]+ ${escapePattern(name)}\\r?(?:\\n|$)`));
    return at < 0 ? undefined : /^[0-9a-f]+/.exec((packed ?? '').slice(at))?.[0];
  }

  /** The repository's own objects folder, then those that it borrows from. */
  async #objectFolders(own: string): Promise<string[]> {
    const folders = [own];
    let level = [own];
    for (let hop = 0; hop < MAX_HOPS && level.length > 0; hop++) {
      const next: string[] = [];
      for (const folder of level) {
        const lines = ((await this.#small(path.join(folder, 'info', 'alternates'))) ?? '').split('\n');
        for (const line of lines) if (line.trim() !== '' && !line.startsWith('#')) next.push(resolved(folder, line.trim()));
      }
      level = next.filter((folder) => !folders.includes(folder));
      folders.push(...level);
    }
    return folders;
  }

  /** An object of a wanted type, its name checked against its content. */
  async #object(id: string, type: string): Promise<GitObject> {
    const found = (await this.#loose(id)) ?? (await this.#packed(id));
    if (found === undefined) throw new Unreadable('an object of the commit is not here: the clone is shallow or partial');
    const name = createHash(this.#hash).update(`${found.type} ${found.bytes.length}\0`).update(found.bytes).digest('hex');
    if (name !== id) throw new Unreadable('an object of the repository is damaged');
    if (found.type !== type) throw new Unreadable(`an object is a ${found.type} instead of a ${type}`);
    return found;
  }

  async #loose(id: string): Promise<GitObject | undefined> {
    for (const folder of this.#folders) {
      this.#signal.throwIfAborted();
      const file = path.join(folder, id.slice(0, 2), id.slice(2));
      const found = await stat(file).catch(() => undefined);
      if (found === undefined || !found.isFile()) continue;
      if (found.size > MAX_FILE_BYTES) throw new Unreadable(`an object is larger than ${MAX_FILE_BYTES} bytes`);
      const bytes = await inflate(await readFile(file), { maxOutputLength: MAX_FILE_BYTES });
      const end = bytes.indexOf(0);
      const [, type = '', length = ''] = /^(\w+) (\d+)$/.exec(bytes.toString('latin1', 0, Math.max(0, end))) ?? [];
      if (Number(length) !== bytes.length - end - 1) throw new Unreadable('an object of the repository is damaged');
      return { type, bytes: bytes.subarray(end + 1) };
    }
    return undefined;
  }

  async #packed(id: string): Promise<GitObject | undefined> {
    let place = await this.#placeOf(id);
    const deltas: Uint8Array[] = [];
    let total = 0;
    while (place !== undefined) {
      this.#signal.throwIfAborted();
      const entry = await place.pack.entryAt(place.offset, MAX_FILE_BYTES);
      if (entry.kind === 'whole') return { type: entry.type, bytes: undeltified(entry.bytes, deltas) };
      deltas.push(entry.bytes);
      total += entry.bytes.length;
      if (deltas.length > MAX_DELTAS || total > MAX_FILE_BYTES) throw new Unreadable('an object is made of too many deltas');
      place = typeof entry.base === 'number' ? { pack: place.pack, offset: entry.base } : await this.#placeOf(entry.base);
    }
    return undefined;
  }

  async #placeOf(id: string): Promise<PackPlace | undefined> {
    const bytes = Buffer.from(id, 'hex');
    for (const pack of this.#packs) {
      this.#signal.throwIfAborted();
      const offset = await pack.offsetOf(bytes);
      if (offset !== undefined) return { pack, offset };
    }
    return undefined;
  }

  /** A small file of git's; undefined where it is not there. */
  async #small(file: string): Promise<string | undefined> {
    this.#signal.throwIfAborted();
    const found = await stat(file).catch(() => undefined);
    if (found === undefined || !found.isFile()) return undefined;
    if (found.size > MAX_SMALL_BYTES) throw new Unreadable(`${path.basename(file)} is too large`);
    return decode(await readFile(file));
  }
}

/** The last delta was found first: the one next to the whole object is applied first. */
function undeltified(base: Uint8Array, deltas: readonly Uint8Array[]): Uint8Array {
  return deltas.reduceRight((bytes, delta) => {
    const made = applyDelta(bytes, delta, MAX_FILE_BYTES);
    if (!made.ok) throw new Unreadable(made.error);
    return made.value;
  }, base);
}

/** A path that the repository names. One on another machine is refused: opening it would show that machine who is logged in here. */
function resolved(folder: string, target: string): string {
  const file = path.resolve(folder, target);
  if (/^[\\/]{2}/.test(file) && !/^[\\/]{2}/.test(folder)) throw new Unreadable('the repository is on another machine');
  return file;
}

function isId(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

interface TreeEntry {
  readonly id: string;
  readonly isFolder: boolean;
  readonly isFile: boolean;
}

/** An entry of a tree: `mode name`, a zero, and the bare bytes of its object's name. */
function entryOf(tree: Uint8Array, name: string, idBytes: number): TreeEntry | undefined {
  const bytes = Buffer.from(tree.buffer, tree.byteOffset, tree.length);
  const wanted = Buffer.from(name);
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const end = space < 0 ? -1 : bytes.indexOf(0, space);
    if (end < 0) return undefined;
    if (bytes.subarray(space + 1, end).equals(wanted)) {
      const mode = bytes.toString('latin1', at, space);
      const id = bytes.toString('hex', end + 1, end + 1 + idBytes);
      return { id, isFolder: mode === '40000', isFile: mode.startsWith('100') };
    }
    at = end + 1 + idBytes;
  }
  return undefined;
}
