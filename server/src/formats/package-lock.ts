import type { Format, Manifest } from '../core/manifest.ts';
import { foldersUp, type SourceFile } from '../core/source-file.ts';
import { NO_SPAN, type Span, span } from '../core/span.ts';
import { type Members, packagesInRuns, problemInRuns } from './json-runs.ts';
import { firstJsonProblem } from './json-skim.ts';
import { sourceOfAddress } from './lock-address.ts';
import {
  type LockEntry,
  type LockField,
  type LockFile,
  type LockImporter,
  type LockRequest,
  type LockSource,
  perStretch,
} from './lock-model.ts';
import { withSecrets } from './lock-secrets.ts';
import { bothSides, conflictMarkers, sidesOf } from './merge-conflict.ts';
import {
  type EntryPlace,
  fieldPlace,
  findPlaces,
  findPlacesByTokens,
  findPlacesInBroken,
  findPlacesInRun,
  quotedText,
  recoverPackages,
  recoverRun,
  type TreePlace,
  treePlace,
} from './package-lock-places.ts';
import { asRecord, fieldInTree, flattenTree, MAX_DEPTH, type RawPackage, type TreePackage } from './package-lock-tree.ts';

/**
 * package-lock.json and npm-shrinkwrap.json (npm documentation, "package-lock.json"): the flat `packages` of versions 2 and
 * 3, and the tree of `dependencies` that version 1 has. A file with conflict markers is read as both of its sides.
 */
export const format: Format<LockFile> = {
  id: 'package-lock',
  title: 'package-lock.json',
  globs: ['**/package-lock.json', '**/npm-shrinkwrap.json'],
  languageIds: [],
  parse: (file) => withSecrets(parse(file)),
};

function parse(file: SourceFile): Manifest<LockFile> {
  return { file, format: format.id, refs: [], scripts: [], ignores: [], ...(readInRuns(file) ?? read(file.text)) };
}

type Read = Pick<Manifest<LockFile>, 'model' | 'problems'>;

/** Any file. */
function read(text: string): Read {
  const whole = parseValue(text);
  if (whole !== undefined) return readWhole(text, whole.value);
  const sides = sidesOf(text)?.map((side) => {
    const parsed = parseValue(side);
    return parsed === undefined ? readBroken(side) : readWhole(side, parsed.value);
  });
  const [ours, theirs] = sides ?? [];
  if (ours === undefined || theirs === undefined) return readBroken(text);
  const problem = firstJsonProblem(text);
  return { model: bothSides(ours.model, theirs.model), problems: problem === undefined ? [] : [problem] };
}

/**
 * A large file as npm lays it out (versions 2 and 3), sound or broken, of which only what changed is read again. Gives what `read`
 * gives; undefined where the file takes a look at the whole: conflicts, keys that stand in it twice.
 */
function readInRuns({ text, uri }: SourceFile): Read | undefined {
  const found = packagesInRuns(text, uri);
  if (found === undefined) return undefined;
  const { frame, runs, beforeKey } = found;
  const malformed = runs.filter(({ members }) => members === undefined);
  const broken = frame === undefined || malformed.length > 0;
  // Marker lines are no JSON, so that sound runs have none.
  if (broken && [found.head, found.tail, ...malformed.map((run) => run.text)].some((part) => conflictMarkers(part).length > 0))
    return undefined;
  const problem = broken ? problemInRuns(text, found) : undefined;
  const version = broken ? versionInHead(text) : frame.lockfileVersion;
  if (broken && (problem === undefined || version === '1')) return undefined;
  const stretches: Stretch[] = [];
  const keys = new Set<string>();
  let read = 0;
  let first = 0;
  for (const run of runs) {
    const stretch = run.members === undefined ? stretchOf(recoverRun(run.text, beforeKey), first) : keptStretch(run.members, first);
    stretches.push(stretch);
    for (const key of stretch.keys) keys.add(key);
    read += stretch.keys.length;
    first += stretch.entries.length;
  }
  // Of packages with one key the last counts.
  if (keys.size < read) return undefined;
  const places = runs.map(({ start, text: { length } }) => ({ start, end: start + length, beforeKey, broken }));
  const model: LockFile = { ...flatFile(text, { stretches, version, broken, runs: places }), hasConflicts: false };
  return { model, problems: problem === undefined ? [] : [problem] };
}

