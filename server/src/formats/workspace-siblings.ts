import { pathMatcher } from '../core/glob.ts';
import type { Surroundings } from '../core/rule.ts';
import { folderOf, foldersUp, joinPath } from '../core/source-file.ts';
import { asPackageJson, type PackageJson } from './package-json.ts';
import { type Setting, settingNamed, textOfSetting, textsOf } from './settings-file.ts';
import { settingsOf } from './settings-of.ts';

/**
 * Whether `name` is a package of the same workspaces as the package.json at `path`: npm, yarn and bun link such a one
 * whatever version is required. Folders are not listed, so a sibling is found where its folder is named after it, as a whole
 * or without its scope, or where `workspaces` names the folder itself.
 */
export function isWorkspaceSibling(surroundings: Surroundings, path: string, name: string): boolean {
  for (const root of foldersUp(folderOf(path))) {
    const workspaces = packageJsonIn(surroundings, root)?.workspaces ?? [];
    for (const pattern of workspaces) {
      for (const folder of candidates(pattern, name)) {
        if (packageJsonIn(surroundings, joinPath(root, folder) ?? '')?.name === name) return true;
      }
    }
  }
  return false;
}

/** The folder above that claims a folder as its workspace: managers use the lockfile and the settings of that one alone. Undefined: none. */
export function workspaceRoot(surroundings: Surroundings, folder: string): string | undefined {
  return foldersUp(folder)
    .slice(1)
    .find((root) => {
      const below = root === '' ? folder : folder.slice(root.length + 1);
      return claims(packageJsonIn(surroundings, root)?.workspaces ?? [], below) || claims(pnpmPackages(surroundings, root), below);
    });
}

function claims(patterns: readonly string[], folder: string): boolean {
  const [left, taken] = [true, false].map((isLeftOut) =>
    patterns.filter((pattern) => pattern.startsWith('!') === isLeftOut).map((pattern) => pattern.replace(/^!?(?:\.\/)?|\/$/g, '')),
  );
  return taken !== undefined && taken.length > 0 && pathMatcher(taken)(folder) && !pathMatcher(left ?? [])(folder);
}

/** What pnpm-workspace.yaml takes into the workspace; nothing where each package keeps a lockfile of its own (pnpm documentation, "Settings"). */
function pnpmPackages(surroundings: Surroundings, root: string): string[] {
  const manifest = surroundings.manifest(joinPath(root, 'pnpm-workspace.yaml') ?? '');
  const file = manifest && settingsOf(manifest);
  const packages = file && settingNamed(file, 'packages');
  if (file === undefined || packages === undefined) return [];
  const shared = settingNamed(file, 'sharedWorkspaceLockfile') ?? npmrcSetting(surroundings, root, 'shared-workspace-lockfile');
  return shared !== undefined && textOfSetting(shared) === 'false' ? [] : textsOf(packages).map(({ text }) => text);
}

function npmrcSetting(surroundings: Surroundings, folder: string, name: string): Setting | undefined {
  const manifest = surroundings.manifest(joinPath(folder, '.npmrc') ?? '');
  const file = manifest && settingsOf(manifest);
  return file && settingNamed(file, name);
}

/** `packages/*` and `@scope/core`: `packages/@scope/core` and `packages/core`. */
function candidates(pattern: string, name: string): string[] {
  const folder = /^(.*?)\/?\*{1,2}$/.exec(pattern)?.[1];
  if (folder === undefined) return pattern.includes('*') ? [] : [pattern];
  const bare = name.slice(name.indexOf('/') + 1);
  return [...new Set([name, bare])].map((last) => (folder === '' ? last : `${folder}/${last}`));
}

function packageJsonIn(surroundings: Surroundings, folder: string): PackageJson | undefined {
  const manifest = surroundings.manifest(joinPath(folder, 'package.json') ?? '');
  return manifest && asPackageJson(manifest);
}
