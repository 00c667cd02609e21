import type { Manifest } from '../core/manifest.ts';
import type { PackageKey } from '../core/npm-facts.ts';
import { PUBLIC_NPM_REGISTRY_URL } from '../core/public-npm-registry.ts';
import type { Surroundings } from '../core/rule.ts';
import { folderOf, foldersUp, joinPath, type SourceFile } from '../core/source-file.ts';
import { configuredRegistries } from './configured-registries.ts';
import { type Locked, locksOf } from './locked.ts';
import { asPackageJson, type Dependency } from './package-json.ts';
import { isWorkspaceSibling } from './workspace-siblings.ts';

/** The files in which a project says where its packages come from: npm, pnpm and bun; yarn; yarn 1; bun; pnpm. */
export const REGISTRY_SETTINGS = ['.npmrc', '.yarnrc.yml', '.yarnrc', 'bunfig.toml', 'pnpm-workspace.yaml'] as const;

/** What a document's packages are asked for with. */
export interface PackageKeys {
  /** The key for a package; it carries the project's settings, from the document's folder upwards. */
  of(dependency: RegistryDependency): PackageKey;
  /** Whether the project's settings give the name's scope a registry of its own. */
  isMapped(name: string): boolean;
}

/** How the packages of a document are asked for; `folder` is where its manager runs, relative to the checked root. */
export function packageKeys(file: SourceFile, surroundings: Surroundings, folder = folderOf(file.path)): PackageKeys {
  const paths = foldersUp(folder).flatMap((one) =>
    REGISTRY_SETTINGS.map((name) => joinPath(one, name) ?? name).filter((path) => surroundings.exists(path)),
  );
  const up = '../'.repeat(file.path.split('/').length - 1);
  const settings = paths.flatMap((path) => {
    const relative = `${up}${path.split('/').map(encodeURIComponent).join('/')}`;
    return URL.canParse(relative, file.uri) ? [new URL(relative, file.uri).href] : [];
  });
  let mapped: Set<string | undefined> | undefined;
  return {
    of: ({ name, locked }) => ({
      name,
      ...(settings.length === 0 ? {} : { settings }),
      ...(isPublicAddress(locked?.entry.resolved) ? {} : { isElsewhere: true }),
    }),
    isMapped: (name) => {
      if (!name.startsWith('@')) return false;
      mapped ??= new Set(configuredRegistries(surroundings, folder).map(({ scope }) => scope));
      return mapped.has(name.slice(0, name.indexOf('/')));
    },
  };
}

/** A dependency that a registry serves. */
export interface RegistryDependency {
  /** The package's own name: what an alias stands for. */
  readonly name: string;
  /** What is installed today, where a lockfile says so. */
  readonly locked: Locked | undefined;
}

/**
 * The package of a registry that a dependency of a package.json means. Undefined where no registry is asked for it: files, git,
 * URLs, workspaces, `jsr:`, half-typed requirements.
 */
export function registryDependency(dependency: Dependency, file: SourceFile, surroundings: Surroundings): RegistryDependency | undefined {
  return reader(file, surroundings)(dependency);
}

/**
 * The packages of a registry among the dependencies of a package.json, by dependency. Rules ask for them in each analysis, which has
 * surroundings of its own: what they are is found out once for all rules of one analysis.
 */
export function registryDependencies(manifest: Manifest, surroundings: Surroundings): ReadonlyMap<Dependency, RegistryDependency> {
  const known = dependenciesOf.get(surroundings);
  if (known?.manifest === manifest) return known.found;
  const read = reader(manifest.file, surroundings);
  const found = new Map<Dependency, RegistryDependency>();
  for (const dependency of asPackageJson(manifest)?.dependencies ?? []) {
    const one = read(dependency);
    if (one !== undefined) found.set(dependency, one);
  }
  dependenciesOf.set(surroundings, { manifest, found });
  return found;
}

const dependenciesOf = new WeakMap<
  Surroundings,
  { readonly manifest: Manifest; readonly found: ReadonlyMap<Dependency, RegistryDependency> }
>();

function reader(file: SourceFile, surroundings: Surroundings): (dependency: Dependency) => RegistryDependency | undefined {
  const hasWorkspaces = foldersUp(folderOf(file.path)).some((folder) => {
    const manifest = surroundings.manifest(joinPath(folder, 'package.json') ?? '');
    return ((manifest && asPackageJson(manifest)?.workspaces) ?? []).length > 0;
  });
  const locks = locksOf(surroundings, file.path);
  return (dependency) => {
    const name = registryName(dependency);
    if (name === undefined || (hasWorkspaces && isWorkspaceSibling(surroundings, file.path, dependency.name))) return undefined;
    for (const { lock, path, importer } of locks) {
      if (lock.isLinked?.(importer, dependency.name) === true) return undefined;
      const entry = lock.locked(importer, dependency.name, dependency.spec);
      if (entry !== undefined) return entry.source === 'tarball' ? { name, locked: { lock, entry, path } } : undefined;
    }
    return { name, locked: undefined };
  };
}

function registryName({ name, spec, parsed }: Dependency): string | undefined {
  switch (parsed.kind) {
    case 'version':
    case 'range':
    case 'tag':
      return spec.trim() === '' ? undefined : name;
    case 'catalog':
      return name;
    case 'alias':
      return /^jsr:/i.test(spec) ? undefined : (parsed.name?.text ?? name);
    default:
      return undefined;
  }
}

/** Whether an address means whichever registry is configured: npm writes the public one's for it, other managers leave it out. */
export function isPublicAddress(resolved: string | undefined): boolean {
  // Not read as URLs: there are thousands of them, and rules ask with every key.
  const host = resolved === undefined ? undefined : /^https?:\/\/([^/?#]*)/i.exec(resolved)?.[1]?.toLowerCase();
  // Yarn 1 has the public registry under a name of its own. Naming it in part is enough: all that depends on it is whether a name is private.
  return host === undefined || host === PUBLIC_HOST || /^registry\.yarn/.test(host);
}

const PUBLIC_HOST = new URL(PUBLIC_NPM_REGISTRY_URL).host;
