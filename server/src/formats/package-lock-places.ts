import { type Span, span } from '../core/span.ts';
import { parseMembers } from './json-runs.ts';
import { type SkimmedMember, type SkimmedTree, skimMembers, skimTree } from './json-skim.ts';

/** The member of the root that holds the packages: `dependencies` in version 1, whose packages nest. */
export type PackagesMember = 'packages' | 'dependencies';

/** Where a package of a package-lock.json stands. UTF-16 offsets. */
export interface EntryPlace {
  /** The key with its quotes. */
  readonly key: Span;
  /** The offset of the value's opening brace. */
  readonly value: number;
}

/**
 * Where the packages with these keys stand, in their order. First by npm's own layout, one search for lines that start
 * as a package's does; where that does not find just these keys, by tokens.
 */
export function findPlaces(text: string, keys: readonly string[], member: PackagesMember): readonly (EntryPlace | undefined)[] {
  const frame = frameOf(text, member);
  return (frame && findPlacesInRun(text, keys, { ...frame, broken: false })) ?? findPlacesByTokens(text, keys, member);
}

/** The same by the tokens of the whole file: slower, and right whatever the layout. */
export function findPlacesByTokens(text: string, keys: readonly string[], member: PackagesMember): readonly (EntryPlace | undefined)[] {
  const byKey = placesByKey(skimPackages(text, member));
  return keys.map((key) => byKey.get(key));
}

/** The same for a broken document, whose tokens end at its first problem. Of packages with one key the last counts. */
export function findPlacesInBroken(text: string, keys: readonly string[], member: PackagesMember): readonly (EntryPlace | undefined)[] {
  const frame = frameOf(text, member);
  return (frame && findPlacesInRun(text, keys, { ...frame, broken: true })) ?? findPlacesByTokens(text, keys, member);
}

/**
 * The same for packages that stand between two offsets, each behind `beforeKey` (npm's layout): all of them, or undefined. In a
 * broken document those that are found.
 */
export function findPlacesInRun(
  text: string,
  keys: readonly string[],
  run: Pick<Frame, 'start' | 'end' | 'beforeKey'> & { readonly broken: boolean },
): readonly (EntryPlace | undefined)[] | undefined {
  const layout = placesIn(text, run);
  if (!run.broken) return layout.length === keys.length && layout.every((place, i) => keyOf(text, place) === keys[i]) ? layout : undefined;
  const byKey = new Map(layout.map((place) => [keyOf(text, place), place]));
  return keys.map((key) => byKey.get(key));
}

/** Where a package of version 1's tree stands, and its fields and packages. The spans have their quotes. */
export interface TreePlace {
  readonly key: Span;
  readonly fields: ReadonlyMap<string, Span>;
  readonly nested: ReadonlyMap<string, TreePlace>;
}

/** The package at `place` with all that nest in it down to `depth` (version 1), in one pass. */
export function treePlace(text: string, place: EntryPlace, depth: number): TreePlace {
  return asTreePlace(text, place.key, skimTree(text, place.value, { name: 'dependencies', depth }));
}

function asTreePlace(text: string, key: Span, { members, nested }: SkimmedTree): TreePlace {
  return {
    key,
    fields: new Map(members.flatMap((member) => (text[member.valueSpan.start] === '"' ? [[member.key, member.valueSpan] as const] : []))),
    nested: new Map(nested.map((child) => [child.key, asTreePlace(text, child.keySpan, child)])),
  };
}

function placesByKey(members: readonly SkimmedMember[]): ReadonlyMap<string, EntryPlace> {
  return new Map(members.map(({ key, keySpan, valueSpan }) => [key, { key: keySpan, value: valueSpan.start }]));
}

/** A string field of the package at `place`, with its quotes. Nested objects do not count. */
export function fieldPlace(text: string, place: EntryPlace, field: string): Span | undefined {
  const value = skimMembers(text, place.value).findLast(({ key }) => key === field)?.valueSpan;
  return value !== undefined && text[value.start] === '"' ? value : undefined;
}

/** What a quoted string of the document says; undefined where it is none. */
export function quotedText(text: string, quoted: Span): string | undefined {
  const value = parsed(text.slice(quoted.start, quoted.end));
  return typeof value === 'string' ? value : undefined;
}

/**
 * The packages, by key, of a document whose first problem is at the offset `problem`: those that are whole, by npm's
 * layout; where it has another layout, those before the problem. A package with a problem in it is left out, because a
 * field that is lost must not be taken for one that is missing. As with `JSON.parse`, of packages with one key the last
 * counts: a merge conflict has both sides.
 */
