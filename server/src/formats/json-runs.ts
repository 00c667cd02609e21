import type { Problem } from '../core/manifest.ts';
import { firstJsonProblem } from './json-skim.ts';

/** Shorter texts are parsed as a whole: that takes less than a millisecond. In UTF-16 units. */
const MIN_TEXT_UNITS = 200_000;

/** How long a run of members is at the least. Behind this much, the next member that `isBoundary` names begins another one. */
const MIN_RUN_UNITS = 16_384;

/** One member in so many ends a run. */
const BOUNDARY_SHARE = 16;

/** How many runs are remembered at the most; a lockfile of 10,000 packages has about 200. */
const MAX_RUNS = 400;

/** How many documents are known to have been read. */
const MAX_LAST_READ = 16;

/** An object of JSON. */
export type Members = Readonly<Record<string, unknown>>;

/** Some members of `packages` that stand one after the other: those of whole lines. */
export interface Run {
  /** The offset of its first character. */
  readonly start: number;
  /** With the comma in front of the next run. */
  readonly text: string;
  /** Undefined where the run is malformed. The same object for the same text, so it must not be changed. */
  readonly members: Members | undefined;
}

/** A large package-lock.json, read in runs. The document is JSON if the frame and all runs are; but not only then. */
export interface PackagesInRuns {
  /** The document without the members of `packages`; undefined where that is no JSON. */
  readonly frame: Members | undefined;
  /** What stands in front of the members, with their opening brace. */
  readonly head: string;
  /** From the line on that closes `packages`. */
  readonly tail: string;
  /** In document order, without gaps; at least one. */
  readonly runs: readonly Run[];
  /** What stands in front of a package's key: a line feed, its indentation and the opening quote. */
  readonly beforeKey: string;
}

/**
 * A large package-lock.json as npm lays it out, which a key in an editor changes in one place: the members of `packages` are parsed
 * in runs, and runs that were seen before are not parsed again. Undefined where the text is small or has another layout. A document
 * (`uri`) that is read for the first time may stay the only version: its runs are not remembered.
 */
export function packagesInRuns(text: string, uri = ''): PackagesInRuns | undefined {
  if (text.length < MIN_TEXT_UNITS) return undefined;
  const indent = /^\{\r?\n([ \t]+)"/.exec(text)?.[1];
  if (indent === undefined) return undefined;
  const opening = `\n${indent}"packages": {`;
  const start = text.indexOf(opening) + opening.length;
  const end = text.indexOf(`\n${indent}}`, start);
  // A second `packages` would win over the first one.
  if (start < opening.length || end < 0 || text.includes('"packages"', end)) return undefined;
  const beforeKey = `\n${indent}${indent}"`;
  if (!/^\r?\n/.test(text.slice(start, start + 2)) || text.indexOf(beforeKey, start) > start + 1) return undefined;
  const [head, tail] = [text.slice(0, start), text.slice(end)];
  const runs: Run[] = [];
  const isKept = isReadAgain(uri);
  for (let at = start; at < end; ) {
    const next = Math.min(endOfRun(text, at, beforeKey), end);
    const run = text.slice(at, next);
    runs.push({ start: at, text: run, members: membersOf(run, { isLast: next === end, isKept }) });
    at = next;
  }
  return runs.length === 0 ? undefined : { frame: parsed(`${head}${tail}`), head, tail, runs, beforeKey };
}

/** The object with some members: what stands between its braces, in lines of which each member's first begins with `beforeKey`. */
export function parseMembers(members: string, beforeKey: string): Members | undefined {
  if (members.length < MIN_TEXT_UNITS) return parsed(`{${members}}`);
  const all: Record<string, unknown> = {};
  for (let start = 0; start < members.length; ) {
    const end = endOfRun(members, start, beforeKey);
    const run = membersOf(members.slice(start, end), { isLast: end === members.length, isKept: true });
    if (run === undefined) return undefined;
    for (const key of Object.keys(run)) {
      // As a plain assignment it would change the prototype; `JSON.parse` makes it a property like any other.
      if (key === '__proto__') Object.defineProperty(all, key, { value: run[key], enumerable: true, configurable: true, writable: true });
      else all[key] = run[key];
    }
    start = end;
  }
  return all;
}

/** Where a run ends goes by the members themselves, so that a character more or less moves the ends of one or two runs and no more. */
function endOfRun(members: string, start: number, beforeKey: string): number {
  let at = members.indexOf(beforeKey, start + MIN_RUN_UNITS);
  while (at >= 0 && !isBoundary(members, at + beforeKey.length)) at = members.indexOf(beforeKey, at + 1);
  return at < 0 ? members.length : at;
}

function isBoundary(text: string, key: number): boolean {
  let sum = 0;
  for (let at = key; at < key + 40 && text.charCodeAt(at) !== 0x22; at++) sum = (sum * 31 + text.charCodeAt(at)) % 65_521;
  return sum % BOUNDARY_SHARE === 0;
}

// The last runs of all documents; when there are too many, those of before the last ones go.
let recent = new Map<string, Members>();
let older: ReadonlyMap<string, Members> = new Map();

// The addresses of the last documents that were read, the last one first.
let lastRead: readonly string[] = [];

/** Whether a document was read before, lately. */
function isReadAgain(uri: string): boolean {
  const isKnown = lastRead.includes(uri);
  if (lastRead[0] !== uri) lastRead = [uri, ...lastRead.filter((other) => other !== uri)].slice(0, MAX_LAST_READ);
  return isKnown;
}

/** The members of a run; undefined where it is malformed. All runs but the last end with the comma in front of the next one. */
function membersOf(text: string, { isLast, isKept }: { readonly isLast: boolean; readonly isKept: boolean }): Members | undefined {
  let run = text;
  if (!isLast) {
    run = run.trimEnd();
    if (!run.endsWith(',')) return undefined;
    run = run.slice(0, -1);
  }
  const known = recent.get(run);
  if (known !== undefined) return known;
  const value = older.get(run) ?? parsed(`{${run}}`);
  // Members without any would leave a comma without neighbour.
  if (value === undefined || Object.keys(value).length === 0) return undefined;
  if (!isKept) return value;
  if (recent.size >= MAX_RUNS / 2) {
    older = recent;
    recent = new Map();
  }
  // A slice keeps the whole text alive that it was cut from; this is a text of its own.
  recent.set(` ${run}`.slice(1), value);
  return value;
}

/**
 * Where a document is not JSON, found without going over the runs in front of the first malformed one: the same place that
 * `firstJsonProblem` finds in the whole text. Undefined where the document is sound after all, and only its layout is not npm's.
 */
export function problemInRuns(text: string, { head, runs }: PackagesInRuns): Problem | undefined {
  // With both braces closed it is JSON just where it stands in the second of two objects and nothing is wrong before.
  if (parsed(`${head}}}`) === undefined) return firstJsonProblem(text);
  const first = runs.find(({ members }) => members === undefined) ?? runs.at(-1);
  return firstJsonProblem(text, first && { at: first.start, depth: 2 });
}

/** `JSON.parse` of an object; undefined where the text is something else. */
function parsed(text: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(text);
    // Checked: an object with string keys.
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined;
  } catch {
    return undefined;
  }
}
