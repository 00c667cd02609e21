import type { Span } from './span.ts';

/** A place in a document: zero-based line, zero-based UTF-16 character, as in LSP. */
export interface Position {
  readonly line: number;
  readonly character: number;
}

/** Two positions; `end` is exclusive. */
export interface Range {
  readonly start: Position;
  readonly end: Position;
}

/**
 * Offset to position and back, for one text. Lines end at `\n`, `\r\n` or a lone `\r`, as in LSP
 * (specification 3.17, "Text Documents").
 */
export class LineIndex {
  readonly text: string;
  /** Made when first asked for: many texts are read without anybody wanting to know a line. */
  #known: readonly number[] | undefined;

  constructor(text: string) {
    this.text = text;
  }

  get #starts(): readonly number[] {
    this.#known ??= lineStarts(this.text);
    return this.#known;
  }

  /** How many lines the text has; an empty text has one. */
  get lineCount(): number {
    return this.#starts.length;
  }

  /** The position of a UTF-16 offset; offsets outside the text are moved to its nearest end. */
  positionAt(offset: number): Position {
    const at = Math.max(0, Math.min(offset, this.text.length));
    const line = this.#lineAt(at);
    return { line, character: at - (this.#starts[line] ?? 0) };
  }

  /** The range of a span of UTF-16 offsets. */
  rangeOf(span: Span): Range {
    return { start: this.positionAt(span.start), end: this.positionAt(span.end) };
  }

  /** The UTF-16 offset of a position; a character behind the line's end means that end. */
  offsetAt(position: Position): number {
    if (position.line >= this.#starts.length) return this.text.length;
    const { start, end } = this.lineSpan(Math.max(0, position.line));
    return Math.min(start + Math.max(0, position.character), end);
  }

  /** The span of a zero-based line without its line end; a line that does not exist is empty at the text's end. */
  lineSpan(line: number): Span {
    const start = this.#starts[line] ?? this.text.length;
    const next = this.#starts[line + 1];
    if (next === undefined) return { start, end: this.text.length };
    let end = next;
    while (end > start && (this.text[end - 1] === '\n' || this.text[end - 1] === '\r')) end--;
    return { start, end };
  }

  /** The text of a zero-based line, without its line end. */
  lineText(line: number): string {
    const { start, end } = this.lineSpan(line);
    return this.text.slice(start, end);
  }

  #lineAt(offset: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 13 && text.charCodeAt(i + 1) === 10) i++;
    else if (code !== 10 && code !== 13) continue;
    starts.push(i + 1);
  }
  return starts;
}

/** A span that is widened where it starts or ends inside a surrogate pair: libraries count UTF-16 units, editors show characters. */
export function wholeCharacters(text: string, { start, end }: Span): Span {
  return { start: splitsPair(text, start) ? start - 1 : start, end: splitsPair(text, end) ? end + 1 : end };
}

/** Whether an offset stands between the two halves of a character outside of the Basic Multilingual Plane. */
export function splitsPair(text: string, offset: number): boolean {
  const before = text.charCodeAt(offset - 1);
  const behind = text.charCodeAt(offset);
  return before >= 0xd800 && before <= 0xdbff && behind >= 0xdc00 && behind <= 0xdfff;
}

/** The line end that a text uses first, `\n` where it has none: what an inserted line should end with. */
export function lineEndOf(text: string): '\n' | '\r\n' {
  const at = text.indexOf('\n');
  return at > 0 && text[at - 1] === '\r' ? '\r\n' : '\n';
}
