import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readCommonYaml } from '../../server/src/formats/yaml-common.ts';
import { parseYaml } from '../../server/src/formats/yaml-document.ts';
import { fixtureFiles } from '../support/fixture.ts';

/** What only the library reads, and what changes nothing but the offsets. */
const DIRECTIVE = '%YAML 1.2\n';

/** A document as the library reads it, with the offsets of the document alone. */
function byLibrary(text: string) {
  const prefix = /^---[ \n\r]/m.test(text) ? DIRECTIVE : `${DIRECTIVE}---\n`;
  assert.equal(readCommonYaml(prefix + text), undefined);
  const { root, roots, blocks, problems } = parseYaml(prefix + text);
  return { root: root && moved(root, prefix.length), documents: roots.length, blocks: moved(blocks, prefix.length), problems };
}

/** Anything with spans and offsets, moved to the front. */
function moved<T>(value: T, by: number, name = ''): T {
  if (typeof value === 'number' && ['start', 'end', 'restAt', 'flowEnd'].includes(name)) return (value - by) as T & number;
  if (Array.isArray(value)) return value.map((item) => moved(item, by)) as T & unknown[];
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, moved(one, by, key)])) as T & object;
}

/** Holds a document against the library; true where it was read without it. */
function check(text: string): boolean {
  const common = readCommonYaml(text);
  if (common === undefined) return false;
  const { root, documents, blocks, problems } = byLibrary(text);
  assert.deepEqual(problems, [], text);
  assert.equal(documents, 1);
  assert.deepEqual({ root: common.root, blocks: common.blocks }, { root, blocks }, text);
  return true;
}

function fixtures(): string[] {
  const names = readdirSync('test/rules', { recursive: true }).map(String);
  return names
    .filter((name) => name.endsWith('.txt'))
    .flatMap((name) => Object.entries(fixtureFiles(readFileSync(path.join('test/rules', name), 'utf8')).files))
    .filter(([file]) => /\.ya?ml$/.test(file))
    .map(([, text]) => text);
}

test('the YAML of all fixtures, whole and cut anywhere, is what the library reads, and most of it needs no library', () => {
  const texts = fixtures();
  const read = texts.filter(check);
  assert.ok(read.length > texts.length * 0.8, `${read.length} of ${texts.length}`);
  for (const [nth, text] of texts.entries()) {
    for (let end = nth % 37; end < text.length; end += 37) check(text.slice(0, end));
  }
});

const WORKFLOW = `# A workflow
name: Build
on:
  push:
    branches: [main, 'release/**']
  # pull_request:
  workflow_dispatch:

permissions: {}
env: { CI: true, NAME: "a b" }  # here

jobs:
  # first
  build:   # behind
    runs-on: \${{ matrix.os }}
    strategy:
      matrix:
        os: [ubuntu-latest, windows-latest]
        include:
        - os: macos-latest
          extra: -1
          # deeper
        # flat

    steps:
      - uses: actions/checkout@v4 # v4

      # the next
      - name: 'It''s "here"'
        if: github.event_name == 'push' && !cancelled()
        run: |
          npm ci

          npm test -- --flag: x # no comment

        env:
          TOKEN: "\\"x\\""
          EMPTY:
      - run: >-
          folded
          text

            more
          end
        working-directory: a/b
      # the end
  test:
    needs: build
    uses: ./.github/workflows/x.yml
`;

