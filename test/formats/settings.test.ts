// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is what environment references look like in the texts under test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { masked } from '../../server/src/core/untrusted.ts';
import { format as bunfig } from '../../server/src/formats/bunfig.ts';
import { format as packageJson } from '../../server/src/formats/package-json.ts';
import { format as pnpmWorkspace } from '../../server/src/formats/pnpm-workspace.ts';
import { type Setting, settingNamed, textsOf } from '../../server/src/formats/settings-file.ts';
import { settingsOf } from '../../server/src/formats/settings-of.ts';
import { parseToml } from '../../server/src/formats/toml-document.ts';
import { format as yarnrc } from '../../server/src/formats/yarnrc.ts';
import { checkEveryPrefix, fixtureDocuments } from '../support/every-prefix.ts';
import { sourceFile } from '../support/memory-project.ts';

const FORMATS = {
  'pnpm-workspace.yaml': pnpmWorkspace,
  '.yarnrc.yml': yarnrc,
  'bunfig.toml': bunfig,
  'package.json': packageJson,
} as const;

function read(name: keyof typeof FORMATS, text: string) {
  const manifest = FORMATS[name].parse(sourceFile(name, text));
  const file = settingsOf(manifest);
  assert.ok(file);
  return { manifest, file };
}

/** Each setting as `name = value`. */
function shown(settings: readonly Setting[]): string[] {
  return settings.map(({ name, value }) => {
    if (value === undefined) return name;
    return `${name} = ${value.kind === 'map' ? '{}' : value.kind === 'list' ? `[${value.items.map(({ text }) => text).join(', ')}]` : value.text}`;
  });
}

test('the same settings in YAML, TOML and JSON', () => {
  const yaml = read('.yarnrc.yml', 'a: 1\nb:\n  c: "x y"\n  d: [e, "f"]\n  g:\n    - h\n');
  const toml = read('bunfig.toml', 'a = 1\n[b]\nc = "x y"\nd = ["e", \'f\']\ng = [\n  "h", # one\n]\n');
  const json = read('package.json', '{ "pnpm": { "a": 1, "b": { "c": "x y" } }, "scripts": { "b": "c" } }');
  assert.deepEqual(shown(yaml.file.settings), ['a = 1', 'b = {}', 'b.c = x y', 'b.d = [e, f]', 'b.g = [h]']);
  assert.deepEqual(shown(toml.file.settings), ['a = 1', 'b.c = x y', 'b.d = [e, f]', 'b.g = [h]']);
  assert.deepEqual(shown(json.file.settings), ['pnpm = {}', 'pnpm.a = 1', 'pnpm.b = {}', 'pnpm.b.c = x y']);
});

test('every kind of TOML value and key', () => {
  const text =
    '"quoted key" = """\nmany\nlines"""\na.b."c.d" = true\n[install]\nn = 1_000\nf = 1.5\nwhen = 1979-05-27\nt = { x = 1, "y" = { z = \'lit\' } }\n[[list]]\nk = ""\n[[list]]\nk = "2"\n';
  const { file } = read('bunfig.toml', text);
  assert.deepEqual(shown(file.settings), [
    'quoted key = many\nlines',
    'a.b.c.d = true',
    'install.n = 1000',
    'install.f = 1.5',
    'install.when = 1979-05-27',
    'install.t = {}',
    'install.t.x = 1',
    'install.t.y = {}',
    'install.t.y.z = lit',
    'list.k = ',
    'list.k = 2',
  ]);
});

test('keys and values stand where they are written', () => {
  for (const [name, text] of [
    ['bunfig.toml', '\ufeff# 🐢\r\n[install]\r\n"token" = \'ab🐢c\' # d\r\nx = { y = [ "z" ] }\r\n'],
    ['.yarnrc.yml', '\ufeff# 🐢\r\n"token": \'ab🐢c\' # d\r\nx:\r\n  y: [ z ]\r\n'],
    ['package.json', '{ "publishConfig": { "token": "ab🐢c", "x": { "y": ["z"] } } }'],
  ] as const) {
    const { file } = read(name, text);
    for (const setting of file.settings) {
      const last = setting.path.at(-1);
      assert.equal(text.slice(setting.keySpan.start, setting.keySpan.end), last, `${name}: the key ${last}`);
      for (const { text: value, span } of textsOf(setting))
        assert.equal(text.slice(span.start, span.end), value, `${name}: ${setting.name}`);
    }
    assert.deepEqual(
      file.settings.flatMap(textsOf).map(({ text }) => text),
      ['ab🐢c', 'z'],
      name,
    );
  }
});

const BROKEN: readonly (readonly [string, string, readonly string[]])[] = [
  ['a value that is missing', 'a = 1\nb =\nc = 3\n', ['a = 1', 'c = 3']],
  ['a key that is typed', 'a = 1\nb\nc = 3\n', ['a = 1', 'c = 3']],
  ['a string without its end', 'a = 1\nb = "x\nc = 3\n', ['a = 1', 'c = 3']],
  ['a header without its end', 'a = 1\n[install\nb = 2\n', ['a = 1', 'b = 2']],
  ['a key twice', 'a = 1\na = 2\nb = 3\n', ['a = 1', 'b = 3']],
  ['an array without its end, at the end', 'a = 1\nb = [\n  "x",\n', ['a = 1']],
  ['an array of which nothing but the bracket is there', 'a = 1\nb = [', ['a = 1']],
  ['nothing but errors', '= = =\n'.repeat(40), []],
  ['a byte order mark', '\ufeffa = 1', ['a = 1']],
  ['nothing', '', []],
];

