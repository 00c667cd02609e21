import { subset, validRange } from 'semver';
import type { Surroundings } from '../core/rule.ts';
import { folderOf, foldersUp, joinPath } from '../core/source-file.ts';
import type { Span } from '../core/span.ts';
import { asLockFile, type PackageManager } from './lock-model.ts';
import { LOCKFILES } from './lockfile-place.ts';
import { asPackageJson, type PackageJson } from './package-json.ts';
import { workspaceRoot } from './workspace-siblings.ts';

/** The package managers whose settings differ: Yarn 1 and Yarn 2 share a name alone. */
export type Manager = 'npm' | 'pnpm' | 'yarn' | 'yarn-classic' | 'bun';

/** Which package manager a project uses, as far as its files say. */
export interface ManagerInUse {
  readonly manager: Manager;
  /** A range that holds the version in use: exact where `packageManager` says so, `*` where nothing does. */
  readonly range: string;
  /** `pnpm 10.16.0`, for messages; the name alone where no version is named. */
  readonly label: string;
  /** The project's root: the folder whose files say so, relative to the checked root. */
  readonly root: string;
  /** Where the root's package.json names the manager. */
  readonly place?: Span;
}

/** The names that `packageManager` and `devEngines` know. */
const NAMES: readonly PackageManager[] = ['npm', 'pnpm', 'yarn', 'bun'];

/** What each manager is called in a sentence. */
export const MANAGER_TITLES: Readonly<Record<Manager, string>> = {
  npm: 'npm',
  pnpm: 'pnpm',
  yarn: 'Yarn',
  'yarn-classic': 'Yarn 1',
  bun: 'Bun',
};

/**
 * The manager of the project that a file belongs to: the nearest folder, here or above, whose package.json names one, or whose
 * lockfiles are one manager's. A lockfile tells the version roughly; a `packageManager` of the same manager above it tells it better.
 * Undefined where nothing says it, or two things contradict each other.
 */
export function managerInUse(surroundings: Surroundings, path: string): ManagerInUse | undefined {
  const nearest = nearestManager(surroundings, path);
  const root = nearest && workspaceRoot(surroundings, nearest.root);
  // A workspace that names the manager for itself as well still has the settings of its root.
  return nearest === undefined || root === undefined ? nearest : { ...nearest, root };
}

function nearestManager(surroundings: Surroundings, path: string): ManagerInUse | undefined {
  let byLockfile: ManagerInUse | undefined;
  for (const folder of foldersUp(folderOf(path))) {
    const named = namedManager(surroundings, folder);
    if (named === 'several') return byLockfile;
    if (named !== undefined) return byLockfile === undefined || byLockfile.manager === named.manager ? named : byLockfile;
    if (byLockfile !== undefined) continue;
    const found = managersOfLockfiles(surroundings, folder);
    if (found.length > 1) return undefined;
    byLockfile = found[0];
  }
  return byLockfile;
}

/** Whether every version that may be in use satisfies a range. `*`, where nothing names a version, is within no bound. */
export function isCertainly({ range }: ManagerInUse, wanted: string): boolean {
  return subset(range, wanted, { includePrerelease: true });
}

/** What a package.json says of the manager, of its version, and where. */
export interface NamedManager {
  readonly name: PackageManager;
  /** As written behind the name, without the hash. */
  readonly version: string;
  readonly span: Span;
}

/** The managers that a package.json names: `packageManager`, which Corepack reads, before `devEngines`. */
export function namedManagers({ packageManager, packageManagerSpan, devEngines }: PackageJson): NamedManager[] {
  const [, name, version = ''] = /^([a-z]+)@([^+]*)/.exec(packageManager ?? '') ?? [];
  const known = NAMES.find((one) => one === name);
  if (known !== undefined && packageManagerSpan !== undefined) return [{ name: known, version, span: packageManagerSpan }];
  return devEngines.flatMap((engine) => {
    const known = NAMES.find((one) => one === engine.name);
    return known === undefined ? [] : [{ name: known, version: engine.version ?? '*', span: engine.span }];
  });
}

function namedManager(surroundings: Surroundings, folder: string): ManagerInUse | 'several' | undefined {
  const manifest = surroundings.manifest(joinPath(folder, 'package.json') ?? '');
  const model = manifest && asPackageJson(manifest);
  const named = model === undefined ? [] : namedManagers(model);
  const [first] = named;
  if (first === undefined) return undefined;
  if (named.some(({ name }) => name !== first.name)) return 'several';
  // What is no range (a URL, a tag, half-typed) says nothing of the version.
  const range = validRange(first.version) ?? '*';
  const manager = first.name === 'yarn' ? yarnOf(range, surroundings, folder) : first.name;
  if (manager === undefined) return 'several';
  const version = range === '*' ? '' : ` ${first.version.trim()}`;
  const title = manager === 'yarn-classic' ? 'Yarn' : MANAGER_TITLES[manager];
  return { manager, range, label: version === '' ? MANAGER_TITLES[manager] : `${title}${version}`, root: folder, place: first.span };
}

function yarnOf(range: string, surroundings: Surroundings, folder: string): 'yarn' | 'yarn-classic' | undefined {
  if (subset(range, '<2')) return 'yarn-classic';
  if (subset(range, '>=2', { includePrerelease: true })) return 'yarn';
  return surroundings.exists(joinPath(folder, '.yarnrc.yml') ?? '') ? 'yarn' : undefined;
}

/** The managers whose lockfiles lie in a folder. */
function managersOfLockfiles(surroundings: Surroundings, folder: string): ManagerInUse[] {
  return NAMES.flatMap((name): ManagerInUse[] => {
    const path = LOCKFILES[name].map((file) => joinPath(folder, file) ?? '').find((file) => surroundings.exists(file));
    if (path === undefined) {
      const isWorkspace = name === 'pnpm' && surroundings.exists(joinPath(folder, 'pnpm-workspace.yaml') ?? '');
      return isWorkspace ? [{ manager: 'pnpm', range: '*', label: 'pnpm', root: folder }] : [];
    }
    const version = asLockFile(surroundings.manifest(path))?.lockfileVersion;
    const { manager, range } = hintOf(name, version);
    return [{ manager, range, label: MANAGER_TITLES[manager], root: folder }];
  });
}

/**
 * What a lockfile's version says of the manager's: who wrote it was at least so new. Sources: npm documentation, "package-lock.json";
 * pnpm's release notes of 8.0 and 9.0; `LOCKFILE_VERSION` of Yarn; Bun's blog on 1.2.
 */
function hintOf(name: PackageManager, version: string | undefined): Pick<ManagerInUse, 'manager' | 'range'> {
  switch (name) {
    case 'npm':
      return { manager: 'npm', range: version === '2' || version === '3' ? '>=7' : '*' };
    case 'pnpm':
      return { manager: 'pnpm', range: version?.startsWith('9') ? '>=9' : '*' };
    case 'bun':
      return { manager: 'bun', range: version === undefined ? '*' : '>=1.1.39' };
    case 'yarn':
      // Version 1 is Yarn's own first format; what the later ones write is the number in `__metadata`.
      return version === '1' ? { manager: 'yarn-classic', range: '<2' } : { manager: 'yarn', range: Number(version) >= 8 ? '>=4' : '>=2' };
  }
}