export function recoverPackages(text: string, problem: number, member: PackagesMember): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  const frame = frameOf(text, member);
  if (frame !== undefined) {
    const { start, end, beforeKey } = frame;
    const broken = Math.max(start, text.lastIndexOf(beforeKey, problem));
    const next = text.indexOf(beforeKey, Math.max(problem, start + 1));
    const behind = next < 0 ? end : Math.min(next, end);
    readRun(text.slice(start, Math.min(broken, end)), frame, found);
    readRun(text.slice(broken, behind), frame, found);
    readRun(text.slice(behind, end), frame, found);
    return found;
  }
  for (const { key, valueSpan } of skimPackages(text, member)) {
    const value = parsed(text.slice(valueSpan.start, valueSpan.end));
    if (value !== undefined) found.set(key, value);
  }
  return found;
}

/** The same for packages that stand in a part of npm's layout, each behind `beforeKey`. */
export function recoverRun(run: string, beforeKey: string): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  readRun(run, { beforeKey, beforeClosing: `${beforeKey.slice(0, -1)}}` }, found);
  return found;
}

/**
 * Parses a run of packages in one go, where it is sound; else halves it at a line that starts a package. One problem
 * costs about as much as parsing the document once, many cost a logarithm more.
 */
function readRun(run: string, frame: Pick<Frame, 'beforeKey' | 'beforeClosing'>, found: Map<string, unknown>): void {
  const { beforeKey, beforeClosing } = frame;
  const from = run.indexOf(beforeKey);
  const to = run.lastIndexOf(beforeClosing);
  if (from < 0 || to < from) return;
  if (addPackages(run.slice(from, to + beforeClosing.length), beforeKey, found)) return;
  const middle = run.indexOf(beforeKey, Math.max(from + 1, (from + run.length) >> 1));
  const half = middle < 0 ? run.lastIndexOf(beforeKey) : middle;
  if (half > from) {
    readRun(run.slice(from, half), frame, found);
    readRun(run.slice(half), frame, found);
    return;
  }
  // One package, and behind it what was to be the next one.
  const closing = run.indexOf(beforeClosing, from);
  if (closing < to) addPackages(run.slice(from, closing + beforeClosing.length), beforeKey, found);
}

function addPackages(members: string, beforeKey: string, found: Map<string, unknown>): boolean {
  const packages = parseMembers(members, beforeKey);
  if (packages === undefined) return false;
  for (const key of Object.keys(packages)) found.set(key, packages[key]);
  return true;
}

/** How npm lays out a file with some indentation. Offsets are those of line feeds. */
interface Frame {
  /** Where the line ends that opens the packages. */
  readonly start: number;
  /** In front of the line that closes the packages, or the text's end. */
  readonly end: number;
  /** What stands in front of a package's key: a line feed, its indentation and the opening quote. */
  readonly beforeKey: string;
  /** A line feed, the same indentation and a package's closing brace. */
  readonly beforeClosing: string;
}

/** The layout of `JSON.stringify(_, null, indentation)`, whatever the indentation; undefined where the text has another. */
function frameOf(text: string, member: PackagesMember): Frame | undefined {
  const indent = /^\ufeff?\{\r?\n([ \t]+)"/.exec(text)?.[1];
  if (indent === undefined) return undefined;
  const opening = `\n${indent}"${member}": {`;
  const at = text.indexOf(opening);
  if (at < 0) return undefined;
  const start = at + opening.length;
  const closing = text.indexOf(`\n${indent}}`, start);
  return {
    start,
    end: closing < 0 ? text.length : closing,
    beforeKey: `\n${indent}${indent}"`,
    beforeClosing: `\n${indent}${indent}}`,
  };
}

/** The packages that start a line of npm's layout, in document order. */
function placesIn(text: string, { start, end, beforeKey }: Pick<Frame, 'start' | 'end' | 'beforeKey'>): EntryPlace[] {
  const places: EntryPlace[] = [];
  for (let at = text.indexOf(beforeKey, start); at >= 0 && at < end; at = text.indexOf(beforeKey, at + 1)) {
    const from = at + beforeKey.length - 1;
    const quote = closingQuote(text, from);
    if (text.startsWith('": {', quote)) places.push({ key: span(from, quote + 1), value: quote + 3 });
  }
  return places;
}

/** The offset of the quote that closes the string which opens at `open`, -1 where there is none. */
function closingQuote(text: string, open: number): number {
  for (let at = text.indexOf('"', open + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return -1;
}

/** `JSON.parse`; undefined where it refuses. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** The members of the root's member that holds the packages, by their tokens; of several such the last. */
function skimPackages(text: string, member: PackagesMember): SkimmedMember[] {
  const packages = skimMembers(text, text.startsWith('\ufeff') ? 1 : 0).findLast(({ key }) => key === member);
  return packages === undefined ? [] : skimMembers(text, packages.valueSpan.start);
}

/** A key, decoded; undefined where it has an escape that is none. */
function keyOf(text: string, { key }: EntryPlace): string | undefined {
  const content = text.slice(key.start + 1, key.end - 1);
  return content.includes('\\') ? quotedText(text, key) : content;
}
