import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz } from './support/fuzz/fuzz.ts';
import { fuzzServer } from './support/fuzz/fuzz-server.ts';

// Short runs with a fixed seed; `npm run fuzz` goes further.

test('mutated fixtures do not throw, do not hang, and their fixes do not break them', async () => {
  const { failures } = await fuzz({ seed: 1, inputs: 1_000, seconds: 6 });
  assert.deepEqual(
    failures.map(({ seed, origin, fault, input }) => ({ seed, origin, fault, text: input.text })),
    [],
  );
});

test('after incremental edits the server says what it would say of the whole text', async () => {
  assert.ok((await fuzzServer({ seed: 1, inputs: 150, seconds: 6 })) > 0);
});
