import type { Connection } from 'vscode-languageserver';
import { URI } from 'vscode-uri';
import type { HeadText } from '../core/head-text.ts';
import type { LookalikeJudge } from '../core/lookalike.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { joinPath, type SourceFile } from '../core/source-file.ts';
import { formatForPath } from '../engine/formats.ts';
import { Project } from '../engine/project.ts';
import { createJudge } from '../lookalikes/judge.ts';
import type { Host, Root } from './host.ts';
import { FILE_LIMITS, LIST_FILES, type ListedFiles, READ_FILE, READ_LOOKALIKES, type ReadFile } from './protocol.ts';

/** How many files are asked for at the same time. */
const CONCURRENT_READS = 16;

/** The most text that is kept of all folders together, in UTF-16 units. */
const MAX_KEPT = 64 * 1024 * 1024;

/** What is known of an open folder: the names of all its files, and the texts of those that a format of ours reads. */
interface Snapshot {
  readonly files: Map<string, string | undefined>;
}

/**
 * A machine whose files only the client can read: a web worker, or a workspace that is on no disk. Files are normalised URIs.
 * Rules ask for neighbours without waiting, so open folders are read in advance, within bounds; there is no network.
 */
export class ClientFiles implements Host {
  readonly network = undefined;
  readonly #connection: Connection;
  readonly #folders = new Map<string, Snapshot>();
  readonly #unread = new Set<string>();
  #work: Promise<void> = Promise.resolve();
  #kept = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  ready(): Promise<void> {
    for (const folder of this.#unread) this.#later(() => this.#fill(folder));
    this.#unread.clear();
    return this.#work;
  }

  changed(uris: readonly string[]): Promise<void> {
    for (const uri of uris) this.#later(() => this.#refresh(normalised(uri)));
    return this.#work;
  }

  forget(): void {
    for (const folder of this.#folders.keys()) this.#unread.add(folder);
  }

  fileOf(uri: string): string | undefined {
    return URI.parse(uri).scheme === 'untitled' ? undefined : normalised(uri);
  }

  uriOf(file: string): string {
    return file;
  }

  async readLookalikes(): Promise<LookalikeJudge | undefined> {
    const base64 = await this.#connection.sendRequest<string | null>(READ_LOOKALIKES);
    return base64 === null ? undefined : createJudge(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
  }

  looseFolder(): string {
    return '';
  }

  pathBelow(folder: string, file: string): string | undefined {
    const { scheme, authority, path } = URI.parse(file);
    if (folder === '') return path.replace(/^\/+/, '');
    const above = URI.parse(folder);
    const start = above.path.endsWith('/') ? above.path : `${above.path}/`;
    if (scheme !== above.scheme || authority !== above.authority || !path.startsWith(start)) return undefined;
    return path.slice(start.length) || undefined;
  }

  fileBelow(folder: string, name: string): string | undefined {
    const path = name.startsWith('/') ? undefined : joinPath('', name);
    return path === undefined ? undefined : this.#fileAt(folder, path);
  }

  root(folder: string, open: (file: string) => string | undefined): Root {
    const document = (file: string, text: string): SourceFile => ({
      uri: file,
      path: this.pathBelow(folder, file) ?? '',
      text,
      version: 0,
    });
    if (folder !== '') {
      this.#folders.set(folder, { files: new Map() });
      this.#unread.add(folder);
    }
    const project = new Project({
      exists: (path) => this.#folders.get(folder)?.files.has(path) === true,
      read: (path) => {
        const files = this.#folders.get(folder)?.files;
        if (files?.has(path) !== true) return undefined;
        const file = this.#fileAt(folder, path);
        const text = open(file) ?? files.get(path);
        return text === undefined ? undefined : document(file, text);
      },
    });
    return { root: folder, project, document };
  }

  release(folder: string): void {
    this.#drop(folder);
    this.#folders.delete(folder);
    this.#unread.delete(folder);
  }

  *walk(folder: string): Iterable<string> {
    const paths = [...(this.#folders.get(folder)?.files.keys() ?? [])].filter((path) => formatForPath(path) !== undefined);
    for (const path of paths.sort()) yield this.#fileAt(folder, path);
  }

  async read(file: string): Promise<Result<string, string>> {
    for (const [folder, { files }] of this.#folders) {
      const path = this.pathBelow(folder, file);
      const text = path === undefined ? undefined : files.get(path);
      if (text !== undefined) return ok(text);
    }
    const { text } = await this.#ask(file);
    return text === undefined ? fail('it is missing, cannot be read or is too large') : ok(text);
  }

  async headText(): Promise<HeadText> {
    return { state: 'unknown', reason: 'the repository’s own files cannot be read here' };
  }

  /** One piece of work behind the other, so that what is older never comes last. */
  #later(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => this.#connection.console.warn(`reading files failed: ${String(error)}`));
  }

  async #fill(folder: string): Promise<void> {
    const snapshot = this.#folders.get(folder);
    if (snapshot === undefined) return;
    const { uris, truncated } = await this.#connection.sendRequest<ListedFiles>(LIST_FILES, { folder });
    if (truncated)
      this.#connection.console.warn(`${folder} has more than ${FILE_LIMITS.files} files; what is beside the others is not seen`);
    this.#drop(folder);
    const paths = uris.flatMap((uri) => this.pathBelow(folder, normalised(uri)) ?? []);
    for (const path of paths) snapshot.files.set(path, undefined);
    const wanted = paths.filter((path) => formatForPath(path) !== undefined).values();
    const reader = async () => {
      for (const path of wanted) this.#keep(snapshot, path, (await this.#ask(this.#fileAt(folder, path))).text);
    };
    await Promise.all(Array.from({ length: CONCURRENT_READS }, reader));
  }

  /** A file that may have changed, come or gone. */
  async #refresh(file: string): Promise<void> {
    for (const [folder, snapshot] of this.#folders) {
      const path = this.pathBelow(folder, file);
      if (path === undefined) continue;
      const { exists, text } = await this.#ask(file);
      this.#keep(snapshot, path, undefined);
      if (!exists) snapshot.files.delete(path);
      else if (formatForPath(path) !== undefined) this.#keep(snapshot, path, text);
    }
  }

  #keep({ files }: Snapshot, path: string, text: string | undefined): void {
    const after = this.#kept - (files.get(path)?.length ?? 0) + (text?.length ?? 0);
    const fits = after <= MAX_KEPT;
    this.#kept = fits ? after : after - (text?.length ?? 0);
    files.set(path, fits ? text : undefined);
  }

  #drop(folder: string): void {
    const files = this.#folders.get(folder)?.files;
    for (const text of files?.values() ?? []) this.#kept -= text?.length ?? 0;
    files?.clear();
  }

  /** Asks the client for one file; one that it cannot read is as good as missing. */
  async #ask(uri: string): Promise<ReadFile> {
    try {
      return await this.#connection.sendRequest<ReadFile>(READ_FILE, { uri });
    } catch {
      return { exists: false };
    }
  }

  #fileAt(folder: string, path: string): string {
    const uri = URI.parse(folder);
    return uri.with({ path: `${uri.path.replace(/\/$/, '')}/${path}` }).toString();
  }
}

function normalised(uri: string): string {
  return URI.parse(uri).toString();
}
