import type { Surroundings } from '../../core/rule.ts';
import { folderOf, foldersUp, joinPath } from '../../core/source-file.ts';
import { asLockFile, LOCKFILE_NAMES, type LockEntry, type LockFile } from '../../formats/lock-model.ts';

/** What a lockfile says of one dependency. */
export interface Locked {
  readonly lock: LockFile;
  readonly entry: LockEntry;
  /** The lockfile's path, relative to the checked root. */
  readonly path: string;
}

/** The lockfiles that lie in a folder, by name. */
export function lockfilesIn(folder: string, surroundings: Surroundings): string[] {
  return LOCKFILE_NAMES.filter((name) => surroundings.exists(joinPath(folder, name) ?? name));
}

/**
 * What is installed today for a dependency of the package.json at `path`: from the nearest folder that has a lockfile,
 * where one of our formats reads it and it knows this package.json. Undefined otherwise.
 */
export function lockedDependency(
  surroundings: Surroundings,
  path: string,
  { name, spec }: { readonly name: string; readonly spec: string },
): Locked | undefined {
  const folder = folderOf(path);
  const home = foldersUp(folder).find((above) => lockfilesIn(above, surroundings).length > 0);
  if (home === undefined) return undefined;
  for (const file of lockfilesIn(home, surroundings)) {
    const lockPath = joinPath(home, file) ?? file;
    const lock = asLockFile(surroundings.manifest(lockPath));
    const importer = home === '' ? folder : folder.slice(home.length + 1);
    const entry = lock?.locked(importer, name, spec);
    if (lock !== undefined && entry !== undefined) return { lock, entry, path: lockPath };
  }
  return undefined;
}
