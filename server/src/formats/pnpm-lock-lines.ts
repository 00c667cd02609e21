import type { Problem } from '../core/manifest.ts';
import { type Span, span } from '../core/span.ts';

/** A key of a map and its value. Offsets are UTF-16; spans include quotes. */
export interface LockLine {
  readonly indent: number;
  readonly key: string;
  readonly keySpan: Span;
  /** The value behind the colon, over several lines where it goes on; empty where there is none or where members follow. */
  readonly value: Span;
}

/** How far a value in brackets or quotes may reach: pnpm writes one line, formatters break it into some more. */
const MAX_VALUE_UNITS = 4096;

/**
 * Goes over the keys of a pnpm-lock.yaml, line by line: the part of YAML 1.2 that js-yaml writes for pnpm and that
 * formatters make of it. Block maps, scalars plain, quoted and in blocks, flow collections as values; lists are passed
 * over. No anchors, no tags. Never throws; each line is looked at a fixed number of times.
 */
export class LockLines {
  problem: Problem | undefined;
  /** How many problems there were so far: what is read while it grows is not whole. */
  faults = 0;
  readonly #text: string;
  /** The current line, undefined at the end of a document. Its value may still grow by the next lines. */
  #current: { indent: number; key: string; keySpan: Span; value: Span } | undefined;
  /** Where the next line starts. */
  #next: number;
  /** The first colon at or behind some line: kept, so that lines without one do not each search the whole text. */
  #colon = -1;

  constructor(text: string) {
    this.#text = text;
    this.#next = text.startsWith('\ufeff') ? 1 : 0;
  }