test('what comments and empty lines belong to', () => {
  const cases = [
    WORKFLOW,
    'a:\n  b: 1\n  # in\n# out\nc: 2\n',
    'a:\n  b: 1\n\n    # deeper\n\n  c: 1\n',
    'a:\n  b:\n  # same\n\n  # again\n  c:\n',
    'a:\n  b:\n    # deeper\n\n\nc:\n# end\n',
    'a:\n  b:\n\n\n  # late\n  c: 1\n',
    'a:\n  b:\n\n\n  # late\n    # deeper\n  c: 1\n',
    'a:\n- b\n # x\n# y\nc: 1\n',
    '- a: 1\n  b: 2\n# x\n\n- c\n  # y\n',
    'a:\n    - b: |\n        x\n      # z\n    # y\n  # q\nc: 1\n',
    'a: [b]\n    # deep\nc: d',
    'a:\n  b:\n    c: 1\n  # at b\n    # deeper\nd: 1\n',
    '---\na: b\n',
    '# c\n\n---   \n# d\na: b\n# e',
    'a: |\n  x\n   \n     \n  \n\nb: 1\n',
    'a: |+\n  x\n\n   \nb: 1\n',
    'a: >\n\n\n  x\n    y\n\n  z\n',
    'a: |\n  x',
    'a: |\n  x\n  ',
    'a: |\n  x\n# c\n',
    'a:   # c',
    'a:',
    'a:  ',
    'a: b   ',
  ];
  for (const text of cases) {
    for (const one of [text, text.replaceAll('\n', '\r\n')]) assert.ok(check(one), one);
  }
});

test('what is unusual or wrong is left to the library', () => {
  const cases = [
    '',
    '# only a comment\n',
    'a: &x b\n',
    'a: *x\n',
    'a: !!str b\n',
    '<<: {a: b}\n',
    'a: 1\na: 2\n',
    'a: b\n  c\n',
    'a:\n  b\n',
    'a: "b\n  c"\n',
    'a: [b,\n  c]\n',
    'a: [b, ]\n',
    'a: {b}\n',
    'a: b: c\n',
    'a: "x" y\n',
    'a: "x"#y\n',
    'a: "\\q"\n',
    "a: 'b\n",
    'a: |2\n   b\n',
    'a: |\nb: c\n',
    'a: |\n  b\n\t\n',
    'a: @b\n',
    'a: - b\n',
    '- - a\n',
    '-\n  a: b\n',
    'a:\n\t- b\n',
    'a\n',
    '? a\n: b\n',
    'a: b\n---\nc: d\n',
    'a: b\n...\n',
    '  a: b\n',
    'a:\n    b: 1\n  c: 2\n',
    '- a\nb: c\n',
    '\ufeffa: b\n',
    'a: b\rc: d\n',
  ];
  for (const text of cases) assert.equal(readCommonYaml(text), undefined, JSON.stringify(text));
});

test('after any edits it is what the library reads', () => {
  const pieces = [
    '\n',
    '  ',
    ' ',
    '#',
    ' # c',
    '- ',
    ': ',
    ':',
    'x',
    "'",
    '"',
    '[',
    ']',
    '{',
    '}',
    ',',
    '|',
    '>-',
    '&a',
    '*a',
    '\t',
    '\r\n',
    '\\',
  ];
  const lines = [
    '\n# c\n',
    '\n      # c\n',
    '\n\n',
    '\nkey:\n',
    '\n  key: 1\n',
    '\n    - item\n',
    '\n  key:\n  - a\n',
    ' |\n      text\n',
    '\n---\n',
  ];
  const edit = fc.tuple(fc.nat(WORKFLOW.length), fc.constantFrom(0, 0, 0, 1, 4, 30), fc.constantFrom('', ...pieces, ...lines));
  let read = 0;
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 5 }), fc.boolean(), (edits, isCrlf) => {
      let text = isCrlf ? WORKFLOW.replaceAll('\n', '\r\n') : WORKFLOW;
      for (const [at, drop, piece] of edits) {
        text = text.slice(0, at) + piece + text.slice(at + drop);
        if (check(text)) read++;
      }
    }),
    { numRuns: 400 },
  );
  assert.ok(read > 40, `${read}`);
});

const KEYS = ['a', 'b-c', '"d"', "'e'", 'f g', 'on', '3', 'h#i', 'j:k'];
const VALUES = [
  'x',
  ' "y"',
  "'z'",
  '[a, "b c", {d: e}]',
  '{}',
  '[ ]',
  '-1',
  'a:b',
  'a#b',
  'https://x.test/?q=%20&r',
  `\${{ a.b }}`,
  '"\\"\\\\"',
  "it's",
  '~',
];
const BLOCKS = ['|', '>', '|-', '>-', '|+', '>+  # c'];
const WORDS = ['x', 'y: z', '  more', '# text', '', '', '- w', '\ttab', '   '];

