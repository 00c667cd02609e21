import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parsePackagesInRuns } from '../../server/src/formats/json-runs.ts';

/** A package-lock.json as npm lays it out, large enough to be read in runs. */
function lockfile(count: number): string {
  const packages = Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      `node_modules/p${i}`,
      { version: `1.0.${i}`, integrity: 'sha512-'.padEnd(95, String(i % 10)) },
    ]),
  );
  return JSON.stringify({ name: 'x', lockfileVersion: 3, packages: { '': { name: 'x' }, ...packages }, dependencies: {} }, null, 2);
}

const TEXT = lockfile(2_000);

function plain(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

test('runs give what JSON.parse gives, whatever is typed into them', () => {
  assert.ok(TEXT.length > 200_000);
  assert.deepEqual(parsePackagesInRuns(TEXT), plain(TEXT));
  const edit = fc.tuple(fc.nat(TEXT.length), fc.nat(3), fc.constantFrom('', '"', ',', '}', '{', 'x', '\n', ' ', ',\n    "y": 1', '\\'));
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 2 }), (edits) => {
      const text = edits.reduce((result, [at, drop, piece]) => result.slice(0, at) + piece + result.slice(at + drop), TEXT);
      const inRuns = parsePackagesInRuns(text);
      if (inRuns !== undefined) assert.deepEqual(inRuns, plain(text));
    }),
    { numRuns: 60 },
  );
});

test('a member named __proto__, a doubled key, a second `packages` and a comma too many are as in JSON.parse', () => {
  const with_ = (piece: string): string => TEXT.replace('\n    "node_modules/p900"', `${piece}\n    "node_modules/p900"`);
  for (const piece of ['\n    "__proto__": {"version": "1"},', '\n    "node_modules/p1": {"version": "2"},']) {
    const text = with_(piece);
    const actual = parsePackagesInRuns(text);
    assert.ok(actual);
    assert.equal(JSON.stringify(actual), JSON.stringify(plain(text)));
  }
  for (const text of [
    with_(','),
    TEXT.replace('\n  },\n', ',\n  },\n'),
    TEXT.replace('"dependencies": {}', '"packages": {}'),
    `${TEXT}}`,
  ]) {
    assert.equal(parsePackagesInRuns(text), undefined);
  }
});
