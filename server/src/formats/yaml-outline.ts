import type { LineIndex } from '../core/text.ts';
import type { YamlScalar } from './yaml-document.ts';
import { contentSpan, mapScalar, type ScalarToken } from './yaml-scalars.ts';

/** A `key: value` line, found without a parser. */
export interface OutlineEntry {
  /** The keys above it by indentation, and its own; sequences are not counted. */
  readonly path: readonly string[];
  readonly value: YamlScalar;
}

const KEY = /^(?:-[ \t]+)*(?:"([^"]*)"|'([^']*)'|([^\s"'#{}[\],&*!|>%@`:-][^\s:#]*))[ \t]*:(?=[ \t]|$)[ \t]*/;
const PROPERTIES = /^(?:[&!][^\s,[\]{}]*[ \t]+)+/;
const BLOCK_HEADER = /^([|>][-+1-9]*)[ \t]*(?:#.*)?$/;

/**
 * Reads `key: value` lines from the line of `from` to the end by indentation alone: what can still be known of a document
 * that a parser gave up on. Comments and the text of block scalars are not taken for keys. Linear; never throws.
 */
export function outlineFrom(text: string, lines: LineIndex, from: number): OutlineEntry[] {
  const entries: OutlineEntry[] = [];
  const firstLine = lines.positionAt(from).line;
  const open: { readonly key: string; readonly column: number }[] = [];
  for (let line = 0; line < lines.lineCount; line++) {
    const { start, end } = lines.lineSpan(line);
    const content = text.slice(start, end);
    const indent = content.length - content.trimStart().length;
    const match = KEY.exec(content.slice(indent));
    if (match === null) continue;
    const [whole, double, single, plain] = match;
    const key = double ?? single ?? plain ?? '';
    const dashes = /^(?:-[ \t]+)*/.exec(whole)?.[0].length ?? 0;
    const column = indent + dashes;
    // A dash ends the keys of the item before it, however little the items agree in their indentation.
    const level = dashes > 0 ? indent + 1 : column;
    while ((open.at(-1)?.column ?? -1) >= level) open.pop();
    open.push({ key, column });
    const rest = content.slice(indent + whole.length);
    const properties = PROPERTIES.exec(rest)?.[0].length ?? 0;
    const at = start + indent + whole.length + properties;
    const header = BLOCK_HEADER.exec(rest.slice(properties))?.[1];
    const token = header === undefined ? flowToken(text, at, end) : blockToken(lines, { header, line, column });
    if (line >= firstLine && token !== undefined)
      entries.push({ path: open.map((parent) => parent.key), value: toScalar(text, token, at) });
    if (header !== undefined) line = Math.max(line, endOfBlock(lines, line, column) - 1);
  }
  return entries;
}

/** A value on the key's own line: quoted up to its closing quote, plain up to a comment. */
function flowToken(text: string, start: number, lineEnd: number): ScalarToken | undefined {
  const rest = text.slice(start, lineEnd);
  const quote = rest[0];
  if (quote === '"' || quote === "'") {
    const close = rest.indexOf(quote, 1);
    const end = close < 0 ? start + rest.trimEnd().length : start + close + 1;
    return { style: quote === '"' ? 'double' : 'single', raw: { start, end }, header: '', indent: 0 };
  }
  const plain = rest.replace(/(?:^|[ \t])#.*$/, '').trimEnd();
  return plain === '' || /^[{[*]/.test(plain)
    ? undefined
    : { style: 'plain', raw: { start, end: start + plain.length }, header: '', indent: 0 };
}

interface Block {
  readonly header: string;
  readonly line: number;
  readonly column: number;
}

function blockToken(lines: LineIndex, { header, line, column }: Block): ScalarToken {
  const stop = endOfBlock(lines, line, column);
  const start = lines.lineSpan(line + 1).start;
  const end = stop >= lines.lineCount ? lines.text.length : lines.lineSpan(stop).start;
  const style = header.startsWith('|') ? 'literal' : 'folded';
  return { style, raw: { start, end: Math.max(start, end) }, header, indent: column };
}

/** The first line below a block scalar's header that is neither empty nor indented more than its key. */
function endOfBlock(lines: LineIndex, header: number, column: number): number {
  let line = header + 1;
  for (; line < lines.lineCount; line++) {
    const content = lines.lineText(line);
    const indent = content.length - content.trimStart().length;
    if (content.trim() !== '' && indent <= column) break;
  }
  return line;
}

function toScalar(text: string, token: ScalarToken, at: number): YamlScalar {
  return {
    kind: 'scalar',
    ...token,
    text: mapScalar(text, token).text,
    span: contentSpan(text, token),
    restAt: token.header === '' ? token.raw.end : at + token.header.length,
    isNull: false,
    aliases: [],
  };
}