for (const [title, text, expected] of BROKEN)
  test(`broken TOML: ${title}`, () => {
    const { manifest, file } = read('bunfig.toml', text);
    assert.deepEqual(shown(file.settings), expected);
    assert.equal(manifest.problems.length > 0, /without|missing|typed|twice|bracket|errors/.test(title));
    for (const { span } of manifest.problems) assert.ok(span.start <= span.end && span.end <= text.length);
  });

test('TOML: a document of any text is read to its end, in bounded time', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', '=', '"', "'", '[', ']', '{', '}', '\n', '.', '#', ' ', '1', ',', '"""', '🐢')), (parts) => {
      const text = parts.join('');
      const { entries, problems } = parseToml(text);
      for (const { keySpan } of entries) assert.ok(keySpan.start <= keySpan.end && keySpan.end <= text.length);
      for (const { span } of problems) assert.ok(span.start <= span.end && span.end <= text.length);
    }),
    { numRuns: 500 },
  );
});

test('TOML: hostile nesting and length are refused, not suffered', () => {
  for (const text of [`a = ${'['.repeat(100_000)}`, `a = ${'{ a = '.repeat(30_000)}`, `a = 1\n`.repeat(60_000)])
    assert.ok(parseToml(text).problems.length > 0);
});

test('YAML: what stands behind a syntax error is left out, and aliases without end are bounded', () => {
  assert.deepEqual(shown(read('.yarnrc.yml', 'a: 1\nb: [\nc: 3\n').file.settings).slice(0, 1), ['a = 1']);
  const bomb = `a: &a { x: 1, y: 2, z: 3 }\n${[...'bcdefghijklm'].map((name, i) => `${name}: &${name} { ${[...'pqrstuvw'].map((key) => `${key}: *${'abcdefghijkl'[i]}`).join(', ')} }`).join('\n')}\n`;
  assert.ok(read('.yarnrc.yml', bomb).file.settings.length <= 5_000);
});

test('a map that contains itself ends', () => {
  assert.ok(read('.yarnrc.yml', 'a: &a\n  b: *a\n').file.settings.length < 20);
});

test('of a setting that is written twice the last one counts', () => {
  const { file } = read('package.json', '{ "pnpm": { "x": 1 }, "publishConfig": {} }');
  assert.equal(settingNamed(file, 'pnpm.x')?.value?.kind, 'text');
  assert.equal(settingNamed(file, 'constructor'), undefined);
});

test('credentials are masked in every file that holds them, and environment references are not', () => {
  const secret = '0123456789abcdef0123456789abcdef';
  for (const [name, text] of [
    ['.yarnrc.yml', `npmScopes:\n  a:\n    npmAuthToken: "${secret}"\n  b:\n    npmAuthToken: \${TOKEN}\n`],
    [
      'bunfig.toml',
      `[install.scopes]\na = { token = "${secret}" }\nb = { token = "$TOKEN" }\nc = "https://u:${secret}@npm.example.test/"\n`,
    ],
    ['pnpm-workspace.yaml', `registries:\n  default: https://u:${secret}@npm.example.test/\n`],
    ['package.json', `{ "publishConfig": { "registry": "https://u:${secret}@npm.example.test/" }, "name": "shop" }`],
  ] as const) {
    const { manifest } = read(name, text);
    const hidden = masked(text, manifest.secrets);
    assert.ok(!hidden.includes(secret), `${name}: ${hidden}`);
    assert.equal(hidden.length, text.length);
    assert.ok(name === 'pnpm-workspace.yaml' || name === 'package.json' || hidden.includes('TOKEN'), hidden);
  }
});

test('a marker in TOML covers its line or the next, and none stands in a value', () => {
  const text =
    '# waybill-ignore config/release-age: soon\n\n[install] # x\na = "# waybill-ignore x: y"\nb = 1 # waybill-ignore config/*: why\n';
  const { manifest } = read('bunfig.toml', text);
  assert.deepEqual(
    manifest.ignores.map(({ rules, scope }) => [rules.join(), text.slice(scope.start, scope.end)]),
    [
      ['config/release-age', '[install] # x'],
      ['config/*', 'b = 1 # waybill-ignore config/*: why'],
    ],
  );
});

for (const name of ['pnpm-workspace.yaml', '.yarnrc.yml', 'bunfig.toml'] as const)
  test(`every prefix of every ${name} of the fixtures parses, and all rules run over it`, () => {
    const documents = fixtureDocuments(name);
    assert.ok(documents.length > 5, `${documents.length} documents`);
    for (const document of documents) checkEveryPrefix(FORMATS[name], name, document);
  });
