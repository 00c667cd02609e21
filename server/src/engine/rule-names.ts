import { nearest } from '../core/did-you-mean.ts';
import { areaOf } from '../policy/policy.ts';
import { rules } from '../rules/index.ts';

const IDS: readonly string[] = rules.map(({ meta }) => meta.id);
const NAMES: ReadonlySet<string> = new Set([...IDS, ...IDS.map((id) => `${areaOf(id)}/*`)]);

/** What is wrong with a rule's name in a setting, a policy or an argument; undefined where it names a rule or an area. */
export function checkRuleName(name: string): string | undefined {
  if (NAMES.has(name)) return undefined;
  const near = nearest(name, NAMES);
  return `there is no rule "${name}"${near === undefined ? '' : `; did you mean "${near}"?`}`;
}
