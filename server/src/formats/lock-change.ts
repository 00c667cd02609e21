import { compare, valid } from 'semver';
import { conflictIn, registryOf } from './lock-hash.ts';
import { hostOfLocked } from './lock-hosts.ts';
import type { LockEntry, LockFile } from './lock-model.ts';

/** A package that is there now, or no longer. */
export interface ChangedPackage {
  readonly name: string;
  /** The versions, or where there is none the addresses, in document order. */
  readonly versions: readonly string[];
}

/** A package with other versions than before. */
export interface UpdatedPackage {
  readonly name: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Whether the highest version is lower than before. */
  readonly isDowngrade: boolean;
}

/** One version of one registry with another hash than before. */
export interface ChangedHash {
  readonly name: string;
  readonly version: string;
  readonly algorithm: string;
}

/** A host that nothing came from before. */
export interface NewHost {
  readonly host: string;
  readonly count: number;
  /** A package that comes from there. */
  readonly example: string;
}

/** A package, and the place outside of every registry that it now comes from. */
export interface NewSource {
  readonly name: string;
  readonly kind: 'git' | 'url';
  readonly host: string;
}

/** What is different between two states of a lockfile. Lists are in the order of names, hosts and sources in document order. */
export interface LockChange {
  readonly added: readonly ChangedPackage[];
  readonly removed: readonly ChangedPackage[];
  readonly updated: readonly UpdatedPackage[];
  /** A registry's versions never change: either state is forged, or was made with another registry's archives. */
  readonly hashes: readonly ChangedHash[];
  readonly hosts: readonly NewHost[];
  readonly sources: readonly NewSource[];
  /** Packages with an install script, none of whose versions had one before; undefined where the lockfile does not record scripts. */
  readonly scripts: readonly ChangedPackage[] | undefined;
}

/** What a lockfile brings in that `before` did not, and what it drops; an undefined `before` is a lockfile that was not there. */
export function lockChange(before: LockFile | undefined, after: LockFile): LockChange {
  const [old, now] = [byName(before), byName(after)];
  const added: ChangedPackage[] = [];
  const updated: UpdatedPackage[] = [];
  const hashes: ChangedHash[] = [];
  for (const [name, entries] of now) {
    const former = old.get(name);
    const versions = versionsOf(entries);
    if (former === undefined) {
      added.push({ name, versions });
      continue;
    }
    const formerVersions = versionsOf(former);
    if (versions.join('\n') !== formerVersions.join('\n')) {
      const change = {
        name,
        before: formerVersions.filter((one) => !versions.includes(one)),
        after: versions.filter((one) => !formerVersions.includes(one)),
      };
      if (change.before.length + change.after.length > 0) updated.push({ ...change, isDowngrade: isDowngrade(formerVersions, versions) });
    }
    hashes.push(...changedHashes(name, former, entries));
  }
  const removed = [...old].flatMap(([name, entries]) => (now.has(name) ? [] : [{ name, versions: versionsOf(entries) }]));
  return {
    added: sorted(added),
    removed: sorted(removed),
    updated: sorted(updated),
    hashes: sorted(hashes),
    hosts: newHosts(before, after),
    sources: newSources(old, now),
    scripts: recordsScripts(after) ? sorted(newScripts(old, now)) : undefined,
  };
}

/** Whether nothing that is installed is different. */
export function isEmptyChange({ added, removed, updated, hashes, hosts, sources, scripts }: LockChange): boolean {
  return [added, removed, updated, hashes, hosts, sources, scripts ?? []].every((list) => list.length === 0);
}

type Entries = ReadonlyMap<string, readonly LockEntry[]>;

/** What is fetched, by its own name: folders of the project and what came inside another package are not. */
function byName(lock: LockFile | undefined): Entries {
  const found = new Map<string, LockEntry[]>();
  for (const entry of lock?.entries ?? []) {
    if (entry.name === '' || (entry.source !== 'tarball' && entry.source !== 'git')) continue;
    const known = found.get(entry.name);
    if (known === undefined) found.set(entry.name, [entry]);
    else known.push(entry);
  }
  return found;
}

