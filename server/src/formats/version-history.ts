import { parse, type SemVer } from 'semver';
import type { FullVersion, Packument, Publisher } from '../core/npm-facts.ts';
import { parseSpec } from './npm-spec.ts';

/** Milliseconds in a day. */
export const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * How long a version may stand out, in days. A hijacked release is found within hours or weeks; what has been there for half a year
 * and stayed is how the project is now.
 */
export const SETTLED_DAYS = 180;

/** A new dependency counts as made for the release where it is not older than so many days. */
export const YOUNG_DAYS = 30;

/**
 * What one comparison says. `unknown`: the registry leaves out what would be compared, which is never "the same".
 * `nothing-earlier`: there is no version to compare with.
 */
export type Compared<T> =
  | { readonly state: 'changed'; readonly change: T }
  | { readonly state: 'same' }
  | { readonly state: 'nothing-earlier' }
  | { readonly state: 'unknown' };

/** How a version says where it was built; `provenance` with a token, `trusted-publisher` without any. */
export type Evidence = 'none' | 'provenance' | 'trusted-publisher';

/** A version with an install script, and the earlier one that had none. */
export interface NewScript {
  readonly previous: FullVersion;
}

/** A dependency that a patch release brings in. */
export interface NewDependency {
  /** The package that is installed: what an alias stands for. */
  readonly name: string;
  readonly requirement: string;
  /** From a git repository or a plain address: no registry knows it. */
  readonly isExotic: boolean;
}

/** The dependencies that a patch release has and its predecessor had not; at least one. */
export interface NewDependencies {
  readonly previous: FullVersion;
  readonly added: readonly NewDependency[];
}

/** A version without evidence of its origin, and the newest one of its line that had some. */
export interface WeakerEvidence {
  readonly previous: FullVersion;
  readonly before: Evidence;
}

/**
 * Who published a version that somebody else, or something else, published before. `new`: the account never published the package.
 * `person`: earlier versions came from a workflow (trusted publishing). `address`: the account, with an e-mail address never seen before.
 */
export interface PublisherChange {
  readonly kind: 'new' | 'person' | 'address';
  readonly publisher: Publisher;
  readonly previous: FullVersion;
}

/** A version against those that were there before it. */
export interface VersionComparison {
  readonly version: FullVersion;
  /** The one that would be installed in its place: the next lower one, of an earlier day where there is one. */
  readonly previous: FullVersion | undefined;
  readonly script: Compared<NewScript>;
  readonly dependencies: Compared<NewDependencies>;
  readonly evidence: Compared<WeakerEvidence>;
  readonly publisher: Compared<PublisherChange>;
}

/**
 * Everything that a version of a package does otherwise than those before it. Undefined where the registry does not list the version,
 * or it is no version. Pure; asked again for the same packument it answers from memory, because rules ask with every key.
 *
 * Earlier means lower *and* published no later: a backport to an older major is held against its own line, and what is republished or
 * tagged later plays no part. Where a version was published in a burst (a worm, or one hand, publishes several within a day), it is
 * held against what was there before the burst as well, so that the second bad release does not look like the first one.
 * A release is never held against a prerelease.
 */
export function compareVersion(packument: Packument, version: string): VersionComparison | undefined {
  const known = compared.get(packument) ?? new Map<string, VersionComparison | undefined>();
  compared.set(packument, known);
  if (!known.has(version)) known.set(version, comparison(packument, version));
  return known.get(version);
}

const compared = new WeakMap<Packument, Map<string, VersionComparison | undefined>>();

/** How long ago a version was published when its packument was asked for (`asOf`), in days; undefined where the registry does not say. */
export function ageInDays({ publishedAt }: FullVersion, asOf: number): number | undefined {
  return publishedAt === undefined ? undefined : Math.max(0, asOf - publishedAt) / DAY_MS;
}