  /** Goes on behind `---`, or into the first document; false where the text is at its end. */
  startDocument(): boolean {
    if (this.#next >= this.#text.length) return false;
    this.#advance();
    return true;
  }

  /** Calls `visit` for each member that is indented more than `parent`, one level only; what `visit` leaves is passed over. */
  members(parent: number, visit: (line: LockLine) => void): void {
    const indent = this.#current?.indent ?? -1;
    while (this.#current !== undefined && this.#current.indent > parent) {
      const line = this.#current;
      if (line.indent < indent) this.#fail('the indentation fits no line above', line.keySpan);
      this.#advance();
      visit(line);
      while (this.#current !== undefined && this.#current.indent > line.indent) this.#advance();
    }
  }

  /** What a line's value says where it is a scalar. */
  textOf({ value }: LockLine): string {
    return scalarText(this.#text.slice(value.start, value.end));
  }

  /** Goes to the next key. */
  #advance(): void {
    const text = this.#text;
    const before = this.#current;
    while (this.#next < text.length) {
      const start = this.#next;
      const feed = text.indexOf('\n', start);
      const next = feed < 0 ? text.length : feed + 1;
      const end = feed < 0 ? text.length : text.charCodeAt(feed - 1) === CARRIAGE_RETURN && feed > start ? feed - 1 : feed;
      const at = passSpaces(text, start, end);
      const code = text.charCodeAt(at);
      this.#next = next;
      if (at === end || code === HASH || (code === TAB && text.slice(at, end).trim() === '')) continue;
      if (at === start && (code === PERCENT || isMarker(text, at, end))) {
        if (code === PERCENT || this.#current === undefined) continue;
        this.#current = undefined;
        return;
      }
      if (code === DASH && isGap(text, at + 1, end)) {
        this.#passDeeper(at - start);
        continue;
      }
      const line = this.#keyAt(at, end);
      if (line !== undefined) {
        const indent = at - start;
        if (before !== undefined && indent > before.indent && before.value.end > before.value.start)
          this.#fail('a value and members stand behind one key', line.keySpan);
        this.#current = { indent, ...line, value: this.#valueAt(indent, line.behind, end) };
        return;
      }
      if (before === undefined || at - start <= before.indent) this.#fail('this is no line of a pnpm lockfile', span(at, end));
      else if (before.value.start === before.value.end) before.value = this.#valueAt(before.indent, at, end);
      else if (isPlain(text, before.value.start)) before.value = span(before.value.start, trimEnd(text, at, end));
      else this.#fail('the line goes on behind its value', span(at, end));
    }
    this.#current = undefined;
  }

  /** The key that stands at an offset, and the offset behind its colon; undefined where there is none on this line. */
  #keyAt(at: number, end: number): { readonly key: string; readonly keySpan: Span; readonly behind: number } | undefined {
    const text = this.#text;
    const code = text.charCodeAt(at);
    // A long key stands alone behind `? `; its value's first line then starts with `: `.
    if (code === QUESTION && text[at + 1] === ' ') {
      const keySpan = span(at + 2, trimEnd(text, at + 2, end));
      return { key: scalarText(text.slice(keySpan.start, keySpan.end)), keySpan, behind: end };
    }
    if (code === COLON && text[at + 1] === ' ') return this.#keyAt(at + 2, end);
    if (code === QUOTE || code === DOUBLE_QUOTE) {
      const close = quoteEnd(text, at, end);
      if (close === undefined || text.charCodeAt(close) !== COLON || !isGap(text, close + 1, end)) return undefined;
      return { key: scalarText(text.slice(at, close)), keySpan: span(at, close), behind: close + 1 };
    }
    if (!isPlain(text, at) || code === COLON) return undefined;
    if (this.#colon < at) this.#colon = indexOrEnd(text, at);
    let colon = this.#colon;
    while (colon < end && !isGap(text, colon + 1, end)) colon = indexOrEnd(text, colon + 1);
    this.#colon = colon;
    return colon < end ? { key: text.slice(at, colon), keySpan: span(at, colon), behind: colon + 1 } : undefined;
  }

  /** The value that starts on a line at or behind `from`; goes behind its last line. */
  #valueAt(indent: number, from: number, lineEnd: number): Span {
    const text = this.#text;
    const start = passSpaces(text, from, lineEnd);
    const end = trimEnd(text, start, lineEnd);
    if (start === end || isPlain(text, start)) return span(start, end);
    const limit = Math.max(end, start + MAX_VALUE_UNITS);
    switch (text.charCodeAt(start)) {
      case OPEN_BRACE:
      case OPEN_BRACKET:
        return this.#behind(span(start, end), flowEnd(text, start, limit));
      case QUOTE:
      case DOUBLE_QUOTE:
        return this.#behind(span(start, end), quoteEnd(text, start, limit));
      case PIPE:
      case GREATER: {
        const body = this.#next;
        this.#passDeeper(indent);
        return span(start, trimEnd(text, start, Math.max(end, this.#next > body ? this.#next : end)));
      }
      default:
        return span(start, end);
    }
  }

  /** A value up to its closing character, which may be on a later line. */
  #behind(first: Span, close: number | undefined): Span {
    if (close === undefined) {
      this.#fail('the end of this value is missing', first);
      return first;
    }
    const feed = this.#text.indexOf('\n', close);
    const end = feed < 0 ? this.#text.length : feed;
    this.#next = feed < 0 ? end : feed + 1;
    const behind = passSpace(this.#text, close, end);
    if (behind < end && this.#text.charCodeAt(behind) !== HASH) this.#fail('the line goes on behind its value', span(behind, end));
    return span(first.start, close);
  }

  /** Goes over the lines that are indented more. */
  #passDeeper(indent: number): void {
    while (this.#next < this.#text.length) {
      const feed = this.#text.indexOf('\n', this.#next);
      const end = feed < 0 ? this.#text.length : feed;
      const at = passSpaces(this.#text, this.#next, end);
      if (at - this.#next <= indent && passSpace(this.#text, at, end) < end) return;
      this.#next = feed < 0 ? end : feed + 1;
    }
  }

  #fail(message: string, at: Span): void {
    this.faults++;
    this.problem ??= { message, span: at };
  }
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const HASH = 0x23;
const PERCENT = 0x25;
const QUOTE = 0x27;
const DASH = 0x2d;
const COLON = 0x3a;
const GREATER = 0x3e;
const QUESTION = 0x3f;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
const PIPE = 0x7c;

/** What a scalar says: plain, quoted or in a block (YAML 1.2, chapters 7.3 and 8.1). */
export function scalarText(source: string): string {
  switch (source[0]) {
    case "'":
      return folded(source.slice(1, source.endsWith("'") ? -1 : undefined)).replaceAll("''", "'");
    case '"':
      return doubleQuoted(source);
    case '|':
    case '>':
      return blockText(source);
    default:
      return folded(source.includes(' #') ? source.replace(/\s#.*$/, '') : source);
  }
}

/** The members of a flow map of scalars, `{integrity: sha512-..., tarball: ...}`; nested collections as their source. */
export function flowMembers(text: string, { start, end }: Span): LockLine[] {
  const members: LockLine[] = [];
  let at = start + 1;
  for (;;) {
    at = passSpace(text, at, end);
    const keyEnd = flowScalarEnd(text, at, end, ':');
    const colon = passSpace(text, keyEnd, end);
    if (keyEnd === at || text[colon] !== ':') return members;
    const from = passSpace(text, colon + 1, end);
    const to = flowScalarEnd(text, from, end, '');
    const keySpan = span(at, trimEnd(text, at, keyEnd));
    const key = scalarText(text.slice(keySpan.start, keySpan.end));
    members.push({ indent: 0, key, keySpan, value: span(from, trimEnd(text, from, to)) });
    at = passSpace(text, to, end);
    if (text[at] !== ',') return members;
    at++;
  }
}

/** The span of a scalar's content without quotes; an empty one's with them. */
export function contentOf(text: string, { start, end }: Span): Span {
  const quote = text[start];
  const isQuoted = (quote === "'" || quote === '"') && end - start > 2 && text[end - 1] === quote;
  return isQuoted ? span(start + 1, end - 1) : span(start, end);
}

/** Whether a plain scalar may start here: not with one of these (YAML 1.2, production 126). */
function isPlain(text: string, at: number): boolean {
  return at < text.length && !'{}[],#&*!|>%@`\'"\t'.includes(text[at] ?? '');
}

/** Whether a line starts or ends a document. */
function isMarker(text: string, at: number, end: number): boolean {
  return (text.startsWith('---', at) || text.startsWith('...', at)) && isGap(text, at + 3, end);
}

function isGap(text: string, at: number, end: number): boolean {
  return at >= end || text.charCodeAt(at) === SPACE || text.charCodeAt(at) === TAB;
}

function indexOrEnd(text: string, from: number): number {
  const found = text.indexOf(':', from);
  return found < 0 ? text.length : found;
}

function passSpaces(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && text.charCodeAt(at) === SPACE) at++;
  return at;
}

/** The offset behind the quote that closes the one at `start`; undefined where there is none before `limit`. */
function quoteEnd(text: string, start: number, limit: number): number | undefined {
  const quote = text[start] ?? '';
  for (let at = start + 1; at < limit && at < text.length; at++) {
    const char = text[at];
    if (char === '\\' && quote === '"') at++;
    else if (char === quote) {
      if (quote === '"' || text[at + 1] !== "'") return at + 1;
      at++;
    }
  }
  return undefined;
}

/** The offset behind the bracket that closes the one at `start`; undefined where there is none before `limit`. */
function flowEnd(text: string, start: number, limit: number): number | undefined {
  let depth = 0;
  for (let at = start; at < limit && at < text.length; at++) {
    const char = text[at];
    if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') {
      depth--;
      if (depth === 0) return at + 1;
    } else if ((char === "'" || char === '"') && /[\s{[,:]/.test(text[at - 1] ?? '')) {
      const close = quoteEnd(text, at, limit);
      if (close === undefined) return undefined;
      at = close - 1;
    }
  }
  return undefined;
}

/** Where a scalar or a nested collection of a flow map ends; a plain one also at a colon, where that is asked for. */
function flowScalarEnd(text: string, start: number, end: number, colon: string): number {
  const first = text[start] ?? '';
  if (first === "'" || first === '"') return quoteEnd(text, start, end) ?? end;
  if (first === '{' || first === '[') return flowEnd(text, start, end) ?? end;
  let at = start;
  while (at < end && !',{}[]'.includes(text[at] ?? '')) {
    if (text[at] === colon && /[\s,}]/.test(text[at + 1] ?? ' ')) break;
    at++;
  }
  return at;
}

function passSpace(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && isSpace(text.charCodeAt(at))) at++;
  return at;
}

function trimEnd(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && isSpace(text.charCodeAt(at - 1))) at--;
  return at;
}

function isSpace(code: number): boolean {
  return code === SPACE || code === TAB || code === LINE_FEED || code === CARRIAGE_RETURN;
}

/** A flow scalar's line ends: one is a space, more are one less (YAML 1.2, chapter 6.5). */
function folded(text: string): string {
  if (!text.includes('\n')) return text;
  return text.replace(/[ \t]*((?:\r?\n[ \t]*)+)/g, (_, ends: string) => {
    const count = ends.split('\n').length - 1;
    return count === 1 ? ' ' : '\n'.repeat(count - 1);
  });
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', '0': '\0', _: '\u00a0' };

function doubleQuoted(source: string): string {
  const content = folded(source.slice(1, source.length > 1 && source.endsWith('"') ? -1 : undefined));
  return content.replace(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))/g, (_, x?: string, u?: string, one?: string) =>
    one === undefined ? String.fromCharCode(Number.parseInt(x ?? u ?? '', 16)) : (ESCAPES[one] ?? one),
  );
}

/** `|` keeps line ends, `>` folds them; the end that `+` or nothing would keep is left off. */
function blockText(source: string): string {
  const lines = source.split(/\r?\n/).slice(1);
  const indent = /^ */.exec(lines.find((line) => line.trim() !== '') ?? '')?.[0].length;
  const content = lines.map((line) => line.slice(indent)).join('\n');
  return source[0] === '|' ? content : folded(content);
}
