import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { allowEdit, newPolicy } from '../../server/src/policy/allow-edit.ts';
import type { AllowedName } from '../../server/src/policy/policy.ts';
import { parsePolicy } from '../../server/src/policy/policy-file.ts';

const RAECT: AllowedName = { ecosystem: 'npm', name: 'raect', reason: 'our "own"' };
const ENTRY = '{ "ecosystem": "npm", "name": "raect", "reason": "our \\"own\\"" }';

function editedBy(text: string, allowed = RAECT): string {
  const advice = allowEdit(text, allowed);
  assert.ok(advice.kind === 'edit', JSON.stringify(advice));
  return advice.edits.toReversed().reduce((result, edit) => result.slice(0, edit.start) + edit.text + result.slice(edit.end), text);
}

/** Every result is a policy that allows the name, and is not edited again. */
function check(before: string, wanted: string): void {
  const text = editedBy(before);
  assert.equal(text, wanted);
  const policy = parsePolicy(text, () => undefined);
  assert.ok(policy.ok && policy.value.allow?.some(({ name, reason }) => name === 'raect' && reason === RAECT.reason), text);
  assert.deepEqual(allowEdit(text, RAECT), { kind: 'present' });
}

describe('a name is allowed in a policy file', () => {
  test('that is new', () => {
    const policy = parsePolicy(newPolicy(RAECT), () => undefined);
    assert.ok(policy.ok);
    assert.deepEqual(policy.value.allow, [RAECT]);
  });

  test('that knows nothing of lookalikes yet', () =>
    check(
      '{\n  "version": 1, // the first\n  "rules": {} /* none */ // yet\n}\n',
      `{\n  "version": 1, // the first\n  "rules": {}, /* none */ // yet\n  "lookalikes": {\n    "allow": [\n      ${ENTRY}\n    ]\n  }\n}\n`,
    ));

  test('that has an empty part for them, with tabs, CRLF and a byte order mark', () =>
    check(
      '\ufeff{\r\n\t"version": 1,\r\n\t"lookalikes": {}\r\n}',
      `\ufeff{\r\n\t"version": 1,\r\n\t"lookalikes": {\r\n\t\t"allow": [\r\n\t\t\t${ENTRY}\r\n\t\t]\r\n\t}\r\n}`,
    ));

  test('that has others: behind the last, its comment and its comma', () =>
    check(
      '{\n  "version": 1,\n  "lookalikes": {\n    "allow": [\n      { "ecosystem": "npm", "name": "a", "reason": "b" }, // ours 🙂\n    ],\n  },\n}\n',
      `{\n  "version": 1,\n  "lookalikes": {\n    "allow": [\n      { "ecosystem": "npm", "name": "a", "reason": "b" }, // ours 🙂\n      ${ENTRY},\n    ],\n  },\n}\n`,
    ));

  test('on one line', () => check('{"version":1,"lookalikes":{"allow":[]}}', `{"version":1,"lookalikes":{"allow":[${ENTRY}]}}`));

  test('that names it without a reason: the reason is filled in', () => {
    const start = '{ "version": 1, "lookalikes": { "allow": [{ "ecosystem": "npm", "name": "raect"';
    check(`${start}, "reason": " " }] } }`, `${start}, "reason": "our \\"own\\"" }] } }`);
    check(`${start} }] } }`, `${start}, "reason": "our \\"own\\"" }] } }`);
  });

  test('that is none is left alone', () => {
    for (const [text, reason] of [
      ['{ "version": 1', 'has syntax errors'],
      ['[]', 'does not hold an object'],
      ['{ "lookalikes": [] }', 'has "lookalikes" that are no object'],
      ['{ "lookalikes": { "allow": {} } }', 'has an "allow" that is no list'],
    ] as const) {
      assert.deepEqual(allowEdit(text, RAECT), { kind: 'unusable', reason });
    }
  });

  test('whatever is left of the file', () => {
    const text = editedBy(
      '{\n  "version": 1, // x\n  "lookalikes": { "allow": [{ "ecosystem": "npm", "name": "b", "reason": "c" }] }\n}\n',
    );
    for (let end = 0; end < text.length; end++) allowEdit(text.slice(0, end), RAECT);
  });
});
