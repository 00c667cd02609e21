import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isScalar, parseAllDocuments, visit } from 'yaml';
import { isVerbatim, offsetAt } from '../../server/src/core/mapped-text.ts';
import {
  asScalar,
  commentPlace,
  entriesOf,
  MAX_DEPTH,
  MAX_MERGED_ENTRIES,
  nodeOf,
  parseYaml,
  scalarOf,
  scalarSource,
  scalarsOf,
  type YamlDocument,
  type YamlNode,
  type YamlScalar,
} from '../../server/src/formats/yaml-document.ts';

/** All scalars of a tree, keys left out, each once. */
function scalars(document: YamlDocument): YamlScalar[] {
  const found: YamlScalar[] = [];
  const seen = new Set<YamlNode>();
  const visitNode = (node: YamlNode | undefined): void => {
    if (node === undefined || seen.has(node)) return;
    seen.add(node);
    if (node.kind === 'scalar') found.push(node);
    else if (node.kind === 'map') for (const { value } of node.entries) visitNode(value);
    else for (const item of node.items) visitNode(item);
  };
  for (const root of document.roots) visitNode(root);
  return found;
}

function value(text: string, key: string): YamlScalar {
  const scalar = scalarOf(parseYaml(text).root, key);
  assert.ok(scalar, `no scalar under ${key}`);
  return scalar;
}

test('a scalar’s span is its content, without quotes, anchors, tags and block indentation', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['k: a/b@v1 # c\n', 'a/b@v1'],
    ["k: 'a/b@v1'\n", 'a/b@v1'],
    ['k:   "a/b@v1"   # c\n', 'a/b@v1'],
    ['"k" : &x !!str a/b@v1\r\n', 'a/b@v1'],
    ['k: >-  # c\r\n    a/b@v1\r\n', 'a/b@v1'],
    ['\ufeffemoji: "😀"\nk: 😀 x\n', '😀 x'],
    ["k: ''\n", "''"],
    ['{ k: a/b@v1, l: [1] }', 'a/b@v1'],
  ];
  for (const [text, expected] of cases) {
    const { span } = value(text, 'k');
    assert.equal(text.slice(span.start, span.end), expected, text);
  }
});

test('nothing written is a null scalar, and no scalar for those who ask for one', () => {
  const { root } = parseYaml('k:\nl: ~\n');
  assert.equal(scalarOf(root, 'k'), undefined);
  assert.equal(scalarOf(root, 'l')?.text, '~');
});

test('the mapped text of a scalar is what the library reads, on scalars of every style', () => {
  const piece = fc.constantFrom(
    'a',
    'b c',
    ' ',
    '  ',
    '\t',
    '\n',
    '\r\n',
    "''",
    '\\n',
    '\\"',
    '\\\n',
    '\\ ',
    '\\x41',
    '\\u00e9',
    '\\U0001F600',
    '😀',
    '#',
    ' #',
    ':',
    '-',
  );
  const opener = fc.constantFrom('"', "'", '', '|\n', '>\n', '|-\r\n', '>+\n', '|2\n', '>1-\n', '|+\n');
  fc.assert(
    fc.property(opener, fc.array(piece, { maxLength: 12 }), fc.constantFrom('  ', '    '), (open, pieces, indent) => {
      const isBlock = open.includes('\n');
      const body = pieces.join('').replaceAll('\n', `\n${indent}`);
      const text = `k: ${open}${isBlock ? indent : ''}${body}${isBlock ? '\n' : open}\n`;
      const [reference] = parseAllDocuments(text, { uniqueKeys: false, logLevel: 'silent' });
      if (reference === undefined || !('errors' in reference) || reference.errors.length > 0) return;
      const expected: string[] = [];
      visit(reference, { Scalar: (key, node) => void (key !== 'key' && isScalar(node) && expected.push(node.source ?? '')) });
      const document = parseYaml(text);
      const actual = scalars(document).map((scalar) => scalarSource(document, scalar).text);
      assert.deepEqual(actual, expected, JSON.stringify(text));
    }),
    { numRuns: 3000 },
  );
});

