import { Range, valid } from 'semver';
import type { FactKind, Unknown } from './answer.ts';
import { PUBLIC_GITHUB_URL } from './facts.ts';
import { type PackageKey, packageKeyText, versionPurl } from './npm-facts.ts';
import { plain } from './untrusted.ts';

/** How grave an advisory is, from least to most: npm's own words. */
export const ADVISORY_SEVERITIES = ['info', 'low', 'moderate', 'high', 'critical'] as const;

/** How grave an advisory is. */
export type AdvisorySeverity = (typeof ADVISORY_SEVERITIES)[number];

/** What a registry says against some versions of a package. */
export interface PackageAdvisory {
  /** `GHSA-…` where the registry names a page of that kind, else the registry's own number. */
  readonly id: string;
  /** The registry's words, which are anybody's: to be escaped wherever they are shown. */
  readonly title: string;
  readonly severity: AdvisorySeverity;
  /** The versions that it is about, as a range that can be read. */
  readonly range: string;
  /** The version is malware, and not one with a mistake in it. */
  readonly isMalware: boolean;
}

/** A version of a package to ask its registry about. */
export interface AdvisoriesKey extends PackageKey {
  readonly version: string;
}

/** How long what a registry said of advisories is used without asking again, in milliseconds: a day. */
export const ADVISORIES_TTL_MS = 24 * 60 * 60 * 1000;

/**
 * The advisories that are about a version, gravest first; none: the registry knows none. That is no promise: a registry that serves an
 * empty list to everything cannot be told from one that knows. Unknown: it refused, failed, or said something that cannot be read.
 */
export const npmAdvisories: FactKind<AdvisoriesKey, readonly PackageAdvisory[]> = {
  id: 'npm-advisories',
  key: ({ version, ...key }) => `${key.name}@${version} ${packageKeyText(key)}`,
  purl: ({ name, version }) => versionPurl(name, version),
  goodForMs: ADVISORIES_TTL_MS,
  isRefusedAsOne: true,
};

/** A version of a package in a lockfile. */
export interface LockedVersion {
  readonly name: string;
  readonly version: string;
  /** As in `PackageKey`. */
  readonly isElsewhere?: true;
}

/** Some packages of a lockfile. */
export interface LockAdvisoriesKey {
  readonly packages: readonly LockedVersion[];
  /** The packages as a text, made once. */
  readonly text: string;
  /** As in `PackageKey`. */
  readonly settings?: readonly string[];
}

/** A version that there are advisories about. */
export interface AdvisedVersion {
  readonly name: string;
  readonly version: string;
  /** At least one; gravest first. */
  readonly advisories: readonly PackageAdvisory[];
}

/** What is known of some packages of a lockfile. */
export interface LockAdvisories {
  readonly advised: readonly AdvisedVersion[];
  /** For how many packages nothing could be learned, by reason. */
  readonly unanswered: readonly { readonly why: Unknown; readonly detail: string; readonly count: number }[];
}

/**
 * The same for some packages of a lockfile at once: one fact for about sixty of them, because a lockfile has thousands and rules ask with
 * every key. Each package's answer is kept on its own (`npmAdvisories`).
 */
export const npmLockAdvisories: FactKind<LockAdvisoriesKey, LockAdvisories> = {
  id: 'npm-lock-advisories',
  key: ({ text, settings }) => (settings === undefined ? text : [text, ...settings].join(' ')),
  // No package URL stands for sixty packages.
  purl: () => 'npm-lock-advisories',
};

/** The page of an advisory; undefined for what is no GitHub advisory. */
export function advisoryUrl({ id }: Pick<PackageAdvisory, 'id'>): string | undefined {
  return GHSA.test(id) ? `${PUBLIC_GITHUB_URL}/advisories/${id}` : undefined;
}

/** Whether an advisory is about a version, as npm tests it. What is no version is in no range. */
export function isAbout({ range }: Pick<PackageAdvisory, 'range'>, version: string): boolean {
  return parsedRange(range)?.test(version) ?? true;
}

/** The most advisories of one package that are looked at; the public registry has about 60 for the most troubled ones. */
const MAX_ADVISORIES = 500;

const MAX_TITLE_UNITS = 300;
const MAX_RANGE_UNITS = 2_000;

// npm's own options (@npmcli/metavuln-calculator): a prerelease in the range is affected like a release.
const LOOSE = { includePrerelease: true, loose: true } as const;