/** A document made of a list of numbers, each of which decides something; when they are used up, it ends. Trivia is strewn in. */
function made(decisions: readonly number[]): string {
  let next = 0;
  const pick = <T>(options: readonly T[]): T => options[(decisions[next++] ?? 0) % options.length] as T;
  const lines: string[] = [];
  const trivia = (): void => {
    while (pick([0, 0, 0, 1]) === 1) lines.push(pick(['', '# c', '  ', ' # c', '  # c', '   # c', '    # c', '      # c', '        # c']));
  };
  const value = (prefix: string, indent: number, depth: number): void => {
    const kind = pick(depth > 3 ? [0, 1] : [0, 0, 0, 1, 2, 3, 3, 4]);
    const rest = pick(['', '', '', ' # c', '  ']);
    if (kind === 0) lines.push(`${prefix} ${pick(VALUES)}${rest}`);
    else if (kind === 1) lines.push(`${prefix}${rest}`);
    else if (kind === 2) {
      lines.push(`${prefix} ${pick(BLOCKS)}`);
      const deeper = ' '.repeat(indent + pick([1, 2, 4]));
      lines.push(`${deeper}first`);
      while (pick([0, 1, 1]) === 1) lines.push(`${deeper}${pick(WORDS)}`);
      while (pick([0, 0, 1]) === 1) lines.push(' '.repeat(pick([0, 1, 3, 8])));
    } else {
      lines.push(`${prefix}${rest}`);
      if (kind === 3) map(indent + pick([1, 2, 4]), depth + 1);
      else seq(indent + pick([0, 0, 2, 3]), depth + 1);
    }
  };
  const map = (indent: number, depth: number, first?: string): void => {
    const offset = pick([0, 1, 2, 3]);
    for (let i = 0; i <= pick([0, 1, 2, 3]); i++) {
      if (i > 0 || first === undefined) trivia();
      const start = i === 0 && first !== undefined ? first : ' '.repeat(indent);
      value(`${start}${KEYS[(offset + i) % KEYS.length]}${pick([':', ':', ' :'])}`, indent, depth);
    }
  };
  const seq = (indent: number, depth: number): void => {
    for (let i = 0; i <= pick([0, 1, 2]); i++) {
      trivia();
      const dash = `${' '.repeat(indent)}-${pick([' ', ' ', '   '])}`;
      if (pick([0, 1]) === 0) lines.push(`${dash}${pick(VALUES)}${pick(['', ' # c'])}`);
      else map(dash.length, depth + 1, dash);
    }
  };
  trivia();
  if (pick([0, 0, 0, 1]) === 1) seq(0, 0);
  else map(0, 0);
  trivia();
  return lines.join(pick(['\n', '\r\n'])) + pick(['', '\n', '\r\n']);
}

test('on documents of any shape it is what the library reads', () => {
  let read = 0;
  fc.assert(
    fc.property(fc.array(fc.nat(1_000), { minLength: 60, maxLength: 240 }), (decisions) => {
      if (check(made(decisions))) read++;
    }),
    { numRuns: 1_000 },
  );
  assert.ok(read > 500, `${read}`);
});

test('a long line and deep nesting take linear time, and end', () => {
  const deep = Array.from({ length: 2_000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n');
  assert.equal(readCommonYaml(deep), undefined);
  assert.equal(readCommonYaml(`a: ${'['.repeat(50_000)}`), undefined);
  const wide = readCommonYaml(Array.from({ length: 20_000 }, (_, i) => `key${i}: ${'x: '.repeat(0)}y`).join('\n'))?.root;
  assert.equal(wide?.kind === 'map' && wide.entries.length, 20_000);
  for (const part of ["''", '\\"', ' #', ': ', 'a ', '[', '{a: ']) {
    for (const start of ['a: ', 'a: "', "a: '", 'a: [', '- ']) readCommonYaml(start + part.repeat(20_000));
  }
});
