import type { Confidence, Difference, Lookalike } from '../core/lookalike.ts';
import { withoutDelimiters } from './compare.ts';
import { DELIMITER_COST, slipCost } from './slip-cost.ts';

const ORDER: readonly Confidence[] = ['low', 'medium', 'high', 'certain'];

/** How near a name is that differs by more than slips, in the unit of `slipCost`. */
const COSTS: Partial<Readonly<Record<Difference, number>>> = {
  'scope-flattened': 6,
  'scope-dropped': 5,
  scope: 5,
  affix: 9,
  version: 8,
  reorder: 6,
  anagram: 12,
};

/** How much nearer a target seems that is used twice as much: a thousandfold use outweighs about one slip. */
const DOUBLING = 0.6;

/**
 * The one of several that a name is most likely taken for: the nearest, and of equally near ones the most used. That it is
 * taken for one of them is as sure as the surest of them.
 */
export function surest(name: string, found: readonly Lookalike[]): Lookalike | undefined {
  if (found.length < 2) return found[0];
  const bare = withoutDelimiters(name);
  const distance = ({ target, kind, weight }: Lookalike): number => {
    const slips = COSTS[kind] ?? slipCost(bare, withoutDelimiters(target));
    return slips + (kind === 'edit-delimiter' || kind === 'delimiter' ? DELIMITER_COST : 0) - (weight / 8) * DOUBLING;
  };
  const [nearest] = found
    .map((one) => ({ one, distance: distance(one) }))
    .sort((a, b) => a.distance - b.distance || b.one.weight - a.one.weight || (a.one.target < b.one.target ? -1 : 1));
  const sureness = Math.max(...found.map(({ confidence }) => ORDER.indexOf(confidence)));
  return nearest && { ...nearest.one, confidence: ORDER[sureness] ?? nearest.one.confidence };
}
