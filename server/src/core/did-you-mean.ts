import { levenshteinEditDistance } from 'levenshtein-edit-distance';

/** A longer name is no slip of the fingers, and comparing it would take long. */
const MAX_NAME_UNITS = 100;

/** The known name nearest to `name`, undefined where none is near enough to be a slip of the fingers. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  if (name.length > MAX_NAME_UNITS) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 4)) + 1;
  for (const candidate of known) {
    const distance = levenshteinEditDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}
