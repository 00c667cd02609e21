import { HOMEPAGE } from '../data/product.generated.ts';

/** The address of a rule's page: `codeDescription.href`, SARIF's `helpUri`. The only place that builds it. */
export function rulePageUrl(ruleId: string): string {
  return `${HOMEPAGE.replace(/\/+$/, '')}/rules/${ruleId}`;
}
