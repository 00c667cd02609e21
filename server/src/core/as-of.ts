/**
 * A time as people read it, to the minute: when a server said what is shown. In UTC, which needs no guess about the reader. `at` is
 * milliseconds since the epoch; what is no time, as a foreign answer may have it, is said so.
 */
export function minuteOf(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? 'an unknown time' : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
