import { satisfies } from 'semver';
import type { Fix } from '../core/finding.ts';
import type { Manifest } from '../core/manifest.ts';
import { type FullVersion, npmPackument, type PackageKey, type Packument } from '../core/npm-facts.ts';
import type { RuleContext, Surroundings } from '../core/rule.ts';
import { plain } from '../core/untrusted.ts';
import { lockedBytes } from './locked-bytes.ts';
import { editRequirement } from './locked-pin.ts';
import type { Dependency } from './package-json.ts';
import { pickVersion } from './pick-version.ts';
import { packageKeys, type RegistryDependency, registryDependencies } from './registry-settings.ts';
import { ageInDays, compareVersion, SETTLED_DAYS, type VersionComparison } from './version-history.ts';
import { isInRange } from './version-order.ts';

/** A direct dependency, and what its registry says of the version that is installed for it. */
export interface InstalledVersion {
  readonly dependency: Dependency;
  readonly key: PackageKey;
  readonly packument: Packument;
  /** When the registry said so, in milliseconds since the epoch: ages are counted up to then. */
  readonly asOf: number;
  readonly version: FullVersion;
  /** Whether the lockfile names the version; else it is the one that would be installed now. */
  readonly isLocked: boolean;
  /** Whether the requirement names the version and no range around it. */
  readonly isExact: boolean;
  /** The integrity that the lockfile has for it. */
  readonly integrity?: string;
}

/**
 * The direct dependencies of a package.json whose version the registry knows: the locked one where it still fits the requirement, else
 * the one that would be installed. Asks for one packument each. Peers are left out: the host's own package.json is where they are chosen.
 */
export function installedVersions(context: RuleContext): readonly InstalledVersion[] {
  const kept = installedIn.get(context.surroundings);
  if (kept?.manifest === context.manifest) return kept.installed;
  const found = lookUpInstalled(context);
  installedIn.set(context.surroundings, found);
  return found.installed;
}

/** What is installed for a document, found out once for the seven rules that ask. All are of one area: what the first cannot know counts for all. */
interface Installed {
  readonly manifest: Manifest;
  readonly installed: readonly InstalledVersion[];
}

// Each analysis has surroundings of its own, so that nothing outlives the facts it follows from.
const installedIn = new WeakMap<Surroundings, Installed>();

function lookUpInstalled({ manifest, surroundings, fact }: RuleContext): Installed {
  const keys = packageKeys(manifest.file, surroundings);
  const installed = [...registryDependencies(manifest, surroundings)].flatMap(([dependency, wanted]): InstalledVersion[] => {
    if (dependency.group === 'peerDependencies' || (wanted.locked === undefined && requirementOf(dependency) === undefined)) return [];
    const key = keys.of(wanted);
    const answer = fact(npmPackument, key);
    if (answer.state !== 'known') return [];
    const found = versionOf(answer.value, dependency, wanted);
    if (found === undefined) return [];
    const integrity = found.isLocked && wanted.locked !== undefined ? lockedBytes(wanted.locked.entry) : undefined;
    return [
      {
        dependency,
        key,
        packument: answer.value,
        asOf: answer.asOf,
        ...found,
        isExact: exactVersion(dependency) !== undefined,
        ...(integrity === undefined ? {} : { integrity }),
      },
    ];
  });
  return { manifest, installed };
}

/** An installed version that is new enough to stand out, with what is different about it. */
export interface RecentVersion extends InstalledVersion {
  readonly comparison: VersionComparison;
}

/**
 * The installed versions that are not older than `SETTLED_DAYS`, against those before them. Where the registry leaves out what is
 * compared, that is told as unknown.
 */
export function recentVersions(context: RuleContext): RecentVersion[] {
  return installedVersions(context).flatMap((installed): RecentVersion[] => {
    const { packument, version, key, asOf } = installed;
    const age = ageInDays(version, asOf);
    if (packument.isStripped || age === undefined) {
      context.lacking(npmPackument, key, LEFT_OUT);
      return [];
    }
    // Most versions are old: only the others are held against thousands.
    const comparison = age > SETTLED_DAYS ? undefined : compareVersion(packument, version.version);
    return comparison === undefined ? [] : [{ ...installed, comparison }];
  });
}

/** What is told of a registry that keeps back what versions are compared by. */
export const LEFT_OUT = 'the registry leaves out when, and by whom, versions were published';

