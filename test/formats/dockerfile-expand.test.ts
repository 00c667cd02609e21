// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is what variables look like in the texts under test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { expandWord } from '../../server/src/formats/dockerfile-expand.ts';

const VALUES: Readonly<Record<string, string>> = { V: '20-slim', EMPTY: '', P: 'a/b/a/b', X: 'xx*yy' };
const lookUp = (name: string) => (Object.hasOwn(VALUES, name) ? VALUES[name] : undefined);
const expand = (word: string, escapeChar = '\\') => {
  const result = expandWord(word, lookUp, escapeChar);
  return result.ok ? result.value.value : result.error;
};

/** Word and value, after BuildKit's `frontend/dockerfile/shell/lex.go` and its `envVarTest`. */
const WORDS: readonly (readonly [string, string])[] = [
  ['plain', 'plain'],
  ['$V', '20-slim'],
  ['${V}x', '20-slimx'],
  ['$V.x', '20-slim.x'],
  ['a$', 'a$'],
  ['$.', '$.'],
  ['\\$V', '$V'],
  ["'$V'", '$V'],
  ['"$V"', '20-slim'],
  ['"a\\"b"', 'a"b'],
  ['"a\\b"', 'a\\b'],
  ['a\\b', 'ab'],
  ['a"b"\'c\'', 'abc'],
  ['${V:-d}', '20-slim'],
  ['${EMPTY:-d}', 'd'],
  ['${EMPTY-d}', ''],
  ['${NONE-d}', 'd'],
  ['${NONE:-${V}}', '20-slim'],
  ['${NONE:-"a b"}', 'a b'],
  ['${V:+d}', 'd'],
  ['${EMPTY:+d}', ''],
  ['${EMPTY+d}', 'd'],
  ['${NONE+d}', ''],
  ['${V:?e}', '20-slim'],
  ['${V#20-}', 'slim'],
  ['${V#*-}', 'slim'],
  ['${V%-slim}', '20'],
  ['${V%-*}', '20'],
  ['${P#*/}', 'b/a/b'],
  ['${P##*/}', 'b'],
  ['${P%/*}', 'a/b/a'],
  ['${P%%/*}', 'a'],
  ['${P#?}', '/b/a/b'],
  ['${P#z}', 'a/b/a/b'],
  ['${X#*\\*}', 'yy'],
  ['${P/a/c}', 'c/b/a/b'],
  ['${P//a/c}', 'c/b/c/b'],
  ['${P//\\//-}', 'a-b-a-b'],
  ['${P/a*/c}', 'c'],
  ['${', 'bad-substitution'],
  ['${}', 'bad-substitution'],
  ['${V', 'bad-substitution'],
  ['${:x}', 'bad-substitution'],
  ['${V:=x}', 'bad-substitution'],
  ['${V^^}', 'bad-substitution'],
  ['${V:x}', 'bad-substitution'],
  ['${V/a}', 'bad-substitution'],
  ["'open", 'bad-substitution'],
  ['"open', 'bad-substitution'],
  ['${P#\\q}', 'bad-substitution'],
];

for (const [word, value] of WORDS) test(`expandWord: ${word}`, () => assert.equal(expand(word), value));

test("the escape character is the directive's", () => {
  assert.equal(expand('`$V\\x', '`'), '$V\\x');
});

test('used and unset name what the value depends on, and only that', () => {
  const names = (word: string) => {
    const result = expandWord(word, lookUp, '\\');
    return result.ok ? [result.value.used, result.value.unset] : [];
  };
  assert.deepEqual(names('$V$NONE$V'), [['V', 'NONE'], ['NONE']]);
  assert.deepEqual(names('${V:-$NONE}'), [['V'], []]);
  assert.deepEqual(names('${NONE:-$V}'), [['NONE', 'V'], []]);
  assert.deepEqual(names('${NONE:+$V}'), [['NONE'], []]);
  assert.deepEqual(names('${NONE:?say so}'), [['NONE'], ['NONE']]);
  assert.deepEqual(names('$1$@'), [
    ['1', '@'],
    ['1', '@'],
  ]);
});

test('a hostile pattern costs little and leaves the variable without a value', () => {
  const long = 'a'.repeat(20_000);
  const result = expandWord(`\${L//${'*a'.repeat(500)}b/x}`, () => long, '\\');
  assert.deepEqual(result.ok && result.value.unset, ['L']);
  assert.equal(expandWord('${a:-'.repeat(100_000), () => undefined, '\\').ok, false);
});

test('expandWord is total', () => {
  const word = fc.array(fc.constantFrom('$', '{', '}', ':', '-', '+', '?', '#', '%', '/', '*', '\\', '`', '"', "'", 'V', 'a', ' '), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(word, fc.constantFrom('\\', '`'), (parts, escapeChar) => {
      const result = expandWord(parts.join(''), lookUp, escapeChar);
      if (result.ok) for (const name of result.value.unset) assert.ok(result.value.used.includes(name));
    }),
    { numRuns: 2000 },
  );
});
