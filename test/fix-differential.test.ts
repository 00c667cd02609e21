import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Edit } from '../server/src/core/finding.ts';
import { applyEdits, editsOf } from '../server/src/engine/edits.ts';
import { rules } from '../server/src/rules/index.ts';
import { assertSameButEdits } from './support/differential.ts';
import { fixtureFiles, strictOn } from './support/fixture.ts';
import { analyseFiles, factFetch } from './support/memory-project.ts';

/** The areas whose fixes are checked: those that change what a build does. */
const AREAS = ['docker', 'run'];

for (const { meta } of rules.filter(({ meta }) => meta.fix !== 'none' && AREAS.includes(meta.id.split('/')[0] ?? ''))) {
  test(`${meta.id}: no fix changes more than it says`, async () => {
    let checked = 0;
    const folder = path.join('test/rules', meta.id);
    for (const name of readdirSync(folder)) {
      const { files, facts } = fixtureFiles(readFileSync(path.join(folder, name), 'utf8'));
      for (const { manifest, findings } of analyseFiles(files, { facts, policy: strictOn(meta.id) })) {
        const { path: file, text } = manifest.file;
        const all: Edit[] = [];
        for (const fix of findings.filter(({ rule }) => rule === meta.id).flatMap(({ fixes }) => fixes)) {
          const edits = await editsOf(fix, { fetch: factFetch(facts) }, new AbortController().signal);
          if ('failed' in edits) continue;
          assertSameButEdits(file, text, applyEdits(text, edits), edits);
          checked++;
          if (!all.some(({ span }) => edits.some((edit) => edit.span.start <= span.end && span.start <= edit.span.end))) all.push(...edits);
        }
        // And those that do not meet, together.
        if (all.length > 0) assertSameButEdits(file, text, applyEdits(text, all), all);
      }
    }
    assert.ok(checked > 0, 'no fixture has a fix');
  });
}

test('the check sees what a careless edit breaks', () => {
  const cases: readonly (readonly [file: string, text: string, cut: string, instead: string])[] = [
    // The continuation in front of a last word swallows the next instruction.
    ['Dockerfile', 'FROM a\nRUN curl x \\\n  -k\nRUN b\n', '  -k', ''],
    // An empty string is still an argument.
    ['Dockerfile', 'FROM a\nRUN ["curl", "-k", "x"]\n', '"-k", "x"', '"x'],
    ['Dockerfile', 'FROM a AS b\nCOPY --from=b x y\n', 'AS b', 'AS c'],
    // An empty line ends a command in a folded scalar.
    ['.github/workflows/ci.yml', 'jobs:\n  a:\n    steps:\n      - run: >-\n          curl\n          -k\n          x\n', '-k', ''],
    ['.github/workflows/ci.yml', 'jobs:\n  a:\n    steps:\n      - run: a\n      - run: b\n', 'a\n      - run', '"a\n      - run'],
    ['.github/workflows/ci.yml', 'jobs:\n  a:\n    env: {a: b}\n    steps: []\n', 'env: {a: b}\n    ', 'env: {a: b}\n      '],
  ];
  for (const [file, text, cut, instead] of cases) {
    const start = text.indexOf(cut);
    const edits = [{ span: { start, end: start + cut.length }, text: instead }];
    assert.throws(() => assertSameButEdits(file, text, applyEdits(text, edits), edits), assert.AssertionError, `${text}\nwithout ${cut}`);
  }
  const edits = [{ span: { start: 'FROM a'.length, end: 'FROM a'.length }, text: '@b' }];
  assertSameButEdits('Dockerfile', 'FROM a\nRUN b\n', 'FROM a@b\nRUN b\n', edits);
});
