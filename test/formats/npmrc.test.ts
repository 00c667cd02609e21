// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is what environment references look like in the texts under test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asNpmrc, environmentNames, format } from '../../server/src/formats/npmrc.ts';
import { checkEveryPrefix, fixtureDocuments } from '../support/every-prefix.ts';
import { sourceFile } from '../support/memory-project.ts';

function parse(text: string) {
  const manifest = format.parse(sourceFile('.npmrc', text));
  return { manifest, entries: asNpmrc(manifest)?.entries ?? [] };
}

/** The texts that npm reads of a document, as `key` and `value`; null for a key alone. */
function read(text: string): (readonly [string, string | null])[] {
  return parse(text).entries.map(({ key, value }) => [key.text, value?.text ?? null]);
}

// What npm's own reader (`ini` 6, in npm 11.19) makes of these lines.
const READ: readonly (readonly [string, string, readonly (readonly [string, string | null])[]])[] = [
  ['a plain value', 'save-exact=true', [['save-exact', 'true']]],
  ['white space around both', '  a  =  b c  ', [['a', 'b c']]],
  ['a key alone', 'ignore-scripts', [['ignore-scripts', null]]],
  ['an empty value', 'a=', [['a', '']]],
  ['a value with equals signs', 'a=b=c==', [['a', 'b=c==']]],
  ['comments of both kinds', '; a=1\n  # b=2\nc=3', [['c', '3']]],
  ['a comment behind a value', 'a=b # c', [['a', 'b']]],
  [
    'a comment needs no white space',
    'a=b#c\nd=e;f',
    [
      ['a', 'b'],
      ['d', 'e'],
    ],
  ],
  ['escaped comment signs', 'a=b\\#c\\;d\\\\e\\f', [['a', 'b#c;d\\e\\f']]],
  ['a backslash at the end', 'a=b\\', [['a', 'b\\']]],
  ['double quotes', 'a="b # c"', [['a', 'b # c']]],
  ['single quotes', "a='b ; c'", [['a', 'b ; c']]],
  ['escapes in double quotes', 'a="b\\u0063\\n"', [['a', 'bc\n']]],
  ['a comment behind quotes keeps the quotes', 'a="b" # c', [['a', '"b"']]],
  ['quotes that do not match', 'a="b', [['a', '"b']]],
  ['one quote alone', 'a="', [['a', '"']]],
  ['quotes that are no JSON', 'a="b\\x"', [['a', '"b\\x"']]],
  [
    'a list',
    'omit[]=dev\nomit[] = optional',
    [
      ['omit', 'dev'],
      ['omit', 'optional'],
    ],
  ],
  ['a line without a key', '=b\na=c', [['a', 'c']]],
  ['a byte order mark', '\ufeffa=b', [['a', 'b']]],
  [
    'carriage returns',
    'a=b\r\nc=d\re=f\r\n',
    [
      ['a', 'b'],
      ['c', 'd'],
      ['e', 'f'],
    ],
  ],
  ['a quoted key', '"a b"=c', [['a b', 'c']]],
  ['a key with a comment sign', 'a#b=c', [['a', 'c']]],
];

for (const [title, text, expected] of READ) test(`.npmrc: ${title}`, () => assert.deepEqual(read(text), expected));

test('a registry’s settings have its host, a scope’s have none', () => {
  const { entries } = parse(
    '//NPM.example.test:8080/a/:_authToken=x\n@acme:registry=https://npm.example.test/\nregistry=y\n//[::1]/:_auth=z\n',
  );
  assert.deepEqual(
    entries.map(({ name, host }) => [name, host]),
    [
      ['_authToken', 'npm.example.test:8080'],
      ['registry', undefined],
      ['registry', undefined],
      ['_auth', '[::1]'],
    ],
  );
});

test('sections are kept apart', () => {
  const { entries } = parse('a=1\n[one.two]\nb=2\n [no section]\n');
  assert.deepEqual(
    entries.map(({ key, section }) => [key.text, section]),
    [
      ['a', undefined],
      ['b', 'one.two'],
      ['[no section]', 'one.two'],
    ],
  );
});

test('environment references are found as npm finds them', () => {
  assert.deepEqual(environmentNames('${A} ${B?} \\${C} \\\\${D} $E ${} ${F G}'), ['A', 'B', 'D', 'F G']);
});

test('an ignore comment counts before a line and at its end, not inside quotes', () => {
  const text =
    '# waybill-ignore a/b: one\n; more\na=1\nb=2 # waybill-ignore c/d: two\nc="3 # waybill-ignore e/f: three"\nd="4" # waybill-ignore g/h: four\n';
  const { ignores } = parse(text).manifest;
  assert.deepEqual(
    ignores.map(({ rules, scope }) => [rules, text.slice(scope.start, scope.end).slice(0, 4)]),
    [
      [['a/b'], 'a=1'],
      [['c/d'], 'b=2 '],
      [['g/h'], 'd="4'],
    ],
  );
});

test('every text is read, and what is verbatim stands where its span says', () => {
  const piece = fc.constantFrom(
    'a',
    '_authToken',
    '//h.test/:',
    '=',
    '"',
    "'",
    '\\',
    '#',
    ';',
    ' ',
    '\t',
    '\n',
    '\r\n',
    '[',
    ']',
    '${T}',
    '😀',
    '\ufeff',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join('');
      for (const { key, value } of parse(text).entries) {
        for (const one of [key, value]) {
          if (one?.isVerbatim) assert.equal(text.slice(one.span.start, one.span.end), one.text);
          else if (one !== undefined) assert.ok(one.span.start <= one.span.end && one.span.end <= text.length);
        }
      }
    }),
  );
});

test('every prefix of every .npmrc of the fixtures parses, and all rules run over it', () => {
  const documents = fixtureDocuments('.npmrc');
  assert.ok(documents.length > 0);
  for (const document of documents) checkEveryPrefix(format, '.npmrc', document);
});