function sorted<T extends { readonly name: string }>(items: readonly T[]): readonly T[] {
  return [...items].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Each version once, lowest first; of git the commit belongs to it. */
function versionsOf(entries: readonly LockEntry[]): string[] {
  const versions = new Set(entries.map(versionOf));
  return [...versions].sort((a, b) => (valid(a) !== null && valid(b) !== null ? compare(a, b) : a < b ? -1 : 1));
}

function versionOf({ version, resolved, source }: LockEntry): string {
  const commit = source === 'git' ? /[#/=]([0-9a-f]{7,64})$/.exec(resolved ?? '')?.[1] : undefined;
  if (commit !== undefined) return version === undefined ? commit : `${version}#${commit}`;
  return version ?? hostOfLocked(resolved) ?? '?';
}

function isDowngrade(before: readonly string[], after: readonly string[]): boolean {
  const [old, now] = [before.at(-1), after.at(-1)];
  return old !== undefined && now !== undefined && valid(old) !== null && valid(now) !== null && compare(now, old) < 0;
}

function changedHashes(name: string, before: readonly LockEntry[], after: readonly LockEntry[]): ChangedHash[] {
  const found = new Map<string, ChangedHash>();
  for (const entry of after) {
    const { version, integrity, checksum } = entry;
    if (version === undefined || entry.source !== 'tarball' || found.has(version)) continue;
    for (const old of before) {
      if (old.version !== version || old.source !== 'tarball') continue;
      if (old.integrity === integrity && old.checksum === checksum) continue;
      const algorithm = registryOf(old) === registryOf(entry) ? conflictIn(old, entry) : undefined;
      if (algorithm !== undefined) found.set(version, { name, version, algorithm });
    }
  }
  return [...found.values()];
}

function newHosts(before: LockFile | undefined, after: LockFile): NewHost[] {
  const old = new Set((before?.entries ?? []).flatMap(({ source, resolved }) => (isFetched(source) ? (hostOfLocked(resolved) ?? []) : [])));
  const found = new Map<string, { host: string; count: number; example: string }>();
  for (const { source, resolved, name } of after.entries) {
    const host = isFetched(source) ? hostOfLocked(resolved) : undefined;
    if (host === undefined || old.has(host)) continue;
    const known = found.get(host);
    if (known === undefined) found.set(host, { host, count: 1, example: name });
    else known.count++;
  }
  return [...found.values()];
}

function isFetched(source: LockEntry['source']): boolean {
  return source === 'tarball' || source === 'git';
}

/** The kind of a source that is no registry's; undefined for a registry's. */
function exoticKind({ source, resolved }: LockEntry): NewSource['kind'] | undefined {
  if (source === 'git') return 'git';
  return resolved === undefined || resolved.includes('/-/') ? undefined : 'url';
}

function newSources(old: Entries, now: Entries): NewSource[] {
  const found: NewSource[] = [];
  for (const [name, entries] of now) {
    const former = new Set((old.get(name) ?? []).map((entry) => `${exoticKind(entry)} ${hostOfLocked(entry.resolved)}`));
    for (const entry of entries) {
      const kind = exoticKind(entry);
      const host = hostOfLocked(entry.resolved) ?? '';
      if (kind === undefined || former.has(`${kind} ${host}`)) continue;
      former.add(`${kind} ${host}`);
      found.push({ name, kind, host });
    }
  }
  return found;
}

function newScripts(old: Entries, now: Entries): ChangedPackage[] {
  return [...now].flatMap(([name, entries]) => {
    const scripted = entries.filter(({ hasInstallScript }) => hasInstallScript);
    if (scripted.length === 0 || old.get(name)?.some(({ hasInstallScript }) => hasInstallScript) === true) return [];
    return [{ name, versions: versionsOf(scripted) }];
  });
}

/** npm since version 2 of its lockfile, and pnpm until version 6, say which packages have install scripts. */
function recordsScripts({ manager, lockfileVersion = '' }: LockFile): boolean {
  const version = Number.parseFloat(lockfileVersion);
  return manager === 'npm' ? version >= 2 : manager === 'pnpm' && version < 9;
}
