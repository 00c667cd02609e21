import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isVerbatim, offsetAt, sourceSpan } from '../../server/src/core/mapped-text.ts';
import { type JsonNode, MAX_PROBLEMS, membersOf, parseJson, stringContent, stringSource } from '../../server/src/formats/json.ts';
import { firstJsonProblem, skimMembers } from '../../server/src/formats/json-skim.ts';

/** A tree as the value it stands for. */
function asValue(node: JsonNode | undefined): unknown {
  if (node?.type === 'object') return Object.fromEntries(membersOf(node).map(({ key, value }) => [key.value, asValue(value)]));
  if (node?.type === 'array') return node.items.map(asValue);
  return node?.value;
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

// Indented or not, with what may stand around it.
const documents = fc
  .tuple(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(undefined, 2, '\t'), fc.constantFrom('\n', '\r\n'))
  .map(([value, indent, lineEnd]) => JSON.stringify(value, null, indent).replaceAll('\n', lineEnd) + lineEnd);

test('a JSON text reads as JSON.parse reads it, without a problem', () => {
  fc.assert(
    fc.property(documents, (text) => {
      const { root, problems } = parseJson(text);
      assert.deepEqual(problems, []);
      assert.equal(JSON.stringify(asValue(root)), JSON.stringify(JSON.parse(text)));
      assert.equal(firstJsonProblem(text), undefined);
    }),
  );
});

test('a problem is found exactly where JSON.parse refuses, whatever was cut out or put in', () => {
  const scraps = fc.constantFrom(
    '',
    '"',
    ',',
    ':',
    '{',
    '}',
    '[',
    ']',
    '\\',
    '\n',
    '\t',
    '\u0000',
    '0',
    '-',
    'e',
    'x',
    '//',
    '\\u00',
    ' ',
    '01',
    '1.',
  );
  fc.assert(
    fc.property(documents, fc.nat(), fc.nat(5), scraps, (text, at, length, scrap) => {
      const start = at % (text.length + 1);
      const mutated = text.slice(0, start) + scrap + text.slice(start + length);
      const problem = firstJsonProblem(mutated);
      assert.equal(problem === undefined, parses(mutated), JSON.stringify(mutated));
      if (problem !== undefined) assert.ok(problem.span.start <= problem.span.end && problem.span.end <= mutated.length);
      const tree = parseJson(mutated);
      assert.ok(tree.problems.length <= MAX_PROBLEMS);
      assert.equal(tree.problems.length === 0, parses(mutated), JSON.stringify(mutated));
    }),
    { numRuns: 2000 },
  );
});

test('a byte order mark is skipped and counted', () => {
  const text = '\ufeff{"a": "b"}';
  const { root, problems } = parseJson(text);
  assert.deepEqual(problems, []);
  const [member] = membersOf(root);
  assert.ok(member?.value.type === 'string');
  const { start, end } = stringContent(member.value);
  assert.equal(text.slice(start, end), 'b');
  assert.equal(firstJsonProblem(text), undefined);
  assert.deepEqual(firstJsonProblem('\ufeff{"a" 1}')?.span, { start: 6, end: 7 });
});

test('of members with one name the last counts', () => {
  assert.deepEqual(asValue(parseJson('{"a": 1, "b": 2, "a": 3, "__proto__": 4}').root), JSON.parse('{"b":2,"a":3,"__proto__":4}'));
});

test('JSONC has comments and trailing commas, JSON has neither', () => {
  const text = '{ // why\n "a": [1, 2,], /* so */ }';
  assert.deepEqual(parseJson(text, 'jsonc').problems, []);
  assert.deepEqual(
    parseJson(text).problems.map(({ message }) => message),
    ['JSON has no comments', 'a value is missing', 'JSON has no comments', 'a property name is missing'],
  );
});

test('the characters of a string know their places, escapes included', () => {
  const text = '["a\\u0041\\n\\"b"]';
  const { root } = parseJson(text);
  const node = root?.type === 'array' ? root.items[0] : undefined;
  assert.ok(node?.type === 'string');
  const source = stringSource(text, node);
  assert.equal(source.text, 'aA\n"b');
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((i) => offsetAt(source, i)),
    [2, 3, 9, 11, 13],
  );
  assert.ok(isVerbatim(source, 0, 1) && !isVerbatim(source, 0, 3));
  const whole = sourceSpan(source, 0, 5);
  assert.equal(text.slice(whole.start, whole.end), 'a\\u0041\\n\\"b');
});

// What stands between two sound members, and what of the two is left.
const HALF_TYPED = [
  '"x": ',
  '"x": "^1.',
  '"x": "',
  '"x":',
  '"x"',
  '"x',
  '"x": "1"',
  '"x: "1",',
  'x": "1",',
  '"x": 1",',
  '"x": "1,',
  '"x" "1",',
  '"x": "1" "2",',
  '"x": [',
  '"x": ["1",',
  '<<<<<<< HEAD',
  '=======',
  '>>>>>>> theirs',
  ']',
  '{}',
  ',,',
  ': "1",',
  'null,',
  '// why',
  '"x": "\\"',
  '"x": undefined,',
];
for (const scrap of HALF_TYPED) {
  test(`half-typed: ${scrap} takes nothing else with it`, () => {
    for (const lineEnd of ['\n', '\r\n']) {
      const text = `{\n  "in": {\n    "a": "1",\n    ${scrap}\n    "b": "2",\n    "c": "3"\n  },\n  "behind": "4"\n}\n`.replaceAll(
        '\n',
        lineEnd,
      );
      const { root, problems } = parseJson(text);
      const value = Object(asValue(root));
      const { a, b, c } = Object(value.in);
      assert.deepEqual([a, b, c, value.behind], ['1', '2', '3', '4']);
      assert.ok(problems.length > 0);
    }
  });
}

test('nesting without end exhausts nothing', () => {
  for (const opening of ['[', '{"a":', '[{"a":']) {
    const text = opening.repeat(200_000);
    assert.ok(parseJson(text).problems.length > 0);
    assert.ok(firstJsonProblem(text) !== undefined);
    assert.ok(parseJson(`{"deep": ${text}`).problems.length > 0);
  }
  const closed = '['.repeat(200_000) + ']'.repeat(200_000);
  assert.equal(firstJsonProblem(closed), undefined);
  assert.equal(parseJson(`{"deep": ${closed}, "b": 1}`).problems[0]?.message, 'this is nested too deeply');
  assert.deepEqual(
    membersOf(parseJson(`{"deep": ${closed}, "b": 1}`).root).map(({ key }) => key.value),
    ['deep', 'b'],
  );
});

test('the members of an object are skimmed with their places', () => {
  const text = ' {"a": {"b": "}"}, "\\u0062" : [1, "]"] ,"c":"x"}';
  assert.deepEqual(
    skimMembers(text, 1).map(({ key, keySpan, valueSpan }) => [
      key,
      text.slice(keySpan.start, keySpan.end),
      text.slice(valueSpan.start, valueSpan.end),
    ]),
    [
      ['a', '"a"', '{"b": "}"}'],
      ['b', '"\\u0062"', '[1, "]"]'],
      ['c', '"c"', '"x"'],
    ],
  );
  assert.deepEqual(skimMembers('[1]', 0), []);
  assert.deepEqual(
    skimMembers('{"a": 1, "b": {"c" 2}, "d": 3}', 0).map(({ key }) => key),
    ['a', 'b'],
  );
});
