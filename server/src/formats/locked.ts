import type { Surroundings } from '../core/rule.ts';
import { folderOf, foldersUp, joinPath } from '../core/source-file.ts';
import { asLockFile, LOCKFILE_NAMES, type LockEntry, type LockFile } from './lock-model.ts';

/** What a lockfile says of one dependency. */
export interface Locked {
  readonly lock: LockFile;
  readonly entry: LockEntry;
  /** The lockfile's path, relative to the checked root. */
  readonly path: string;
}

/** The lockfiles that lie in a folder, by name. */
function lockfilesIn(folder: string, surroundings: Surroundings): string[] {
  return LOCKFILE_NAMES.filter((name) => surroundings.exists(joinPath(folder, name) ?? name));
}

/** The lockfiles of the nearest folder, here or above, that has one; as paths relative to the checked root. */
export function nearestLockfiles(path: string, surroundings: Surroundings): string[] {
  for (const folder of foldersUp(folderOf(path))) {
    const found = lockfilesIn(folder, surroundings).map((name) => joinPath(folder, name) ?? name);
    if (found.length > 0) return found;
  }
  return [];
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
  for (const lockPath of nearestLockfiles(path, surroundings)) {
    const home = folderOf(lockPath);
    const lock = asLockFile(surroundings.manifest(lockPath));
    const importer = home === '' ? folder : folder.slice(home.length + 1);
    const entry = lock?.locked(importer, name, spec);
    if (lock !== undefined && entry !== undefined) return { lock, entry, path: lockPath };
  }
  return undefined;
}