/** What a dependency asks the registry for; undefined for a catalog's entry, which is in another file. */
export function requirementOf({ parsed, spec }: Dependency): string | undefined {
  if (parsed.kind === 'catalog') return undefined;
  return parsed.kind === 'alias' ? parsed.specPart.text : spec;
}

function exactVersion({ parsed }: Dependency): string | undefined {
  const spec = parsed.kind === 'alias' ? parsed.spec : parsed;
  return spec.kind === 'version' ? spec.version : undefined;
}

function versionOf(
  packument: Packument,
  dependency: Dependency,
  { locked }: RegistryDependency,
): { readonly version: FullVersion; readonly isLocked: boolean } | undefined {
  const named = (text: string | undefined): FullVersion | undefined => packument.versions.find(({ version }) => version === text);
  const own = locked?.entry.version;
  if (own !== undefined && isAskedFor(own, dependency)) {
    const version = named(own);
    return version === undefined ? undefined : { version, isLocked: true };
  }
  const requirement = requirementOf(dependency);
  const picked = requirement === undefined ? undefined : named(pickVersion(packument, requirement)?.version);
  return picked === undefined ? undefined : { version: picked, isLocked: false };
}

/**
 * The version that is installed for a dependency: the locked one where it still fits the requirement, else the one that the requirement
 * names, else the one that would be installed now, for which the registry is asked. Undefined where nobody can tell.
 */
export function versionInUse(
  context: RuleContext,
  [dependency, wanted]: readonly [Dependency, RegistryDependency],
  key: PackageKey,
): string | undefined {
  const own = wanted.locked?.entry.version;
  if (own !== undefined && isAskedFor(own, dependency)) return own;
  const exact = exactVersion(dependency);
  if (exact !== undefined) return exact;
  const requirement = requirementOf(dependency);
  const answer = requirement === undefined ? undefined : context.fact(npmPackument, key);
  return answer?.state === 'known' ? versionOf(answer.value, dependency, wanted)?.version.version : undefined;
}

/** Whether the lockfile's version is what the requirement means: somebody may be typing another one. */
export function isAskedFor(version: string, { parsed }: Dependency): boolean {
  const spec = parsed.kind === 'alias' ? parsed.spec : parsed;
  switch (spec.kind) {
    case 'version':
      return satisfies(version, spec.version, { loose: true });
    case 'range':
      return isInRange(version, spec.range);
    default:
      return true;
  }
}

/** Why a fix takes another version. */
export interface OtherVersion {
  readonly target: FullVersion;
  /** What the target is, for the fix's title: `the version before`. */
  readonly what: string;
}

/**
 * The fix that requires another version. The operator in front stays where the range then leaves the present version out; else the
 * version is required exactly, because a range around both would change nothing. None for a catalog's entry, which is in another file.
 */
export function requireVersion(
  { manifest }: RuleContext,
  { dependency, version }: Pick<InstalledVersion, 'dependency' | 'version'>,
  other: OtherVersion,
): Fix[] {
  const requirement = requirementOf(dependency);
  const wanted = other.target.version;
  if (requirement === undefined || wanted === version.version) return [];
  const operator = /^([~^])v?[\w.+-]+$/.exec(requirement.trim())?.[1] ?? '';
  const keeps = operator !== '' && !isInRange(version.version, operator + wanted);
  const text = keeps ? operator + wanted : wanted;
  return [
    {
      title: `Require ${plain(text)}, ${other.what} (check that nothing needs ${plain(version.version)})`,
      safety: 'review',
      online: false,
      edits: [editRequirement(manifest.file.text, dependency, text)],
    },
  ];
}

/** The newest version that fits a requirement among those that were published before a time; undefined where there is none. */
export function newestBefore({ packument, dependency }: InstalledVersion, publishedBefore: number): FullVersion | undefined {
  const requirement = requirementOf(dependency);
  const versions = packument.versions.filter(({ publishedAt }) => publishedAt !== undefined && publishedAt <= publishedBefore);
  if (requirement === undefined || versions.length === 0) return undefined;
  const distTags = Object.fromEntries(
    Object.entries(packument.distTags).filter(([, tagged]) => versions.some(({ version }) => version === tagged)),
  );
  const picked = pickVersion({ ...packument, versions, distTags }, requirement);
  return versions.find(({ version }) => version === picked?.version);
}
