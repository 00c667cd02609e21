import { NO_SPAN, type Span } from '../../core/span.ts';
import { packageId } from '../../formats/allow-scripts.ts';
import type { LockEntry } from '../../formats/lock-model.ts';
import { DEPENDENCY_GROUPS, type PackageJson } from '../../formats/package-json.ts';

/** `3 packages have install scripts`, as the start of a sentence. */
export function countOf(entries: readonly LockEntry[]): string {
  return entries.length === 1 ? 'One package has an install script' : `${entries.length} packages have install scripts`;
}

/** How many names a message has. */
const MAX_NAMES = 5;

/** The first packages by name and version, and how many there are besides. */
export function namesOf(entries: readonly Pick<LockEntry, 'name' | 'version'>[]): string {
  const named = entries.slice(0, MAX_NAMES).map((entry) => `\`${packageId(entry)}\``);
  const rest = entries.length - named.length;
  return rest > 0 ? `${named.join(', ')} and ${rest} more` : named.join(', ');
}

/** The key of the first group of dependencies; the opening brace where there is none. */
export function groupSpan({ groupKeys, openingBrace }: PackageJson): Span {
  return DEPENDENCY_GROUPS.map((group) => groupKeys[group]).find((key) => key !== undefined) ?? openingBrace ?? NO_SPAN;
}
