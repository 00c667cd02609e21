import { pages } from '../data/pages.generated.ts';

/** A rule's page in Markdown; empty for a rule without one, which no released rule is. */
export function rulePage(ruleId: string): string {
  return pages[ruleId] ?? '';
}
