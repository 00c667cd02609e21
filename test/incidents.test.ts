import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Answer } from '../server/src/core/answer.ts';
import type { Packument } from '../server/src/core/npm-facts.ts';
import type { Analysis } from '../server/src/engine/analyse.ts';
import { fixtureFiles } from './support/fixture.ts';
import { analyseFiles, type Facts } from './support/memory-project.ts';

/** The rules that hold a version against those before it. */
const COMPARISONS: ReadonlySet<string> = new Set([
  'npm/too-new',
  'npm/new-install-script',
  'npm/new-dependency-in-patch',
  'npm/publisher-change',
  'npm/provenance-regression',
  'npm/provenance-drift',
  'npm/provenance-invalid',
  'lock/integrity-mismatch',
]);

/** What the records of each attack showed on its day, and no more. */
const SIGNALS: Readonly<Record<string, readonly string[]>> = {
  'axios-0.30.4': ['npm/new-dependency-in-patch', 'npm/publisher-change', 'npm/too-new'],
  'axios-1.14.1': ['npm/new-dependency-in-patch', 'npm/provenance-regression', 'npm/publisher-change', 'npm/too-new'],
  'chalk-debug-2025-09': ['npm/too-new', 'npm/too-new'],
  'node-ipc-2026-05': ['npm/publisher-change', 'npm/too-new'],
  'nx-2025-08': ['npm/provenance-regression', 'npm/too-new'],
  'redhat-2026-06': ['npm/new-install-script', 'npm/provenance-drift', 'npm/too-new'],
  'tanstack-2026-05': ['npm/new-dependency-in-patch', 'npm/too-new'],
};

const FOLDER = 'test/incidents';

function signals(analyses: readonly Analysis[]) {
  return analyses.flatMap(({ findings }) => findings.filter(({ rule }) => COMPARISONS.has(rule)));
}

/** The same facts with another view of each packument, and of when it was asked for. */
function withPackuments(facts: Facts, change: (packument: Packument) => Packument, asOf?: number): Facts {
  const entries = Object.entries(facts).map(([key, answer]): [string, Answer<unknown>] => {
    if (!key.startsWith('npm-packument ') || answer.state !== 'known') return [key, answer];
    // Of this kind by its key.
    return [key, { ...answer, value: change(answer.value as Packument), ...(asOf === undefined ? {} : { asOf }) }];
  });
  return Object.fromEntries(entries);
}

const names = readdirSync(FOLDER).map((name) => name.replace(/\.txt$/, ''));

test('every attack on record has its signals listed', () => assert.deepEqual(names.sort(), Object.keys(SIGNALS).sort()));

for (const name of names) {
  const file = `${FOLDER}/${name}.txt`;
  const text = readFileSync(file, 'utf8');
  const { files, facts } = fixtureFiles(text);

  test(`${name}: shows what its record shows`, () => {
    const found = signals(analyseFiles(files, { facts }));
    assert.deepEqual(found.map(({ rule }) => rule).sort(), SIGNALS[name]);
    const golden = found.map(({ rule, severity, message }) => `${severity} ${rule}: ${message.what}\n`).sort();
    const after = text.replace(/^--- signals\n[\s\S]*$/m, `--- signals\n${golden.join('')}`);
    if (process.env.UPDATE === '1' && after !== text) writeFileSync(file, after);
    else assert.equal(text, after);
  });

  test(`${name}: behind a mirror that strips records, or one that gives no times, it is unknown`, () => {
    const views: ((packument: Packument) => Packument)[] = [
      (one) => ({ ...one, isStripped: true }),
      ({ createdAt: _, ...one }) => ({ ...one, versions: one.versions.map(({ publishedAt: _at, ...version }) => version) }),
    ];
    for (const change of views) {
      const analyses = analyseFiles(files, { facts: withPackuments(facts, change) });
      assert.deepEqual(signals(analyses), []);
      const unknown = analyses.flatMap((analysis) => analysis.unknown.filter(({ why }) => why === 'denied'));
      assert.deepEqual(
        unknown.map(({ path, subject }) => [path, subject]),
        [['package.json', 'npm-packument']],
      );
    }
  });

  test(`${name}: a year later, with nothing taken down, nothing stands out`, () => {
    const later = Date.UTC(2027, 10, 22);
    assert.deepEqual(signals(analyseFiles(files, { facts: withPackuments(facts, (one) => one, later) })), []);
  });

  test(`${name}: the fixes lead to versions that show nothing`, () => {
    const found = analyseFiles(files, { facts }).find(({ manifest }) => manifest.file.path === 'package.json');
    const packages = new Set(found?.findings.filter(({ rule }) => COMPARISONS.has(rule)).map(({ span }) => span.start));
    for (const start of packages) {
      const finding = found?.findings.find(({ span, fixes, rule }) => span.start === start && COMPARISONS.has(rule) && fixes.length > 0);
      const [fix] = finding?.fixes ?? [];
      assert.ok(fix !== undefined && !fix.online);
      const [edit] = fix.edits;
      const source = files['package.json'] ?? '';
      assert.ok(edit);
      const fixed = source.slice(0, edit.span.start) + edit.text + source.slice(edit.span.end);
      const again = analyseFiles({ ...files, 'package.json': fixed }, { facts });
      const left = signals(again).filter(({ span }) => span.start === start);
      assert.deepEqual(
        left.map(({ rule, message }) => `${rule}: ${message.what}`),
        [],
      );
    }
  });
}

test('what pnpm’s trust policy is known to shout at stands out today in no way', () => {
  for (const name of ['lookalike-backports', 'lookalike-other-evidence']) {
    const { files, facts } = fixtureFiles(readFileSync(`test/rules/npm/provenance-regression/${name}.txt`, 'utf8'));
    const today = withPackuments(facts, (one) => one, Date.UTC(2026, 10, 22));
    assert.deepEqual(signals(analyseFiles(files, { facts: today })), []);
    const asked = Object.keys(facts).length;
    assert.ok(asked >= 3);
  }
});
