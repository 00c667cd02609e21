// What each rule costs: for bench-rules.mjs, which bundles it.

import { analyse } from '../../server/src/engine/analyse.ts';
import { formatForPath } from '../../server/src/engine/formats.ts';
import { DEFAULT_POLICY } from '../../server/src/policy/policy.ts';
import { rules } from '../../server/src/rules/index.ts';
import { factView, memoryProject, shippedLookalikes, sourceFile } from '../support/memory-project.ts';

/** One rule's part in the analyses of one document. */
export interface RuleCost {
  readonly rule: string;
  /** One sample for each analysis, in ms. */
  readonly samples: number[];
  findings: number;
}

/**
 * Gives what analyses the next text of the document at `path`, with `around` beside it, and what was measured so far: the costs of
 * its rules, and `parses`, the time in ms that the format itself took for each text. All rules of
 * the index that read the document's format take part, in the order in which they always run: what several need, as the trees of
 * shell text, is made for the first of them and kept for the others.
 */
export function ruleCosts(path: string, around: Readonly<Record<string, string>>) {
  const format = formatForPath(path);
  if (format === undefined) throw new Error(`no format reads ${path}`);
  const surroundings = memoryProject(around);
  const costs: RuleCost[] = [];
  const timed = rules
    .filter(({ meta }) => meta.formats.length === 0 || meta.formats.includes(format.id))
    .map((rule) => {
      const cost: RuleCost = { rule: rule.meta.id, samples: [], findings: 0 };
      costs.push(cost);
      return {
        ...rule,
        check: (context: Parameters<typeof rule.check>[0]) => {
          const started = performance.now();
          rule.check(context);
          cost.samples.push(performance.now() - started);
        },
      };
    });
  const parses: number[] = [];
  const once = (text: string): void => {
    const started = performance.now();
    const manifest = format.parse(sourceFile(path, text));
    parses.push(performance.now() - started);
    const { findings } = analyse(manifest, {
      rules: timed,
      policy: DEFAULT_POLICY,
      surroundings,
      facts: factView({}),
      lookalikes: shippedLookalikes(),
    });
    for (const cost of costs) cost.findings = findings.filter(({ rule }) => rule === cost.rule).length;
  };
  return { once, costs, parses };
}
