import type { Surroundings } from '../core/rule.ts';
import { folderOf, joinPath } from '../core/source-file.ts';
import type { LockEntry, LockFile } from './lock-model.ts';
import { asPackageJson } from './package-json.ts';

/**
 * The entries of a lockfile that the project and its workspaces require themselves, each once, as far as a registry serves them. Yarn 1
 * does not record who requires what: there the package.json beside the lockfile says it.
 */
export function directEntries(lock: LockFile, path: string, surroundings: Surroundings): LockEntry[] {
  const found = new Set<LockEntry>();
  const add = (importer: string, name: string, spec: string): void => {
    const entry = lock.locked(importer, name, spec);
    if (entry?.source === 'tarball') found.add(entry);
  };
  for (const importer of lock.importers) for (const { name, spec } of importer.requests) add(importer.path, name, spec);
  if (lock.importers.length === 0) {
    const manifest = surroundings.manifest(joinPath(folderOf(path), 'package.json') ?? '');
    for (const { name, spec } of (manifest && asPackageJson(manifest)?.dependencies) ?? []) add('', name, spec);
  }
  return [...found];
}
