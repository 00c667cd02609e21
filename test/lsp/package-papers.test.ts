import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { COMMAND_CASES } from './support/command-papers.ts';
import { assertHarmless, hoverOver } from './support/hover.ts';
import { CASES } from './support/package-papers.ts';

for (const [folder, cases] of [
  ['test/lsp/package-papers', CASES],
  ['test/lsp/command-papers', COMMAND_CASES],
] as const) {
  describe(`papers of a package, ${path.basename(folder)}`, () => {
    for (const [name, one] of Object.entries(cases)) {
      test(name, async () => {
        const [markdown, plain] = [await hoverOver(one, true), await hoverOver(one, false)];
        assert.doesNotMatch(plain, /\bsafe\b/i);
        assertHarmless(markdown);
        const golden = path.join(folder, `${name}.txt`);
        const found = `--- markdown\n${markdown}\n--- plain text\n${plain}\n`;
        if (process.env.UPDATE === '1') {
          mkdirSync(folder, { recursive: true });
          writeFileSync(golden, found);
        }
        assert.equal(found, existsSync(golden) ? readFileSync(golden, 'utf8') : '');
      });
    }

    test('there is a case for every golden text', () => {
      assert.deepEqual(
        readdirSync(folder).sort(),
        Object.keys(cases)
          .map((name) => `${name}.txt`)
          .sort(),
      );
    });
  });
}
