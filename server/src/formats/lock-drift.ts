import { satisfies, valid } from 'semver';
import type { LockEntry, LockFile, LockRequest } from './lock-model.ts';
import { type GitSpec, parseSpec, type Spec } from './npm-spec.ts';
import type { Dependency, PackageJson } from './package-json.ts';

/** One point in which a package.json and its lockfile disagree. */
export type Drift =
  | { readonly kind: 'missing'; readonly dependency: Dependency }
  | { readonly kind: 'catalog'; readonly dependency: Dependency; readonly catalog: string }
  | { readonly kind: 'different'; readonly dependency: Dependency; readonly recorded: string }
  | { readonly kind: 'moved'; readonly dependency: Dependency; readonly recorded: string }
  | { readonly kind: 'unsatisfied'; readonly dependency: Dependency; readonly locked: string }
  | { readonly kind: 'extra'; readonly request: LockRequest };

/** A package.json and the lockfile that is to go with it. */
export interface DriftQuestion {
  readonly manifest: PackageJson;
  /** The package.json beside the lockfile: what it overrides, it overrides for all. */
  readonly root: PackageJson | undefined;
  readonly lock: LockFile;
  /** The package.json's folder relative to the lockfile's. */
  readonly importer: string;
  /** Whether a name is a package of the same workspaces: yarn links it, and has no entry for it. */
  isSibling(name: string): boolean;
}

/**
 * In what a package.json and a lockfile disagree, in document order; undefined where the lockfile does not say what was asked for when
 * it was written. Silent about everything that a manager may rightly write in another way: overridden names, optional peers,
 * folders, catalogs and git under another spelling.
 */
export function driftOf({ manifest, root, lock, importer, isSibling }: DriftQuestion): Drift[] | undefined {
  if (lock.rewritten === true) return undefined;
  const overridden = overriddenNames(lock, [manifest, ...(root === undefined ? [] : [root])]);
  const isOpen = ({ name, parsed }: Dependency): boolean => parsed.kind !== 'invalid' && !overridden.has(name);
  if (lock.manager === 'yarn')
    return yarnDrift(
      manifest.dependencies.filter((one) => isOpen(one) && !isSibling(one.name)),
      { lock, importer },
    );
  const recorded = lock.importers.find(({ path }) => path === importer)?.requests;
  if (recorded === undefined) return undefined;
  const byName = grouped(recorded);
  const wanted = grouped(manifest.dependencies);
  const drifts: Drift[] = [];
  for (const [name, dependencies] of wanted) {
    const own = dependencies.filter((one) => isOpen(one) && isRecorded(one, lock, manifest));
    const drift = compare(own, byName.get(name) ?? [], { lock, importer });
    if (drift !== undefined) drifts.push(drift);
  }
  for (const [name, [request]] of byName) {
    const isExtra = request !== undefined && request.group !== 'peerDependencies' && !wanted.has(name) && !overridden.has(name);
    if (isExtra) drifts.push({ kind: 'extra', request });
  }
  return drifts;
}

/** Whether a lockfile would have a dependency, were it written now. */
function isRecorded({ group, name, parsed }: Dependency, { manager }: LockFile, { optionalPeers }: PackageJson): boolean {
  if (group === 'peerDependencies') return manager !== 'pnpm' && !optionalPeers.includes(name);
  // pnpm can be told to leave links out, and to install what has the right name from a workspace.
  return manager !== 'pnpm' || !isLocal(parsed);
}

interface Place {
  readonly lock: LockFile;
  readonly importer: string;
}

/** Compares what stands under one name. Where several groups have it, one of them wins, and any that was recorded is right. */
function compare(wanted: readonly Dependency[], known: readonly LockRequest[], { lock, importer }: Place): Drift | undefined {
  const own = withoutPeers(wanted);
  const recorded = withoutPeers(known);
  const [dependency] = own;
  if (dependency === undefined) return undefined;
  const [first] = recorded;
  if (first === undefined) {
    // What a platform cannot install, a lockfile may leave out.
    return dependency.group === 'optionalDependencies' ? undefined : { kind: 'missing', dependency };
  }
  const match = own.flatMap((one) => recorded.flatMap(({ spec, group }) => (isSameSpec(one.spec, spec) ? [{ one, group }] : []))).at(0);
  if (match === undefined) {
    if (isLocal(dependency.parsed) || recorded.some(({ spec }) => spec === '')) return undefined;
    // npm goes by what is locked, not by what was asked for then; the others compare the texts.
    if (lock.manager === 'npm' && judge(dependency, { lock, importer }) === true) return undefined;
    return { kind: 'different', dependency, recorded: first.spec };
  }
  if (
    own.length === 1 &&
    recorded.length === 1 &&
    match.group !== dependency.group &&
    !PEERS.has(match.group) &&
    !PEERS.has(dependency.group)
  )
    return { kind: 'moved', dependency, recorded: match.group };
  return unrecordedCatalog(match.one, lock) ?? unsatisfied(match.one, { lock, importer });
}

const PEERS: ReadonlySet<string> = new Set(['peerDependencies']);

/** `catalog:` stands for what the catalog said when the lockfile was written. */
function unrecordedCatalog(dependency: Dependency, { catalogs }: LockFile): Drift | undefined {
  const { parsed, name } = dependency;
  if (parsed.kind !== 'catalog' || catalogs === undefined) return undefined;
  const catalog = parsed.catalog.trim() === '' ? 'default' : parsed.catalog.trim();
  return catalogs.get(catalog)?.has(name) === true ? undefined : { kind: 'catalog', dependency, catalog };
}

