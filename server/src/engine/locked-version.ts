import type { Manifest } from '../core/manifest.ts';
import type { PackageReference } from '../core/reference.ts';
import type { Surroundings } from '../core/rule.ts';
import { folderOf, foldersUp, joinPath } from '../core/source-file.ts';
import { asLockFile, LOCKFILE_NAMES } from '../formats/lock-model.ts';

/** What the nearest lockfile says of a dependency. */
export type Locked =
  | { readonly state: 'locked'; readonly version: string; readonly integrity?: string; readonly path: string }
  | { readonly state: 'unknown'; readonly why: string };

/** The version that the nearest lockfile, here or above, gives a dependency of a package.json. */
export function lockedVersion(reference: PackageReference, manifest: Manifest, surroundings: Surroundings): Locked {
  const own = folderOf(manifest.file.path);
  for (const folder of foldersUp(own)) {
    for (const name of LOCKFILE_NAMES) {
      const path = joinPath(folder, name);
      if (path === undefined || !surroundings.exists(path)) continue;
      const lock = asLockFile(surroundings.manifest(path));
      if (lock === undefined) return { state: 'unknown', why: `unknown (${path} is not read yet)` };
      const importer = folder === '' ? own : own.slice(folder.length + 1);
      const entry = lock.locked(importer, reference.name, reference.requested);
      if (entry?.version === undefined) return { state: 'unknown', why: `not in ${path}` };
      return { state: 'locked', version: entry.version, path, ...(entry.integrity === undefined ? {} : { integrity: entry.integrity }) };
    }
  }
  return { state: 'unknown', why: 'no lockfile here or above' };
}
