import type { Manifest } from '../core/manifest.ts';
import type { Surroundings } from '../core/rule.ts';
import { folderOf, foldersUp, joinPath } from '../core/source-file.ts';
import { asLockFile, LOCKFILE_NAMES, type LockEntry, type LockFile } from './lock-model.ts';
import { isWorkspaceSibling, workspaceRoot } from './workspace-siblings.ts';

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

/** A lockfile, and which of its importers a package.json is. */
export interface FoundLock {
  readonly manifest: Manifest;
  readonly lock: LockFile;
  /** The lockfile's path, relative to the checked root. */
  readonly path: string;
  /** The package.json's folder relative to the lockfile's. */
  readonly importer: string;
}

/** The lockfiles of the nearest folder that has one, as far as our formats read them. */
export function locksOf(surroundings: Surroundings, path: string): FoundLock[] {
  const folder = folderOf(path);
  return nearestLockfiles(path, surroundings).flatMap((lockPath): FoundLock[] => {
    const home = folderOf(lockPath);
    const manifest = surroundings.manifest(lockPath);
    const lock = asLockFile(manifest);
    const importer = home === '' ? folder : folder.slice(home.length + 1);
    return manifest === undefined || lock === undefined ? [] : [{ manifest, lock, path: lockPath, importer }];
  });
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
  for (const { lock, path: lockPath, importer } of locksOf(surroundings, path)) {
    const entry = lock.locked(importer, name, spec);
    if (entry !== undefined) return { lock, entry, path: lockPath };
  }
  return undefined;
}

/**
 * Whether a dependency of the package.json at `path` is a package of the same repository, which is linked and not fetched: a sibling of
 * its workspaces, or what a lockfile has as a folder.
 */
export function isOwnPackage(
  surroundings: Surroundings,
  path: string,
  { name, spec }: { readonly name: string; readonly spec: string },
): boolean {
  if (isWorkspaceSibling(surroundings, path, name)) return true;
  return locksOf(surroundings, path).some(({ lock, importer }) => {
    if (lock.isLinked?.(importer, name) === true) return true;
    const source = lock.locked(importer, name, spec)?.source;
    return source === 'workspace' || source === 'link' || source === 'root';
  });
}

/**
 * The lockfile that goes with a package.json, where there is but one, in a format of ours, and it was read to its end. A lockfile that a
 * workspace has left over in its own folder goes with nothing.
 */
export function soleLock(surroundings: Surroundings, path: string): FoundLock | undefined {
  const found = nearestLockfiles(path, surroundings).length === 1 ? locksOf(surroundings, path)[0] : undefined;
  if (found === undefined || found.manifest.problems.length > 0) return undefined;
  return found.importer === '' && workspaceRoot(surroundings, folderOf(path)) !== undefined ? undefined : found;
}