/**
 * Whether a package was first published less than `YOUNG_DAYS` before a time, or after it: made for the release that brings it in.
 * Undefined where its registry does not say, or tells other times than those of publication.
 */
export function isYoungAt({ createdAt, versions, isStripped }: Packument, at: number): boolean | undefined {
  const times = versions.flatMap(({ publishedAt }) => publishedAt ?? []);
  const first = createdAt ?? (times.length === 0 ? undefined : times.reduce((a, b) => Math.min(a, b)));
  return isStripped || first === undefined ? undefined : at - first < YOUNG_DAYS * DAY_MS;
}

/** Whether only the owners of a package can have published another one: it is in the same scope, or in the one that bears its name. */
export function isOfSameOwner(name: string, other: string): boolean {
  const scope = other.startsWith('@') ? other.slice(0, other.indexOf('/')) : undefined;
  return scope !== undefined && (name === scope.slice(1) || name.startsWith(`${scope}/`));
}

/** How a version says where it was built; undefined where the registry strips what would say so. */
export function evidenceOf(version: FullVersion): Evidence | undefined {
  if (version.publisher?.isTrustedPublisher === true) return 'trusted-publisher';
  if (version.attestations !== undefined) return 'provenance';
  return isComplete(version) ? 'none' : undefined;
}

/** Whether a record has what only registries keep: what it does not say is then not the case. */
function isComplete({ publisher, signatures }: FullVersion): boolean {
  return publisher !== undefined || signatures !== undefined;
}

/** How many earlier attested releases a version's origin is held against: projects have more than one way to publish. */
export const ORIGINS_COMPARED = 3;

/**
 * The releases with provenance that a version's origin is held against: lower ones from before its burst, newest first, those of its
 * own major before others. Empty where times are missing.
 */
export function attestedBefore(packument: Packument, version: string): readonly FullVersion[] {
  const releases = releasesOf(packument);
  const self = releases.find(({ record }) => record.version === version);
  const at = self?.record.publishedAt;
  if (self === undefined || at === undefined || packument.isStripped) return [];
  return releases
    .filter((one) => isRelease(one) && one.record.attestations !== undefined && one.parsed.compare(self.parsed) < 0)
    .filter(({ record: { publishedAt } }) => publishedAt !== undefined && at - publishedAt >= BURST_MS)
    .sort((a, b) => {
      const [own, other] = [a, b].map(({ parsed }) => Number(parsed.major === self.parsed.major));
      return (other ?? 0) - (own ?? 0) || (b.record.publishedAt ?? 0) - (a.record.publishedAt ?? 0) || b.parsed.compare(a.parsed);
    })
    .slice(0, ORIGINS_COMPARED)
    .map(({ record }) => record);
}

/** Versions that were published so near each other are one burst. */
const BURST_MS = DAY_MS;

/** A version, read. */
interface Release {
  readonly record: FullVersion;
  readonly parsed: SemVer;
}

/** What a version is held against. */
interface Setting {
  readonly self: Release;
  /** Every version that was there before: published no later, and all lower ones where times are missing. */
  readonly before: readonly Release[];
  /** Lower releases to compare with: the next one, and the next one from before the burst; each once. */
  readonly baselines: readonly Release[];
}

const UNKNOWN = { state: 'unknown' } as const;
const SAME = { state: 'same' } as const;
const NOTHING_EARLIER = { state: 'nothing-earlier' } as const;

function comparison(packument: Packument, version: string): VersionComparison | undefined {
  const releases = releasesOf(packument);
  const self = releases.find(({ record }) => record.version === version);
  if (self === undefined) return undefined;
  const setting = settingOf(self, releases);
  const previous = setting.baselines.at(-1)?.record;
  const all = { version: self.record, previous };
  if (packument.isStripped || self.record.publishedAt === undefined || !isComplete(self.record)) {
    return { ...all, script: UNKNOWN, dependencies: UNKNOWN, evidence: UNKNOWN, publisher: UNKNOWN };
  }
  return {
    ...all,
    script: scriptChange(setting),
    dependencies: dependencyChange(setting),
    evidence: evidenceChange(setting),
    publisher: publisherChange(setting),
  };
}