/** Some packages that stand one after the other. */
interface Stretch {
  /** The position of the first entry among all. */
  readonly first: number;
  /** The keys of all packages, those that are no objects included. */
  readonly keys: readonly string[];
  readonly entries: readonly LockEntry[];
  /** As the file has them, by the positions of their entries here. */
  readonly raws: readonly RawPackage[];
}

function stretchOf(packages: Iterable<readonly [string, unknown]>, first: number): Stretch {
  const keys: string[] = [];
  const entries: LockEntry[] = [];
  const raws: RawPackage[] = [];
  for (const [key, value] of packages) {
    keys.push(key);
    const raw = asRecord(value);
    if (raw === undefined) continue;
    raws.push(raw);
    entries.push(readEntry(first + entries.length, key, raw));
  }
  return { first, keys, entries, raws };
}

/** The packages of a run, as they were when it was last read at the same place. */
function keptStretch(members: Members, first: number): Stretch {
  const known = stretches.get(members);
  if (known?.first === first) return known;
  const stretch = stretchOf(Object.entries(members), first);
  stretches.set(members, stretch);
  return stretch;
}

// Goes with the run, of which there are so many and no more.
const stretches = new WeakMap<Members, Stretch>();

function readWhole(text: string, value: unknown): Read {
  const root = asRecord(value);
  const flat = asRecord(root?.packages);
  const tree = asRecord(root?.dependencies);
  const version = root?.lockfileVersion;
  if (flat !== undefined || tree === undefined) {
    return { model: flatFile(text, { stretches: [stretchOf(Object.entries(flat ?? {}), 0)], version, broken: false }), problems: [] };
  }
  return treeFile(text, { packages: new Map(Object.entries(tree)), version, broken: false });
}

function readBroken(text: string): Read {
  const problem = firstJsonProblem(text);
  const problems = problem === undefined ? [] : [problem];
  const version = versionInHead(text);
  const at = problem?.span.start ?? 0;
  if (version === '1') {
    const { model } = treeFile(text, { packages: recoverPackages(text, at, 'dependencies'), version, broken: true });
    return { model, problems };
  }
  return { model: flatFile(text, { stretches: [stretchOf(recoverPackages(text, at, 'packages'), 0)], version, broken: true }), problems };
}

/** The version of a broken file. */
function versionInHead(text: string): string | undefined {
  return /"lockfileVersion"\s*:\s*(\d+)/.exec(text.slice(0, HEAD_UNITS))?.[1];
}

/** In how many UTF-16 units from the start a broken file's `lockfileVersion` is looked for. */
const HEAD_UNITS = 4096;

/** `JSON.parse`; undefined where it refuses. */
function parseValue(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text) };
  } catch {
    // Refusing is how it says that the document is broken; `firstJsonProblem` says where.
    return undefined;
  }
}

interface Packages {
  readonly stretches: readonly Stretch[];
  readonly version: unknown;
  /** Whether the document is no JSON and the packages are what is left of them. */
  readonly broken: boolean;
  /** Where each of the stretches stands, in a file of npm's layout. */
  readonly runs?: readonly Parameters<typeof findPlacesInRun>[2][];
}

/** Versions 2 and 3. */
function flatFile(text: string, { stretches, version, broken, runs }: Packages): LockFile {
  const entries = stretches.flatMap((stretch) => stretch.entries);
  const raws = stretches.flatMap((stretch) => stretch.raws);
  const { entryAt, searchFrom, ...file } = lockFile(entries, raws, version);
  const lock = { ...file, stretches: stretches.map((stretch) => stretch.entries) };
  let places: readonly (EntryPlace | undefined)[] | undefined;
  const find = (how: typeof findPlaces): typeof places => how(text, entries.map(keyOf), 'packages');
  const placesInRuns = new Map<Stretch, typeof places>();
  const placeOf = ({ index }: LockEntry): EntryPlace | undefined => {
    const at = stretches.findLastIndex(({ first }) => first <= index);
    const [stretch, run] = [stretches[at], runs?.[at]];
    if (places === undefined && stretch !== undefined && run !== undefined) {
      const known = placesInRuns.get(stretch) ?? findPlacesInRun(text, stretch.entries.map(keyOf), run);
      placesInRuns.set(stretch, known);
      return known?.[index - stretch.first];
    }
    places ??= find(broken ? findPlacesInBroken : findPlaces);
    return places?.[index];
  };
  return {
    ...lock,
    importers: perStretch(lock, projectsIn).flatMap((projects) =>
      projects.map((entry): LockImporter => ({ path: entry.key, requests: file.requestsOf(entry) })),
    ),
    locked: (importer, name) => (entryAt(importer) === undefined ? undefined : searchFrom(importer, name)),
    spanOf(entry, field): Span {
      const found = spanIn(text, placeOf(entry), field === 'key' ? undefined : [field, entry[field]]);
      if (found !== undefined || broken) return found ?? NO_SPAN;
      // What stands there is not what was parsed: the file only looks as if npm had laid it out.
      places = find(findPlacesByTokens);
      return spanIn(text, places?.[entry.index], field === 'key' ? undefined : [field, entry[field]]) ?? NO_SPAN;
    },
  };
}

