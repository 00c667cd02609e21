import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NO_SPAN } from '../../server/src/core/span.ts';
import { packagesInRuns } from '../../server/src/formats/json-runs.ts';
import { asLockFile, type LockField } from '../../server/src/formats/lock-model.ts';
import { format } from '../../server/src/formats/package-lock.ts';
import { analyseFiles, sourceFile } from '../support/memory-project.ts';

/** A text with it is never read in runs, nor from what is remembered. */
const BOM = '\ufeff';

const FIELDS = ['key', 'version', 'resolved', 'integrity'] as const satisfies readonly LockField[];

/** Large enough to be read in runs; here and there something that a rule finds. */
const TEXT = JSON.stringify(
  {
    name: 'shop',
    lockfileVersion: 3,
    packages: {
      '': { name: 'shop', dependencies: { p1: '^1.0.0' } },
      ...Object.fromEntries(
        Array.from({ length: 1_400 }, (_, i) => [
          i % 9 === 4 ? `node_modules/p${i - 1}/node_modules/p${i >> 3}` : `node_modules/p${i}`,
          {
            version: `1.0.${i}`,
            resolved: `${i % 301 === 7 ? 'http' : 'https'}://npm.example.test/p${i}/-/p${i}-1.0.${i % 400 === 9 ? 1 : i}.tgz`,
            ...(i % 500 === 3 ? {} : { integrity: `sha512-${'A'.repeat(86)}==` }),
            dependencies: { p1: '*' },
          },
        ]),
      ),
    },
  },
  null,
  2,
);

/** All that a text says, with offsets less `by`. */
function said(text: string, by: number) {
  const shift = ({ start, end }: { readonly start: number; readonly end: number }) => (end === 0 ? [0, 0] : [start - by, end - by]);
  const manifest = format.parse(sourceFile('package-lock.json', text));
  const lock = asLockFile(manifest);
  assert.ok(lock);
  const [analysis] = analyseFiles({ 'package-lock.json': text });
  return {
    problems: manifest.problems.map(({ message, span }) => [message, shift(span)]),
    version: lock.lockfileVersion,
    importers: lock.importers,
    entries: lock.entries.map((entry) => ({ ...entry, requests: lock.requestsOf(entry).length })),
    places: lock.entries
      .filter(({ index }) => index % 97 === 0)
      .flatMap((entry) => FIELDS.map((field) => shift(lock.spanOf(entry, field)))),
    locked: lock.locked('', 'p1', '')?.index,
    findings: analysis?.findings.map(({ rule, message, span }) => [rule, message, shift(span)]),
  };
}

/** How many packages a broken place may cost. */
const MAX_LOST = 2;

/**
 * Holds what is read in runs, and remembered of earlier versions, against a text with a byte order mark: that is read as a whole.
 * Of a broken document more may be left in runs than in the whole, but nothing else, and nothing that does not stand there; around a
 * place that is broken so that it looks like another one, two packages may be lost in each malformed run, as in the whole.
 */
function checkAgainstWhole(text: string): void {
  const [inRuns, whole] = [said(text, 0), said(BOM + text, 1)];
  if (whole.problems.length === 0) {
    assert.deepEqual(inRuns, whole);
    return;
  }
  assert.deepEqual(inRuns.problems, whole.problems);
  const kept = new Map(inRuns.entries.map((entry) => [entry.key, entry]));
  const malformed = packagesInRuns(text)?.runs.filter(({ members }) => members === undefined) ?? [];
  const lost = whole.entries.filter(({ key }) => !kept.has(key));
  assert.ok(lost.length <= MAX_LOST * Math.max(1, malformed.length), `lost: ${lost.map(({ key }) => key)}`);
  for (const { index: _, ...entry } of whole.entries) {
    const { index = 0, ...found } = kept.get(entry.key) ?? {};
    if (kept.has(entry.key)) assert.deepEqual(found, entry, `at ${index}`);
  }
  const lock = asLockFile(format.parse(sourceFile('package-lock.json', text)));
  for (const entry of lock?.entries ?? []) {
    if (whole.entries.length === inRuns.entries.length && entry.index % 31 !== 0) continue;
    for (const field of FIELDS) {
      const { start, end } = lock?.spanOf(entry, field) ?? NO_SPAN;
      const wanted = entry[field] ?? entry.key;
      if (end > 0 && wanted !== '') assert.equal(JSON.parse(`"${text.slice(start, end)}"`), wanted);
    }
  }
}

test('what is remembered of earlier versions says what a fresh look does, over many edits', () => {
  assert.ok(packagesInRuns(TEXT) !== undefined && packagesInRuns(BOM + TEXT) === undefined);
  checkAgainstWhole(TEXT);
  assert.ok((said(TEXT, 0).findings?.length ?? 0) > 8);
  const texts = [
    '',
    'x',
    '"',
    ',',
    '}',
    '{',
    '\n',
    '\\',
    '==',
    '-',
    '1',
    '\n=======\n',
    '    "a": {},\n',
    '    },\n    "node_modules/q7": {\n',
  ];
  const edit = fc.tuple(fc.nat(TEXT.length), fc.constantFrom(0, 0, 1, 2, 400), fc.constantFrom(...texts));
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      let text = TEXT;
      for (const [at, drop, piece] of edits) {
        text = text.slice(0, at) + piece + text.slice(at + drop);
        checkAgainstWhole(text);
      }
    }),
    {
      numRuns: 25,
      endOnFailure: true,
      // A key that is typed where the members of a package begin: the halves of a run are not those of the whole.
      examples: [[[[17_016, 2, '    },\n    "node_modules/q7": {\n']]]],
    },
  );
});

test('an entry that is new, or gone, or there twice, moves all behind it', () => {
  const at = TEXT.indexOf('\n    "node_modules/p700"');
  const more = `${TEXT.slice(0, at)}\n    "node_modules/new": {"version": "1.0.0"},${TEXT.slice(at)}`;
  for (const text of [more, TEXT, more, more.replace('modules/new', 'modules/p9'), TEXT]) {
    assert.deepEqual(said(text, 0), said(BOM + text, 1));
  }
});
