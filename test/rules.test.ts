import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { rules } from '../server/src/rules/index.ts';
import { renderFixture } from './support/fixture.ts';

const ROOT = 'test/rules';
const UPDATE = process.env.UPDATE === '1';

/** The fixtures of one rule, by file name. */
function fixturesOf(rule: string): string[] {
  const folder = path.join(ROOT, rule);
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.txt'))
        .sort()
    : [];
}

for (const { meta } of rules) {
  const fixtures = fixturesOf(meta.id);
  test(`${meta.id}: has a bad, a good and a lookalike fixture`, () => {
    for (const wanted of ['bad', 'good', 'lookalike']) {
      assert.ok(
        fixtures.some((name) => name.startsWith(wanted)),
        `test/rules/${meta.id} has no ${wanted}*.txt`,
      );
    }
  });
  for (const name of fixtures) {
    test(`${meta.id}: ${name}`, async () => {
      const file = path.join(ROOT, meta.id, name);
      const before = readFileSync(file, 'utf8');
      const after = await renderFixture(before, meta.id);
      const fires = /^--- findings\n(?!---)\S/m.test(after);
      if (name.startsWith('bad')) assert.ok(fires, 'a bad fixture must make the rule fire');
      if (name.startsWith('good') || name.startsWith('lookalike')) assert.ok(!fires, `${after}\nthe rule must not fire here`);
      if (UPDATE && after !== before) writeFileSync(file, after);
      else assert.equal(after, before);
    });
  }
}

test('every fixture folder belongs to a rule', () => {
  const ids = new Set(rules.map(({ meta }) => meta.id));
  for (const area of readdirSync(ROOT)) {
    for (const name of readdirSync(path.join(ROOT, area)))
      assert.ok(ids.has(`${area}/${name}`), `orphan fixtures: ${ROOT}/${area}/${name}`);
  }
});
