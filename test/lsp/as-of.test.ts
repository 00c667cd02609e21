import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minuteOf } from '../../server/src/core/as-of.ts';

test('a time is said to the minute, in UTC; what is no time is said so, and throws nothing', () => {
  assert.equal(minuteOf(Date.UTC(2026, 10, 22, 3, 44, 59)), '2026-11-22 03:44 UTC');
  for (const none of [Number.NaN, Number.POSITIVE_INFINITY, 9e15]) assert.equal(minuteOf(none), 'an unknown time');
});