test('every character of a mapped text knows its place', () => {
  const document = parseYaml("a: |\r\n    x y\r\n\r\n      z 😀\r\nb: \"q\\tr\\u0041 s\"\nc: 'it''s'\nd: one\n  two\n");
  for (const scalar of scalars(document)) {
    const mapped = scalarSource(document, scalar);
    const offsets = Array.from({ length: mapped.text.length }, (_, i) => offsetAt(mapped, i));
    assert.deepEqual(
      offsets.toSorted((x, y) => x - y),
      offsets,
    );
    for (const word of mapped.text.matchAll(/[xyzqrs😀]|one|two/gu)) {
      const at = offsetAt(mapped, word.index);
      assert.equal(document.text.slice(at, at + word[0].length), word[0]);
    }
  }
  const escaped = scalarSource(document, value(document.text, 'b'));
  assert.equal(escaped.text, 'q\trA s');
  assert.ok(!isVerbatim(escaped, 0, 3));
  assert.ok(isVerbatim(escaped, 4, 6));
});

test('an alias is the nearest anchor before it, and the anchor knows its aliases', () => {
  const text = 'a: &x one\nb: *x\nc: &x two\nd: [*x, *x]\n';
  const { root, problems } = parseYaml(text);
  assert.deepEqual(problems, []);
  assert.equal(nodeOf(root, 'b'), nodeOf(root, 'a'));
  assert.deepEqual(
    scalarsOf(nodeOf(root, 'd')).map((scalar) => scalar.text),
    ['two', 'two'],
  );
  assert.deepEqual(
    scalarOf(root, 'c')?.aliases.map(({ start, end }) => text.slice(start, end)),
    ['*x', '*x'],
  );
});

test('an alias without an anchor is a problem, and no value', () => {
  const { root, problems } = parseYaml('a: *nope\nb: 1\n');
  assert.equal(nodeOf(root, 'a'), undefined);
  assert.equal(scalarOf(root, 'b')?.text, '1');
  assert.deepEqual(problems, [{ message: 'no anchor is named `nope`', span: { start: 3, end: 8 } }]);
});

test('a merge key adds what is not there', () => {
  const { root } = parseYaml('base: &b {x: 1, y: 2}\nother: &o {z: 3}\nm:\n  <<: [*b, *o]\n  y: own\n');
  assert.deepEqual(
    entriesOf(nodeOf(root, 'm')).map(({ key, value, isMerged }) => [key, asScalar(value)?.text, isMerged]),
    [
      ['y', 'own', false],
      ['x', '1', true],
      ['z', '3', true],
    ],
  );
});

