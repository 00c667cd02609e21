import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'jsonc-parser';
import { newRecommendations, recommend } from '../../client/src/recommendations.ts';

const ID = 'waybill.waybill';

/** A file after the recommendation was added; fails where nothing is to be added. */
function recommended(text: string): string {
  const advice = recommend(text, ID);
  assert.ok(advice.kind === 'edit', `${advice.kind} for ${text}`);
  const after = advice.edits.reduceRight((result, edit) => result.slice(0, edit.start) + edit.text + result.slice(edit.end), text);
  assert.deepEqual(recommend(after, ID), { kind: 'present' }, after);
  const before: Record<string, unknown> = parse(text) ?? {};
  const list = Array.isArray(before.recommendations) ? before.recommendations : [];
  assert.deepEqual(parse(after), { ...before, recommendations: [...list, ID] });
  return after;
}

/** What comes out of what. */
const CASES: Readonly<Record<string, readonly [string, string]>> = {
  'an empty object': ['{}', '{\n  "recommendations": [\n    "waybill.waybill"\n  ]\n}'],
  'an empty list in one line': ['{"recommendations": []}\n', '{"recommendations": ["waybill.waybill"]}\n'],
  'a list in one line': ['{ "recommendations": ["a.b"] }', '{ "recommendations": ["a.b", "waybill.waybill"] }'],
  'a list in one line with a trailing comma': ['{"recommendations": ["a.b",]}', '{"recommendations": ["a.b", "waybill.waybill",]}'],
  'a comment behind the last item of a line': [
    '{"recommendations": ["a.b" /* why */]}',
    '{"recommendations": ["a.b", /* why */ "waybill.waybill"]}',
  ],
  'a comment in an empty list': ['{"recommendations": [/* none yet */]}', '{"recommendations": [/* none yet */ "waybill.waybill"]}'],
  'several lines': [
    '{\n    "recommendations": [\n        "a.b"\n    ]\n}\n',
    '{\n    "recommendations": [\n        "a.b",\n        "waybill.waybill"\n    ]\n}\n',
  ],
  'a trailing comma': [
    '{\n\t"recommendations": [\n\t\t"a.b",\n\t],\n}',
    '{\n\t"recommendations": [\n\t\t"a.b",\n\t\t"waybill.waybill",\n\t],\n}',
  ],
  'comments of the last item, and after it': [
    '{\n  "recommendations": [\n    "a.b" // formats\n    // "c.d"\n  ]\n}',
    '{\n  "recommendations": [\n    "a.b", // formats\n    "waybill.waybill"\n    // "c.d"\n  ]\n}',
  ],
  'a bracket behind the last item': [
    '{\n  "recommendations": [\n    "a.b"]\n}',
    '{\n  "recommendations": [\n    "a.b", "waybill.waybill"]\n}',
  ],
  "VS Code's own template": [
    '{\n\t// See the documentation.\n\t"recommendations": [\n\t\t\n\t],\n\t// Not these.\n\t"unwantedRecommendations": [\n\t\t\n\t]\n}',
    '{\n\t// See the documentation.\n\t"recommendations": [\n\t\t"waybill.waybill"\n\t],\n\t// Not these.\n\t"unwantedRecommendations": [\n\t\t\n\t]\n}',
  ],
  'another property, tabs and CRLF': [
    '{\r\n\t"unwantedRecommendations": ["a.b"] // noisy\r\n}\r\n',
    '{\r\n\t"unwantedRecommendations": ["a.b"], // noisy\r\n\t"recommendations": [\r\n\t\t"waybill.waybill"\r\n\t]\r\n}\r\n',
  ],
  'other property in one line': [
    '{"unwantedRecommendations": ["a.b"]}',
    '{"unwantedRecommendations": ["a.b"],\n  "recommendations": [\n    "waybill.waybill"\n  ]\n}',
  ],
  'a name that only looks like it': [
    '{"recommendations": ["x.waybill.waybill"]}',
    '{"recommendations": ["x.waybill.waybill", "waybill.waybill"]}',
  ],
};

describe('recommending to the team', () => {
  for (const [name, [before, after]] of Object.entries(CASES)) {
    test(`${name}: adds one entry and leaves the rest`, () => {
      assert.equal(recommended(before), after);
    });
  }

  test('a new file recommends it', () => {
    assert.deepEqual(recommend(newRecommendations(ID), ID), { kind: 'present' });
  });

  test('of two lists the last counts, as in VS Code', () => {
    assert.equal(recommend('{"recommendations": ["waybill.waybill"], "recommendations": ["a.b"]}', ID).kind, 'edit');
  });

  test('an id in another case is the same id', () => {
    assert.deepEqual(recommend('{"recommendations": ["Waybill.Waybill"]}', ID), { kind: 'present' });
  });

  test('unwanted wins, and its place is told', () => {
    const text = '{"recommendations": [], "unwantedRecommendations": ["waybill.waybill"]}';
    const advice = recommend(text, ID);
    assert.ok(advice.kind === 'unwanted');
    assert.equal(text.slice(advice.start, advice.end), '"waybill.waybill"');
  });

  test('a file that is no list is left alone, with the reason', () => {
    const reasons = ['', '[]', '{"recommendations": "a.b"}', '{"recommendations": [', '{"recommendations": [] ]'].map((text) => {
      const advice = recommend(text, ID);
      return advice.kind === 'unusable' ? advice.reason : advice.kind;
    });
    assert.deepEqual(reasons, [
      'has syntax errors',
      'does not hold an object',
      'has "recommendations" that are no list',
      'has syntax errors',
      'has syntax errors',
    ]);
  });

  test('any beginning of a file is answered', () => {
    const text = CASES["VS Code's own template"]?.[1] ?? '';
    for (let end = 0; end <= text.length; end++) assert.ok(recommend(text.slice(0, end), ID).kind !== 'edit', text.slice(0, end));
  });
});
