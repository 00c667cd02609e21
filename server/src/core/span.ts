/** A half-open range `[start, end)` of UTF-16 offsets into one document's text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The span from `start` to `end`, both UTF-16 offsets; `end` is exclusive. */
export function span(start: number, end: number): Span {
  return { start, end };
}

/** The empty span that a finding without text of its own stands at. */
export const NO_SPAN: Span = { start: 0, end: 0 };

/** Whether `outer` holds the whole of `inner`. */
export function contains(outer: Span, inner: Span): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

/** The same stretch of text where it stands so many characters further down. */
export function movedSpan({ start, end }: Span, by: number): Span {
  return { start: start + by, end: end + by };
}
