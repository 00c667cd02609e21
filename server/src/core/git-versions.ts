import { compare, parse, type SemVer } from 'semver';
import type { GitRef, GitRefs } from './facts.ts';

/** What the text after `@` in `uses` stands for. Commits are full, lower-case hex. */
export type ResolvedRef =
  | { readonly kind: 'tag'; readonly name: string; readonly commit: string }
  | { readonly kind: 'branch'; readonly name: string; readonly commit: string }
  /** A tag and a branch of this name exist and differ. `commit` is the tag's: the runner prefers it. */
  | { readonly kind: 'both'; readonly name: string; readonly commit: string; readonly branchCommit: string }
  /** The id of a tag object, not of a commit: it works nowhere. `commit` is what the tag `name` points at. */
  | { readonly kind: 'tag-object'; readonly name: string; readonly commit: string }
  /** A full commit id. `isTip`: a tag or branch points at it now; otherwise nothing is known about it. */
  | { readonly kind: 'commit'; readonly commit: string; readonly isTip: boolean }
  | { readonly kind: 'none' };

const TAGS = 'refs/tags/';
const HEADS = 'refs/heads/';

/** The commit that a tag or branch stands for. */
export function commitOf(ref: GitRef): string {
  return ref.peeled ?? ref.oid;
}

/**
 * What a ref of `uses` stands for. Tags come before branches, as on the runner; full names (`refs/heads/main`) name one
 * namespace only, and of namespaces other than tags and branches (`refs/pull/1/head`) nothing is known here: `none`. A
 * full commit id may be in upper case.
 */
export function resolveRef(refs: GitRefs, ref: string): ResolvedRef {
  if (ref.startsWith('refs/')) return resolveFullName(refs, ref);
  const tag = find(refs, TAGS + ref);
  const branch = find(refs, HEADS + ref);
  if (tag !== undefined && branch !== undefined && commitOf(tag) !== commitOf(branch)) {
    return { kind: 'both', name: ref, commit: commitOf(tag), branchCommit: commitOf(branch) };
  }
  if (tag !== undefined) return { kind: 'tag', name: ref, commit: commitOf(tag) };
  if (branch !== undefined) return { kind: 'branch', name: ref, commit: commitOf(branch) };
  return resolveId(refs, ref.toLowerCase());
}

function resolveFullName(refs: GitRefs, name: string): ResolvedRef {
  const ref = find(refs, name);
  if (ref === undefined) return { kind: 'none' };
  return name.startsWith(TAGS)
    ? { kind: 'tag', name: name.slice(TAGS.length), commit: commitOf(ref) }
    : { kind: 'branch', name: name.slice(HEADS.length), commit: commitOf(ref) };
}

function resolveId(refs: GitRefs, id: string): ResolvedRef {
  if (!isFullId(refs, id)) return { kind: 'none' };
  const { tips, tagObjects } = indexOf(refs);
  if (tips.has(id)) return { kind: 'commit', commit: id, isTip: true };
  const tag = tagObjects.get(id);
  if (tag === undefined) return { kind: 'commit', commit: id, isTip: false };
  return { kind: 'tag-object', name: tag.name.slice(TAGS.length), commit: commitOf(tag) };
}

/** SHA-1 ids have 40 digits. 64 are an id only where the repository says that it uses SHA-256. */
function isFullId(refs: GitRefs, id: string): boolean {
  return /^[0-9a-f]+$/.test(id) && id.length === (refs.refs[0]?.oid.length ?? 40);
}

function find(refs: GitRefs, name: string): GitRef | undefined {
  return indexOf(refs).byName.get(name);
}

/** A list of refs, ready to be asked: rules ask about every reference at every key. */
interface RefIndex {
  readonly byName: ReadonlyMap<string, GitRef>;
  /** The tags of each commit that a ref points at, without `refs/tags/`, in the order of the list. */
  readonly tips: ReadonlyMap<string, readonly string[]>;
  readonly tagObjects: ReadonlyMap<string, GitRef>;
}

const INDEXES = new WeakMap<GitRefs, RefIndex>();

function indexOf(refs: GitRefs): RefIndex {
  const known = INDEXES.get(refs);
  if (known !== undefined) return known;
  const byName = new Map<string, GitRef>();
  const tips = new Map<string, string[]>();
  const tagObjects = new Map<string, GitRef>();
  for (const ref of refs.refs) {
    byName.set(ref.name, ref);
    const tags = tips.get(commitOf(ref)) ?? [];
    if (ref.name.startsWith(TAGS)) tags.push(ref.name.slice(TAGS.length));
    tips.set(commitOf(ref), tags);
    if (ref.peeled !== undefined && !tagObjects.has(ref.oid)) tagObjects.set(ref.oid, ref);
  }
  const index = { byName, tips, tagObjects };
  INDEXES.set(refs, index);
  return index;
}

/** The tag of a name, the whole name and nothing else; undefined where there is none. */
export function tagNamed(refs: GitRefs, name: string): GitRef | undefined {
  return find(refs, TAGS + name);
}

/** Whether there is a branch of a name. */
export function hasBranch(refs: GitRefs, name: string): boolean {
  return find(refs, HEADS + name) !== undefined;
}

