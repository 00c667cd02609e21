import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceSpan } from '../../server/src/core/mapped-text.ts';
import {
  decide,
  type ExpressionNode,
  expressionsIn,
  MAX_EXPRESSION_DEPTH,
  parseCondition,
  parseExpression,
  partsOf,
  valuesOf,
} from '../../server/src/formats/github-expression.ts';
import { parseYaml, scalarOf, scalarSource } from '../../server/src/formats/yaml-document.ts';

const parse = (text: string): ExpressionNode | undefined => parseExpression(text, 0, text.length);

/** An expression with all its parentheses, contexts by path. */
function shown(node: ExpressionNode | undefined): string {
  if (node === undefined) return '?';
  switch (node.kind) {
    case 'literal':
      return JSON.stringify(node.value);
    case 'context':
      return node.path;
    case 'call':
      return `${node.name}(${node.args.map(shown).join(', ')})`;
    case 'part':
      return `${shown(node.of)}->${node.name}`;
    case 'operation':
      return node.operands.length === 1
        ? `${node.operator}${shown(node.operands[0])}`
        : `(${node.operands.map(shown).join(` ${node.operator} `)})`;
  }
}

const CASES: readonly (readonly [text: string, wanted: string])[] = [
  ['github.event.issue.title', 'github.event.issue.title'],
  ["GitHub['Event'].issue . TITLE", 'github.event.issue.title'],
  ['github.event.commits[0].message', 'github.event.commits.*.message'],
  ['github.event.commits.*.message', 'github.event.commits.*.message'],
  ['github[inputs.name]', 'github.*'],
  ['steps.a-b.outputs.c_d', 'steps.a-b.outputs.c_d'],
  ["'it''s' == null", '("it\'s" == null)'],
  ['1 < 2 && -1.5e3 >= 0xff', '((1 < 2) && (-1500 >= 255))'],
  ['.5 == 0.5', '(0.5 == 0.5)'],
  ['a || b && c == d', '(a || (b && (c == d)))'],
  ['(a || b) && !c', '((a || b) && !c)'],
  ['!!a', '!!a'],
  ['a == b == c', '((a == b) == c)'],
  ["Contains(FromJSON('[1]'), x)", 'contains(fromjson("[1]"), x)'],
  ['fromJSON(x).y[0].z', 'fromjson(x)->y->*->z'],
  ['success()', 'success()'],
  ['true && False && null', '(true && false && null)'],
  // Broken ones are none, and nothing throws.
  ['', '?'],
  ['a.', '?'],
  ['a..b', '?'],
  ['a b', '?'],
  ["'open", '?'],
  ['a &&', '?'],
  ['f(a,', '?'],
  ['f(,)', '?'],
  ['a[', '?'],
  ['a = b', '?'],
  ['a & b', '?'],
  ['"x"', '?'],
];

for (const [text, wanted] of CASES) {
  test(`reads ${JSON.stringify(text)}`, () => {
    assert.equal(shown(parse(text)), wanted);
    for (let end = 0; end <= text.length; end++) assert.doesNotThrow(() => parse(text.slice(0, end)));
  });
}

test('an expression ends at the braces outside of its strings', () => {
  const text = `a \${{ '}}' }} b \${{ x }}\${{ y`;
  assert.deepEqual(
    expressionsIn(text).map(({ start, end, node }) => [text.slice(start, end), shown(node)]),
    [
      [`\${{ '}}' }}`, '"}}"'],
      [`\${{ x }}`, 'x'],
    ],
  );
});

test('a condition may stand with and without braces', () => {
  assert.equal(shown(parseCondition("a == 'b'\n")), '(a == "b")');
  assert.equal(shown(parseCondition(` \${{ a == 'b' }} `)), '(a == "b")');
  assert.equal(shown(parseCondition(`\${{ a }} == 'b'`)), '?');
});

const VALUES: readonly (readonly [text: string, wanted: string])[] = [
  ['a && b || c', 'b c'],
  ['a == b', ''],
  ['!a', ''],
  ["format('{0}', a, b)", 'a b'],
  ['contains(a, b)', ''],
  ['toJSON(a.b)', 'a.b+'],
  ['fromJSON(a).b', 'a+'],
  ["join(a.*.b, ',')", 'a.*.b'],
  ["(a || 'x') && 'y'", ''],
];

for (const [text, wanted] of VALUES) {
  test(`what comes through ${text}`, () => {
    const node = parse(text);
    assert.ok(node);
    assert.equal([...valuesOf(node)].map(({ node: { path }, isWhole }) => path + (isWhole ? '+' : '')).join(' '), wanted);
  });
}

const DECIDED: readonly (readonly [text: string, wanted: boolean | undefined])[] = [
  ["github.event_name == 'push'", true],
  ["github.event_name == 'PUSH'", true],
  ["github.event_name != 'push'", false],
  ["github.event_name == 'issues'", false],
  ["github.event_name == 'issues' || x", undefined],
  ["github.event_name == 'issues' && x", false],
  ["!(github.event_name == 'issues' && x)", true],
  ['x', undefined],
  ['false', false],
  ['always() || false', undefined],
];

for (const [text, wanted] of DECIDED) {
  test(`on push, ${text} is ${wanted}`, () => {
    const node = parse(text);
    assert.ok(node);
    assert.equal(decide(node, new Map([['github.event_name', 'push']])), wanted);
  });
}

const PLACES = [
  `run: echo \${{ a.b }} x`,
  `run: "echo \\"\${{ a.b }}\\" \\u0041"`,
  `run: 'it''s \${{ a.b }}'`,
  `run: |\n  😀 one\n  two \${{ a.b }}\n`,
  `run: >-\n  one\n  two \${{ a.b }}\n`,
  `run: one\n  two \${{ a.b }}`,
];

for (const text of PLACES) {
  test(`the place of an expression in ${JSON.stringify(text)}`, () => {
    const document = parseYaml(text);
    const scalar = scalarOf(document.root, 'run');
    assert.ok(scalar);
    const source = scalarSource(document, scalar);
    const [expression] = expressionsIn(source.text);
    assert.ok(expression?.node);
    const { start, end } = sourceSpan(source, expression.start, expression.end);
    assert.equal(text.slice(start, end), `\${{ a.b }}`);
    const inner = sourceSpan(source, expression.node.start, expression.node.end);
    assert.equal(text.slice(inner.start, inner.end), 'a.b');
  });
}

test('deep and long expressions are read in time, or not at all', () => {
  const deep = MAX_EXPRESSION_DEPTH + 1;
  const hostile = [
    '('.repeat(100_000),
    '!'.repeat(100_000),
    `a${'[a'.repeat(100_000)}`,
    `a${'.b'.repeat(100_000)}`,
    `${'f('.repeat(deep)}${')'.repeat(deep)}`,
    `a${'||a'.repeat(100_000)}`,
    `'${"''".repeat(100_000)}`,
    ' '.repeat(200_000),
  ];
  for (const text of hostile) {
    const node = parse(text);
    if (node !== undefined) assert.ok([...partsOf(node)].length > 0);
    expressionsIn(`\${{ ${text}`);
    expressionsIn(`\${{`.repeat(50_000));
  }
  assert.equal(parse(`${'('.repeat(deep)}a${')'.repeat(deep)}`), undefined);
  assert.equal(shown(parse(`${'('.repeat(20)}a${')'.repeat(20)}`)), 'a');
});
