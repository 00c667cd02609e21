import type { Problem } from '../core/manifest.ts';
import { type Span, span } from '../core/span.ts';
import type { LockRequest } from './lock-model.ts';

/** A value with its place, without quotes. UTF-16 offsets. */
export interface Scalar {
  readonly text: string;
  readonly span: Span;
}

/** One block of a yarn.lock: a key at the line's start and the indented lines below it. Of fields with one name the last counts. */
export interface YarnBlock {
  /** The key's texts; Yarn 1 writes each descriptor as a text of its own, later ones all in one. */
  readonly keys: readonly string[];
  /** The key without its colon; a single text without its quotes. */
  readonly key: Span;
  /** Behind the key's line. */
  readonly bodyStart: number;
  bodyEnd: number;
  /** Whether a line was lost: nothing that seems to be missing may be taken for missing. */
  torn: boolean;
  version: Scalar | undefined;
  resolved: Scalar | undefined;
  integrity: Scalar | undefined;
  resolution: Scalar | undefined;
  checksum: Scalar | undefined;
  conditions: Scalar | undefined;
}

/** What the lines of a yarn.lock say. */
export interface YarnBlocks {
  readonly blocks: readonly YarnBlock[];
  /** The first line that cannot be read. */
  readonly problem: Problem | undefined;
  /** Whether the comment at its start names Yarn 1's format. */
  readonly isClassic: boolean;
}

const TAB = 0x09;
const SPACE = 0x20;
const QUOTE = 0x22;
const HASH = 0x23;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/** Reads the blocks of a yarn.lock of any Yarn, in one pass over its lines. Never throws. */
export function scanYarnLock(text: string): YarnBlocks {
  const blocks: YarnBlock[] = [];
  let problem: Problem | undefined;
  let isClassic = false;
  let block: YarnBlock | undefined;
  /** The indentation of the block's fields; what stands deeper belongs to one of them. */
  let level = 0;
  const first = text.startsWith('\ufeff') ? 1 : 0;
  // Lines are walked here and not by `linesOf`, which makes an object of each: most lines are passed over at their first characters.
  for (let start = first, next = 0; start < text.length; start = next) {
    const feed = text.indexOf('\n', start);
    next = feed < 0 ? text.length : feed + 1;
    let from = start;
    while (isBlank(text.charCodeAt(from))) from++;
    // Deeper lines are those of a field; only a request reads them.
    if (level !== 0 && from - start > level && block !== undefined) {
      if (from < next - 1) block.bodyEnd = next;
      continue;
    }
    let end = feed < 0 ? text.length : feed;
    while (end > from && isBlank(text.charCodeAt(end - 1))) end--;
    if (from >= end) continue;
    if (text.charCodeAt(from) === HASH) {
      if (blocks.length === 0) isClassic ||= text.startsWith('# yarn lockfile v1', from);
      continue;
    }
    if (from > start) {
      if (block === undefined) {
        problem ??= { message: 'an indented line belongs to nothing', span: span(from, end) };
        continue;
      }
      if (level === 0) level = from - start;
      block.bodyEnd = end;
      if (readField(text, span(from, end), block)) continue;
      block.torn = true;
      problem ??= { message: 'the value of this line cannot be read', span: span(from, end) };
      continue;
    }
    // Behind a key that is too long for YAML, its colon stands on a line of its own.
    if (end - from === 1 && text[from] === ':' && block !== undefined && block.bodyEnd === block.bodyStart) continue;
    block = readKey(text, span(from, end));
    level = 0;
    if (block !== undefined) blocks.push(block);
    else problem ??= { message: 'a key with a colon is missing', span: span(from, end) };
  }
  return { blocks, problem, isClassic };
}

/** A line: where it starts, where its text does, and where that ends. */
interface Line {
  readonly start: number;
  readonly from: number;
  readonly end: number;
}

function* linesOf(text: string, first: number, last: number): Generator<Line> {
  for (let at = first; at < last; ) {
    const feed = text.indexOf('\n', at);
    const next = feed < 0 || feed > last ? last : feed;
    let end = next;
    while (end > at && isBlank(text.charCodeAt(end - 1))) end--;
    let from = at;
    while (from < end && isBlank(text.charCodeAt(from))) from++;
    yield { start: at, from, end };
    at = next + 1;
  }
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB || code === 0x0d;
}

function readKey(text: string, { start: from, end }: Span): YarnBlock | undefined {
  const isLong = text.startsWith('? ', from);
  if (!isLong && text[end - 1] !== ':') return undefined;
  const key = span(isLong ? from + 2 : from, isLong ? end : end - 1);
  const keys = readTexts(text, key);
  if (keys === undefined || keys.length === 0) return undefined;
  const isQuoted = keys.length === 1 && text.charCodeAt(key.start) === QUOTE && key.end - key.start > 2;
  return {
    keys,
    key: isQuoted ? span(key.start + 1, key.end - 1) : key,
    bodyStart: end,
    bodyEnd: end,
    torn: false,
    version: undefined,
    resolved: undefined,
    integrity: undefined,
    resolution: undefined,
    checksum: undefined,
    conditions: undefined,
  };
}

