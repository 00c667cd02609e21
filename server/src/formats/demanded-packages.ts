import type { Manifest } from '../core/manifest.ts';
import { npmPackument, type PackageKey, type PackageVersionKey } from '../core/npm-facts.ts';
import { demandFor, type ProvenanceDemand, type ProvenanceDemands } from '../core/provenance-demand.ts';
import type { RuleContext, Surroundings } from '../core/rule.ts';
import { folderOf, joinPath } from '../core/source-file.ts';
import type { Span } from '../core/span.ts';
import { isAskedFor, requirementOf } from './installed-version.ts';
import { elsewhereOf } from './lock-elsewhere.ts';
import { asLockFile, type LockEntry, type LockFile } from './lock-model.ts';
import { lockedBytes } from './locked-bytes.ts';
import { asPackageJson, type Dependency, type PackageJson } from './package-json.ts';
import { pickVersion } from './pick-version.ts';
import { type PackageKeys, packageKeys, type RegistryDependency, registryDependencies } from './registry-settings.ts';

/** A reference to a package of which a policy requires provenance. */
export interface DemandedPackage {
  readonly demand: ProvenanceDemand;
  /** As the document names it: of an alias the alias. */
  readonly title: string;
  /** Where the version stands. */
  readonly span: Span;
  readonly identity: string;
  readonly from:
    | { readonly kind: 'registry'; readonly key: PackageVersionKey }
    /** Nothing that a registry could have provenance of. */
    | { readonly kind: 'git' | 'address' }
    /** Nothing in reach says which version it is. */
    | { readonly kind: 'unlocked'; readonly key: PackageKey };
}

/**
 * The references of a package.json or lockfile of which a policy requires provenance. In a lockfile those that no package.json is told
 * about already. Not the project's own folders and files, nor what came inside of another package: that is the other's. Peers are left
 * out, which are the host's choice. What is not locked asks for the packument.
 */
export function demandedPackages(context: RuleContext, demands: ProvenanceDemands): DemandedPackage[] {
  const model = asPackageJson(context.manifest);
  if (model !== undefined) return ofManifest(context, model, demands);
  const lock = asLockFile(context.manifest);
  return lock === undefined ? [] : ofLock(context, lock, demands);
}

function ofManifest(context: RuleContext, { dependencies }: PackageJson, demands: ProvenanceDemands): DemandedPackage[] {
  const { manifest, surroundings } = context;
  const keys = packageKeys(manifest.file, surroundings);
  const found = registryDependencies(manifest, surroundings);
  return dependencies.flatMap((dependency): DemandedPackage[] => {
    const { group, name: title, specSpan } = dependency;
    const wanted = found.get(dependency);
    const foreign = foreignKind(dependency);
    if (group === 'peerDependencies' || (wanted === undefined && foreign === undefined)) return [];
    const demand = demandFor(demands, { name: wanted?.name ?? title, alias: title });
    const from = foreign ?? (wanted && demand && originOf(context, keys, { dependency, wanted }));
    if (demand === undefined || from === undefined) return [];
    return [{ demand, title, span: specSpan, identity: `${group} ${title}`, from: typeof from === 'string' ? { kind: from } : from }];
  });
}

function foreignKind({ parsed }: Dependency): 'git' | 'address' | undefined {
  return parsed.kind === 'git' ? 'git' : parsed.kind === 'remote' ? 'address' : undefined;
}

/** The locked version while it is what is required, else the one that would be installed; undefined where there is none. */
function originOf(
  { fact }: RuleContext,
  keys: PackageKeys,
  { dependency, wanted }: { readonly dependency: Dependency; readonly wanted: RegistryDependency },
): DemandedPackage['from'] | undefined {
  const key = keys.of(wanted);
  const entry = judgedEntry(dependency, wanted);
  if (entry !== undefined) return ofEntry(entry, key);
  const requirement = requirementOf(dependency);
  if (requirement === undefined) return { kind: 'unlocked', key };
  const answer = fact(npmPackument, key);
  const version = answer.state === 'known' ? pickVersion(answer.value, requirement)?.version : undefined;
  return version === undefined ? undefined : { kind: 'registry', key: { ...key, version } };
}

/** The entry that a package.json is judged by. */
function judgedEntry(dependency: Dependency, { locked }: RegistryDependency): LockEntry | undefined {
  const version = locked?.entry.version;
  return version !== undefined && isAskedFor(version, dependency) ? locked?.entry : undefined;
}

function ofEntry(entry: LockEntry, key: PackageKey): DemandedPackage['from'] | undefined {
  const elsewhere = elsewhereOf(entry);
  if (elsewhere === 'git' || elsewhere === 'address') return { kind: elsewhere };
  const { source, version } = entry;
  if (elsewhere !== undefined || (source !== 'tarball' && source !== 'bundled') || version === undefined) return undefined;
  const integrity = lockedBytes(entry);
  return { kind: 'registry', key: { ...key, version, ...(integrity === undefined ? {} : { integrity }) } };
}

function ofLock({ manifest, surroundings }: RuleContext, lock: LockFile, demands: ProvenanceDemands): DemandedPackage[] {
  const { file } = manifest;
  let keys: PackageKeys | undefined;
  let told: ReadonlySet<LockEntry> | undefined;
  return lock.entries.flatMap((entry): DemandedPackage[] => {
    const { name, alias, key: identity } = entry;
    const demand = name === '' ? undefined : demandFor(demands, { name, alias });
    if (demand === undefined) return [];
    // Neither costs anything where a policy is about other packages.
    keys ??= packageKeys(file, surroundings);
    told ??= toldElsewhere(lock, manifest, surroundings);
    const from = ofEntry(entry, keys.of({ name, locked: { lock, entry, path: file.path } }));
    if (from === undefined || told.has(entry)) return [];
    return [{ demand, title: alias ?? name, span: lock.spanOf(entry, 'version'), identity, from }];
  });
}

/** The entries that the package.json files of a lockfile are judged by. */
function toldElsewhere(lock: LockFile, { file }: Manifest, surroundings: Surroundings): ReadonlySet<LockEntry> {
  const told = new Set<LockEntry>();
  const folders = lock.importers.length === 0 ? [''] : lock.importers.map(({ path }) => path);
  for (const folder of folders) {
    const manifest = surroundings.manifest(joinPath(joinPath(folderOf(file.path), folder) ?? '', 'package.json') ?? '');
    const found = manifest && registryDependencies(manifest, surroundings);
    for (const dependency of (manifest && asPackageJson(manifest)?.dependencies) ?? []) {
      if (dependency.group === 'peerDependencies') continue;
      const wanted = found?.get(dependency);
      const isForeign = foreignKind(dependency) !== undefined;
      const entry = isForeign ? lock.locked(folder, dependency.name, dependency.spec) : wanted && judgedEntry(dependency, wanted);
      if (entry !== undefined && (isForeign || wanted?.locked?.path === file.path)) told.add(entry);
    }
  }
  return told;
}
