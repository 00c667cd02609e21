import type { LookalikeJudge } from '../../server/src/core/lookalike.ts';
import { analyse } from '../../server/src/engine/analyse.ts';
import { formatForPath } from '../../server/src/engine/formats.ts';
import { DEFAULT_POLICY } from '../../server/src/policy/policy.ts';
import { rule } from '../../server/src/rules/npm/lookalike.ts';
import { factView, memoryProject, sourceFile } from '../support/memory-project.ts';

const PATH = 'package-lock.json';

/** Runs `npm/lookalike` over a lockfile that has these names and was read before. Gives the time of the rule, in ms. */
export function manifestLookalikes(names: readonly string[], lookalikes: LookalikeJudge): { readonly ms: number } {
  const packages = Object.fromEntries(names.map((name) => [`node_modules/${name}`, { version: '1.0.0' }]));
  const text = JSON.stringify({ name: 'shop', lockfileVersion: 3, packages: { '': { name: 'shop' }, ...packages } }, null, 2);
  const manifest = formatForPath(PATH)?.parse(sourceFile(PATH, text));
  if (manifest === undefined) throw new Error(`no format reads ${PATH}`);
  const surroundings = memoryProject({ [PATH]: text });
  const started = performance.now();
  analyse(manifest, { rules: [rule], policy: DEFAULT_POLICY, surroundings, facts: factView({}), lookalikes });
  return { ms: performance.now() - started };
}
