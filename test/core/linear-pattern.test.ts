import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linearPattern, MAX_PATTERN_UNITS } from '../../server/src/core/linear-pattern.ts';
import { patternOf } from '../support/provenance.ts';

/** What JavaScript's own expression says of all of a text. */
function native(source: string, text: string): boolean {
  return new RegExp(`^(?:${source})$`).test(text);
}

for (const [source, fitting, others] of [
  ['abc', ['abc'], ['', 'ab', 'abcd', 'xabc']],
  ['', [''], ['a']],
  ['a|bc|', ['a', 'bc', ''], ['b', 'abc']],
  ['a*b+c?', ['b', 'aabbc', 'bc'], ['a', 'ac', 'bcc']],
  ['(ab){2,3}', ['abab', 'ababab'], ['ab', 'abababab', 'aba']],
  ['a{0}b{2}c{1,}', ['bbc', 'bbccc'], ['abbc', 'bb', 'bc']],
  ['x{,2}{', ['x{,2}{'], ['xx']],
  ['[a-c.][^a-c]', ['ad', '.-'], ['aa', 'd.', 'a']],
  [String.raw`[\w-]+@\d{1,2}\.\S`, ['a-b@12.x'], ['a b@1.x', 'ab@123.x', 'ab@1.']],
  [String.raw`\x41\t\/\-[\]\\]`, ['A\t/-]', 'A\t/-\\'], ['A\t/-[']],
  ['(?:a(?<name>b|c)(?P<other>d))*?', ['', 'abd', 'acdabd'], ['ab', 'abc']],
  ['^a$', ['a'], ['^a$', 'aa']],
  ['a^b|c$d|(^)*e($)+', ['e'], ['ab', 'a^b', 'cd']],
  ['.', ['x', '€', '🧰'], ['', '\n', 'xx']],
  ['🧰+[🧯-🧱]', ['🧰🧰🧱'], ['🧰', '🧰\ud83e']],
  ['(a*)*(a|aa)+b', ['ab', 'aaaab'], ['a', 'b', 'ba']],
] as const) {
  test(`${source || 'the empty expression'} matches all of a text`, () => {
    const pattern = patternOf(source);
    assert.equal(pattern.source, source);
    for (const text of fitting) assert.ok(pattern.matches(text), `${source} matches "${text}"`);
    for (const text of others) assert.ok(!pattern.matches(text), `${source} does not match "${text}"`);
  });
}

for (const [source, message] of [
  ['(', /a "\(" is not closed/],
  ['a)', /a "\)" closes nothing/],
  ['a)|(?:b', /a "\)" closes nothing/],
  ['[a', /a "\[" is not closed/],
  ['[]', /a class is empty/],
  ['[^]', /a class is empty/],
  ['[z-a]', /runs backwards/],
  [String.raw`[a-\d]`, /needs two characters/],
  ['[[:alpha:]]', /"\[:alpha:\]" are not supported/],
  ['*a', /"\*" repeats nothing/],
  ['a|+', /"\+" repeats nothing/],
  ['a**', /"\*" is repeated itself/],
  ['a{2}{3}', /"\{2\}" is repeated itself/],
  ['a{3,2}', /"\{3,2\}" counts backwards/],
  ['^*', /"\*" repeats an edge/],
  ['(?=a)', /"\(\?=" looks around/],
  ['(?!a)', /"\(\?!" looks around/],
  ['(?<=a)', /"\(\?<" looks around/],
  ['(?i)a', /"\(\?i" looks around or sets a flag/],
  [String.raw`(a)\1`, /"\\1" is not supported/],
  [String.raw`\bword`, /"\\b" is not supported/],
  [String.raw`\pL`, /"\\p" is not supported/],
  ['a\\', /ends with a backslash/],
  ['(((a{99}){99}){99}){99}', /repeats too much/],
  ['a{9999}', /repeats too much/],
  ['a'.repeat(MAX_PATTERN_UNITS + 1), /longer than 500 characters/],
] as const) {
  test(`${source.slice(0, 30)} is refused`, () => {
    const pattern = linearPattern(source);
    assert.ok(!pattern.ok);
    assert.match(pattern.error, message);
  });
}

test('every start of an expression is read or refused', () => {
  const source = String.raw`^(?:https://[\w.-]+(?<x>a|b)*\x41{2,3}?[^\]\d-]+)$|\.`;
  for (let end = 0; end <= source.length; end++) {
    const part = source.slice(0, end);
    const pattern = linearPattern(part);
    if (pattern.ok) for (const text of ['', 'https://a.b-caAAx', '.']) assert.equal(pattern.value.matches(text), native(part, text), part);
  }
});

test('it says what JavaScript says', () => {
  // A linear congruential generator: the same cases in every run.
  let seed = 20261122;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const pick = (from: readonly string[]): string => from[random(from.length)] ?? '';
  const expression = (depth: number): string => {
    const atom = (): string =>
      depth === 0 || random(3) > 0 ? pick(['a', 'b', '.', '[ab]', '[^a]', '\\w', 'c', '^', '$']) : `(${expression(depth - 1)})`;
    const parts = Array.from({ length: 1 + random(4) }, () => {
      const one = atom();
      return /[$^]$/.test(one) ? one : one + pick(['', '', '', '*', '+', '?', '{2}', '{1,3}', '*?', '{2,}']);
    });
    return random(4) === 0 ? `${parts.join('')}|${expression(0)}` : parts.join('');
  };
  let matched = 0;
  for (let i = 0; i < 3000; i++) {
    const source = expression(2);
    const pattern = patternOf(source);
    for (let j = 0; j < 8; j++) {
      const text = Array.from({ length: random(7) }, () => pick(['a', 'b', 'c', '-'])).join('');
      const wanted = native(source, text);
      assert.equal(pattern.matches(text), wanted, `${source} on "${text}"`);
      if (wanted) matched++;
    }
  }
  assert.ok(matched > 2000, 'many cases match');
});

test('expressions that take JavaScript for ever end', () => {
  const long = 'a'.repeat(2000);
  for (const source of [
    '(a+)+$',
    '(a|aa)+$',
    '(a|a)*b',
    '.*.*.*.*.*.*b',
    '(.*a){20}b',
    `${'(a?){30}'.repeat(8)}b`,
    `${'('.repeat(160)}a+${')+'.repeat(160)}b`,
  ])
    assert.ok(!patternOf(source).matches(`${long}!`), source);
});