test('values that contain themselves, alias bombs and merge bombs end', () => {
  assert.equal(scalars(parseYaml('a: &a [*a, {b: *a}, x]\n')).length, 1);
  const bomb = ['a0: &a0 [x, x]', ...Array.from({ length: 60 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`)].join('\n');
  assert.equal(scalars(parseYaml(bomb)).length, 2);
  const merges = ['m0: &m0 {k: 1}', ...Array.from({ length: 400 }, (_, i) => `m${i + 1}: &m${i + 1} {<<: *m${i}, k${i}: 1}`)].join('\n');
  const merged = entriesOf(parseYaml(merges).root).flatMap(({ value }) => entriesOf(value).filter(({ isMerged }) => isMerged));
  assert.equal(merged.length, MAX_MERGED_ENTRIES);
});

test('too deep a document is told, not walked', () => {
  for (const text of ['['.repeat(20_000), '- '.repeat(20_000), '{a: '.repeat(20_000)]) {
    const { root, problems, brokenFrom } = parseYaml(text);
    assert.equal(root, undefined);
    assert.equal(problems[0]?.message, `more than ${MAX_DEPTH} levels of nesting`);
    assert.equal(brokenFrom, 0);
  }
  assert.ok(parseYaml(`${'['.repeat(MAX_DEPTH - 1)}x${']'.repeat(MAX_DEPTH - 1)}`).root);
});

test('a key that is written twice is a problem, and both values are there', () => {
  const { root, problems, brokenFrom } = parseYaml('a: 1\na: 2\n');
  assert.equal(entriesOf(root).length, 2);
  assert.equal(scalarOf(root, 'a')?.text, '1');
  assert.deepEqual(problems, [{ message: 'the key `a` is written twice', span: { start: 5, end: 6 } }]);
  assert.equal(brokenFrom, undefined);
});

test('a string that lost its closing quote is no value, and the tree is not trusted from its start', () => {
  const text = "a: 1\nb: 'open\nc: 2\n";
  const { root, brokenFrom } = parseYaml(text);
  assert.equal(scalarOf(root, 'a')?.text, '1');
  assert.equal(nodeOf(root, 'b'), undefined);
  assert.equal(brokenFrom, text.indexOf("'open"));
});

test('a comment goes behind the value, behind what it closes, or nowhere', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['k: v', 'k: v<>'],
    ['k: v  \n', 'k: v<>  \n'],
    ['k: v # c\n', 'k: v<> [# c]\n'],
    ["k: 'v'\t# c  \r\n", "k: 'v'<>\t[# c]  \r\n"],
    ['k: v#c\n', 'k: v#c<>\n'],
    ['{ k: v, l: {m: n} }\n', '{ k: v, l: {m: n} }<>\n'],
    ['{ k: v, l: "# n" } # c\n', '{ k: v, l: "# n" }<> [# c]\n'],
    ['{ k: v,\n  l: w }\n', '{ k: v,<>\n  l: w }\n'],
    ['{ l: w, k: v\n}\n', '{ l: w, k: v<>\n}\n'],
    ['{k: v, l: w,\n m: n}\n', undefined],
    ['k: >- # c\n  v\n', 'k: >-<> [# c]\n  v\n'],
    ['k: >-\n  v\n', 'k: >-<>\n  v\n'],
  ];
  for (const [text, expected] of cases) {
    const place = commentPlace(text, value(text, 'k'));
    if (place === undefined) {
      assert.equal(expected, undefined, text);
      continue;
    }
    const { at, comment } = place;
    let shown = `${text.slice(0, at)}<>`;
    if (comment === undefined) shown += text.slice(at);
    else
      shown += `${text.slice(at, comment.span.start)}[${text.slice(comment.span.start, comment.span.end)}]${text.slice(comment.span.end)}`;
    assert.equal(shown, expected);
  }
});

test('parsing never throws', () => {
  const soup = fc.array(
    fc.constantFrom(
      'a',
      ': ',
      '- ',
      '\n',
      '\n  ',
      '\t',
      "'",
      '"',
      '{',
      '}',
      '[',
      ']',
      ',',
      '#',
      '&a ',
      '*a',
      '!x ',
      '|',
      '>',
      '? ',
      '<<: ',
      '---',
      '...',
      '%',
      '\ufeff',
      '\r\n',
      '😀',
      '$\u007b{ x }}',
      '@',
    ),
  );
  fc.assert(
    fc.property(soup, (pieces) => {
      const document = parseYaml(pieces.join(''));
      for (const scalar of scalars(document)) scalarSource(document, scalar);
    }),
    { numRuns: 3000 },
  );
});

test('keys that nest without end are a problem, and end nothing', () => {
  for (const text of [`a: ${': '.repeat(20_000)}`, `- ${': '.repeat(20_000)}\n`, `${'? '.repeat(20_000)}`]) {
    const { problems, root } = parseYaml(text);
    assert.equal(root, undefined);
    assert.match(problems[0]?.message ?? '', /levels of nesting/);
  }
});
