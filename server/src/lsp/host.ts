import type { Answer, FactKind, FetchFact } from '../core/answer.ts';
import type { HeadText } from '../core/head-text.ts';
import type { LookalikeJudge } from '../core/lookalike.ts';
import type { Result } from '../core/result.ts';
import type { SourceFile } from '../core/source-file.ts';
import type { Project } from '../engine/project.ts';
import type { HeldFact } from '../sources/index.ts';

/** A folder, as the engine sees it. */
export interface Root {
  /** The folder in the host's own form; `''` is a folder with nothing in it. */
  readonly root: string;
  readonly project: Project;
  /** The document of a file below the folder, in the host's own form, with a given text. */
  document(file: string, text: string): SourceFile;
}

/** Where look-ups go, and with what. */
export interface ConnectOptions {
  readonly serverUrl: string | undefined;
  readonly token: string | undefined;
  /** Whether the workspace may choose registries, and the user's credentials for them are used. */
  readonly trusted: boolean;
  /** Whether Docker's credential helpers may be run, in a trusted workspace. */
  readonly credentialHelpers: boolean;
  /** Where answers outlive the session; the system's place for caches unless given. */
  readonly cacheFolder: string | undefined;
  /** What is known already, and need not be asked for another question's sake. */
  readonly held: HeldFact;
}

/** Look-ups with a memory. Their code is read with the first of them. */
export interface FactSource {
  /** Asks, unless an answer is remembered or kept that is not too old. */
  readonly fetch: FetchFact;
  /** Asks, unless the answer is of this very moment: for fixes, which write down what it says. */
  readonly fetchFresh: FetchFact;
  /** What is kept of earlier sessions, however old; makes no connection. */
  kept<K, V>(kind: FactKind<K, V>, key: K, signal: AbortSignal): Promise<Answer<V> | undefined>;
  /** Forgets all answers, those of earlier sessions too. */
  forget(): Promise<void>;
  /** Writes down what outlives the session, and ends. */
  close(): Promise<void>;
}

/** The way to the network: the environment that names servers and holds tokens, and what makes connections. */
export interface Network {
  readonly env: Readonly<Record<string, string | undefined>>;
  connect(options: ConnectOptions): FactSource;
}

/**
 * What the server has of the machine it runs on. A file or folder is a string in the host's own form (a path, a URI): only the
 * host looks into it.
 */
export interface Host {
  /** Undefined where nothing can be looked up: `waybill.network` then counts as `off`. */
  readonly network: Network | undefined;
  /** Resolves when the folders' surroundings are known. Never rejects. */
  ready(): Promise<void>;
  /** Files that changed, appeared or went, by URI. Resolves when the host knows them again. Never rejects. */
  changed(uris: readonly string[]): Promise<void>;
  /** Forgets what it has read: the next `ready()` waits until all is read again. */
  forget(): void;
  /** The file or folder of a URI; undefined where this host does not read its kind. */
  fileOf(uri: string): string | undefined;
  uriOf(file: string): string;
  /** The root of a file outside every open folder; `''` where nothing beside it can be read. */
  looseFolder(file: string): string;
  /** The path of a file below a folder, with `/`; undefined where it is not below it. */
  pathBelow(folder: string, file: string): string | undefined;
  /** The file at a relative path that somebody wrote; undefined where that leads out of the folder. */
  fileBelow(folder: string, path: string): string | undefined;
  /** A folder's surroundings. `open` gives the text of a file that the editor has open: it counts instead of the file's. */
  root(folder: string, open: (file: string) => string | undefined): Root;
  /** The folder was closed. */
  release(folder: string): void;
  /** The files below a folder that a format of ours reads, in a stable order. */
  walk(folder: string, onUnreadable: (folder: string, reason: string) => void): Iterable<string>;
  /** A file's text, or the reason why there is none. Never rejects. */
  read(file: string): Promise<Result<string, string>>;
  /** The text that a file has in the last commit of the repository around it. Never rejects. */
  headText(file: string, signal: AbortSignal): Promise<HeadText>;
  /** The list of well-known names that comes with the program. Undefined where it is missing. */
  readLookalikes(): Promise<LookalikeJudge | undefined>;
}
