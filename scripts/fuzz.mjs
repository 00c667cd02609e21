// npm run fuzz [-- --seed N] [-- --inputs N] [-- --seconds N] [-- --server]: mutated fixtures through all formats, rules and
// fixes; with --server, through the server bundle by incremental edits. Exit status 1 and the smallest document that shows it
// where something throws, takes more than a second, points outside of its document, or a fix breaks what it fixes.

import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { loadSource } from './load-sources.mjs';

process.chdir(path.resolve(import.meta.dirname, '..'));
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    inputs: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '600' },
    server: { type: 'boolean' },
  },
});
const limits = { seed: Number(values.seed), inputs: Number(values.inputs), seconds: Number(values.seconds) };
const started = performance.now();
if (values.server) {
  build();
  const { fuzzServer } = await loadSource('test/support/fuzz/fuzz-server.ts');
  say(await fuzzServer(limits), 'edits');
} else {
  const { fuzz } = await loadSource('test/support/fuzz/fuzz.ts');
  const { inputs, failures } = await fuzz(limits);
  for (const { seed, origin, fault, input } of failures) {
    console.error(`\n${origin}: ${fault}\n  again: npm run fuzz -- --seed ${seed} --inputs 1`);
    console.error(`  facts made up: ${input.madeUp}; files around it: ${Object.keys(input.files).join(', ')}`);
    console.error(`  smallest ${input.path}: ${JSON.stringify(input.text)}`);
  }
  say(inputs, 'inputs');
  if (failures.length > 0) process.exitCode = 1;
}

function say(count, what) {
  console.log(`${count} ${what} from seed ${limits.seed} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
