import { type MappedText, mappedCharacters, offsetAt } from '../core/mapped-text.ts';
import { type Span, span } from '../core/span.ts';
import { parseJson, stringSource } from './json.ts';

/** The words of a text that stand between blanks, as offsets into it (BuildKit's `parseStringsWhitespaceDelimited`). */
export function splitWords(text: string): Span[] {
  const words: Span[] = [];
  for (let at = 0; at < text.length; ) {
    while (at < text.length && isBlank(text.charCodeAt(at))) at++;
    const start = at;
    while (at < text.length && !isBlank(text.charCodeAt(at))) at++;
    if (at > start) words.push(span(start, at));
  }
  return words;
}

/** Tab, vertical tab, form feed, carriage return and blank: no line feed. */
function isBlank(code: number): boolean {
  return code === 32 || code === 9 || (code >= 11 && code <= 13);
}

function isSpace(char: string): boolean {
  return char <= ' ' || char > '~' ? /\s/.test(char) : false;
}

/** The words of a text, as offsets into it; quotes and escapes keep blanks inside a word and stay part of it (`parseWords`). */
export function splitQuotedWords(text: string, escapeChar: string): Span[] {
  const words: Span[] = [];
  let start = -1;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (quote === '' && isSpace(char)) {
      if (start >= 0) words.push(span(start, at));
      start = -1;
      continue;
    }
    if (start < 0) start = at;
    if (char === escapeChar && quote !== "'") at++;
    else if (quote === '' ? char === '"' || char === "'" : char === quote) quote = quote === '' ? char : '';
  }
  if (start >= 0) words.push(span(start, text.length));
  return words;
}

/** A word without the pair of quotes that surrounds the whole of it, as offsets into the text; the word itself where none does. */
export function withoutQuotes(text: string, { start, end }: Span): Span {
  const quote = text[start];
  if (end - start < 2 || (quote !== '"' && quote !== "'") || text[end - 1] !== quote) return span(start, end);
  return text.slice(start + 1, end - 1).includes(quote) ? span(start, end) : span(start + 1, end - 1);
}

/** The strings of the JSON form (`["npm", "ci"]`), escapes decoded; undefined where the text is no JSON array of strings. */
export function readJsonWords(args: MappedText): MappedText[] | undefined {
  if (!args.text.startsWith('[')) return undefined;
  const { root, problems } = parseJson(args.text);
  if (root?.type !== 'array' || problems.length > 0) return undefined;
  const words: MappedText[] = [];
  for (const node of root.items) {
    if (node.type !== 'string') return undefined;
    const inner = stringSource(args.text, node);
    const offsets = Array.from({ length: inner.text.length }, (_, i) => offsetAt(args, offsetAt(inner, i)));
    words.push(mappedCharacters(inner.text, offsets, offsetAt(args, node.end - 1)));
  }
  return words;
}
