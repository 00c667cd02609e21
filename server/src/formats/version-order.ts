import { gt, lt, prerelease, rcompare, satisfies, valid } from 'semver';
import type { Packument } from '../core/npm-facts.ts';

const LOOSE = { loose: true };

/** Whether a version is newer than another; false where one of them is none. */
export function isNewerVersion(version: string, than: string): boolean {
  return valid(version, LOOSE) !== null && valid(than, LOOSE) !== null && gt(version, than, LOOSE);
}

/** Whether a version is what a requirement names, or in its range. */
export function fitsRequirement(version: string, requirement: string): boolean {
  return version === requirement || (valid(version, LOOSE) !== null && satisfies(version, requirement, LOOSE));
}

/** The newest releases below a version for which the registry lists attestations, newest first and at most `limit` of them. */
export function attestedBefore({ versions }: Packument, version: string, limit: number): string[] {
  if (valid(version) === null) return [];
  return versions
    .filter((one) => one.attestations !== undefined && valid(one.version) !== null && prerelease(one.version) === null)
    .map((one) => one.version)
    .filter((one) => lt(one, version))
    .sort(rcompare)
    .slice(0, limit);
}
