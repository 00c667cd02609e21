import { type Span, span } from '../core/span.ts';
import { parseMembers } from './json-runs.ts';
import { type SkimmedMember, skimMembers } from './json-skim.ts';

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
export function findPlaces(text: string, keys: readonly string[]): readonly (EntryPlace | undefined)[] {
  const byLayout = layoutOf(text) ?? [];
  const fits = byLayout.length === keys.length && byLayout.every((place, i) => keyOf(text, place) === keys[i]);
  return fits ? byLayout : findPlacesByTokens(text, keys);
}

/** The same by the tokens of the whole file: slower, and right whatever the layout. */
export function findPlacesByTokens(text: string, keys: readonly string[]): readonly (EntryPlace | undefined)[] {
  const byKey = new Map(skimPackages(text).map((member) => [member.key, { key: member.keySpan, value: member.valueSpan.start }]));
  return keys.map((key) => byKey.get(key));
}

/** The same for a broken document, whose tokens end at its first problem. Of packages with one key the last counts. */
export function findPlacesInBroken(text: string, keys: readonly string[]): readonly (EntryPlace | undefined)[] {
  const layout = layoutOf(text);
  if (layout === undefined) return findPlacesByTokens(text, keys);
  const byKey = new Map(layout.map((place) => [keyOf(text, place), place]));
  return keys.map((key) => byKey.get(key));
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
export function recoverPackages(text: string, problem: number): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  const frame = frameOf(text);
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
  for (const { key, valueSpan } of skimPackages(text)) {
    const value = parsed(text.slice(valueSpan.start, valueSpan.end));
    if (value !== undefined) found.set(key, value);
  }
  return found;
}

/**
 * Parses a run of packages in one go, where it is sound; else halves it at a line that starts a package. One problem
 * costs about as much as parsing the document once, many cost a logarithm more.
 */
function readRun(run: string, frame: Frame, found: Map<string, unknown>): void {
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
function frameOf(text: string): Frame | undefined {
  const indent = /^\ufeff?\{\r?\n([ \t]+)"/.exec(text)?.[1];
  if (indent === undefined) return undefined;
  const opening = `\n${indent}"packages": {`;
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

/** The packages that start a line of npm's layout, in document order; undefined where the text has another layout. */
function layoutOf(text: string): EntryPlace[] | undefined {
  const frame = frameOf(text);
  if (frame === undefined) return undefined;
  const { start, end, beforeKey } = frame;
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

/** The members of the root's `packages` by their tokens; of several `packages` the last. */
function skimPackages(text: string): SkimmedMember[] {
  const packages = skimMembers(text, text.startsWith('\ufeff') ? 1 : 0).findLast(({ key }) => key === 'packages');
  return packages === undefined ? [] : skimMembers(text, packages.valueSpan.start);
}

/** A key, decoded; undefined where it has an escape that is none. */
function keyOf(text: string, { key }: EntryPlace): string | undefined {
  const content = text.slice(key.start + 1, key.end - 1);
  return content.includes('\\') ? quotedText(text, key) : content;
}