/** The names of the tags of a commit, in the order that the host gave; empty where it has none. */
export function tagsOf(refs: GitRefs, commit: string): readonly string[] {
  return indexOf(refs).tips.get(commit) ?? [];
}

/** The commits that tags and branches point at, each once: the default branch first, then branches, then tags. */
export function tipsOf(refs: GitRefs): readonly string[] {
  const known = TIPS.get(refs);
  if (known !== undefined) return known;
  const head = refs.head === undefined ? undefined : find(refs, refs.head);
  const branches = refs.refs.filter(({ name }) => name.startsWith(HEADS));
  const tips = [...new Set([...(head === undefined ? [] : [head]), ...branches, ...refs.refs].map(commitOf))];
  TIPS.set(refs, tips);
  return tips;
}

const TIPS = new WeakMap<GitRefs, readonly string[]>();

/** How a tag name reads as a version: `full` names all three parts (`v4.2.2`), `moving` fewer (`v4`). Undefined: no version. */
export function versionKind(name: string): 'full' | 'moving' | undefined {
  const version = parseVersion(name);
  if (version === undefined) return undefined;
  return version.parts === 3 ? 'full' : 'moving';
}

/** Whether a version is one of a line: `v4.2.2` of `v4`, of `v4.2` and of itself. */
export function isOfVersionLine(name: string, line: string, subPath: string | undefined): boolean {
  const version = parseVersion(name);
  const wanted = parseVersion(line);
  return version !== undefined && wanted !== undefined && isOfLine(version, wanted, subPath);
}

/** The shortest hex text that `expandShort` takes for an abbreviated commit id, as in git. */
export const MIN_SHORT_DIGITS = 4;

/** The one tip that an abbreviated commit id stands for, or undefined where none or several do. Never a tag object. */
export function expandShort(refs: GitRefs, hex: string): string | undefined {
  const prefix = hex.toLowerCase();
  if (!/^[0-9a-f]+$/.test(prefix) || prefix.length < MIN_SHORT_DIGITS) return undefined;
  const commits = new Set(refs.refs.map(commitOf).filter((commit) => commit.startsWith(prefix)));
  const [commit] = commits;
  return commits.size === 1 ? commit : undefined;
}

/** Where a version is wanted for. */
export interface VersionWish {
  /** The tag in the text now: `v4`, `v4.2.2`, `v6-beta`. It need not exist. */
  readonly requested?: string | undefined;
  /** The folder of the action in its repository, `init` in `github/codeql-action/init`. */
  readonly subPath?: string | undefined;
}

/**
 * The tag to write beside a commit, or undefined where no tag of the commit is a version. The most exact stable version
 * wins: of the requested line first, in the name space of the sub-path (`save/v1.0.0`) before the plain one. A
 * pre-release is chosen only when one was requested. What was requested stays when nothing better is on the commit;
 * `latest` and the like are chosen in no other case.
 */
export function exactTagFor(refs: GitRefs, commit: string, { requested, subPath }: VersionWish): string | undefined {
  const names = tagsOf(refs, commit.toLowerCase());
  const wanted = requested === undefined ? undefined : parseVersion(requested);
  const hasRequested = requested !== undefined && names.includes(requested);
  const isAllowed = (version: Version): boolean => {
    if (version.name === requested) return true;
    return version.semver.prerelease.length === 0 || (wanted !== undefined && continuesPrerelease(version, wanted));
  };
  const all = versionsOf(names).filter(isAllowed);
  const sameLine = all.filter((version) => wanted !== undefined && isOfLine(version, wanted, subPath));
  // The requested tag is of its own line: where it is on the commit, `v4` never becomes `v5.0.0`.
  const candidates = sameLine.length > 0 ? sameLine : all;
  const ranked = candidates.toSorted((a, b) => rank(b, a, { wanted, subPath }));
  return ranked[0]?.name ?? (hasRequested ? requested : undefined);
}

/** A tag and the commit it stands for. */
export interface TaggedCommit {
  readonly tag: string;
  readonly commit: string;
  /** What the ref itself points at: the tag object, where there is one. */
  readonly id: string;
}

/**
 * The newest stable version of a repository, or of one of its folders where that has version tags of its own. Undefined
 * where there is none, and where all versions belong to several other things (`a/v1.0.0`, `b/v2.0.0`).
 */
export function newestStable(refs: GitRefs, wish: Pick<VersionWish, 'subPath'>): TaggedCommit | undefined {
  return stableReleases(refs, wish)[0];
}

/** All stable versions as `newestStable` chooses among them, newest first. */
export function stableReleases(refs: GitRefs, { subPath }: Pick<VersionWish, 'subPath'>): readonly TaggedCommit[] {
  const tags = refs.refs.flatMap(({ name }) => (name.startsWith(TAGS) ? [name.slice(TAGS.length)] : []));
  const stable = versionsOf(tags).filter(({ semver }) => semver.prerelease.length === 0);
  const own = stable.filter((version) => isOfPath(version, subPath));
  const plain = stable.filter(({ scope }) => scope === '');
  const scopes = new Set(stable.map(({ scope }) => scope));
  const candidates = own.length > 0 ? own : plain.length > 0 || scopes.size > 1 ? plain : stable;
  const sorted = candidates.toSorted((a, b) => compare(b.semver, a.semver) || b.parts - a.parts || preferV(b, a));
  return sorted.flatMap(({ name }) => {
    const ref = tagNamed(refs, name);
    return ref === undefined ? [] : [{ tag: name, commit: commitOf(ref), id: ref.oid }];
  });
}

