import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const FOLDER = 'test/sources';

test('each of the 62 edge cases has a test that names it', () => {
  const rows = [...readFileSync(path.join(FOLDER, 'README.md'), 'utf8').matchAll(/^\| (\d+) \| [^|]+ \| (.*) \|$/gm)];
  assert.deepEqual(
    rows.map(([, number]) => Number(number)),
    Array.from({ length: 62 }, (_, index) => index + 1),
  );
  for (const [, number = '', links = ''] of rows) {
    const files = [...links.matchAll(/\]\(([^)]+)\)/g)].map(([, file = '']) => file);
    assert.ok(files.length > 0, `case ${number} has no test`);
    for (const file of files) {
      const text = readFileSync(path.join(FOLDER, file), 'utf8');
      if (file.endsWith('.txt')) {
        const [first = ''] = text.split('\n', 1);
        const named = /^(?:Edge )?[Cc]ases? ([\d, ]+)/.exec(first)?.[1] ?? '';
        assert.ok(named.split(/[, ]+/).includes(number), `${file} does not say that it has case ${number}: ${first}`);
      } else {
        assert.ok(new RegExp(`#${number}\\b`).test(text), `${file} does not name case ${number}`);
      }
    }
  }
});
