import { gt, satisfies, valid } from 'semver';
import { rememberAs } from '../core/remember.ts';

const LOOSE = { loose: true };

/** Whether a version is newer than another; false where one of them is none. */
export function isNewerVersion(version: string, than: string): boolean {
  return valid(version, LOOSE) !== null && valid(than, LOOSE) !== null && gt(version, than, LOOSE);
}

/** Whether a version is what a requirement names, or in its range. */
export function fitsRequirement(version: string, requirement: string): boolean {
  return version === requirement || (valid(version, LOOSE) !== null && satisfies(version, requirement, LOOSE));
}

/** How many answers are remembered: rules ask again for every dependency at every key. */
const MAX_REMEMBERED = 4_000;

const known = rememberAs<boolean>(MAX_REMEMBERED);

/** Whether a version is in a range, prereleases too; false where one of them is none. */
export function isInRange(version: string, range: string): boolean {
  return known(`${version} ${range}`, () => satisfies(version, range, { loose: true, includePrerelease: true }));
}
