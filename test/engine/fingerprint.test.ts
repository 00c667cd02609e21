import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fingerprint } from '../../server/src/engine/fingerprint.ts';

test('fingerprints are 64-bit FNV-1a', () => {
  // Test vectors of draft-eastlake-fnv, appendix C.
  assert.equal(fingerprint(''), 'cbf29ce484222325');
  assert.equal(fingerprint('a'), 'af63dc4c8601ec8c');
  assert.equal(fingerprint('foobar'), '85944171f73967e8');
});
