import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mappedSlice } from '../../server/src/core/mapped-text.ts';
import { actionReference, isRefName, parseUses } from '../../server/src/formats/action-reference.ts';

const HEX40 = 'c2'.repeat(20);

/** `uses`, verdict, reason; the level is a step where it is not said. */
const CASES: readonly (readonly [uses: string, verdict: string, reason?: string | undefined, level?: 'job'])[] = [
  ['actions/checkout@v4', 'unpinned'],
  ['actions/checkout@v4.2.1', 'unpinned'],
  ['actions/checkout@v4#c', 'unpinned'],
  [`actions/checkout@${HEX40}`, 'pinned'],
  [`actions/checkout@${HEX40.toUpperCase()}`, 'pinned'],
  [`actions/checkout@${HEX40}a`, 'unpinned'],
  [`actions/checkout@${'ab'.repeat(32)}`, 'unpinned'],
  [`actions/checkout@${HEX40.slice(1)}`, 'short-sha'],
  ['actions/checkout@a81bbbf', 'short-sha'],
  ['actions/checkout@A81BBBF', 'short-sha'],
  ['actions/checkout@a81bbb', 'unpinned'],
  ['actions/checkout@main', 'branch-ref'],
  ['actions/checkout@master', 'branch-ref'],
  ['actions/checkout@develop', 'branch-ref'],
  ['actions/checkout@dev', 'branch-ref'],
  ['actions/checkout@trunk', 'branch-ref'],
  ['actions/checkout@HEAD', 'branch-ref'],
  ['actions/checkout@release/v1', 'branch-ref'],
  ['actions/checkout@releases/v1', 'branch-ref'],
  ['actions/checkout@refs/heads/x', 'branch-ref'],
  ['actions/checkout@refs/tags/v4', 'unpinned'],
  ['actions/checkout@mainline', 'unpinned'],
  ['actions/checkout', 'missing-ref'],
  ['actions/checkout@', 'missing-ref'],
  ['github/codeql-action/init@v3', 'unpinned'],
  ['github/codeql-action/init', 'missing-ref'],
  ['Actions/Checkout@v4', 'unpinned'],
  ['actions//checkout@v4', 'unpinned'],
  ['actions/./checkout@v4', 'unpinned'],
  ['actions\\checkout@v4', 'unpinned'],
  ['owner/repo/../x@v4', 'unpinned'],
  ['checkout@v4', 'invalid-uses', 'no-repository'],
  ['/repo@v4', 'invalid-uses', 'no-repository'],
  ['owner/@v4', 'invalid-uses', 'no-repository'],
  ['us', 'invalid-uses', 'no-repository'],
  ['@v4', 'invalid-uses', 'no-repository'],
  ['a/b@v1@v2', 'invalid-uses', 'several-refs'],
  ['a/b@$\u007b{ x }}', 'invalid-uses', 'expression'],
  ['./x/$\u007b{ x }}', 'invalid-uses', 'expression'],
  ['', 'invalid-uses', 'empty'],
  ['  ', 'invalid-uses', 'empty'],
  ['a/..@v1', 'invalid-uses', 'bad-name'],
  ['a b/c@v1', 'invalid-uses', 'bad-name'],
  ['a.b/c@v1', 'invalid-uses', 'bad-name'],
  ['../x@v1', 'invalid-uses', 'bad-name'],
  ['a/b@v1..2', 'invalid-uses', 'bad-ref'],
  ['a/b@v1 ', 'invalid-uses', 'bad-ref'],
  ['https://github.com/a/b@v1', 'invalid-uses', 'address'],
  ['git@github.com:a/b', 'invalid-uses', 'address'],
  ['.github/actions/x', 'invalid-uses', 'local-without-dot'],
  ['./x@v1', 'invalid-uses', 'local-with-ref'],
  ['./.github/workflows/x.yml@v1', 'invalid-uses', 'local-with-ref', 'job'],
  ['./.github/workflows/x.yml', 'local', undefined, 'job'],
  ['./node_modules/@scope/x', 'local'],
  ['./action', 'local'],
  ['.\\action', 'local'],
  ['$/action', 'local'],
  ['docker://alpine', 'docker'],
  ['docker://', 'docker'],
  ['docker://$\u007b{ x }}', 'docker'],
  ['o/r/.github/workflows/x.yml@v1', 'unpinned', undefined, 'job'],
  ['o/r/.github/workflows/x.yaml@main', 'branch-ref', undefined, 'job'],
  ['o/r/.github/workflows/x.yml@v1', 'invalid-uses', 'workflow-as-step'],
  ['o/r@v1', 'invalid-uses', 'action-as-job', 'job'],
  ['o/r/.github/workflows/sub/x.yml@v1', 'invalid-uses', 'action-as-job', 'job'],
];

for (const [uses, verdict, reason, level = 'step'] of CASES) {
  test(`\`${uses}\` (${level}) is ${verdict}${reason === undefined ? '' : `: ${reason}`}`, () => {
    const parsed = parseUses(uses, level);
    assert.deepEqual([parsed.verdict, parsed.reason], [verdict, reason]);
  });
}

test('the parts are those that the runner finds', () => {
  const parts = (uses: string) => {
    const { owner, repo, subPath, ref } = parseUses(uses, 'step');
    return [owner, repo, subPath, ref];
  };
  assert.deepEqual(parts('github/codeql-action/init@v3'), ['github', 'codeql-action', 'init', 'v3']);
  assert.deepEqual(parts('a//b/./c/d@release/v1'), ['a', 'b', 'c/d', 'release/v1']);
  assert.deepEqual(parts('a/b@v4#c'), ['a', 'b', '', 'v4#c']);
});

test('names that git allows for refs', () => {
  for (const name of ['v1', 'release/v1', 'a-b_c.d', 'v4#c', '名前', 'x@y', '-x']) assert.ok(isRefName(name), name);
  for (const name of [
    '@',
    'v1..2',
    'a//b',
    'x.lock',
    'a.lock/b',
    '.x',
    'a/.b',
    'v1.',
    '/a',
    'a/',
    'a b',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[',
    'a\\b',
    'a@{1',
    'a\u0007',
  ]) {
    assert.ok(!isRefName(name), name);
  }
});

test('spans cover what they name, for any text', () => {
  const piece = fc.constantFrom(
    'a',
    'owner',
    '/',
    '@',
    'v4',
    '#',
    '.',
    '..',
    HEX40,
    'main',
    ' ',
    '$',
    '{{',
    '}}',
    '\\',
    '😀',
    'docker://',
    './',
  );
  fc.assert(
    fc.property(fc.array(piece), fc.constantFrom('step' as const, 'job' as const), (pieces, level) => {
      const uses = pieces.join('');
      const document = `uses: ${uses} # end`;
      const valueSpan = { start: 6, end: 6 + uses.length };
      const reference = actionReference({ source: mappedSlice(document, 6, 6 + uses.length), valueSpan, level, path: [], aliases: [] });
      const at = (span: { readonly start: number; readonly end: number }) => document.slice(span.start, span.end);
      assert.equal(at(reference.valueSpan), reference.requested);
      if (reference.editable) assert.equal(at(reference.nameSpan), reference.name);
      if (reference.versionSpan !== undefined && reference.ref !== '') assert.equal(at(reference.versionSpan), reference.ref);
      assert.equal(
        at(reference.span),
        reference.verdict === 'invalid-uses' || !uses.includes('@') ? uses : at(reference.versionSpan ?? valueSpan),
      );
    }),
  );
});
