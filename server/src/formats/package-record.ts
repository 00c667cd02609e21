import { minuteOf } from '../core/as-of.ts';
import type { Packument, PublishedVersion, Publisher } from '../core/npm-facts.ts';
import { parseSpec } from './npm-spec.ts';

const DAY = 24 * 60 * 60 * 1000;

/** A package is young up to this age, in days (lookalikes.md). */
const YOUNG_DAYS = 90;

/** Up to so many versions are few. */
const FEW_VERSIONS = 3;

/** From this age on, with so many versions published over so many days, a package is established. */
const ESTABLISHED = { days: 365, versions: 5, keptDays: 180 } as const;

/** What a registry tells of a package besides its versions. Mirrors leave it out, and write times of their own. */
export interface PackageRecord {
  /** Between its creation and the answer, in milliseconds. */
  readonly age: number;
  /** Between its first and its last version, in milliseconds. */
  readonly keptFor: number;
  readonly versions: number;
  readonly maintainers: readonly Publisher[];
  /** The source repository that the newest version names, in one form for all spellings; undefined where it names none. */
  readonly repository: string | undefined;
  /** Whether the newest version was published with provenance, which a registry takes in only from that repository's own workflow. */
  readonly isAttested: boolean;
  /** When the registry said so, in milliseconds since the epoch. */
  readonly asOf: number;
}

/** The record of a package; undefined where the registry leaves out when it was created, or who may publish it. */
export function recordOf(packument: Packument, asOf: number): PackageRecord | undefined {
  const { versions, createdAt, maintainers, isStripped, distTags } = packument;
  if (isStripped || maintainers === undefined || createdAt === undefined) return undefined;
  const times = versions.flatMap(({ publishedAt }) => publishedAt ?? []);
  const newest = versions.find(({ version }) => version === distTags.latest) ?? versions.at(-1);
  const repository = packument.repository ?? newest?.repository;
  return {
    age: Math.max(0, asOf - createdAt),
    keptFor: times.length === 0 ? 0 : times.reduce((a, b) => Math.max(a, b)) - times.reduce((a, b) => Math.min(a, b)),
    versions: versions.length,
    maintainers,
    repository: repository === undefined ? undefined : repositoryId(repository),
    isAttested: newest?.attestations?.predicateType?.startsWith('https://slsa.dev/provenance/') === true,
    asOf,
  };
}

/** Whether a package is so new that nobody can know it yet. */
export function isYoung({ age }: PackageRecord): boolean {
  return age < YOUNG_DAYS * DAY;
}

/** Whether a package has few versions. */
export function hasFewVersions({ versions }: Pick<PackageRecord, 'versions'>): boolean {
  return versions <= FEW_VERSIONS;
}

/** Whether a package is old, and was kept up. */
export function isEstablished({ age, keptFor, versions, repository }: PackageRecord): boolean {
  const { days, versions: least, keptDays } = ESTABLISHED;
  return age >= days * DAY && keptFor >= keptDays * DAY && versions >= least && repository !== undefined;
}

/**
 * Whether two packages are of the same people: one account may publish both, or the one was published by a workflow of the other's
 * owner. That a package merely names the other's repository says nothing: whoever imitates it writes that, too.
 */
export function areOfSamePeople(one: PackageRecord, other: PackageRecord): boolean {
  const accounts = new Set(other.maintainers.flatMap(({ name }) => name?.toLowerCase() ?? []));
  if (one.maintainers.some(({ name }) => name !== undefined && accounts.has(name.toLowerCase()))) return true;
  const owner = ownerOf(one.repository);
  return one.isAttested && owner !== undefined && owner === ownerOf(other.repository);
}

/** Whether a registry only keeps a name, after malware was removed from it: npm's `0.0.1-security`. */
export function isPlaceholder({ versions }: { readonly versions: readonly PublishedVersion[] }): boolean {
  return versions.length > 0 && versions.every(({ version }) => isPlaceholderVersion(version));
}

/** Whether a version is what a registry puts in the place of a package that it took away. */
export function isPlaceholderVersion(version: string): boolean {
  return /^0\.0\.\d+-security/.test(version);
}

/** A repository in one form for all its spellings (`git+https`, ssh, `owner/repo`): `host/owner/repo`. */
function repositoryId(written: string): string {
  const spec = parseSpec(written.trim());
  if (spec.kind === 'git') return spec.repository.toLowerCase();
  // A page or a folder within a repository.
  const [, host, path] = /^[a-z+]+:\/\/(?:[^/@]*@)?([^/?#:]+)(?::\d+)?\/([^?#]*)/i.exec(written.trim()) ?? [];
  if (host === undefined || path === undefined) return written.trim().toLowerCase();
  return [host, ...path.split('/').slice(0, 2)]
    .join('/')
    .replace(/\.git$/i, '')
    .toLowerCase();
}

function ownerOf(repository: string | undefined): string | undefined {
  return repository?.split('/').slice(0, 2).join('/');
}

/** What stands out in a record, as the predicate of a sentence: `was created 3 days ago, and has one version, one maintainer and no repository`. */
export function recordText({ age, versions, maintainers, repository }: PackageRecord): string {
  const people = maintainers.length === 1 ? 'one maintainer' : `${maintainers.length === 0 ? 'no' : maintainers.length} maintainers`;
  const releases = versions === 1 ? 'one version' : `${versions} versions`;
  const has = repository === undefined ? `${releases}, ${people} and no repository` : `${releases} and ${people}`;
  return `was created ${ageText(age)}, and has ${has}`;
}

/** What a registry said and when, as the end of a sentence. */
export function asOfText(asOf: number): string {
  return `as of ${minuteOf(asOf)}`;
}

function ageText(age: number): string {
  const days = Math.floor(age / DAY);
  if (days === 0) return 'less than a day ago';
  if (days < 60) return days === 1 ? 'a day ago' : `${days} days ago`;
  return days < 730 ? `${Math.floor(days / 30)} months ago` : `${Math.floor(days / 365)} years ago`;
}
