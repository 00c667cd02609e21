import type { YamlScalar } from './yaml-document.ts';
import { behindSpaces, isRest, type Line, lineAt, UNIT } from './yaml-line.ts';
import { contentSpan, mapScalar, type ScalarToken } from './yaml-scalars.ts';

/** Where a block scalar begins. */
export interface BlockPlace {
  /** Its header. */
  readonly start: number;
  /** The header's line. */
  readonly line: Line;
  /** The indentation of the map that it stands in. */
  readonly indent: number;
}

/**
 * A block scalar as `Lexer.parseBlockScalar` of the `yaml` library cuts it out; undefined where the library has to read: with an
 * indentation indicator, without content, or with white space where it may be content.
 */
export function blockScalar(text: string, { start, line, indent }: BlockPlace): YamlScalar | undefined {
  const style = text.charCodeAt(start) === UNIT.bar ? 'literal' : 'folded';
  const chomp = text.charCodeAt(start + 1);
  const header = text.slice(start, chomp === UNIT.plus || chomp === UNIT.dash ? start + 2 : start + 1);
  const body = line.next;
  if (!isRest(text, start + header.length, line.end) || body === line.end) return undefined;
  const found = bodyAt(text, body, { atLeast: indent + 1, keepsEmpty: chomp === UNIT.plus });
  if (found === undefined) return undefined;
  const raw = { start: body, end: found.end };
  const token: ScalarToken = { style, raw, header, indent };
  return {
    kind: 'scalar',
    style,
    raw,
    header,
    indent,
    text: (style === 'literal' ? literalText(text, token, found.indent) : undefined) ?? mapScalar(text, token).text,
    span: contentSpan(text, token),
    restAt: start + header.length,
    isNull: false,
    aliases: [],
  };
}

/** Where a body ends whose lines have to be indented at least so much, and how much its first one is. */
function bodyAt(
  text: string,
  body: number,
  { atLeast, keepsEmpty }: { readonly atLeast: number; readonly keepsEmpty: boolean },
): { readonly end: number; readonly indent: number } | undefined {
  let first = body;
  while (isLineEnd(text, first)) first++;
  const content = behindSpaces(text, first);
  const indent = content - first;
  // A line of nothing but spaces in front of the first one that has something is the library's.
  if (indent < atLeast || content >= text.length || isLineEnd(text, content)) return undefined;
  let end = body;
  for (let at = first; at < text.length; at = end) {
    const stop = behindSpaces(text, at);
    if (stop - at < indent && !isLineEnd(text, stop)) {
      if (text.charCodeAt(stop) === UNIT.tab) return undefined;
      break;
    }
    end = lineAt(text, at).next;
  }
  return { end: keepsEmpty ? end : withoutEmptyLines(text, { body, end, indent }), indent };
}

/** Lines at the end that have at most so many spaces and nothing else do not belong to a block scalar. */
function withoutEmptyLines(
  text: string,
  { body, end, indent }: { readonly body: number; readonly end: number; readonly indent: number },
): number {
  for (let stop = end; ; ) {
    let at = stop - 1;
    // The last line may end with the text.
    if (text.charCodeAt(at) === UNIT.feed) at--;
    if (text.charCodeAt(at) === UNIT.return) at--;
    const last = at;
    while (text.charCodeAt(at) === UNIT.space) at--;
    if (text.charCodeAt(at) !== UNIT.feed || at < body || last - at > indent) return stop;
    stop = at + 1;
  }
}

/** A literal scalar's value; undefined where it ends with empty lines, of which some may belong to it. */
function literalText(text: string, { raw, header }: ScalarToken, indent: number): string | undefined {
  let value = '';
  let isEmpty = true;
  for (let at = raw.start; at < raw.end; ) {
    const { end, next } = lineAt(text, at);
    isEmpty = behindSpaces(text, at) >= end;
    if (value !== '' || at > raw.start) value += '\n';
    value += text.slice(Math.min(at + indent, end), end);
    at = next;
  }
  if (isEmpty) return undefined;
  return header.endsWith('-') ? value : `${value}\n`;
}

function isLineEnd(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit === UNIT.feed || unit === UNIT.return;
}
