import { compare, major, prerelease, valid } from 'semver';
import { type AdvisorySeverity, isAbout, type PackageAdvisory } from '../core/npm-advisories.ts';
import type { PublishedVersion } from '../core/npm-facts.ts';
import type { Manager } from './manager-in-use.ts';

/** The versions above one that none of some advisories is about: those of its own major, and those of higher ones; lowest first. */
export interface FreeVersions<V> {
  readonly sameMajor: readonly V[];
  readonly higher: readonly V[];
}

/** The releases that would be free of some advisories about a version, by the advisories' own ranges. */
export function freeVersions<V extends PublishedVersion>(
  versions: readonly V[],
  version: string,
  advisories: readonly PackageAdvisory[],
): FreeVersions<V> {
  const own = valid(version, LOOSE);
  if (own === null) return { sameMajor: [], higher: [] };
  const isPrerelease = prerelease(own, LOOSE) !== null;
  const free = versions
    .filter((one) => {
      const parsed = valid(one.version, LOOSE);
      return parsed !== null && compare(parsed, own) > 0 && (isPrerelease || prerelease(parsed) === null);
    })
    .filter((one) => !advisories.some((advisory) => isAbout(advisory, one.version)))
    .sort((a, b) => compare(a.version, b.version, LOOSE));
  // Nobody is sent to what its own maintainers gave up, as long as there is anything else.
  const current = free.filter(({ deprecated }) => deprecated === undefined);
  const isSame = ({ version: other }: V): boolean => major(other, LOOSE) === major(own);
  const pick = (wanted: (one: V) => boolean): readonly V[] => {
    const found = current.filter(wanted);
    return found.length > 0 ? found : free.filter(wanted);
  };
  return { sameMajor: pick(isSame), higher: pick((one) => !isSame(one)) };
}

/** The newest release below a version that none of some advisories is about. */
export function lastGoodVersion<V extends PublishedVersion>(
  versions: readonly V[],
  version: string,
  advisories: readonly PackageAdvisory[],
): V | undefined {
  return versions
    .filter(
      (one) => valid(one.version, LOOSE) !== null && prerelease(one.version, LOOSE) === null && compare(one.version, version, LOOSE) < 0,
    )
    .filter((one) => !advisories.some((advisory) => isAbout(advisory, one.version)))
    .sort((a, b) => compare(b.version, a.version, LOOSE))[0];
}

const LOOSE = { loose: true };

/** The gravest of some advisories, which are in that order; `info` where there is none. */
export function worstOf([worst]: readonly PackageAdvisory[]): AdvisorySeverity {
  return worst?.severity ?? 'info';
}

/** How many vulnerabilities there are and how grave, as the object of a sentence: `3 known vulnerabilities, the worst critical`. */
export function advisoriesText(advisories: readonly PackageAdvisory[]): string {
  const worst = worstOf(advisories);
  return advisories.length === 1 ? `a known vulnerability (${worst})` : `${advisories.length} known vulnerabilities, the worst ${worst}`;
}

/** An advisory in a few words: `Prototype Pollution in lodash (GHSA-p6mc-m468-83gw)`. */
export function advisoryText({ title, id }: PackageAdvisory): string {
  const heading = title.replace(/\.$/, '');
  return heading === '' ? id : `${heading} (${id})`;
}

/** The command that locks the newest version that is admitted; undefined where there is none for it, or the name is none for a command. */
export function updateCommand(manager: Manager, name: string, isDirect: boolean): string | undefined {
  if (!/^(?:@[\w~-][\w.~-]*\/)?[\w~-][\w.~-]*$/.test(name)) return undefined;
  switch (manager) {
    case 'npm':
      return `npm update ${name}`;
    case 'pnpm':
      return `pnpm update ${name}`;
    case 'yarn':
      return `yarn up -R ${name}`;
    case 'yarn-classic':
      // Yarn 1 updates what the project asks for itself, and nothing below it.
      return isDirect ? `yarn upgrade ${name}` : undefined;
    case 'bun':
      return isDirect ? `bun update ${name}` : undefined;
  }
}
