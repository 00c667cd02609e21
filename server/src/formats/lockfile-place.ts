import type { Surroundings } from '../core/rule.ts';
import { folderOf, foldersUp, joinPath } from '../core/source-file.ts';
import type { PackageManager } from './install-command.ts';
import { driftOf } from './lock-drift.ts';
import { asLockFile, type LockFile } from './lock-model.ts';
import { asPackageJson, type PackageJson } from './package-json.ts';
import { isWorkspaceSibling, workspaceRoot } from './workspace-siblings.ts';
import { asYarnLock } from './yarn-lock.ts';

/** The lockfiles of each manager, the one it reads first in front. */
export const LOCKFILES: Readonly<Record<PackageManager, readonly [string, ...string[]]>> = {
  npm: ['npm-shrinkwrap.json', 'package-lock.json'],
  yarn: ['yarn.lock'],
  pnpm: ['pnpm-lock.yaml'],
  bun: ['bun.lock', 'bun.lockb'],
  uv: ['uv.lock'],
};

/** A lockfile that a command would use. */
export interface FoundLockfile {
  readonly path: string;
  /** Whether it lies in the likeliest folder itself, not in a workspace's root or another possible folder. */
  readonly here: boolean;
}

/**
 * The lockfile for a command that runs in one of some folders, likeliest first. The first of them that has a manifest is the one, and a
 * lockfile above it goes with it only where the folder there claims it as a workspace.
 */
export function findLockfile(surroundings: Surroundings, manager: PackageManager, folders: readonly string[]): FoundLockfile | undefined {
  const hasManifest = (folder: string): boolean => manager !== 'uv' && surroundings.exists(joinPath(folder, 'package.json') ?? '');
  for (const [i, folder] of folders.entries()) {
    const path = lockfileIn(surroundings, manager, folder);
    if (path !== undefined) return { path, here: i === 0 };
    if (hasManifest(folder)) break;
  }
  const [likeliest = ''] = folders;
  for (const folder of foldersUp(likeliest).slice(1)) {
    const path = lockfileIn(surroundings, manager, folder);
    if (path === undefined) continue;
    const isRoot =
      hasManifest(likeliest) && manager !== 'pnpm'
        ? workspaceRoot(surroundings, likeliest) === folder
        : isWorkspaceRoot(surroundings, manager, folder);
    return isRoot ? { path, here: false } : undefined;
  }
  return undefined;
}

function lockfileIn(surroundings: Surroundings, manager: PackageManager, folder: string): string | undefined {
  return LOCKFILES[manager].flatMap((name) => joinPath(folder, name) ?? []).find((path) => surroundings.exists(path));
}

function isWorkspaceRoot(surroundings: Surroundings, manager: PackageManager, folder: string): boolean {
  if (manager === 'uv') return true;
  if (manager === 'pnpm') return surroundings.exists(joinPath(folder, 'pnpm-workspace.yaml') ?? '');
  const root = packageJsonIn(surroundings, folder);
  return root !== undefined && root.workspaces.length > 0;
}

function packageJsonIn(surroundings: Surroundings, folder: string) {
  const manifest = surroundings.manifest(joinPath(folder, 'package.json') ?? '');
  return manifest && asPackageJson(manifest);
}

/**
 * Whether a lockfile records what the manifest beside it asks for. A lockfile that no format here reads, or without a readable
 * manifest beside it, is `unknown`; one that cannot be read to its end is of no use to a frozen install and counts as `drifted`.
 * Workspaces are not compared.
 */
export function lockInStep(surroundings: Surroundings, lockfile: string): 'in-step' | 'drifted' | 'unknown' {
  const manifest = surroundings.manifest(lockfile);
  if (manifest !== undefined && manifest.problems.length > 0) return 'drifted';
  const lock = asLockFile(manifest);
  const wanted = packageJsonIn(surroundings, folderOf(lockfile));
  if (lock?.manager === 'yarn') return yarnInStep(lock, wanted);
  if (lock === undefined || wanted === undefined) return 'unknown';
  const isSibling = (name: string): boolean => isWorkspaceSibling(surroundings, lockfile, name);
  const drifts = driftOf({ manifest: wanted, root: wanted, lock, importer: '', isSibling });
  if (drifts === undefined) return 'unknown';
  return drifts.length === 0 ? 'in-step' : 'drifted';
}

/**
 * yarn records no groups, and Yarn 1 no project: in step is what has an entry for each requirement as it is written. What
 * is linked or comes from a catalog has none, so that a requirement without an entry says nothing by itself.
 */
function yarnInStep(lock: LockFile, manifest: PackageJson | undefined): 'in-step' | 'drifted' | 'unknown' {
  const wanted = manifest?.dependencies.filter(({ group }) => group !== 'peerDependencies');
  if (wanted === undefined) return 'unknown';
  const missing = wanted.filter(({ name, spec }) => lock.locked('', name, spec) === undefined);
  if (missing.length === 0) return 'in-step';
  const isLinked = manifest?.workspaces.length !== 0;
  return !isLinked && missing.some(({ parsed }) => ['version', 'range', 'tag', 'alias'].includes(parsed.kind)) ? 'drifted' : 'unknown';
}

/** Which Yarn a project uses; undefined where nothing says so. Folders are tried in order, each with those above it. */
export function yarnGeneration(surroundings: Surroundings, folders: readonly string[]): 'classic' | 'berry' | undefined {
  for (const start of folders) {
    for (const folder of foldersUp(start)) {
      const version = /^yarn@(\d+)/.exec(packageJsonIn(surroundings, folder)?.packageManager ?? '')?.[1];
      if (version !== undefined) return Number(version) < 2 ? 'classic' : 'berry';
      if (surroundings.exists(joinPath(folder, '.yarnrc.yml') ?? '')) return 'berry';
      const generation = asYarnLock(surroundings.manifest(joinPath(folder, 'yarn.lock') ?? ''))?.generation;
      if (generation !== undefined) return generation;
      if (surroundings.exists(joinPath(folder, '.yarnrc') ?? '')) return 'classic';
    }
  }
  return undefined;
}
