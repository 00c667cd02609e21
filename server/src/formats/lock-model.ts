import type { Manifest } from '../core/manifest.ts';
import type { Span } from '../core/span.ts';

/** The lockfiles of all package managers, by file name. */
export const LOCKFILE_NAMES = ['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'bun.lockb'] as const;

/** Whether a file of this name is a lockfile. */
export function isLockfileName(name: string): boolean {
  return LOCKFILE_NAMES.some((candidate) => candidate === name);
}

/** The ids of the formats whose model is a `LockFile`. */
export const LOCK_FORMATS: readonly string[] = ['package-lock', 'yarn-lock', 'pnpm-lock', 'bun-lock'];

/** Who writes a lockfile. */
export type PackageManager = 'npm' | 'yarn' | 'pnpm' | 'bun';

/**
 * Where an entry's files come from. `tarball` is fetched over http(s): from a registry, or from a URL that somebody
 * required. `root` and `workspace` are this project's own folders, `link` a symbolic link to one; `bundled` came inside
 * another package's tarball; `file` is a local file or folder.
 */
export type LockSource = 'tarball' | 'git' | 'file' | 'bundled' | 'link' | 'workspace' | 'root';

/** A text of an entry that a finding can stand at. */
export type LockField = 'key' | 'version' | 'resolved' | 'integrity';

/**
 * One package of a lockfile. Every property is always present, so that ten thousand of them have one shape; what the
 * file does not say, or says with another type than it should, is undefined.
 */
export interface LockEntry {
  /** Which entry of the file it is, counted from zero. */
  readonly index: number;
  /**
   * The key as the file has it: npm `node_modules/a/node_modules/b` (in version 1, where the key is but a name, the folder
   * that its nesting stands for), yarn `a@^1, a@^1.2`, pnpm `a@1.2.3`.
   */
  readonly key: string;
  /** The package's own name, which the registry knows it by; `''` for a root without a name. */
  readonly name: string;
  /** The name it is installed under, where an alias (`npm:`) made that another one. */
  readonly alias: string | undefined;
  readonly version: string | undefined;
  /** The address as the file has it. pnpm and bun leave out what the registry's layout says anyway. */
  readonly resolved: string | undefined;
  /**
   * Hashes as in Subresource Integrity; where Yarn 1 has nothing but the SHA-1 behind an address's `#`, that one in the same
   * form. Yarn berry's `checksum` is none of them: it hashes yarn's own archive.
   */
  readonly integrity: string | undefined;
  /** Yarn berry's `checksum`, `10c0/<hex>`: comparable with its like behind the same `/` alone. Other formats leave it out. */
  readonly checksum?: string | undefined;
  /** Yarn berry's `conditions`: where they did not hold, nothing was fetched, and there is no checksum. Others leave it out. */
  readonly conditions?: string | undefined;
  readonly source: LockSource;
  readonly dev: boolean;
  readonly optional: boolean;
  readonly peer: boolean;
  readonly hasInstallScript: boolean;
  /** The registry's notice of deprecation, where the lockfile keeps it. */
  readonly deprecated: string | undefined;
}

/** What a package or a project asks for: a name and a requirement, as the lockfile recorded them. */
export interface LockRequest {
  readonly group: string;
  readonly name: string;
  readonly spec: string;
}

/** The project itself or one of its workspaces. */
export interface LockImporter {
  /** The folder relative to the lockfile's, `''` for the lockfile's own. */
  readonly path: string;
  readonly requests: readonly LockRequest[];
}

/** A lockfile, whichever manager wrote it. */
export interface LockFile {
  readonly manager: PackageManager;
  /** `3` for npm, `9.0` for pnpm; undefined where the file does not say. */
  readonly lockfileVersion: string | undefined;
  readonly importers: readonly LockImporter[];
  /** In document order. */
  readonly entries: readonly LockEntry[];
  /**
   * The same entries in stretches. One in which nothing changed is the very same array in the next version of the document,
   * so that what is found out about it can be kept (`perStretch`). Absent where the format keeps none.
   */
  readonly stretches?: readonly (readonly LockEntry[])[];
  /** False where reading has shown that no line is a marker of a merge conflict; absent where nobody looked. */
  readonly hasConflicts?: false;
  /** What the lockfile says was overridden: selectors as the file has them. Absent where the format keeps none. */
  readonly overrides?: ReadonlyMap<string, string>;
  /** The requirements of each catalog by its name, `default` for the one without. Absent where the format keeps none. */
  readonly catalogs?: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** The packages whose install scripts may run, as bun recorded them from the manifests. Absent where nothing is recorded. */
  readonly trusted?: readonly string[];
  /** Whether a program of the project may have changed the manifests before they were locked (pnpm's `.pnpmfile.cjs`). */
  readonly rewritten?: boolean;
  /** What an entry asks for itself. */
  requestsOf(entry: LockEntry): readonly LockRequest[];
  /**
   * The entry that is installed for a dependency of the importer at `importer`, links followed; undefined where the
   * lockfile does not know the importer or the dependency. yarn finds entries by `spec`, the others do without.
   */
  locked(importer: string, name: string, spec: string): LockEntry | undefined;
  /** Whether a dependency of an importer is linked to a folder, where such a one has no entry (pnpm). Absent where all have one. */
  isLinked?(importer: string, name: string): boolean;
  /**
   * Where a text of an entry stands, without quotes (an empty string: with them). Found when asked for, so that a file
   * without findings costs nothing; where the field has no text of its own, the key's place.
   */
  spanOf(entry: LockEntry, field: LockField): Span;
}

/**
 * What `derive` says of each stretch of a lockfile's entries, in their order. It is kept as long as the stretch, so that a key in
 * an editor asks again for the stretch with the cursor and no other: `derive` must be a function of a module, not one made for
 * each call, and go by nothing but the entries.
 */
export function perStretch<T>(lock: Pick<LockFile, 'entries' | 'stretches'>, derive: (entries: readonly LockEntry[]) => T): T[] {
  return (lock.stretches ?? [lock.entries]).map((entries) => {
    let known = derivedOf.get(entries);
    if (known === undefined) {
      known = new Map();
      derivedOf.set(entries, known);
    }
    if (!known.has(derive)) known.set(derive, derive(entries));
    // Checked: under `derive` stands what it returned.
    return known.get(derive) as T;
  });
}

const derivedOf = new WeakMap<readonly LockEntry[], Map<unknown, unknown>>();

/** A manifest as a lockfile, undefined where it is something else. */
export function asLockFile(manifest: Manifest | undefined): LockFile | undefined {
  // Every format of the list makes its model by this type.
  return manifest !== undefined && LOCK_FORMATS.includes(manifest.format) ? (manifest.model as LockFile) : undefined;
}
