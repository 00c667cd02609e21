// npm run check - every check that needs no running program. All steps run; a failed one shows its output.
// The last line is "N passed, N failed".
import { spawnSync } from 'node:child_process';
import path from 'node:path';

process.chdir(path.resolve(import.meta.dirname, '..'));

/** What each step is called, and the script with its arguments. */
const STEPS = [
  ['format and lint', ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings']],
  ['types', ['node_modules/typescript/bin/tsc', '-p', '.']],
  ['dead code', ['node_modules/knip/bin/knip.js']],
  ['generated files', ['scripts/gen.mjs', '--check']],
  ['layers and documents', ['scripts/test.mjs', '--no-build', 'architecture', 'docs']],
  ['packages', ['scripts/package.mjs']],
];

let failed = 0;
for (const [name, command] of STEPS) {
  const start = performance.now();
  const { status, stdout, stderr, error } = spawnSync(process.execPath, command, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (status === 0) {
    console.log(`  ok    ${name} (${seconds} s)`);
    continue;
  }
  failed += 1;
  console.log(`  FAIL  ${name} (${seconds} s)`);
  const output = [error?.message, stdout, stderr].filter(Boolean).join('\n');
  // What a test run says of tests that passed is of no use here.
  console.log(
    output
      .replace(/^\s*✔.*\n/gm, '')
      .trimEnd()
      .replace(/^/gm, '        | '),
  );
}
console.log(`${STEPS.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
