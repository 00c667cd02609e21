import type { RuleContext } from '../../core/rule.ts';
import { folderOf, joinPath } from '../../core/source-file.ts';
import { directEntries } from '../../formats/direct-entries.ts';
import type { AdvisedEntry } from '../../formats/lock-advisories.ts';
import type { LockEntry, LockFile } from '../../formats/lock-model.ts';
import { lockPaths } from '../../formats/lock-paths.ts';
import { fitsRequirement } from '../../formats/version-order.ts';
import { shownPath } from '../shown-path.ts';

/** Leaves out what the project itself asks for, as long as its package.json is there to be told of it. */
export function transitiveOnly(context: RuleContext, lock: LockFile, advised: readonly AdvisedEntry[]): readonly AdvisedEntry[] {
  if (advised.length === 0) return advised;
  const { manifest, surroundings } = context;
  const { path } = manifest.file;
  const folder = folderOf(path);
  const importers = lock.importers.filter((one) => {
    const beside = joinPath(folder, one.path === '' ? 'package.json' : `${one.path}/package.json`);
    return beside !== undefined && surroundings.exists(beside);
  });
  // Where the lockfile does not say who asks, the package.json beside it does.
  const direct =
    lock.importers.length === 0
      ? directEntries(lock, path, surroundings)
      : importers.flatMap(({ path: importer, requests }) => requests.flatMap(({ name, spec }) => lock.locked(importer, name, spec) ?? []));
  const told = new Set(direct.map(({ name, version }) => `${name}@${version}`));
  return advised.filter(({ entry: { name, version } }) => !told.has(`${name}@${version}`));
}

/**
 * Who brings in some packages of a lockfile, as words for a sentence. A lockfile has several versions of one name, and who asks for it by
 * its name alone may have got another one: the requirement says which.
 */
export function bringers(lock: LockFile, advised: readonly AdvisedEntry[]): (entry: LockEntry) => string {
  const paths = lockPaths(lock);
  const wanted = new Map(advised.map(({ entry }) => [installedName(entry), [] as { readonly by: LockEntry; readonly spec: string }[]]));
  for (const by of lock.entries) {
    for (const { name, spec } of lock.requestsOf(by)) wanted.get(name)?.push({ by, spec: spec.replace(/^npm:(?:@?[^@]+@)?/, '') });
  }
  return (entry) => {
    const { version = '' } = entry;
    const asking = wanted.get(installedName(entry))?.filter(({ spec }) => fitsRequirement(version, spec)) ?? [];
    const found = asking.map(({ by }) => paths.pathTo(by)).sort((a, b) => a.length - b.length)[0] ?? paths.pathTo(entry).slice(0, -1);
    if (found.length > 0) return shownPath(found);
    return paths.isDirect(entry) ? 'the project itself' : 'a package that the lockfile does not name';
  };
}

function installedName({ alias, name }: LockEntry): string {
  return alias ?? name;
}
