import type { Span } from './span.ts';

/**
 * A text as a program would read it (escapes decoded, continuations joined, indentation removed), each UTF-16
 * character of which knows the place it came from in the document (`offsetAt`).
 */
export interface MappedText {
  readonly text: string;
  /** Where the first character stands; of an empty text, the place where it would. */
  readonly start: number;
  /**
   * Where the document goes on elsewhere than behind the character before: pairs of an index into `text` and the place of that
   * character, counted from `start`. Ascending; none for a text that stands in the document as it is.
   */
  readonly breaks: readonly number[];
  /** The offset in the document behind the last character. */
  readonly end: number;
}

const NO_BREAKS: readonly number[] = [];

/** The mapped text of a stretch of the document that is read as it stands. */
export function mappedSlice(document: string, start: number, end: number): MappedText {
  return { text: document.slice(start, end), start, breaks: NO_BREAKS, end: Math.max(start, end) };
}

/** A text of which each character has its own place: `offsets` has one for each, and `end` is the place behind the last. */
export function mappedCharacters(text: string, offsets: readonly number[], end: number): MappedText {
  const start = offsets[0] ?? end;
  const breaks: number[] = [];
  for (let i = 1; i < offsets.length; i++) {
    const offset = offsets[i] ?? end;
    if (offset !== (offsets[i - 1] ?? end) + 1) breaks.push(i, offset - start);
  }
  return { text, start, breaks, end };
}

/**
 * The offset in the document of the first character that stands for the character at an index of `text`; `end` outside of it.
 */
export function offsetAt({ text, start, breaks, end }: MappedText, index: number): number {
  if (index < 0 || index >= text.length) return end;
  if (breaks.length === 0 || index < (breaks[0] ?? 0)) return start + index;
  let low = 0;
  let high = breaks.length / 2 - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((breaks[middle * 2] ?? 0) <= index) low = middle;
    else high = middle - 1;
  }
  return start + (breaks[low * 2 + 1] ?? 0) + index - (breaks[low * 2] ?? 0);
}

/** The characters `[start, end)` of a mapped text, as one of its own; `behind` is the place behind them where it is not that of the last. */
export function mappedPart(mapped: MappedText, start: number, end: number, behind?: number): MappedText {
  const text = mapped.text.slice(start, end);
  const place = sourceSpan(mapped, start, end);
  if (mapped.breaks.length === 0) return { text, start: place.start, breaks: NO_BREAKS, end: behind ?? place.end };
  const breaks: number[] = [];
  for (let i = 0; i < mapped.breaks.length; i += 2) {
    const index = mapped.breaks[i] ?? 0;
    if (index > start && index < end) breaks.push(index - start, mapped.start + (mapped.breaks[i + 1] ?? 0) - place.start);
  }
  return { text, start: place.start, breaks: breaks.length === 0 ? NO_BREAKS : breaks, end: behind ?? place.end };
}

/** The same text where it stands so many characters further down in the document. */
export function movedText(mapped: MappedText, by: number): MappedText {
  return { text: mapped.text, start: mapped.start + by, breaks: mapped.breaks, end: mapped.end + by };
}

/** The document's span for the characters `[start, end)` of a mapped text. An empty range gives an empty span. */
export function sourceSpan(mapped: MappedText, start: number, end: number): Span {
  const from = offsetAt(mapped, start);
  if (end <= start) return { start: from, end: from };
  return { start: from, end: end > mapped.text.length ? mapped.end : offsetAt(mapped, end - 1) + 1 };
}

/**
 * Whether the characters `[start, end)` stand in the document just as they are read: nothing escaped, no continuation
 * or comment between them. Only such a stretch may be replaced by an edit.
 */
export function isVerbatim(mapped: MappedText, start: number, end: number): boolean {
  if (start < 0 || end < 1 || start >= mapped.text.length || end > mapped.text.length) return false;
  return offsetAt(mapped, end - 1) - offsetAt(mapped, start) === end - 1 - start;
}

/** Collects a mapped text piece by piece; every added character names its offset in the document. */
export class MappedTextBuilder {
  #text = '';
  #start = 0;
  readonly #breaks: number[] = [];
  /** The offset that the next character has unless a break says otherwise. */
  #next = 0;
  #end = 0;

  /** Adds decoded characters that all stem from the document's span `[start, end)`. */
  addDecoded(decoded: string, start: number, end: number): void {
    const last = Math.max(start, end - 1);
    for (let i = 0; i < decoded.length; i++) this.#place(this.#text.length + i, Math.min(start + i, last));
    this.#text += decoded;
    this.#end = Math.max(this.#end, end);
  }

  /** Adds the document's characters `[start, end)` as they stand. */
  addVerbatim(document: string, start: number, end: number): void {
    if (end > start) {
      this.#place(this.#text.length, start);
      this.#next = end;
      this.#text += document.slice(start, end);
    }
    this.#end = Math.max(this.#end, end);
  }

  /** The text so far. */
  build(): MappedText {
    const start = this.#text === '' ? this.#end : this.#start;
    return { text: this.#text, start, breaks: this.#breaks, end: this.#end };
  }

  #place(index: number, offset: number): void {
    if (index === 0) this.#start = offset;
    else if (offset !== this.#next) this.#breaks.push(index, offset - this.#start);
    this.#next = offset + 1;
  }
}
