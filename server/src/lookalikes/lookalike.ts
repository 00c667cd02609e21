import type { Difference } from './compare.ts';

/** How sure it is that a name means to be taken for another. */
export type Confidence = 'certain' | 'high' | 'medium' | 'low';

/** A name that looks like another. */
export interface Lookalike {
  /** The name that it looks like; empty for a name of removed malware that imitates none. */
  readonly target: string;
  readonly kind: Difference;
  readonly confidence: Confidence;
  /** How much the target is used: see `Targets.weights`. */
  readonly weight: number;
}

const ORDER: readonly Confidence[] = ['low', 'medium', 'high', 'certain'];

/** The surest of several, and of equally sure ones the most used target. */
export function surest(found: readonly Lookalike[]): Lookalike | undefined {
  return [...found].sort(
    (a, b) => ORDER.indexOf(b.confidence) - ORDER.indexOf(a.confidence) || b.weight - a.weight || (a.target < b.target ? -1 : 1),
  )[0];
}