/** Where what is locked is another package than the one that is asked for, or another version than is allowed. */
function unsatisfied(dependency: Dependency, { lock, importer }: Place): Drift | undefined {
  const entry = lock.locked(importer, dependency.name, dependency.spec);
  if (entry === undefined || dependency.group === 'peerDependencies') return undefined;
  if (judge(dependency, { lock, importer }) !== false) return undefined;
  return { kind: 'unsatisfied', dependency, locked: entry.version === undefined ? entry.name : `${entry.name}@${entry.version}` };
}

/** Whether what is locked satisfies a requirement; undefined where that cannot be told. */
function judge({ name, spec, parsed }: Dependency, { lock, importer }: Place): boolean | undefined {
  const entry = lock.locked(importer, name, spec);
  if (entry === undefined) return undefined;
  if (parsed.kind === 'git') return isCommitOf(parsed, entry);
  const range = rangeOf(parsed);
  if (entry.source !== 'tarball' || range === undefined || spec.startsWith('jsr:')) return undefined;
  if (entry.name !== (parsed.kind === 'alias' ? (parsed.name?.text ?? name) : name)) return false;
  return allows(range, entry);
}

/** Whether a range allows the version of an entry; undefined where that is none. */
function allows(range: string, entry: LockEntry): boolean | undefined {
  const known = allowed.get(entry) ?? new Map<string, boolean | undefined>();
  allowed.set(entry, known);
  if (!known.has(range)) {
    const version = valid(entry.version ?? null, { loose: true });
    if (known.size >= MAX_RANGES) known.clear();
    known.set(range, version === null ? undefined : satisfies(version, range, { loose: true, includePrerelease: true }));
  }
  return known.get(range);
}

// The lockfile stays what it is while somebody types in the package.json, and comparing versions is most of the work.
const allowed = new WeakMap<LockEntry, Map<string, boolean | undefined>>();

/** So many ranges are remembered for an entry: one for each workspace that asks for it, and what was typed lately. */
const MAX_RANGES = 64;

/** Whether an entry is of the commit that is asked for. */
function isCommitOf({ repository, commit }: GitSpec, { resolved }: LockEntry): boolean | undefined {
  const locked = parseSpec(resolved ?? '');
  if (locked.kind !== 'git' || locked.repository !== repository || commit === undefined) return undefined;
  return locked.commit === undefined ? undefined : locked.commit.toLowerCase() === commit.toLowerCase();
}

/** The versions that a requirement allows; undefined where it says so in another way, as a tag. */
function rangeOf(spec: Spec): string | undefined {
  switch (spec.kind) {
    case 'version':
      return spec.version;
    case 'range':
      return spec.range;
    case 'alias':
      return rangeOf(spec.spec);
    default:
      return undefined;
  }
}

/** yarn.lock records no requirements of the project, but has one entry for each requirement: a new one has none. */
function yarnDrift(dependencies: readonly Dependency[], { lock, importer }: Place): Drift[] | undefined {
  const isKnown = lock.importers.some(({ path }) => path === importer);
  // Yarn 1 does not say which workspaces there are.
  if (!isKnown && (importer !== '' || lock.importers.length > 0 || lock.entries.length === 0)) return undefined;
  return dependencies.flatMap((dependency): Drift[] => {
    const { group, name, spec, parsed } = dependency;
    if (group === 'peerDependencies' || group === 'optionalDependencies') return [];
    if (rangeOf(parsed) === undefined) return [];
    if (lock.locked(importer, name, spec) === undefined) return [{ kind: 'missing', dependency }];
    const drift = unsatisfied(dependency, { lock, importer });
    return drift === undefined ? [] : [drift];
  });
}

function isLocal({ kind }: Spec): boolean {
  return kind === 'path' || kind === 'workspace' || kind === 'protocol';
}

function isSameSpec(a: string, b: string): boolean {
  const [left, right] = [a.trim(), b.trim()];
  if (left === right || (isAny(left) && isAny(right))) return true;
  const [one, other] = [parseSpec(left), parseSpec(right)];
  if (one.kind !== 'git' || other.kind !== 'git') return false;
  return one.repository === other.repository && one.ref?.text === other.ref?.text && one.range?.text === other.range?.text;
}

function isAny(spec: string): boolean {
  return spec === '' || spec === '*';
}

/** What is asked for oneself, where there is any; else the peers. */
function withoutPeers<T extends { readonly group: string }>(requests: readonly T[]): readonly T[] {
  const own = requests.filter(({ group }) => group !== 'peerDependencies');
  return own.length > 0 ? own : requests;
}

function grouped<T extends { readonly name: string }>(items: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(item.name);
    if (group === undefined) groups.set(item.name, [item]);
    else group.push(item);
  }
  return groups;
}

/** All names that some selector of an override ends in, or goes through: `a`, `a@^1`, `b>a`, `b/a`, and with globs. */
function overriddenNames(lock: LockFile, manifests: readonly PackageJson[]): ReadonlySet<string> {
  const selectors = [...(lock.overrides?.keys() ?? []), ...manifests.flatMap(({ overrides }) => overrides.flatMap(({ path }) => path))];
  return new Set(selectors.flatMap((selector) => /((?:@[^/@>]+\/)?[^/@>]+)(?:@[^/>]*)?$/.exec(selector)?.[1] ?? []));
}
