import { type MappedText, MappedTextBuilder, mappedSlice } from '../core/mapped-text.ts';
import type { Span } from '../core/span.ts';

/** How a YAML scalar is written (YAML 1.2.2, chapters 7.3 and 8.1). */
export type YamlStyle = 'plain' | 'single' | 'double' | 'literal' | 'folded';

/** Where a scalar stands and what is needed to read it. */
export interface ScalarToken {
  readonly style: YamlStyle;
  /** The scalar as written: with its quotes; of a block scalar the lines below the header. */
  readonly raw: Span;
  /** Of a block scalar: `|`, `>-`, `|2+`; else empty. */
  readonly header: string;
  /** Of a block scalar: the indentation that its own is counted from. */
  readonly indent: number;
}

/**
 * A scalar's value as YAML reads it, each character with its place: quotes and indentation removed, escapes decoded,
 * lines folded. Reads what is broken as the `yaml` library does; never fails.
 */
export function mapScalar(document: string, token: ScalarToken): MappedText {
  return mapSimple(document, token) ?? mapWritten(document, token);
}

/** A flow scalar on one line, in which nothing is escaped: most are, and they are read at every key. */
function mapSimple(document: string, { style, raw }: ScalarToken): MappedText | undefined {
  if (style === 'literal' || style === 'folded') return undefined;
  const isQuoted = style !== 'plain';
  if (isQuoted && !closed(document, raw)) return undefined;
  const [start, end] = isQuoted ? [raw.start + 1, raw.end - 1] : [raw.start, raw.end];
  if (start >= end) return undefined;
  const mapped = mappedSlice(document, start, end);
  return (isQuoted ? /[\n\\']/ : /\n/).test(mapped.text) ? undefined : mapped;
}

function mapWritten(document: string, token: ScalarToken): MappedText {
  const builder = new MappedTextBuilder();
  const { start, end } = token.raw;
  if (token.style === 'literal' || token.style === 'folded') addBlock(builder, document, token);
  else if (token.style === 'double') addDouble(builder, document, start + 1, closed(document, token.raw) ? end - 1 : end);
  else if (token.style === 'plain') addFolded(builder, document, { span: token.raw, isQuoted: false });
  else addFolded(builder, document, { span: { start: start + 1, end: closed(document, token.raw) ? end - 1 : end }, isQuoted: true });
  const mapped = builder.build();
  return mapped.text === '' ? mappedSlice('', start, start) : mapped;
}

/** The span of a flow scalar's content, without quotes; of an empty quoted one both quotes. */
export function contentSpan(document: string, { style, raw }: ScalarToken): Span {
  if (style === 'single' || style === 'double') {
    const end = closed(document, raw) ? raw.end - 1 : raw.end;
    return end - raw.start <= 1 ? raw : { start: raw.start + 1, end };
  }
  if (style === 'plain') return raw;
  // A block scalar: from its first to its last character that is not white space.
  const body = document.slice(raw.start, raw.end);
  const trimmed = body.trimStart();
  if (trimmed === '') return { start: raw.start, end: raw.start };
  const start = raw.start + body.length - trimmed.length;
  return { start, end: start + trimmed.trimEnd().length };
}

function closed(document: string, { start, end }: Span): boolean {
  return end - start >= 2 && document[end - 1] === document[start];
}

/** A line of the document's stretch: its content without white space at the ends that folding removes, and its line end. */
interface Line {
  readonly start: number;
  readonly end: number;
  /** Where the next line starts; `end` on the last one. */
  readonly next: number;
}

function* linesOf(document: string, { start, end }: Span): Generator<Line> {
  for (let at = start; ; ) {
    const feed = document.indexOf('\n', at);
    if (feed < 0 || feed >= end) {
      yield { start: at, end, next: end };
      return;
    }
    yield { start: at, end: feed > at && document[feed - 1] === '\r' ? feed - 1 : feed, next: feed + 1 };
    at = feed + 1;
  }
}

/** Plain and single-quoted scalars: a line end is a space, n line ends are n - 1 line feeds. */
function addFolded(
  builder: MappedTextBuilder,
  document: string,
  { span, isQuoted }: { readonly span: Span; readonly isQuoted: boolean },
): void {
  let separator = '';
  let separatorStart = span.start;
  for (const line of linesOf(document, span)) {
    const isFirst = line.start === span.start;
    const isLast = line.next === line.end;
    const start = isFirst ? line.start : skipBlanks(document, line.start, line.end);
    const end = isLast ? line.end : trimBlanks(document, start, line.end);
    if (start < end || isFirst || isLast) {
      if (!isFirst) builder.addDecoded(separator, separatorStart, line.start);
      if (isQuoted) addSingle(builder, document, start, end);
      else builder.addVerbatim(document, start, end);
      separator = ' ';
    } else {
      if (separator === '\n') builder.addDecoded('\n', separatorStart, line.start);
      separator = '\n';
    }
    separatorStart = line.end;
  }
}

/** A line of a single-quoted scalar: `''` is a quote. */
function addSingle(builder: MappedTextBuilder, document: string, start: number, end: number): void {
  for (let at = start; at < end; ) {
    const pair = document.indexOf("''", at);
    const stop = pair < 0 || pair + 2 > end ? end : pair;
    builder.addVerbatim(document, at, stop);
    if (stop < end) builder.addDecoded("'", stop, stop + 2);
    at = stop < end ? stop + 2 : end;
  }
}

function skipBlanks(document: string, start: number, end: number): number {
  let at = start;
  while (at < end && (document[at] === ' ' || document[at] === '\t')) at++;
  return at;
}

function trimBlanks(document: string, start: number, end: number): number {
  let at = end;
  while (at > start && (document[at - 1] === ' ' || document[at - 1] === '\t')) at--;
  return at;
}

/** What a double-quoted scalar's escapes stand for (YAML 1.2.2, section 5.7). */
const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  N: '\u0085',
  _: '\u00a0',
  L: '\u2028',
  P: '\u2029',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  '\t': '\t',
};

const CODE_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

function addDouble(builder: MappedTextBuilder, document: string, start: number, end: number): void {
  const special = /[\\\n]/g;
  for (let at = start; at < end; ) {
    special.lastIndex = at;
    const match = special.exec(document);
    const found = match === null || match.index >= end ? end : match.index;
    const isLineEnd = found < end && document[found] === '\n';
    const carriage = isLineEnd && found > at && document[found - 1] === '\r' ? found - 1 : found;
    const stop = isLineEnd ? trimBlanks(document, at, carriage) : found;
    builder.addVerbatim(document, at, stop);
    if (found === end) return;
    at = isLineEnd ? addLineEnd(builder, document, stop, end) : addEscape(builder, document, stop, end);
  }
}

/** An escape sequence at `at`; returns the offset behind it. */
function addEscape(builder: MappedTextBuilder, document: string, at: number, end: number): number {
  const kind = document[at + 1] ?? '';
  const simple = Object.hasOwn(ESCAPES, kind) ? ESCAPES[kind] : undefined;
  const stop = Math.min(at + 2, end);
  if (simple !== undefined) {
    builder.addDecoded(simple, at, stop);
    return stop;
  }
  if (kind === '\n' || (kind === '\r' && document[at + 2] === '\n')) return skipBlanks(document, at + (kind === '\n' ? 2 : 3), end);
  const digits = Object.hasOwn(CODE_DIGITS, kind) ? (CODE_DIGITS[kind] ?? 0) : 0;
  const code = document.slice(stop, Math.min(stop + digits, end));
  const point = Number.parseInt(code, 16);
  if (digits === 0 || code.length < digits || !/^[0-9a-f]+$/i.test(code) || point > 0x10ffff) {
    builder.addVerbatim(document, at, Math.min(stop + digits, end));
    return Math.min(stop + digits, end);
  }
  builder.addDecoded(String.fromCodePoint(point), at, stop + digits);
  return stop + digits;
}

/** A line end in a double-quoted scalar, with the white space around it and empty lines below; returns the offset behind. */
function addLineEnd(builder: MappedTextBuilder, document: string, at: number, end: number): number {
  let feeds = 0;
  let stop = at;
  for (; stop < end; stop++) {
    const character = document[stop];
    if (character === '\n') feeds++;
    else if (character !== ' ' && character !== '\t' && !(character === '\r' && document[stop + 1] === '\n')) break;
  }
  builder.addDecoded(feeds > 1 ? '\n'.repeat(feeds - 1) : ' ', at, stop);
  return stop;
}

/** A line of a block scalar. */
interface BlockLine extends Line {
  /** How many spaces it starts with. */
  readonly indent: number;
  readonly isEmpty: boolean;
}

function blockLines(document: string, raw: Span): BlockLine[] {
  const lines: BlockLine[] = [];
  for (const line of linesOf(document, raw)) {
    let at = line.start;
    while (at < line.end && document[at] === ' ') at++;
    lines.push({ ...line, indent: at - line.start, isEmpty: at === line.end });
  }
  return lines;
}

/** A block scalar (YAML 1.2.2, section 8.1); the steps are those of the library's `resolveBlockScalar`. */
function addBlock(builder: MappedTextBuilder, document: string, { raw, header, style, indent }: ScalarToken): void {
  if (raw.end <= raw.start) return;
  const lines = blockLines(document, raw);
  const chomp = header.includes('+') ? '+' : header.includes('-') ? '-' : '';
  const explicit = Number(/[1-9]/.exec(header)?.[0] ?? 0);
  let stop = lines.findLastIndex((line) => !line.isEmpty) + 1;
  if (stop === 0) {
    if (chomp === '+') builder.addDecoded('\n'.repeat(Math.max(1, lines.length - 1)), raw.start, raw.end);
    return;
  }
  const first = lines.findIndex((line) => !line.isEmpty);
  const trim = explicit > 0 ? indent + explicit : (lines[first]?.indent ?? 0);
  const trailing = lines.findLastIndex((line, i) => i >= stop && line.indent > trim);
  if (trailing >= 0) stop = trailing + 1;
  for (const line of lines.slice(0, first)) addLine(builder, document, line, { trim, feed: true });
  if (style === 'literal') addLiteral(builder, document, lines.slice(first, stop), trim);
  else addFoldedBlock(builder, document, lines.slice(first, stop), trim);
  const last = lines[stop - 1];
  if (last === undefined || chomp === '-') return;
  if (chomp === '') {
    // At the end of a document the line end may be only meant: it then stands at the last character that is there.
    const isWritten = last.next > last.end;
    builder.addDecoded('\n', isWritten ? last.end : Math.max(raw.start, last.end - 1), last.next);
    return;
  }
  const kept = lines.slice(stop);
  let before = last;
  for (const line of kept) {
    builder.addDecoded('\n', before.end, before.next);
    addLine(builder, document, line, { trim, feed: false });
    before = line;
  }
  if (kept.length === 0 || before.start + trim < before.end) builder.addDecoded('\n', before.end, Math.max(before.next, before.end + 1));
}

/** A line without its indentation, with its line end where that is part of the value. */
function addLine(
  builder: MappedTextBuilder,
  document: string,
  line: BlockLine,
  { trim, feed }: { readonly trim: number; readonly feed: boolean },
): void {
  builder.addVerbatim(document, line.start + Math.min(trim, line.indent), line.end);
  if (feed) builder.addDecoded('\n', line.end, Math.max(line.next, line.end + 1));
}

function addLiteral(builder: MappedTextBuilder, document: string, lines: readonly BlockLine[], trim: number): void {
  lines.forEach((line, i) => {
    addLine(builder, document, line, { trim, feed: i < lines.length - 1 });
  });
}

function addFoldedBlock(builder: MappedTextBuilder, document: string, lines: readonly BlockLine[], trim: number): void {
  let separator = '';
  let before: BlockLine | undefined;
  let wasMoreIndented = false;
  for (const line of lines) {
    const isMoreIndented = line.indent > trim || document[line.start + line.indent] === '\t';
    if (isMoreIndented) {
      if (separator === ' ') separator = '\n';
      else if (!wasMoreIndented && separator === '\n') separator = '\n\n';
    } else if (line.isEmpty) {
      if (separator === '\n' && before !== undefined) builder.addDecoded('\n', before.end, before.next);
      else separator = '\n';
      before = line;
      continue;
    }
    if (before !== undefined) builder.addDecoded(separator, before.end, before.next);
    addLine(builder, document, line, { trim, feed: false });
    separator = isMoreIndented ? '\n' : ' ';
    wasMoreIndented = isMoreIndented;
    before = line;
  }
}