/** Texts between commas, quoted or not; undefined where a quote is missing. */
function readTexts(text: string, { start, end }: Span): string[] | undefined {
  const key = text.slice(start, end);
  if (!key.includes('"')) {
    return key.includes(',') ? key.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()])) : [key.trim()];
  }
  const texts: string[] = [];
  for (let at = 0; at < key.length; ) {
    const isQuoted = key.charCodeAt(at) === QUOTE;
    const comma = isQuoted ? -1 : key.indexOf(',', at);
    const stop = isQuoted ? closingQuote(key, at, key.length) : comma < 0 ? key.length : comma;
    if (stop < 0) return undefined;
    const content = isQuoted ? unescaped(key.slice(at, stop)) : key.slice(at, stop).trimEnd();
    if (content === undefined || (!isQuoted && content.includes('"'))) return undefined;
    texts.push(content);
    at = stop;
    while (isBlank(key.charCodeAt(at))) at++;
    if (at < key.length && key[at] !== ',') return undefined;
    at++;
    while (isBlank(key.charCodeAt(at))) at++;
  }
  return texts;
}

/** The offset behind the quote that closes the string at `open`; -1 where there is none before `end`. */
function closingQuote(text: string, open: number, end: number): number {
  for (let at = open + 1; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at + 1;
  }
  return -1;
}

/** What a quoted string says: both Yarns quote as JSON does. */
function unescaped(quoted: string): string | undefined {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    const value: unknown = JSON.parse(quoted);
    return typeof value === 'string' ? value : undefined;
  } catch {
    // An escape that is none.
    return undefined;
  }
}

const FIELDS = ['version', 'resolved', 'integrity', 'resolution', 'checksum', 'conditions'] as const;

/** Takes a field's line into its block; false where its value cannot be read. Other lines than those of `FIELDS` are passed over. */
function readField(text: string, { start, end }: Span, block: YarnBlock): boolean {
  for (const field of FIELDS) {
    if (!text.startsWith(field, start)) continue;
    const nameEnd = start + field.length;
    const separator = text.charCodeAt(nameEnd);
    if (separator !== SPACE && separator !== COLON && nameEnd < end) continue;
    const value = readValue(text, span(nameEnd, end));
    if (value === undefined) return false;
    block[field] = value;
    return true;
  }
  return true;
}

/** The value behind a name: a colon (Yarn 2 and later), blanks, then a string, quoted or not. */
function readValue(text: string, { start, end }: Span): Scalar | undefined {
  let at = start;
  if (text.charCodeAt(at) === COLON) at++;
  while (at < end && isBlank(text.charCodeAt(at))) at++;
  if (at >= end) return undefined;
  if (text.charCodeAt(at) !== QUOTE) return { text: text.slice(at, end), span: span(at, end) };
  // Nearly all strings are plain, and end with the line.
  if (text.indexOf('"', at + 1) !== end - 1 && closingQuote(text, at, end) !== end) return undefined;
  const content = unescaped(text.slice(at, end));
  return content === undefined ? undefined : { text: content, span: content === '' ? span(at, end) : span(at + 1, end - 1) };
}

const REQUEST_GROUPS: ReadonlySet<string> = new Set(['dependencies', 'optionalDependencies', 'peerDependencies']);

/** What a block's package asks for. Read when asked for, from the block's own lines. */
export function readRequests(text: string, { bodyStart, bodyEnd }: YarnBlock): LockRequest[] {
  const requests: LockRequest[] = [];
  let level = 0;
  let group: string | undefined;
  for (const { start, from, end } of linesOf(text, bodyStart, bodyEnd)) {
    if (from === end) continue;
    if (level === 0) level = from - start;
    if (from - start <= level) {
      const name = text.slice(from, text[end - 1] === ':' ? end - 1 : end);
      group = REQUEST_GROUPS.has(name) ? name : undefined;
      continue;
    }
    if (group === undefined) continue;
    const isQuoted = text.charCodeAt(from) === QUOTE;
    const nameEnd = isQuoted ? closingQuote(text, from, end) : from + (/^[^\s:]*/.exec(text.slice(from, end))?.[0].length ?? 0);
    const name = nameEnd < 0 ? undefined : isQuoted ? unescaped(text.slice(from, nameEnd)) : text.slice(from, nameEnd);
    const spec = name === undefined ? undefined : readValue(text, span(nameEnd, end));
    if (name !== undefined && spec !== undefined) requests.push({ group, name, spec: spec.text });
  }
  return requests;
}
