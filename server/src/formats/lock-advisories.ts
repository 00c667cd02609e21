import type { Manifest } from '../core/manifest.ts';
import {
  isVersion,
  type LockAdvisoriesKey,
  type LockedVersion,
  npmAdvisories,
  npmLockAdvisories,
  type PackageAdvisory,
} from '../core/npm-advisories.ts';
import type { RuleContext, Surroundings } from '../core/rule.ts';
import { asLockFile, type LockEntry, type LockFile, perStretch } from './lock-model.ts';
import { isPublicAddress, packageKeys } from './registry-settings.ts';

/** An entry of a lockfile that its registry tells advisories about. */
export interface AdvisedEntry {
  /** The first of those with this name and version. */
  readonly entry: LockEntry;
  /** At least one; gravest first. */
  readonly advisories: readonly PackageAdvisory[];
}

/**
 * What registries tell of the packages of a lockfile, each version of a package once, in document order. What could not be learned is
 * told as unknown. Asks for one fact for each sixty packages or so; found out once for all rules of one analysis, which are of one area.
 */
export function advisedEntries(context: RuleContext): readonly AdvisedEntry[] {
  const { manifest, surroundings } = context;
  const kept = advisedIn.get(surroundings);
  if (kept?.manifest === manifest) return kept.advised;
  const lock = asLockFile(manifest);
  const advised = lock === undefined ? [] : lookUp(context, lock);
  advisedIn.set(surroundings, { manifest, advised });
  return advised;
}

// Each analysis has surroundings of its own, so that nothing outlives the facts it follows from.
const advisedIn = new WeakMap<Surroundings, { readonly manifest: Manifest; readonly advised: readonly AdvisedEntry[] }>();

function lookUp(context: RuleContext, lock: LockFile): AdvisedEntry[] {
  const found = new Map<string, readonly PackageAdvisory[]>();
  const names = new Set<string>();
  if (!mayBeKnown(lock, context)) return [];
  for (const key of lockAdvisoriesKeys(lock, context)) {
    const answer = context.fact(npmLockAdvisories, key);
    if (answer.state !== 'known') continue;
    for (const { name, version, advisories } of answer.value.advised) {
      found.set(`${name}@${version}`, advisories);
      names.add(name);
    }
    for (const { why, detail } of answer.value.unanswered) context.lacking(npmLockAdvisories, key, { why, detail });
  }
  if (found.size === 0) return [];
  const advised: AdvisedEntry[] = [];
  for (const entry of lock.entries) {
    if (!names.has(entry.name) || !isServed(entry)) continue;
    const id = `${entry.name}@${entry.version}`;
    const advisories = found.get(id);
    if (advisories !== undefined) advised.push({ entry, advisories });
    found.delete(id);
  }
  return advised;
}

/**
 * Whether facts are looked up at all, by the first package alone: where they are not, which is how editors begin, thousands of packages
 * are not even gathered.
 */
function mayBeKnown(lock: LockFile, context: RuleContext): boolean {
  const first = lock.entries.find(isServed);
  if (first === undefined) return false;
  const { name, version = '' } = first;
  const key = packageKeys(context.manifest.file, context.surroundings).of({
    name,
    locked: { lock, entry: first, path: context.manifest.file.path },
  });
  const answer = context.fact(npmAdvisories, { ...key, version });
  return answer.state !== 'unknown' || answer.why !== 'offline';
}

/** The questions about all packages of a lockfile that a registry serves. */
export function lockAdvisoriesKeys(
  lock: LockFile,
  { manifest, surroundings }: Pick<RuleContext, 'manifest' | 'surroundings'>,
): LockAdvisoriesKey[] {
  const { settings } = packageKeys(manifest.file, surroundings).of({ name: '', locked: undefined });
  return perStretch(lock, bucketsOf).flatMap((buckets) =>
    buckets.map((bucket) => (settings === undefined ? bucket : { ...bucket, settings })),
  );
}

/** Whether an entry comes from a registry; what came inside of another package is that one's own matter. */
function isServed({ source, name, version }: LockEntry): boolean {
  return source === 'tarball' && name !== '' && version !== undefined && isVersion(version);
}

/** About how many packages are asked for at once. */
const BUCKET_SIZE = 64;

type Buckets = readonly LockAdvisoriesKey[];

/**
 * Packages by their names: a package that comes or goes changes one bucket, and what is known of all others stays known, also in a
 * lockfile without stretches.
 */
function bucketsOf(entries: readonly LockEntry[]): Buckets {
  // A key in an editor seldom changes what is asked about: to see that takes a tenth of the time that making them anew does.
  if (last !== undefined && areAskedAlike(entries, last.entries)) return last.buckets;
  const buckets = makeBuckets(entries);
  if (entries.length >= MIN_KEPT) last = { entries, buckets };
  return buckets;
}

/** From how many entries on it is worth the memory; shorter ones are stretches, or take no time. */
const MIN_KEPT = 500;

/** The last large lockfile without stretches. */
let last: { readonly entries: readonly LockEntry[]; readonly buckets: Buckets } | undefined;

function areAskedAlike(some: readonly LockEntry[], others: readonly LockEntry[]): boolean {
  if (some.length !== others.length) return false;
  return some.every((one, at) => {
    const other = others[at];
    return one.name === other?.name && one.version === other.version && one.source === other.source && one.resolved === other.resolved;
  });
}

function makeBuckets(entries: readonly LockEntry[]): Buckets {
  const packages = new Map<string, LockedVersion>();
  for (const entry of entries) {
    const { name, version = '', resolved } = entry;
    if (!isServed(entry)) continue;
    if (isPublicAddress(resolved)) packages.set(`${name}@${version}`, { name, version });
    else packages.set(`${name}@${version} elsewhere`, { name, version, isElsewhere: true });
  }
  const count = 2 ** Math.max(0, Math.ceil(Math.log2(packages.size / BUCKET_SIZE)));
  const buckets = Array.from({ length: packages.size === 0 ? 0 : count }, () => ({ ids: [] as string[], packages: [] as LockedVersion[] }));
  for (const [id, one] of packages) {
    const bucket = buckets[hashOf(one.name) % count];
    bucket?.ids.push(id);
    bucket?.packages.push(one);
  }
  return buckets.filter(({ ids }) => ids.length > 0).map(({ ids, packages: own }) => ({ packages: own, text: ids.join(' ') }));
}

/** FNV-1a over the last UTF-16 units, in which names differ. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5 ^ name.length;
  for (let at = Math.max(0, name.length - 12); at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
