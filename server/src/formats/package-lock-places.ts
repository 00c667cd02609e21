import { type Span, span } from '../core/span.ts';
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
  const byLayout = layoutOf(text)?.places ?? [];
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
  const byKey = new Map(layout.places.map((place) => [keyOf(text, place), place]));
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
  const layout = layoutOf(text);
  if (layout !== undefined) return wholePackages(text, layout, problem);
  const found = new Map<string, unknown>();
  for (const { key, valueSpan } of skimPackages(text)) {
    const value = parsed(text.slice(valueSpan.start, valueSpan.end));
    if (value !== undefined) found.set(key, value);
  }
  return found;
}

interface Layout {
  readonly places: readonly EntryPlace[];
  /** What stands before a package's closing brace: a line feed and its indentation. */
  readonly beforeClosing: string;
  /** The offset of the line feed before the line that closes the packages, or of the text's end. */
  readonly end: number;
}

/** The packages by the layout of `JSON.stringify(_, null, indentation)`, whatever the indentation; undefined where it has none. */
function layoutOf(text: string): Layout | undefined {
  const head = /^\ufeff?\{\r?\n([ \t]+)"/.exec(text);
  if (head === null) return undefined;
  const indent = head[1] ?? '';
  const start = text.indexOf(`\n${indent}"packages": {`);
  if (start < 0) return undefined;
  const closing = text.indexOf(`\n${indent}}`, start);
  const end = closing < 0 ? text.length : closing;
  const beforeKey = `\n${indent}${indent}"`;
  const places: EntryPlace[] = [];
  for (let at = text.indexOf(beforeKey, start); at >= 0 && at < end; at = text.indexOf(beforeKey, at + 1)) {
    const from = at + beforeKey.length - 1;
    const quote = closingQuote(text, from);
    if (text.startsWith('": {', quote)) places.push({ key: span(from, quote + 1), value: quote + 3 });
  }
  return { places, beforeClosing: `\n${indent}${indent}}`, end };
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

/**
 * Parses the packages in runs as long as they are sound: all before the problem, the one with the problem, all behind it;
 * a run that still has a problem is halved. One problem costs about as much as parsing the document once.
 */
function wholePackages(text: string, layout: Layout, problem: number): ReadonlyMap<string, unknown> {
  const { places } = layout;
  const found = new Map<string, unknown>();
  const readRun = (from: number, to: number): void => {
    const first = places[from];
    if (first === undefined || from >= to) return;
    const end = valueEnd(text, layout, to - 1);
    const run = end === undefined ? undefined : parsed(`{${text.slice(first.key.start, end)}}`);
    if (isRecord(run)) {
      for (const key of Object.keys(run)) found.set(key, run[key]);
    } else if (to - from > 1) {
      const middle = (from + to) >> 1;
      readRun(from, middle);
      readRun(middle, to);
    }
  };
  const behind = places.findIndex(({ key }) => key.start > problem);
  const broken = Math.max(0, (behind < 0 ? places.length : behind) - 1);
  readRun(0, broken);
  readRun(broken, broken + 1);
  readRun(broken + 1, places.length);
  return found;
}

/** The offset behind the brace that closes a package, undefined where that is missing. */
function valueEnd(text: string, { places, beforeClosing, end }: Layout, index: number): number | undefined {
  const { value } = places[index] ?? { value: end };
  if (text[value + 1] === '}') return value + 2;
  const closing = text.slice(value, places[index + 1]?.key.start ?? end).indexOf(beforeClosing);
  return closing < 0 ? undefined : value + closing + beforeClosing.length;
}

/** `JSON.parse`; undefined where it refuses. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
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
