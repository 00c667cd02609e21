import { gt, satisfies, valid } from 'semver';

const LOOSE = { loose: true };

/** Whether a version is newer than another; false where one of them is none. */
export function isNewerVersion(version: string, than: string): boolean {
  return valid(version, LOOSE) !== null && valid(than, LOOSE) !== null && gt(version, than, LOOSE);
}

/** Whether a version is what a requirement names, or in its range. */
export function fitsRequirement(version: string, requirement: string): boolean {
  return version === requirement || (valid(version, LOOSE) !== null && satisfies(version, requirement, LOOSE));
}
