import type { PackageVersionKey } from '../core/npm-facts.ts';
import { isMeant } from '../core/package-pattern.ts';
import type { DiskRoot } from '../disk/disk-root.ts';
import { formatForPath } from '../engine/formats.ts';
import { type Elsewhere, elsewhereOf } from '../formats/lock-elsewhere.ts';
import { asLockFile, type LockEntry } from '../formats/lock-model.ts';
import { lockedBytes, unseenIn } from '../formats/locked-bytes.ts';
import { packageKeys } from '../formats/registry-settings.ts';

/** The packages of some lockfiles that a registry serves, each version and integrity once. */
export interface LockedPackages {
  readonly packages: Map<string, { readonly key: PackageVersionKey; readonly lockfiles: string[] }>;
  /** How many entries come from elsewhere, by where. */
  readonly skipped: Map<Elsewhere, number>;
  /** The ones from git and plain addresses, which no registry can vouch for: `name@version (git)`. */
  readonly foreign: Set<string>;
  /** What of `only` chose something. */
  readonly chosen: Set<string>;
}

interface Reading {
  readonly text: string;
  readonly shown: string;
  /** Names, and scopes as `@scope/*`; all names where there are none. */
  readonly only: readonly string[];
  readonly into: LockedPackages;
}

/** Adds the packages of one lockfile. Gives the reason where it could not be read to its end. */
export function lockedPackages(root: DiskRoot, file: string, { text, shown, only, into }: Reading): string | undefined {
  const document = root.document(file, text);
  const manifest = formatForPath(document.path)?.parse(document);
  const lock = asLockFile(manifest);
  if (manifest === undefined || lock === undefined) return 'it is in no format of Waybill';
  const keys = packageKeys(document, root.project);
  for (const entry of lock.entries) {
    const { name, version } = entry;
    const integrity = lockedBytes(entry);
    const chosen = only.filter((pattern) => isMeant(pattern, name));
    if (only.length > 0 && chosen.length === 0) continue;
    for (const pattern of chosen) into.chosen.add(pattern);
    const elsewhere = elsewhereOf(entry);
    if (elsewhere !== undefined) into.skipped.set(elsewhere, (into.skipped.get(elsewhere) ?? 0) + 1);
    if (elsewhere === 'git' || elsewhere === 'address') into.foreign.add(`${name}@${version ?? '?'} (${elsewhere})`);
    if (elsewhere !== undefined || !isPackage(entry) || version === undefined) continue;
    const key = {
      ...keys.of({ name, locked: { lock, entry, path: document.path } }),
      version,
      ...(integrity === undefined ? {} : { integrity }),
    };
    const id = JSON.stringify(key);
    const known = into.packages.get(id) ?? { key, lockfiles: [] };
    if (!known.lockfiles.includes(shown)) known.lockfiles.push(shown);
    into.packages.set(id, known);
  }
  const [problem] = manifest.problems;
  return problem?.message ?? unseenIn(lock);
}

function isPackage({ source, name }: LockEntry): boolean {
  return (source === 'tarball' || source === 'bundled') && name !== '';
}