function keyOf({ key }: LockEntry): string {
  return key;
}

function projectsIn(entries: readonly LockEntry[]): readonly LockEntry[] {
  return entries.filter(({ source }) => source === 'root' || source === 'workspace');
}

interface Tree {
  readonly packages: ReadonlyMap<string, unknown>;
  readonly version: unknown;
  readonly broken: boolean;
}

/** Version 1. It does not say what the project itself asks for; workspaces came later. */
function treeFile(text: string, { packages, version, broken }: Tree): Read {
  const tree = flattenTree(packages);
  const entries = tree.packages.map(({ key, raw }, index) => readEntry(index, key, raw));
  const {
    entryAt: _,
    searchFrom,
    ...file
  } = lockFile(
    entries,
    tree.packages.map(({ raw }) => raw),
    version,
  );
  const top = [...packages.keys()];
  let byTokens = broken;
  let topPlaces: ReadonlyMap<string, EntryPlace | undefined> | undefined;
  const places = new Map<TreePackage, TreePlace | undefined>();
  const placeOf = (one: TreePackage): TreePlace | undefined => {
    if (places.has(one)) return places.get(one);
    const parent = tree.packages[one.parent];
    let found: TreePlace | undefined;
    if (parent !== undefined) found = placeOf(parent)?.nested.get(one.name);
    else {
      const how = broken ? findPlacesInBroken : byTokens ? findPlacesByTokens : findPlaces;
      topPlaces ??= new Map(how(text, top, 'dependencies').map((place, i) => [top[i] ?? '', place]));
      const place = topPlaces.get(one.name);
      found = place && treePlace(text, place, MAX_DEPTH);
    }
    places.set(one, found);
    return found;
  };
  const spanAt = (entry: LockEntry, field: LockField): Span | undefined => {
    const one = tree.packages[entry.index];
    const place = one && placeOf(one);
    if (one === undefined || place === undefined) return undefined;
    const [name, wanted] = field === 'key' ? [field] : fieldInTree(one, entry, field);
    if (wanted === undefined) return contentOf(place.key);
    const own = place.fields.get(name);
    return own !== undefined && quotedText(text, own) === wanted ? contentOf(own) : undefined;
  };
  const model: LockFile = {
    ...file,
    importers: [],
    locked: (importer, name) => (importer === '' ? searchFrom('', name) : undefined),
    spanOf(entry, field) {
      const found = spanAt(entry, field);
      if (found !== undefined || byTokens) return found ?? NO_SPAN;
      byTokens = true;
      topPlaces = undefined;
      places.clear();
      return spanAt(entry, field) ?? NO_SPAN;
    },
  };
  return { model, problems: tree.isCut ? [{ message: 'packages nest too deep to be read', span: NO_SPAN }] : [] };
}

/** What all versions have in common. */
function lockFile(entries: readonly LockEntry[], raws: readonly RawPackage[], version: unknown) {
  let byKey: Map<string, LockEntry> | undefined;
  const entryAt = (key: string): LockEntry | undefined => {
    byKey ??= new Map(entries.map((entry) => [entry.key, entry]));
    return byKey.get(key);
  };
  return {
    manager: 'npm' as const,
    lockfileVersion: typeof version === 'number' || typeof version === 'string' ? String(version) : undefined,
    entries,
    licenseOf: (entry: LockEntry): string | undefined => licenseIn(raws[entry.index]),
    requestsOf: (entry: LockEntry): LockRequest[] => readRequests(raws[entry.index] ?? {}),
    entryAt,
    searchFrom: (importer: string, name: string) => search(entryAt, raws, { importer, name }),
  };
}

