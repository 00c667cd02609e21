import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  isVerbatim,
  type MappedText,
  MappedTextBuilder,
  mappedCharacters,
  mappedPart,
  mappedSlice,
  movedText,
  offsetAt,
  sourceSpan,
} from '../server/src/core/mapped-text.ts';

/** What a mapped text is a short form of: a place for each character. */
function offsetsOf(mapped: MappedText): number[] {
  return Array.from({ length: mapped.text.length }, (_, i) => offsetAt(mapped, i));
}

/** Pieces as a parser adds them: how far each is behind the one before, how long it is, and whether it is an escape. */
const pieces = fc.array(
  fc.record({ gap: fc.nat(3), length: fc.nat(5), decoded: fc.option(fc.string({ minLength: 0, maxLength: 3 }), { nil: undefined }) }),
  { maxLength: 8 },
);

test('a text knows the place of each character, however it was put together', () => {
  fc.assert(
    fc.property(pieces, fc.nat(10), (list, from) => {
      const document = 'abcdefghijklmnopqrstuvwxyz'.repeat(6);
      const builder = new MappedTextBuilder();
      const offsets: number[] = [];
      let text = '';
      let at = from;
      for (const { gap, length, decoded } of list) {
        at += gap;
        if (decoded === undefined) {
          builder.addVerbatim(document, at, at + length);
          for (let i = at; i < at + length; i++) offsets.push(i);
          text += document.slice(at, at + length);
        } else {
          builder.addDecoded(decoded, at, at + length);
          for (let i = 0; i < decoded.length; i++) offsets.push(Math.min(at + i, Math.max(at, at + length - 1)));
          text += decoded;
        }
        at += length;
      }
      const mapped = builder.build();
      assert.equal(mapped.text, text);
      assert.deepEqual(offsetsOf(mapped), offsets);
      assert.deepEqual(offsetsOf(mappedCharacters(text, offsets, mapped.end)), offsets);
      assert.equal(offsetAt(mapped, -1), mapped.end);
      assert.equal(offsetAt(mapped, text.length), mapped.end);
      assert.deepEqual(
        offsetsOf(movedText(mapped, 7)),
        offsets.map((offset) => offset + 7),
      );
      for (let start = 0; start <= text.length; start++) {
        for (let end = start; end <= text.length + 1; end++) {
          const part = mappedPart(mapped, start, end);
          assert.equal(part.text, text.slice(start, end));
          assert.deepEqual(offsetsOf(part), offsets.slice(start, end));
          assert.equal(part.end, sourceSpan(mapped, start, end).end);
          const first = offsets[start] ?? mapped.end;
          const last = offsets[end - 1];
          assert.deepEqual(
            sourceSpan(mapped, start, end),
            end <= start ? { start: first, end: first } : { start: first, end: last === undefined ? mapped.end : last + 1 },
          );
          const isWhole = last !== undefined && offsets[start] !== undefined && last - first === end - 1 - start;
          assert.equal(isVerbatim(mapped, start, end), isWhole);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('a stretch of the document needs no list of places', () => {
  const slice = mappedSlice('RUN npm ci', 4, 10);
  assert.deepEqual(slice, { text: 'npm ci', start: 4, breaks: [], end: 10 });
  assert.deepEqual(mappedPart(slice, 4, 6), { text: 'ci', start: 8, breaks: [], end: 10 });
  assert.deepEqual(mappedPart(slice, 4, 6, 12).end, 12);
});