const read = new WeakMap<Packument, readonly Release[]>();

function releasesOf(packument: Packument): readonly Release[] {
  const known = read.get(packument);
  if (known !== undefined) return known;
  const releases = packument.versions.flatMap((record): Release[] => {
    const parsed = parse(record.version, { loose: true });
    return parsed === null ? [] : [{ record, parsed }];
  });
  read.set(packument, releases);
  return releases;
}

function isRelease({ parsed }: Release): boolean {
  return parsed.prerelease.length === 0;
}

function settingOf(self: Release, releases: readonly Release[]): Setting {
  const at = self.record.publishedAt;
  const isLower = (other: Release): boolean => other.parsed.compare(self.parsed) < 0;
  const before = releases.filter((other) => {
    const then = other.record.publishedAt;
    if (other === self) return false;
    return at === undefined || then === undefined ? isLower(other) : then <= at;
  });
  const lower = before.filter((other) => isLower(other) && (!isRelease(self) || isRelease(other)));
  const next = highest(lower);
  const calm = highest(lower.filter((other) => isCalm(other, at)));
  const baselines = [next, calm].filter((one, index, all): one is Release => one !== undefined && all.indexOf(one) === index);
  return { self, before, baselines };
}

/** Whether a version was there a day before `at`. */
function isCalm({ record }: Release, at: number | undefined): boolean {
  return at === undefined || record.publishedAt === undefined || at - record.publishedAt >= BURST_MS;
}

function highest(releases: readonly Release[]): Release | undefined {
  return releases.reduce<Release | undefined>(
    (best, one) => (best === undefined || one.parsed.compare(best.parsed) > 0 ? one : best),
    undefined,
  );
}

/** Without a word on scripts a full record has none. */
function hasScript(record: FullVersion): boolean | undefined {
  return record.hasInstallScript ?? (isComplete(record) ? false : undefined);
}

function scriptChange({ self, baselines }: Setting): Compared<NewScript> {
  const own = hasScript(self.record);
  if (own !== true) return own === undefined ? UNKNOWN : SAME;
  const previous = baselines.find(({ record }) => hasScript(record) === false);
  if (previous !== undefined) return { state: 'changed', change: { previous: previous.record } };
  if (baselines.length === 0) return NOTHING_EARLIER;
  return baselines.some(({ record }) => hasScript(record) === undefined) ? UNKNOWN : SAME;
}

function dependencyChange({ self, before, baselines }: Setting): Compared<NewDependencies> {
  const isOfLine = ({ parsed }: Release): boolean => parsed.major === self.parsed.major && parsed.minor === self.parsed.minor;
  const line = isRelease(self) ? baselines.filter(isOfLine) : [];
  if (line.length === 0) return NOTHING_EARLIER;
  for (const { record: previous } of line) {
    // One that comes back was reviewed before.
    const earlier = before.filter((other) => other.parsed.major === self.parsed.major && isCalm(other, self.record.publishedAt));
    const added = Object.entries(self.record.dependencies ?? {})
      .filter(([key, requirement]) => ![{ record: previous }, ...earlier].some(({ record }) => bringsIn(record, key, requirement)))
      .map(([key, requirement]) => newDependency(key, requirement));
    if (added.length > 0) return { state: 'changed', change: { previous, added } };
  }
  return SAME;
}

/** Whether a version needs what another one's requirement brings in, under this name or another. */
function bringsIn({ dependencies = {} }: FullVersion, key: string, requirement: string): boolean {
  const wanted = broughtIn(key, requirement);
  const own = Object.hasOwn(dependencies, key) ? dependencies[key] : undefined;
  if (own !== undefined && broughtIn(key, own) === wanted) return true;
  return Object.entries(dependencies).some(([other, text]) => (other === wanted || /[:/]/.test(text)) && broughtIn(other, text) === wanted);
}

