import type { Manifest } from '../core/manifest.ts';
import type { Surroundings } from '../core/rule.ts';
import { foldersUp, joinPath } from '../core/source-file.ts';
import { asLockFile, LOCKFILE_NAMES } from './lock-model.ts';
import { asPackageJson } from './package-json.ts';

/** Programs whose package has another name that cannot be told from theirs. */
const PACKAGE_OF: Readonly<Record<string, string>> = {
  tsc: 'typescript',
  ng: '@angular/cli',
  cap: '@capacitor/cli',
  nest: '@nestjs/cli',
  sb: 'storybook',
  tauri: '@tauri-apps/cli',
  remix: '@remix-run/dev',
  sentry: '@sentry/cli',
  'react-native': '@react-native-community/cli',
  'run-s': 'npm-run-all',
  'run-p': 'npm-run-all',
};

/**
 * The package of a project in one of some folders, or around them, that has this name, or that brings a program of this name: what
 * `npx NAME` then runs is what the lockfile records. Lockfiles that keep no programs leave only the names to go by.
 */
export function providerOf(surroundings: Surroundings, folders: readonly string[], name: string): string | undefined {
  // `ts-node-script` comes with `ts-node`.
  const stems = [...name.matchAll(/[-_]/g)].map(({ index }) => name.slice(0, index));
  const wanted = [name, ...stems, `${name}-cli`, `@${name}/cli`, `@${name}s/cli`, `@${name}/${name}`, PACKAGE_OF[name] ?? name];
  for (const folder of folders.flatMap((one) => foldersUp(one))) {
    for (const file of ['package.json', ...LOCKFILE_NAMES]) {
      const known = namesIn(surroundings.manifest(joinPath(folder, file) ?? ''));
      const found = wanted.find((one) => known.names.has(one)) ?? known.tails.get(name);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Whether a lockfile in one of some folders, or around them, has a package at a version. */
export function isLockedAt(
  surroundings: Surroundings,
  folders: readonly string[],
  { name, version }: { readonly name: string; readonly version: string },
): boolean {
  return folders
    .flatMap((one) => foldersUp(one))
    .some((folder) =>
      LOCKFILE_NAMES.some((file) => lockedIn(surroundings.manifest(joinPath(folder, file) ?? '')).has(`${name}@${version}`)),
    );
}

// The lockfile stays what it is while somebody types a command.
const keptLocked = new WeakMap<Manifest, ReadonlySet<string>>();

/** What a lockfile has from a registry, as `name@version`. */
function lockedIn(manifest: Manifest | undefined): ReadonlySet<string> {
  const known = manifest && keptLocked.get(manifest);
  if (known !== undefined) return known;
  const entries = asLockFile(manifest)?.entries ?? [];
  const locked = new Set(entries.flatMap(({ name, version, source }) => (source === 'tarball' ? [`${name}@${version}`] : [])));
  if (manifest !== undefined) keptLocked.set(manifest, locked);
  return locked;
}

interface Names {
  readonly names: ReadonlySet<string>;
  /** The names by what stands behind their scopes: `@vscode/vsce` by `vsce`. */
  readonly tails: ReadonlyMap<string, string>;
}

const NONE: Names = { names: new Set(), tails: new Map() };
const kept = new WeakMap<Manifest, Names>();

function namesIn(manifest: Manifest | undefined): Names {
  if (manifest === undefined) return NONE;
  const before = kept.get(manifest);
  if (before !== undefined) return before;
  const all =
    asPackageJson(manifest)?.dependencies.map(({ name }) => name) ?? asLockFile(manifest)?.entries.map(({ alias, name }) => alias ?? name);
  const names = {
    names: new Set(all),
    tails: new Map(all?.flatMap((name) => (name.startsWith('@') ? [[name.slice(name.indexOf('/') + 1), name] as const] : []))),
  };
  kept.set(manifest, names);
  return names;
}