/** Where a text of a package stands, the key's place for a field that has none; undefined where another text stands there. */
function spanIn(text: string, place: EntryPlace | undefined, field: readonly [string, string | undefined] | undefined): Span | undefined {
  if (place === undefined) return undefined;
  const [name = '', wanted] = field ?? [];
  if (wanted === undefined) return contentOf(place.key);
  const own = fieldPlace(text, place, name);
  return own !== undefined && quotedText(text, own) === wanted ? contentOf(own) : undefined;
}

/** A string's span without its quotes; an empty one's with them. */
function contentOf(quoted: Span): Span {
  return quoted.end - quoted.start <= 2 ? quoted : span(quoted.start + 1, quoted.end - 1);
}

const NODE_MODULES = 'node_modules/';

function readEntry(index: number, key: string, raw: RawPackage): LockEntry {
  const resolved = asString(raw.resolved);
  const at = installedAt(key);
  const installedAs = at < 0 ? '' : key.slice(at + NODE_MODULES.length);
  const ownName = asString(raw.name);
  const isAlias = at >= 0 && ownName !== undefined && ownName !== installedAs && raw.link !== true;
  return {
    index,
    key,
    name: (at < 0 || isAlias ? ownName : undefined) ?? installedAs,
    alias: isAlias ? installedAs : undefined,
    version: asString(raw.version),
    resolved,
    integrity: asString(raw.integrity),
    source: sourceOf(raw, { key, resolved, installed: at >= 0 }),
    dev: raw.dev === true || raw.devOptional === true,
    optional: raw.optional === true || raw.devOptional === true,
    peer: raw.peer === true,
    hasInstallScript: raw.hasInstallScript === true,
    deprecated: asString(raw.deprecated),
  };
}

/** npm copies what the package's manifest says: an expression, or an object of old. */
function licenseIn(raw: RawPackage | undefined): string | undefined {
  const license = asString(raw?.license) ?? asString(asRecord(raw?.license)?.type);
  return license === '' ? undefined : license;
}

/** The offset of the last `node_modules/` in a key that is a folder of that very name; -1 where there is none. */
function installedAt(key: string): number {
  let at = key.lastIndexOf(NODE_MODULES);
  while (at > 0 && key[at - 1] !== '/') at = key.lastIndexOf(NODE_MODULES, at - 1);
  return at;
}

interface Placement {
  readonly key: string;
  readonly resolved: string | undefined;
  /** Whether the key is in a `node_modules`. */
  readonly installed: boolean;
}

function sourceOf(raw: RawPackage, { key, resolved, installed }: Placement): LockSource {
  if (key === '') return 'root';
  if (raw.link === true) return 'link';
  if (!installed) return 'workspace';
  if (raw.inBundle === true) return 'bundled';
  return resolved === undefined ? 'tarball' : sourceOfAddress(resolved);
}

const REQUEST_GROUPS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const;

function readRequests(raw: RawPackage): LockRequest[] {
  return REQUEST_GROUPS.flatMap((group) =>
    Object.entries(asRecord(raw[group]) ?? {}).flatMap(([name, spec]) => (typeof spec === 'string' ? [{ group, name, spec }] : [])),
  );
}

interface Wanted {
  readonly importer: string;
  readonly name: string;
}

/** Node's own search: the importer's `node_modules`, then those of the folders above it. */
function search(
  entryAt: (key: string) => LockEntry | undefined,
  raws: readonly RawPackage[],
  { importer, name }: Wanted,
): LockEntry | undefined {
  for (const folder of foldersUp(importer)) {
    const entry = entryAt(`${folder === '' ? '' : `${folder}/`}${NODE_MODULES}${name}`);
    if (entry === undefined) continue;
    const target = raws[entry.index]?.resolved;
    return entry.source === 'link' && typeof target === 'string' ? (entryAt(target) ?? entry) : entry;
  }
  return undefined;
}

function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