const GHSA = /^GHSA(?:-[23456789cfghjmpqrvwx]{4}){3}$/;

/** What a list of advisories says of one version. `isUnsure`: something in it could not be read, and what it says is not all. */
export interface ReadAdvisories {
  readonly advisories: readonly PackageAdvisory[];
  readonly isUnsure: boolean;
}

/**
 * The advisories of a registry's list that are about a version, gravest first, as npm reads them: without a range all versions are
 * meant, without a severity it is high. `list` is what the registry answered for the package; the version must be one.
 */
export function readAdvisories(list: unknown, version: string): ReadAdvisories {
  if (!Array.isArray(list)) return { advisories: [], isUnsure: true };
  const read = list.slice(0, MAX_ADVISORIES).map(readAdvisory);
  const seen = new Set<string>();
  const advisories = read
    .flatMap((one) => one ?? [])
    .filter((one) => {
      const id = JSON.stringify(one);
      return isAbout(one, version) && !seen.has(id) && seen.add(id);
    })
    .sort((a, b) => ADVISORY_SEVERITIES.indexOf(b.severity) - ADVISORY_SEVERITIES.indexOf(a.severity));
  return { advisories, isUnsure: list.length > MAX_ADVISORIES || read.includes(undefined) };
}

function readAdvisory(value: unknown): PackageAdvisory | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { id, url, title, severity, vulnerable_versions: written, cwe }: Readonly<Record<string, unknown>> = { ...value };
  const range = written === undefined || written === null || written === '' ? '*' : written;
  if (typeof range !== 'string' || parsedRange(range) === undefined) return undefined;
  const heading = typeof title === 'string' ? plain(title.trim(), MAX_TITLE_UNITS) : '';
  return {
    id: idOf(id, url),
    title: heading,
    severity: ADVISORY_SEVERITIES.find((one) => one === severity) ?? 'high',
    range,
    isMalware: /^malware in /i.test(heading) || (Array.isArray(cwe) && cwe.includes('CWE-506')),
  };
}

/** Only one form of address is ever led to, and that is made anew from the id in it. */
function idOf(id: unknown, url: unknown): string {
  const named = typeof url === 'string' && url.length < 200 ? /^https:\/\/github\.com\/advisories\/([\w-]+)$/.exec(url)?.[1] : undefined;
  if (named !== undefined && GHSA.test(named)) return named;
  if (typeof id === 'number' && Number.isSafeInteger(id)) return `advisory ${id}`;
  return typeof id === 'string' && id !== '' ? `advisory ${plain(id, 40)}` : 'an advisory without a number';
}

// A popular package has the same few ranges in every answer.
const ranges = new Map<string, Range | undefined>();
const MAX_RANGES = 2_000;

function parsedRange(text: string): Range | undefined {
  if (text.length > MAX_RANGE_UNITS) return undefined;
  if (ranges.has(text)) return ranges.get(text);
  if (ranges.size >= MAX_RANGES) ranges.clear();
  let range: Range | undefined;
  try {
    range = new Range(text, LOOSE);
  } catch {
    range = undefined;
  }
  ranges.set(text, range);
  return range;
}

/** Whether a text is a version that advisories can be held against. */
export function isVersion(text: string): boolean {
  // Nearly all are plain releases, and a lockfile has thousands.
  return /^\d{1,9}\.\d{1,9}\.\d{1,9}$/.test(text) || (text.length <= 256 && valid(text, LOOSE) !== null);
}

/** Advisories that were kept; undefined where somebody else wrote them. */
export function keptAdvisories(value: unknown): readonly PackageAdvisory[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_ADVISORIES) return undefined;
  const isSound = value.every((one: unknown) => {
    if (typeof one !== 'object' || one === null) return false;
    const { id, title, severity, range, isMalware }: Readonly<Record<string, unknown>> = { ...one };
    return (
      typeof id === 'string' &&
      typeof title === 'string' &&
      title.length <= MAX_TITLE_UNITS &&
      ADVISORY_SEVERITIES.some((known) => known === severity) &&
      typeof range === 'string' &&
      parsedRange(range) !== undefined &&
      typeof isMalware === 'boolean'
    );
  });
  // Every member was looked at.
  return isSound ? (value as readonly PackageAdvisory[]) : undefined;
}
