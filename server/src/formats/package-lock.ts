import type { Format, Manifest } from '../core/manifest.ts';
import { foldersUp, type SourceFile } from '../core/source-file.ts';
import { NO_SPAN, type Span, span } from '../core/span.ts';
import { parsePackagesInRuns } from './json-runs.ts';
import { firstJsonProblem } from './json-skim.ts';
import type { LockEntry, LockField, LockFile, LockImporter, LockRequest, LockSource } from './lock-model.ts';
import {
  type EntryPlace,
  fieldPlace,
  findPlaces,
  findPlacesByTokens,
  findPlacesInBroken,
  quotedText,
  recoverPackages,
} from './package-lock-places.ts';

/**
 * package-lock.json of npm 7 and later (npm documentation, "package-lock.json"): the flat `packages` map of versions 2
 * and 3. Version 1 has no such map and is read as a lockfile without entries.
 */
export const format: Format<LockFile> = {
  id: 'package-lock',
  title: 'package-lock.json',
  globs: ['**/package-lock.json'],
  languageIds: [],
  parse,
};

/** A package as the file has it; nothing about its fields is sure yet. */
type RawPackage = Readonly<Record<string, unknown>>;

function parse(file: SourceFile): Manifest<LockFile> {
  const { text } = file;
  const root = parseValue(text.startsWith('\ufeff') ? text.slice(1) : text);
  const base = { file, format: format.id, refs: [], scripts: [], ignores: [] };
  if (root !== undefined) {
    const packages = asRecord(asRecord(root.value)?.packages) ?? {};
    const version = asRecord(root.value)?.lockfileVersion;
    const model = lockFile(text, { keys: Object.keys(packages), valueAt: (key) => packages[key], version, broken: false });
    return { ...base, model, problems: [] };
  }
  const problem = firstJsonProblem(text);
  const packages = recoverPackages(text, problem?.span.start ?? 0);
  const version = /"lockfileVersion"\s*:\s*(\d+)/.exec(text.slice(0, HEAD_UNITS))?.[1];
  const model = lockFile(text, { keys: [...packages.keys()], valueAt: (key) => packages.get(key), version, broken: true });
  return { ...base, model, problems: problem === undefined ? [] : [problem] };
}

/** In how many UTF-16 units from the start a broken file's `lockfileVersion` is looked for. */
const HEAD_UNITS = 4096;

/** `JSON.parse`, the fast path; undefined where it refuses. */
function parseValue(text: string): { readonly value: unknown } | undefined {
  const inRuns = parsePackagesInRuns(text);
  if (inRuns !== undefined) return inRuns;
  try {
    return { value: JSON.parse(text) };
  } catch {
    // Refusing is how it says that the document is broken; `firstJsonProblem` says where.
    return undefined;
  }
}

interface Packages {
  readonly keys: readonly string[];
  readonly valueAt: (key: string) => unknown;
  readonly version: unknown;
  /** Whether the document is no JSON and the packages are what is left of them. */
  readonly broken: boolean;
}

function lockFile(text: string, { keys, valueAt, version, broken }: Packages): LockFile {
  const raws: RawPackage[] = [];
  const entries: LockEntry[] = [];
  for (const key of keys) {
    const raw = asRecord(valueAt(key));
    if (raw === undefined) continue;
    raws.push(raw);
    entries.push(readEntry(entries.length, key, raw));
  }
  let byKey: Map<string, LockEntry> | undefined;
  const entryAt = (key: string): LockEntry | undefined => {
    byKey ??= new Map(entries.map((entry) => [entry.key, entry]));
    return byKey.get(key);
  };
  const requestsOf = (entry: LockEntry): LockRequest[] => readRequests(raws[entry.index] ?? {});
  let places: readonly (EntryPlace | undefined)[] | undefined;
  return {
    manager: 'npm',
    lockfileVersion: typeof version === 'number' || typeof version === 'string' ? String(version) : undefined,
    importers: entries
      .filter(({ source }) => source === 'root' || source === 'workspace')
      .map((entry): LockImporter => ({ path: entry.key, requests: requestsOf(entry) })),
    entries,
    requestsOf,
    locked: (importer, name) => locked(entryAt, raws, { importer, name }),
    spanOf(entry, field): Span {
      const find = (how: typeof findPlaces): typeof places =>
        how(
          text,
          entries.map(({ key }) => key),
        );
      places ??= find(broken ? findPlacesInBroken : findPlaces);
      const found = spanIn(text, places?.[entry.index], { entry, field });
      if (found !== undefined || broken) return found ?? NO_SPAN;
      // What stands there is not what was parsed: the file only looks as if npm had laid it out.
      places = find(findPlacesByTokens);
      return spanIn(text, places?.[entry.index], { entry, field }) ?? NO_SPAN;
    },
  };
}

/** Where a text of an entry stands; undefined where another text stands there. */
function spanIn(
  text: string,
  place: EntryPlace | undefined,
  { entry, field }: { readonly entry: LockEntry; readonly field: LockField },
): Span | undefined {
  if (place === undefined) return undefined;
  if (field === 'key' || entry[field] === undefined) return contentOf(place.key);
  const own = fieldPlace(text, place, field);
  return own !== undefined && quotedText(text, own) === entry[field] ? contentOf(own) : undefined;
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
  // The first line is what nearly all entries are; the patterns behind it cost more than all else that is read of an entry.
  if (resolved === undefined || (resolved.startsWith('https://') && resolved.endsWith('.tgz'))) return 'tarball';
  if (/^(?:git|ssh:|bitbucket:|gist:)|\.git(?:#|$)/i.test(resolved)) return 'git';
  return /^https?:/i.test(resolved) ? 'tarball' : 'file';
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
function locked(
  entryAt: (key: string) => LockEntry | undefined,
  raws: readonly RawPackage[],
  { importer, name }: Wanted,
): LockEntry | undefined {
  if (entryAt(importer) === undefined) return undefined;
  for (const folder of foldersUp(importer)) {
    const entry = entryAt(`${folder === '' ? '' : `${folder}/`}${NODE_MODULES}${name}`);
    if (entry === undefined) continue;
    const target = raws[entry.index]?.resolved;
    return entry.source === 'link' && typeof target === 'string' ? (entryAt(target) ?? entry) : entry;
  }
  return undefined;
}

function asRecord(value: unknown): RawPackage | undefined {
  // Checked: an object with string keys. `JSON.parse` makes `__proto__` an own property, so no name reaches a prototype.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as RawPackage) : undefined;
}

function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
