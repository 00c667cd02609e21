import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { conflictMarkers, conflictStarts, isAtConflict, sidesOf } from '../../server/src/formats/merge-conflict.ts';

test('markers are seven signs at the start of a line', () => {
  const text = [
    '<<<<<<< HEAD',
    'a',
    '||||||| base',
    'b',
    '=======',
    'c',
    '>>>>>>> x',
    '<<<<<<<',
    '======== not',
    ' =======',
    '<<<<<<<x',
    '=======',
    '>>>>>>>',
  ].join('\r\n');
  assert.deepEqual(
    conflictMarkers(text).map(({ kind, span }) => `${kind} ${text.slice(span.start, span.end)}`),
    ['ours <<<<<<< HEAD', 'base ||||||| base', 'theirs =======', 'end >>>>>>> x', 'ours <<<<<<<', 'theirs =======', 'end >>>>>>>'],
  );
  assert.equal(conflictStarts(text).length, 2);
  assert.equal(conflictStarts('=======\n>>>>>>> x\n>>>>>>> y\n').length, 2);
  assert.deepEqual(sidesOf('no conflict'), undefined);
  assert.deepEqual(sidesOf('\ufeff<<<<<<< h\na\n=======\nb\n>>>>>>> x\nc'), [
    '\ufeff         \na\n       \n \n         \nc',
    '\ufeff         \n \n       \nb\n         \nc',
  ]);
  assert.ok(isAtConflict('a\n<<<<<<< x\nb', 2));
  assert.ok(isAtConflict('a\r\n<<<<<<< x\r\nb', 8));
  assert.ok(!isAtConflict('a\n<<<<<<< x\nb', 0));
});

test('sides keep every offset and every line end, and add nothing', () => {
  const line = fc.constantFrom('<<<<<<< HEAD', '||||||| b', '=======', '>>>>>>> x', 'a', '  "b": 1,', '');
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), fc.constantFrom('\n', '\r\n'), (lines, lineEnd) => {
      const text = lines.join(lineEnd);
      const sides = sidesOf(text);
      assert.equal(sides === undefined, conflictStarts(text).length === 0);
      for (const side of sides ?? []) {
        assert.equal(side.length, text.length);
        for (let i = 0; i < text.length; i++) assert.ok(side[i] === text[i] || (side[i] === ' ' && text[i] !== '\n' && text[i] !== '\r'));
        assert.deepEqual(conflictMarkers(side), []);
      }
    }),
  );
});
