// The entry of the suite: VS Code loads this module into the extension host and calls `run`.
// It has been bundled as CommonJS beside the test files, see ../run.mjs.

import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Mocha from 'mocha';

/** Longest time for one test, above that of a single wait: what hangs is told by what was waited for. */
const TEST_LIMIT_MS = 60_000;

/**
 * Runs all tests beside this module and writes the counts to the file that WAYBILL_RESULT names.
 *
 * @returns Resolves when all tests passed. Rejects when one failed, was skipped or cannot be loaded;
 *   VS Code then ends with a status other than 0.
 */
export async function run(): Promise<void> {
  const mocha = new Mocha({
    ui: 'bdd',
    color: false,
    timeout: TEST_LIMIT_MS,
    forbidOnly: true,
    forbidPending: true,
    ...(process.env.MOCHA_GREP ? { grep: new RegExp(process.env.MOCHA_GREP) } : {}),
  });
  for (const name of readdirSync(__dirname).sort()) {
    if (name.endsWith('.test.js')) mocha.addFile(join(__dirname, name));
  }
  const failed = await new Promise<number>((resolve) => {
    const runner = mocha.run(resolve);
    // Only a suite that came to its end writes a result: none means that the extension host died.
    runner.once('end', () => {
      const { passes, failures } = runner.stats ?? { passes: 0, failures: 1 };
      const file = process.env.WAYBILL_RESULT;
      if (file) writeFileSync(file, JSON.stringify({ passed: passes, failed: failures }));
    });
  });
  if (failed > 0) throw new Error(`${failed} tests failed.`);
}