/** What a requirement brings in, for comparing: what an alias stands for, the repository of a git address, the host of a plain one. */
function broughtIn(key: string, requirement: string): string {
  const spec = parseSpec(requirement);
  switch (spec.kind) {
    case 'alias':
      return spec.name?.text ?? key;
    case 'git':
      return `git ${spec.repository}`;
    case 'remote':
      return `address ${key} ${spec.host}`;
    default:
      return key;
  }
}

function newDependency(key: string, requirement: string): NewDependency {
  const spec = parseSpec(requirement);
  const name = spec.kind === 'alias' ? (spec.name?.text ?? key) : key;
  return { name, requirement, isExotic: spec.kind === 'git' || spec.kind === 'remote' };
}

/** How many earlier releases of the line must have had evidence: one alone may have been a trial. */
const ENOUGH_ATTESTED = 2;

function evidenceChange({ self, before }: Setting): Compared<WeakerEvidence> {
  const own = evidenceOf(self.record);
  if (own === undefined) return UNKNOWN;
  // Provenance with a token instead of without one is still signed by the workflow: who it is, drift looks at.
  if (own !== 'none' || !isRelease(self)) return SAME;
  const { publishedAt: at = 0 } = self.record;
  const line = before.filter((other) => isRelease(other) && other.parsed.major === self.parsed.major);
  if (line.length === 0) return NOTHING_EARLIER;
  const attested = line.filter(({ record }) => (evidenceOf(record) ?? 'none') !== 'none');
  const previous = newest(attested);
  // A project that gave it up half a year ago has done so for good.
  const isRecent = at - (previous?.publishedAt ?? 0) <= SETTLED_DAYS * DAY_MS;
  if (previous === undefined || attested.length < ENOUGH_ATTESTED || !isRecent) return SAME;
  return { state: 'changed', change: { previous, before: evidenceOf(previous) ?? 'none' } };
}

function newest(releases: readonly Release[]): FullVersion | undefined {
  return releases.reduce<Release | undefined>((best, one) => {
    if (best === undefined) return one;
    const [a, b] = [one.record.publishedAt ?? 0, best.record.publishedAt ?? 0];
    // Releases of a monorepo may bear the same minute: the higher one counts.
    return a > b || (a === b && one.parsed.compare(best.parsed) > 0) ? one : best;
  }, undefined)?.record;
}

function publisherChange({ self, before, baselines }: Setting): Compared<PublisherChange> {
  const { publisher, publishedAt } = self.record;
  const own = publisher?.name?.toLowerCase();
  if (publisher === undefined || own === undefined) return UNKNOWN;
  // A workflow that the maintainers named at the registry.
  if (publisher.isTrustedPublisher === true) return SAME;
  const calm = before.filter((other) => isCalm(other, publishedAt));
  const told = calm.filter(({ record }) => record.publisher?.name !== undefined);
  const previous = newest(told);
  if (previous === undefined) return calm.length === 0 ? NOTHING_EARLIER : UNKNOWN;
  const change = (kind: PublisherChange['kind']): Compared<PublisherChange> => ({
    state: 'changed',
    change: { kind, publisher, previous },
  });
  const isAttested = self.record.attestations !== undefined;
  if (!isAttested && baselines.some(({ record }) => record.publisher?.isTrustedPublisher === true)) return change('person');
  const earlier = told.filter(({ record }) => record.publisher?.name?.toLowerCase() === own);
  if (earlier.length === 0) return change('new');
  const address = publisher.email?.toLowerCase();
  const addresses = earlier.flatMap(({ record }) => record.publisher?.email?.toLowerCase() ?? []);
  if (address === undefined || addresses.length < earlier.length || addresses.includes(address)) return SAME;
  return change('address');
}
