import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { packagesInRuns, problemInRuns } from '../../server/src/formats/json-runs.ts';
import { firstJsonProblem } from '../../server/src/formats/json-skim.ts';

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

const EDITS = fc.array(
  fc.tuple(fc.nat(TEXT.length), fc.nat(3), fc.constantFrom('', '"', ',', '}', '{', 'x', '\n', ' ', ',\n    "y": 1', '\\', '}}', '\n    "')),
  { minLength: 1, maxLength: 2 },
);

function edited(edits: readonly (readonly [number, number, string])[]): string {
  return edits.reduce((result, [at, drop, piece]) => result.slice(0, at) + piece + result.slice(at + drop), TEXT);
}

function plain(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The document put together from its runs; undefined where they are not all sound, or one key is in two of them. */
function whole(text: string): unknown {
  const { frame, runs = [] } = packagesInRuns(text) ?? {};
  const entries = runs.flatMap(({ members }) => Object.entries(members ?? {}));
  const isSound = frame !== undefined && runs.every(({ members }) => members !== undefined);
  return isSound && new Set(entries.map(([key]) => key)).size === entries.length
    ? { ...frame, packages: Object.fromEntries(entries) }
    : undefined;
}

test('runs give what JSON.parse gives, and its first problem where there is one, whatever is typed into them', () => {
  assert.ok(TEXT.length > 200_000);
  assert.ok((packagesInRuns(TEXT)?.runs.length ?? 0) > 5);
  assert.deepEqual(whole(TEXT), plain(TEXT));
  fc.assert(
    fc.property(EDITS, (edits) => {
      const text = edited(edits);
      const found = packagesInRuns(text);
      if (found === undefined) return;
      assert.equal(found.head + found.runs.map((run) => run.text).join('') + found.tail, text);
      const value = whole(text);
      if (value !== undefined) assert.deepEqual(value, plain(text));
      else assert.deepEqual(problemInRuns(text, found), firstJsonProblem(text));
    }),
    { numRuns: 80 },
  );
});

test('a problem in the head, at a seam of runs, behind the packages: all are found where they are', () => {
  const { runs = [], head = '', tail = '' } = packagesInRuns(TEXT) ?? {};
  const seam = runs[2]?.start ?? 0;
  const end = TEXT.length - tail.length;
  for (const [at, drop, piece] of [
    [5, 0, '"'],
    [head.length - 1, 1, '['],
    [seam - 1, 1, ''],
    [seam, 0, ','],
    [seam, 0, '}'],
    [end, 0, ','],
    [end + 4, 0, '}'],
    [TEXT.length, 0, 'x'],
  ] as const) {
    const text = TEXT.slice(0, at) + piece + TEXT.slice(at + drop);
    const found = packagesInRuns(text);
    if (found !== undefined) assert.deepEqual(problemInRuns(text, found), firstJsonProblem(text));
    assert.ok(firstJsonProblem(text), `${at} ${piece}`);
    assert.equal(whole(text), undefined);
  }
});

test('a member named __proto__ is one like any other, and a second `packages` or a comma too many are not read in runs', () => {
  const with_ = (piece: string): string => TEXT.replace('\n    "node_modules/p900"', `${piece}\n    "node_modules/p900"`);
  const text = with_('\n    "__proto__": {"version": "1"},');
  assert.equal(JSON.stringify(whole(text)), JSON.stringify(plain(text)));
  for (const other of [
    with_(','),
    TEXT.replace('\n  },\n', ',\n  },\n'),
    TEXT.replace('"dependencies": {}', '"packages": {}'),
    `${TEXT}}`,
  ]) {
    assert.equal(whole(other), undefined);
  }
});

test('runs that did not change are the same objects as before', () => {
  const before = packagesInRuns(TEXT)?.runs ?? [];
  const middle = TEXT.length >> 1;
  const after = packagesInRuns(`${TEXT.slice(0, middle)} ${TEXT.slice(middle)}`)?.runs ?? [];
  const kept = after.filter(({ members }) => members !== undefined && before.some((run) => run.members === members));
  assert.ok(kept.length >= before.length - 2);
});

test('the runs of a document are kept from its second version on: most are read once', () => {
  const text = TEXT.replaceAll('"1.', '"21.');
  assert.notEqual(text, TEXT);
  const uri = 'file:///workspace/once/package-lock.json';
  const [first, second, third] = [1, 2, 3].map(() => packagesInRuns(text, uri)?.runs.map(({ members }) => members) ?? []);
  assert.deepEqual(first, second);
  assert.ok((first?.length ?? 0) > 5 && first?.every((members, i) => members !== second?.[i]));
  assert.ok(second?.every((members, i) => members === third?.[i]));
});
