import { type AST, parseTOML } from 'toml-eslint-parser';
import type { Problem } from '../core/manifest.ts';
import { type Span, span } from '../core/span.ts';
import { LineIndex, wholeCharacters } from '../core/text.ts';

/** A string, number, boolean or date. */
export interface TomlScalar {
  readonly kind: 'scalar';
  readonly text: string;
  readonly isString: boolean;
  /** The content without quotes; of an empty string both quotes. */
  readonly span: Span;
}

/** An array. */
export interface TomlArray {
  readonly kind: 'array';
  readonly items: readonly TomlValue[];
  readonly span: Span;
}

/** An inline table. */
export interface TomlTable {
  readonly kind: 'table';
  readonly entries: readonly TomlEntry[];
  readonly span: Span;
}

/** A value. */
export type TomlValue = TomlScalar | TomlArray | TomlTable;

/** A `key = value`, with the keys of the table it stands in; an array of tables counts as one table for each of its elements. */
export interface TomlEntry {
  readonly path: readonly string[];
  /** The last part of the key, without quotes. */
  readonly keySpan: Span;
  readonly value: TomlValue;
}

/** A TOML document, read as far as it can be. */
export interface TomlDocument {
  readonly lines: LineIndex;
  /** In document order. */
  readonly entries: readonly TomlEntry[];
  /** In document order, at most `MAX_PROBLEMS`. */
  readonly problems: readonly Problem[];
}

/** How often a broken document is read again without what was wrong with it; then what lies behind is given up. */
const MAX_PROBLEMS = 10;

/** Settings are some hundred units; longer texts are not worth the library's time. */
const MAX_UNITS = 64_000;

/**
 * Reads a TOML document (toml.io, version 1.0). Never throws. The library stops at the first error, so the line of the error is
 * blanked and the rest is read again; an error at the end is a bracket or quote that was not closed, and its statement goes.
 */
export function parseToml(text: string): TomlDocument {
  const lines = new LineIndex(text);
  const problems: Problem[] = [];
  // The byte order mark is no key.
  let rest = text.replace(/^\ufeff/, ' ');
  if (text.length > MAX_UNITS) return { lines, entries: [], problems: [{ message: 'this is too long for settings', span: span(0, 0) }] };
  for (;;) {
    const result = tryParse(rest);
    if ('program' in result) return { lines, entries: readProgram(result.program), problems: sorted(problems) };
    const { message, index } = result;
    const at = Math.min(index, text.length);
    problems.push({ message, span: wholeCharacters(text, span(at, Math.min(at + 1, text.length))) });
    if (problems.length >= MAX_PROBLEMS) rest = rest.slice(0, statementStart(rest, at));
    else rest = withoutError(rest, at, lines);
  }
}

function sorted(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => a.span.start - b.span.start).slice(0, MAX_PROBLEMS);
}

type Attempt = { readonly program: AST.TOMLProgram } | { readonly message: string; readonly index: number };

function tryParse(text: string): Attempt {
  try {
    return { program: parseTOML(text) };
  } catch (error) {
    // The library's own error says where; anything else is nesting that exhausts the stack.
    const index = typeof error === 'object' && error !== null && 'index' in error ? Number(error.index) : Number.NaN;
    if (!(error instanceof Error) || Number.isNaN(index)) return { message: 'this is nested too deeply', index: 0 };
    return { message: error.message.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase()).replace(/\.$/, ''), index };
  }
}

/**
 * The text with the line of an error blanked; where nothing is left on that line, everything from the statement it belongs to. What is
 * missing at a line's end is reported at the start of the next: where the text before does not stand alone, the line before it goes.
 */
function withoutError(text: string, at: number, lines: LineIndex): string {
  let line = lines.positionAt(at).line;
  if (line > 0 && lines.lineSpan(line).start === at && 'message' in tryParse(text.slice(0, at)))
    do line--;
    while (line > 0 && isBlank(text, lines, line));
  const { start, end } = lines.lineSpan(line);
  if (!isBlank(text, lines, line) && start < text.length && at < text.length)
    return text.slice(0, start) + ' '.repeat(end - start) + text.slice(end);
  return text.slice(0, statementStart(text, at));
}

function isBlank(text: string, lines: LineIndex, line: number): boolean {
  const { start, end } = lines.lineSpan(line);
  return text.slice(start, end).trim() === '';
}

/** The start of the last line at or before an offset that begins like a statement: `key =` or `[table`. */
function statementStart(text: string, at: number): number {
  let start = at;
  for (let end = Math.max(0, Math.min(at, text.length)); ; end = start - 1) {
    start = end <= 0 ? 0 : text.lastIndexOf('\n', end - 1) + 1;
    if (start === 0 || /^[ \t]*(?:\[\[?[\w"'.\- ]+\]|[\w"'.-]+(?:[ \t]*\.[ \t]*[\w"'-]+)*[ \t]*=)/.test(text.slice(start, start + 200)))
      return start;
  }
}

function readProgram(program: AST.TOMLProgram): TomlEntry[] {
  const entries: TomlEntry[] = [];
  for (const node of program.body[0].body) {
    if (node.type === 'TOMLKeyValue') entries.push(readEntry([], node));
    else for (const entry of node.body) entries.push(readEntry(keysOf(node.key), entry));
  }
  return entries;
}

function readEntry(table: readonly string[], { key, value }: AST.TOMLKeyValue): TomlEntry {
  const last = key.keys.at(-1);
  const [start, end] = last?.range ?? key.range;
  const quoted = last?.type === 'TOMLQuoted' && end - start > 2 ? 1 : 0;
  return { path: [...table, ...keysOf(key)], keySpan: span(start + quoted, end - quoted), value: readValue(value) };
}

function keysOf(key: AST.TOMLKey): string[] {
  return key.keys.map((part) => (part.type === 'TOMLBare' ? part.name : part.value));
}

function readValue(node: AST.TOMLContentNode): TomlValue {
  const [start, end] = node.range;
  if (node.type === 'TOMLArray') return { kind: 'array', items: node.elements.map(readValue), span: span(start, end) };
  if (node.type === 'TOMLInlineTable')
    return { kind: 'table', entries: node.body.map((entry) => readEntry([], entry)), span: span(start, end) };
  if (node.kind === 'string') {
    const quotes = node.multiline ? 3 : 1;
    const content = end - start <= 2 * quotes ? span(start, end) : span(start + quotes, end - quotes);
    return { kind: 'scalar', text: node.value, isString: true, span: content };
  }
  const text =
    node.kind === 'integer' || node.kind === 'float' ? node.number : node.kind === 'boolean' ? String(node.value) : node.datetime;
  return { kind: 'scalar', text, isString: false, span: span(start, end) };
}
