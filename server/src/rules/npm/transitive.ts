import type { RuleContext } from '../../core/rule.ts';
import { folderOf, joinPath } from '../../core/source-file.ts';
import { directEntries } from '../../formats/direct-entries.ts';
import type { AdvisedEntry } from '../../formats/lock-advisories.ts';
import type { LockEntry, LockFile } from '../../formats/lock-model.ts';
import { lockPaths } from '../../formats/lock-paths.ts';
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
  // Yarn 1 does not record who of several workspaces asks; what no package asks for, one of them does.
  const isLost = lock.importers.length === 0 && surroundings.exists(joinPath(folder, 'package.json') ?? '');
  return advised.filter(({ entry }) => !told.has(`${entry.name}@${entry.version}`) && !(isLost && lockPaths(lock).isDirect(entry)));
}

/**
 * Who brings in a package, as words for a sentence. Whoever asks for a name may have got another version of it: the requirement says
 * which.
 */
export function bringerOf(lock: LockFile, entry: LockEntry): string {
  const paths = lockPaths(lock);
  const found = paths
    .askers(entry)
    .slice(0, MAX_ASKERS)
    .map((by) => paths.pathTo(by))
    .sort((a, b) => a.length - b.length);
  const path = found[0] ?? paths.pathTo(entry).slice(0, -1);
  if (path.length > 0) return shownPath(path);
  return paths.isDirect(entry) ? 'the project itself' : 'a package that the lockfile does not name';
}

/** Of how many packages that ask for one the way to them is looked at, to name the shortest. */
const MAX_ASKERS = 20;
