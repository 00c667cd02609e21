/** Shorter texts are parsed as a whole: that takes less than a millisecond. In UTF-16 units. */
const MIN_TEXT_UNITS = 200_000;

/** How long a run of members is at the least. Behind this much, the next member that `isBoundary` names begins another one. */
const MIN_RUN_UNITS = 16_384;

/** One member in so many ends a run. */
const BOUNDARY_SHARE = 16;

/** How many runs are remembered at the most; a lockfile of 10,000 packages has about 200. */
const MAX_RUNS = 400;

type Members = Readonly<Record<string, unknown>>;

/**
 * `JSON.parse` for a large package-lock.json as npm lays it out, which a key in an editor changes in one place: the members of
 * `packages` are parsed in runs, and runs that were seen before are not parsed again. The value is the one `JSON.parse` gives, but
 * it shares objects with earlier ones and must not be changed. Undefined where the text is small, has another layout or is no JSON.
 */
export function parsePackagesInRuns(text: string): { readonly value: unknown } | undefined {
  if (text.length < MIN_TEXT_UNITS) return undefined;
  const indent = /^\{\r?\n([ \t]+)"/.exec(text)?.[1];
  if (indent === undefined) return undefined;
  const opening = `\n${indent}"packages": {`;
  const start = text.indexOf(opening) + opening.length;
  const end = text.indexOf(`\n${indent}}`, start);
  // A second `packages` would win over the first one.
  if (start < opening.length || end < 0 || text.includes('"packages"', end)) return undefined;
  // The document without the members, and the members: where both are JSON, so is the whole.
  const frame = parsed(`${text.slice(0, start)}${text.slice(end)}`);
  const packages = frame && parseMembers(text.slice(start, end), `\n${indent}${indent}"`);
  return packages && { value: { ...frame, packages } };
}

/** The object with some members: what stands between its braces, in lines of which each member's first begins with `beforeKey`. */
export function parseMembers(members: string, beforeKey: string): Members | undefined {
  if (members.length < MIN_TEXT_UNITS) return parsed(`{${members}}`);
  const all: Record<string, unknown> = {};
  for (let start = 0; start < members.length; ) {
    const end = endOfRun(members, start, beforeKey);
    const run = runAt(members, start, end);
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

/** A run as an object; undefined where it is malformed. All runs but the last end with the comma in front of the next one. */
function runAt(members: string, start: number, end: number): Members | undefined {
  let run = members.slice(start, end);
  if (end < members.length) {
    run = run.trimEnd();
    if (!run.endsWith(',')) return undefined;
    run = run.slice(0, -1);
  }
  const known = recent.get(run);
  if (known !== undefined) return known;
  const value = older.get(run) ?? parsed(`{${run}}`);
  // Members without any would leave a comma without neighbour.
  if (value === undefined || Object.keys(value).length === 0) return undefined;
  if (recent.size >= MAX_RUNS / 2) {
    older = recent;
    recent = new Map();
  }
  // A slice keeps the whole text alive that it was cut from; this is a text of its own.
  recent.set(` ${run}`.slice(1), value);
  return value;
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
