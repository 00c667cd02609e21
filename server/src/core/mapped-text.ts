import type { Span } from './span.ts';

/**
 * A text as a program would read it (escapes decoded, continuations joined, indentation removed), each UTF-16
 * character of which knows the place it came from in the document.
 */
export interface MappedText {
  readonly text: string;
  /** For each character of `text`, the UTF-16 offset in the document of the first character that stands for it. */
  readonly offsets: readonly number[];
  /** The offset in the document behind the last character. */
  readonly end: number;
}

/** The mapped text of a stretch of the document that is read as it stands. */
export function mappedSlice(document: string, start: number, end: number): MappedText {
  const offsets: number[] = [];
  for (let i = start; i < end; i++) offsets.push(i);
  return { text: document.slice(start, end), offsets, end };
}

/** The document's span for the characters `[start, end)` of a mapped text. An empty range gives an empty span. */
export function sourceSpan(mapped: MappedText, start: number, end: number): Span {
  const from = mapped.offsets[start] ?? mapped.end;
  if (end <= start) return { start: from, end: from };
  const last = mapped.offsets[end - 1];
  return { start: from, end: last === undefined ? mapped.end : last + 1 };
}

/**
 * Whether the characters `[start, end)` stand in the document just as they are read: nothing escaped, no continuation
 * or comment between them. Only such a stretch may be replaced by an edit.
 */
export function isVerbatim(mapped: MappedText, start: number, end: number): boolean {
  const first = mapped.offsets[start];
  const last = mapped.offsets[end - 1];
  if (first === undefined || last === undefined) return false;
  return last - first === end - 1 - start;
}

/** Collects a mapped text piece by piece; every added character names its offset in the document. */
export class MappedTextBuilder {
  #text = '';
  readonly #offsets: number[] = [];
  #end = 0;

  /** Adds decoded characters that all stem from the document's span `[start, end)`. */
  addDecoded(decoded: string, start: number, end: number): void {
    for (let i = 0; i < decoded.length; i++) this.#offsets.push(Math.min(start + i, Math.max(start, end - 1)));
    this.#text += decoded;
    this.#end = Math.max(this.#end, end);
  }

  /** Adds the document's characters `[start, end)` as they stand. */
  addVerbatim(document: string, start: number, end: number): void {
    for (let i = start; i < end; i++) this.#offsets.push(i);
    this.#text += document.slice(start, end);
    this.#end = Math.max(this.#end, end);
  }

  /** The text so far. */
  build(): MappedText {
    return { text: this.#text, offsets: this.#offsets, end: this.#end };
  }
}
