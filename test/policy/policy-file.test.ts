import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parsePolicy } from '../../server/src/policy/policy-file.ts';

function errorsOf(text: string): string[] {
  const policy = parsePolicy(text, () => undefined);
  return policy.ok ? [] : policy.error.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

const withAllow = (allow: string) => `{ "version": 1, "lookalikes": { "allow": ${allow} } }`;

describe('allowed names in a policy file', () => {
  test('have an ecosystem, a name and a reason', () => {
    const policy = parsePolicy(withAllow('[{ "ecosystem": "npm", "name": "raect", "reason": " ours " }, ]'), () => undefined);
    assert.ok(policy.ok);
    assert.deepEqual(policy.value.allow, [{ ecosystem: 'npm', name: 'raect', reason: 'ours' }]);
  });

  test('without a reason, or with an empty one, are a mistake where the reason stands', () => {
    const wanted = 'an allowed name needs a "reason"';
    assert.deepEqual(errorsOf(withAllow('[{ "ecosystem": "npm", "name": "raect" }]')), [`1:43 ${wanted}`]);
    assert.deepEqual(errorsOf(withAllow('[{ "ecosystem": "npm", "name": "raect", "reason": "" }]')), [`1:92 ${wanted}`]);
    assert.deepEqual(errorsOf(withAllow('[{ "ecosystem": "npm", "name": "raect", "reason": " \\t" }]')), [`1:92 ${wanted}`]);
  });

  test('of another shape are a mistake, each named', () => {
    assert.deepEqual(errorsOf(withAllow('{}')), ['1:42 "allow" must be an array']);
    assert.deepEqual(errorsOf('{ "version": 1, "lookalikes": [] }'), ['1:31 "lookalikes" must be an object']);
    assert.deepEqual(errorsOf('{ "version": 1, "lookalikes": { "deny": [] } }'), ['1:33 unknown key "deny"; lookalikes has allow']);
    assert.deepEqual(errorsOf(withAllow('[{ "ecosystem": "maven", "name": "", "reason": "x", "by": "me" }]')), [
      '1:94 unknown key "by"; an allowed name has ecosystem, name and reason',
      '1:58 "ecosystem" must be one of npm, pypi, actions, oci',
      '1:75 an allowed name needs a "name"',
    ]);
    assert.deepEqual(errorsOf(withAllow('["raect"]'))[0], '1:43 an allowed name must be an object');
  });
});
