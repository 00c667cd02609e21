import type { Manifest } from '../core/manifest.ts';
import { isVersion, type LockAdvisoriesKey, type LockedVersion, npmLockAdvisories, type PackageAdvisory } from '../core/npm-advisories.ts';
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
  for (const key of lockAdvisoriesKeys(lock, context)) {
    const answer = context.fact(npmLockAdvisories, key);
    if (answer.state !== 'known') continue;
    for (const { name, version, advisories } of answer.value.advised) found.set(`${name}@${version}`, advisories);
    for (const { why, detail } of answer.value.unanswered) context.lacking(npmLockAdvisories, key, { why, detail });
  }
  if (found.size === 0) return [];
  return lock.entries.flatMap((entry): AdvisedEntry[] => {
    const id = `${entry.name}@${entry.version}`;
    const advisories = isServed(entry) ? found.get(id) : undefined;
    found.delete(id);
    return advisories === undefined ? [] : [{ entry, advisories }];
  });
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

/**
 * Packages by their names: a package that comes or goes changes one bucket, and what is known of all others stays known, also in a
 * lockfile without stretches.
 */
function bucketsOf(entries: readonly LockEntry[]): readonly LockAdvisoriesKey[] {
  const packages = new Map<string, LockedVersion>();
  for (const entry of entries) {
    const { name, version = '', resolved } = entry;
    if (!isServed(entry)) continue;
    const isElsewhere = !isPublicAddress(resolved);
    packages.set(`${name}@${version}${isElsewhere ? ' elsewhere' : ''}`, { name, version, ...(isElsewhere ? { isElsewhere } : {}) });
  }
  const buckets = new Map<number, string[]>();
  const count = 2 ** Math.max(0, Math.ceil(Math.log2(packages.size / BUCKET_SIZE)));
  for (const [id, { name }] of packages) {
    const at = hashOf(name) % count;
    const bucket = buckets.get(at);
    if (bucket === undefined) buckets.set(at, [id]);
    else bucket.push(id);
  }
  return [...buckets.values()].map((ids) => {
    ids.sort();
    return { packages: ids.flatMap((id) => packages.get(id) ?? []), text: ids.join(' ') };
  });
}

/** FNV-1a over UTF-16 units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
