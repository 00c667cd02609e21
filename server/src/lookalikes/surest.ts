import type { Confidence, Lookalike } from '../core/lookalike.ts';

const ORDER: readonly Confidence[] = ['low', 'medium', 'high', 'certain'];

/** The surest of several, and of equally sure ones the most used target. */
export function surest(found: readonly Lookalike[]): Lookalike | undefined {
  return [...found].sort(
    (a, b) => ORDER.indexOf(b.confidence) - ORDER.indexOf(a.confidence) || b.weight - a.weight || (a.target < b.target ? -1 : 1),
  )[0];
}
