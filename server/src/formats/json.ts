import { type Node, type ParseErrorCode, parse, printParseErrorCode } from 'jsonc-parser';
import type { Problem } from '../core/manifest.ts';
import { type MappedText, MappedTextBuilder } from '../core/mapped-text.ts';
import { type Span, span } from '../core/span.ts';

/** How many problems of one document are kept: the first says where to look, the rest is echo. */
export const MAX_PROBLEMS = 20;

/** The span of a string node's content, without quotes; of an empty string both quotes. Tolerates a missing closing quote. */
export function stringContent(text: string, node: Node): Span {
  const start = node.offset;
  const end = start + node.length;
  const closed = node.length >= 2 && text[end - 1] === '"' && text[start] === '"';
  if (node.length === 2 && closed) return span(start, end);
  return span(start + 1, closed ? end - 1 : end);
}

/** A string node's value, each character of which knows its place in the document; escapes (RFC 8259, section 7) are decoded. */
export function stringSource(text: string, node: Node): MappedText {
  const builder = new MappedTextBuilder();
  const closed = text[node.offset + node.length - 1] === '"' && node.length > 1;
  const end = node.offset + node.length - (closed ? 1 : 0);
  let at = node.offset + 1;
  while (at < end) {
    if (text[at] !== '\\') {
      const next = text.indexOf('\\', at);
      const stop = next < 0 || next > end ? end : next;
      builder.addVerbatim(text, at, stop);
      at = stop;
      continue;
    }
    const length = text[at + 1] === 'u' ? 6 : 2;
    const stop = Math.min(at + length, end);
    builder.addDecoded(decodeEscape(text.slice(at, stop)), at, stop);
    at = stop;
  }
  return builder.build();
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function decodeEscape(sequence: string): string {
  const kind = sequence[1] ?? '';
  if (kind === 'u') {
    const code = Number.parseInt(sequence.slice(2), 16);
    return Number.isNaN(code) ? '\ufffd' : String.fromCharCode(code);
  }
  return ESCAPES[kind] ?? kind;
}

/** What a strict JSON parser would refuse, comments and trailing commas included, in document order. */
export function jsonProblems(text: string): Problem[] {
  const problems: Problem[] = [];
  const errors: { error: ParseErrorCode; offset: number; length: number }[] = [];
  const bom = text.startsWith('\ufeff') ? 1 : 0;
  parse(bom === 0 ? text : text.slice(1), errors, { allowTrailingComma: false, disallowComments: true });
  for (const { error, offset, length } of errors.slice(0, MAX_PROBLEMS)) {
    problems.push({ message: describe(printParseErrorCode(error)), span: span(offset + bom, offset + length + bom) });
  }
  return problems;
}

/** `InvalidCommentToken` as words. */
function describe(code: string): string {
  const words = code.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return words.startsWith('invalid') || words.startsWith('unexpected') ? words : words.replace(/ expected$/, ' is missing');
}
