import type { PackageVersionKey } from '../core/npm-facts.ts';
import { isMeant } from '../core/package-pattern.ts';
import type { NamedPackage } from '../core/provenance-demand.ts';
import type { DiskRoot } from '../disk/disk-root.ts';
import { formatForPath } from '../engine/formats.ts';
import { type Elsewhere, elsewhereOf } from '../formats/lock-elsewhere.ts';
import { asLockFile, type LockEntry } from '../formats/lock-model.ts';
import { lockedBytes, unseenIn } from '../formats/locked-bytes.ts';
import { packageKeys } from '../formats/registry-settings.ts';
import type { PackageAsked } from './verify-asked.ts';

/** A package of lockfiles, and the ones that have it. */
export interface LockedPackage {
  readonly name: string;
  readonly version: string | undefined;
  readonly asked: PackageAsked;
  /** How its registry is asked, or where it comes from that is none: told only of what something is required of. */
  readonly from: PackageVersionKey | Elsewhere;
  readonly lockfiles: string[];
}

/** The packages of some lockfiles, each version and integrity once. */
export interface LockedPackages {
  readonly packages: Map<string, LockedPackage>;
  /** How many other entries come from elsewhere, by where. */
  readonly skipped: Map<Elsewhere, number>;
  /** What of `only` chose something. */
  readonly chosen: Set<string>;
}

interface Reading {
  readonly text: string;
  readonly shown: string;
  /** Names, and scopes as `@scope/*`; all names where there are none. */
  readonly only: readonly string[];
  readonly askedOf: (named: NamedPackage) => PackageAsked;
  readonly into: LockedPackages;
}

/** Adds the packages of one lockfile. Gives the reason where it could not be read to its end. */
export function lockedPackages(root: DiskRoot, file: string, { text, shown, only, askedOf, into }: Reading): string | undefined {
  const document = root.document(file, text);
  const manifest = formatForPath(document.path)?.parse(document);
  const lock = asLockFile(manifest);
  if (manifest === undefined || lock === undefined) return 'it is in no format of Waybill';
  const keys = packageKeys(document, root.project);
  for (const entry of lock.entries) {
    const { name, alias, version } = entry;
    const integrity = lockedBytes(entry);
    const chosen = only.filter((pattern) => isMeant(pattern, name));
    if (only.length > 0 && chosen.length === 0) continue;
    for (const pattern of chosen) into.chosen.add(pattern);
    const asked = askedOf({ name, alias });
    const elsewhere = elsewhereOf(entry);
    // What git and addresses give can have no papers; files are the project's own, and what is inside of a package is that one's.
    const isMissed = asked.require !== 'nothing' && (elsewhere === 'git' || elsewhere === 'address');
    if (elsewhere !== undefined && !isMissed) into.skipped.set(elsewhere, (into.skipped.get(elsewhere) ?? 0) + 1);
    if (name === '' || (!isMissed && (elsewhere !== undefined || !isPackage(entry) || version === undefined))) continue;
    const from = elsewhere ?? {
      ...keys.of({ name, locked: { lock, entry, path: document.path } }),
      version: version ?? '',
      ...(integrity === undefined ? {} : { integrity }),
    };
    // An alias may be asked for more than the package itself.
    const id = JSON.stringify([name, version, from, asked.demand?.match]);
    const known = into.packages.get(id) ?? { name, version, asked, from, lockfiles: [] };
    if (!known.lockfiles.includes(shown)) known.lockfiles.push(shown);
    into.packages.set(id, known);
  }
  const [problem] = manifest.problems;
  return problem?.message ?? unseenIn(lock);
}

function isPackage({ source }: LockEntry): boolean {
  return source === 'tarball' || source === 'bundled';
}