/** A tag name that is a version. */
interface Version {
  readonly name: string;
  /** What stands before the version: empty, `save/`, `codeql-bundle-`. */
  readonly scope: string;
  readonly semver: SemVer;
  /** How many of major, minor and patch are written: 1 for `v4`, 3 for `v4.2.2`. */
  readonly parts: number;
  readonly hasV: boolean;
}

const VERSION = /^(v?)(\d{1,8})(?:\.(\d{1,8}))?(?:\.(\d{1,8}))?(?:-([0-9A-Za-z.-]+)|([A-Za-z][0-9A-Za-z.-]*))?(?:\+[0-9A-Za-z.-]+)?$/;

/** Longer tag names are not read as versions, in UTF-16 units. */
const MAX_VERSION_UNITS = 128;

/** How many places in a tag name are tried as the start of its version. */
const MAX_SCOPE_TRIES = 8;

/** A lone number with more digits is not read as a major version. */
const MAX_LONE_MAJOR_DIGITS = 4;

function versionsOf(names: readonly string[]): readonly Version[] {
  return names.map(parseVersion).filter((version) => version !== undefined);
}

function parseVersion(name: string): Version | undefined {
  if (name.length > MAX_VERSION_UNITS) return undefined;
  const plain = parseScoped(name, 0);
  if (plain !== undefined) return plain;
  const starts = [...name.matchAll(/[/@_-](?=v?\d)/g)].slice(0, MAX_SCOPE_TRIES);
  return starts.map(({ index }) => parseScoped(name, index + 1)).find((version) => version !== undefined);
}

function parseScoped(name: string, start: number): Version | undefined {
  const match = VERSION.exec(name.slice(start));
  if (match === null) return undefined;
  const [, v = '', major = '', minor, patch, dashed, bare] = match;
  const prerelease = dashed ?? bare;
  const core = `${Number(major)}.${Number(minor ?? 0)}.${Number(patch ?? 0)}`;
  const semver = parse(prerelease === undefined ? core : `${core}-${prerelease}`, { loose: true });
  if (semver === null) return undefined;
  const parts = patch !== undefined ? 3 : minor !== undefined ? 2 : 1;
  // `20240131` is a date or a build number: as a version it would be newer than everything.
  if (parts === 1 && major.length > MAX_LONE_MAJOR_DIGITS) return undefined;
  return { name, scope: name.slice(0, start), semver, parts, hasV: v !== '' };
}

function isOfPath(version: Version, subPath: string | undefined): boolean {
  const folder = lastSegment(subPath ?? '');
  return folder !== '' && lastSegment(version.scope.slice(0, -1)) === folder;
}

function lastSegment(path: string): string {
  return path.replace(/\/+$/, '').replace(/^.*\//s, '');
}

/** Whether a version refines the requested one: `v4.2.2` refines `v4` and `v4.2`, `save/v4.2.2` refines `v4` for `save`. */
function isOfLine(version: Version, wanted: Version, subPath: string | undefined): boolean {
  if (version.scope !== wanted.scope && !isOfPath(version, subPath)) return false;
  const { semver, parts } = wanted;
  return (
    // `v4` reads as 4.0.0, and is no release of it.
    version.parts >= parts &&
    version.semver.major === semver.major &&
    (parts < 2 || version.semver.minor === semver.minor) &&
    (parts < 3 || version.semver.patch === semver.patch) &&
    (semver.prerelease.length === 0) === (version.semver.prerelease.length === 0)
  );
}

function continuesPrerelease(version: Version, wanted: Version): boolean {
  const { prerelease } = wanted.semver;
  return prerelease.length > 0 && prerelease.every((identifier, index) => version.semver.prerelease[index] === identifier);
}

/** Positive where `a` is the better name for the same commit. */
function rank(
  a: Version,
  b: Version,
  { wanted, subPath }: { readonly wanted: Version | undefined; readonly subPath: string | undefined },
): number {
  const scope = wanted?.scope ?? '';
  return (
    order(isOfPath(a, subPath), isOfPath(b, subPath)) ||
    order(a.scope === scope, b.scope === scope) ||
    a.parts - b.parts ||
    compare(a.semver, b.semver) ||
    order(a.hasV === wanted?.hasV, b.hasV === wanted?.hasV) ||
    preferV(a, b) ||
    // Two spellings of one version on one commit: any choice is right, but it must always be the same.
    (a.name < b.name ? 1 : -1)
  );
}

function preferV(a: Version, b: Version): number {
  return order(a.hasV, b.hasV);
}

function order(a: boolean, b: boolean): number {
  return Number(a) - Number(b);
}
