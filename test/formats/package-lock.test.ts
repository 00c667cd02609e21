import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asLockFile, type LockField } from '../../server/src/formats/lock-model.ts';
import { format } from '../../server/src/formats/package-lock.ts';
import { checkEveryPrefix, fixtureDocuments } from '../support/every-prefix.ts';
import { sourceFile } from '../support/memory-project.ts';

const HASH = `sha512-${'A'.repeat(86)}==`;
const FIELDS = ['key', 'version', 'resolved', 'integrity'] as const satisfies readonly LockField[];

function parse(text: string) {
  const manifest = format.parse(sourceFile('package-lock.json', text));
  const lock = asLockFile(manifest);
  assert.ok(lock);
  return { manifest, lock };
}

interface Fields {
  readonly [field: string]: unknown;
}

function lockOf(packages: Readonly<Record<string, Fields>>, indent: number | string | undefined = 2): string {
  return JSON.stringify({ name: 'shop', lockfileVersion: 3, requires: true, packages }, null, indent);
}

function packagesOf(count: number): Record<string, Fields> {
  const packages: Record<string, Fields> = { '': { name: 'shop', dependencies: { p0: '*' } } };
  for (let i = 0; i < count; i++) {
    const version = `1.0.${i}`;
    packages[`node_modules/p${i}`] = { version, resolved: `https://npm.example.test/p${i}/-/p${i}-${version}.tgz`, integrity: HASH };
  }
  return packages;
}

test('every prefix of every fixture is read, and all rules run over it', () => {
  const documents = fixtureDocuments('package-lock.json');
  assert.ok(documents.length > 20);
  for (const document of documents) checkEveryPrefix(format, 'package-lock.json', document, document.length > 1500 ? 13 : 1);
});

test('every text of every entry stands where it says, whatever the layout', () => {
  const word = fc.stringMatching(/^[a-z"\\/{}: ]{1,8}$/);
  const entry = fc.record(
    { version: word, resolved: word, integrity: word, dependencies: fc.dictionary(fc.constantFrom(...FIELDS, 'x'), word) },
    { requiredKeys: [] },
  );
  const layouts = fc.constantFrom(undefined, 2, 4, '\t');
  fc.assert(
    fc.property(fc.dictionary(word, entry), layouts, fc.constantFrom('\n', '\r\n'), fc.boolean(), (packages, indent, lineEnd, bom) => {
      const text = (bom ? '\ufeff' : '') + lockOf(packages, indent).replaceAll('\n', lineEnd);
      const { manifest, lock } = parse(text);
      assert.deepEqual(manifest.problems, []);
      assert.deepEqual(
        lock.entries.map(({ key }) => key),
        Object.keys(packages),
      );
      for (const one of lock.entries) {
        for (const field of FIELDS) {
          const value = one[field];
          const { start, end } = lock.spanOf(one, value === undefined ? 'key' : field);
          const written = text.slice(start, end);
          const wanted = value ?? one.key;
          assert.equal(wanted === '' ? JSON.parse(written) : JSON.parse(`"${written}"`), wanted);
        }
      }
    }),
  );
});

test('a file that only looks as if npm had laid it out gets the right places all the same', () => {
  // The line of the nested object starts as a package's does, and the package itself stands elsewhere.
  const text = `{
  "packages": {
    "": {}, "node_modules/a": { "version": "1.0.0", "funding": {
    "node_modules/b": { "version": "9.9.9" } } }, "node_modules/b": { "version": "2.0.0" }
  }
}`;
  const { lock } = parse(text);
  const b = lock.entries.find(({ key }) => key === 'node_modules/b');
  assert.ok(b);
  const { start } = lock.spanOf(b, 'version');
  assert.equal(start, text.indexOf('2.0.0'));
  // Two maps of packages: the last counts.
  const twice =
    '{\n  "packages": {\n    "node_modules/a": {\n      "version": "1.0.0"\n    }\n  },\n  "packages": {\n    "node_modules/a": {\n      "version": "2.0.0"\n    }\n  }\n}';
  const [a] = parse(twice).lock.entries;
  assert.ok(a?.version === '2.0.0');
  assert.equal(parse(twice).lock.spanOf(a, 'version').start, twice.indexOf('2.0.0'));
});

test('entries know what they are', () => {
  const { lock } = parse(
    lockOf({
      '': { name: 'shop', dependencies: { a: '^1.0.0' }, devDependencies: { b: 'github:o/b' } },
      'packages/w': { name: '@shop/w', version: '1.0.0', dependencies: { a: '2' } },
      'node_modules/@shop/w': { resolved: 'packages/w', link: true },
      'node_modules/a': {
        version: '1.0.0',
        resolved: 'https://npm.example.test/a/-/a-1.0.0.tgz',
        integrity: HASH,
        dev: true,
        hasInstallScript: true,
        deprecated: 'old',
      },
      'packages/w/node_modules/a': { name: '@real/a', version: '2.0.0', optional: true, peer: true },
      'node_modules/a/node_modules/@s/c': { version: '1.0.0', inBundle: true },
      'node_modules/b': { version: '1.0.0', resolved: `git+ssh://git@github.com/o/b.git#${'a'.repeat(40)}`, devOptional: true },
      'node_modules/f': { version: '1.0.0', resolved: 'file:f.tgz' },
      'my_node_modules/x': { version: '1.0.0' },
    }),
  );
  assert.deepEqual(
    lock.entries.map(({ key, name, alias, source }) => [key, name, alias, source].join(' ')),
    [
      ' shop  root',
      'packages/w @shop/w  workspace',
      'node_modules/@shop/w @shop/w  link',
      'node_modules/a a  tarball',
      'packages/w/node_modules/a @real/a a tarball',
      'node_modules/a/node_modules/@s/c @s/c  bundled',
      'node_modules/b b  git',
      'node_modules/f f  file',
      'my_node_modules/x   workspace',
    ],
  );
  const flags = (key: string) => {
    const entry = lock.entries.find((one) => one.key === key);
    return [entry?.dev, entry?.optional, entry?.peer, entry?.hasInstallScript, entry?.deprecated];
  };
  assert.deepEqual(flags('node_modules/a'), [true, false, false, true, 'old']);
  assert.deepEqual(flags('packages/w/node_modules/a'), [false, true, true, false, undefined]);
  assert.deepEqual(flags('node_modules/b'), [true, true, false, false, undefined]);
  assert.equal(lock.lockfileVersion, '3');
  assert.deepEqual(lock.importers.slice(0, 2), [
    {
      path: '',
      requests: [
        { group: 'dependencies', name: 'a', spec: '^1.0.0' },
        { group: 'devDependencies', name: 'b', spec: 'github:o/b' },
      ],
    },
    { path: 'packages/w', requests: [{ group: 'dependencies', name: 'a', spec: '2' }] },
  ]);
  assert.equal(lock.locked('', 'a', '*')?.version, '1.0.0');
  assert.equal(lock.locked('packages/w', 'a', '*')?.version, '2.0.0');
  assert.equal(lock.locked('packages/w', 'b', '*')?.source, 'git');
  assert.equal(lock.locked('', '@shop/w', '*')?.key, 'packages/w');
  assert.equal(lock.locked('', 'unknown', '*'), undefined);
  assert.equal(lock.locked('elsewhere', 'a', '*'), undefined);
});

test('hostile content is data', () => {
  const text = `{"lockfileVersion": {}, "packages": {
    "__proto__": {"version": "1.0.0", "link": true, "resolved": "__proto__"}, "constructor": {"version": 5, "resolved": [], "integrity": {}, "dependencies": "x"},
    "node_modules/hasOwnProperty": {"name": 5, "dependencies": {"__proto__": "1", "toString": 7}}, "node_modules/a": "text", "node_modules/b": null, "node_modules/c": [1]}}`;
  const { lock, manifest } = parse(text);
  assert.deepEqual(manifest.problems, []);
  assert.deepEqual(
    lock.entries.map(({ key, version }) => [key, version]),
    [
      ['__proto__', '1.0.0'],
      ['constructor', undefined],
      ['node_modules/hasOwnProperty', undefined],
    ],
  );
  assert.equal(lock.locked('toString', 'a', ''), undefined);
  assert.equal(lock.locked('constructor', 'hasOwnProperty', '')?.key, 'node_modules/hasOwnProperty');
  const [, , last] = lock.entries;
  assert.ok(last);
  assert.deepEqual(lock.requestsOf(last), [{ group: 'dependencies', name: '__proto__', spec: '1' }]);
  for (const other of [
    '[]',
    '5',
    '"x"',
    'null',
    '{"packages": []}',
    '{"packages": "x"}',
    '{"lockfileVersion": 1, "dependencies": {"a": 5, "b": [], "c": null}}',
    '{"lockfileVersion": 1, "dependencies": []}',
    '{}',
  ]) {
    assert.deepEqual([parse(other).lock.entries, parse(other).manifest.problems], [[], []], other);
  }
  const deep = `{"packages": {"node_modules/a": {"version": "1.0.0"}, "x": ${'['.repeat(100_000)}`;
  assert.equal(parse(deep).manifest.problems.length, 1);
});

for (const [name, spoil] of Object.entries({
  'a missing quote': (text: string, at: number) => text.slice(0, text.indexOf('1.0.', at) - 1) + text.slice(text.indexOf('1.0.', at)),
  'a missing comma': (text: string, at: number) => text.slice(0, text.indexOf(',\n', at)) + text.slice(text.indexOf(',\n', at) + 1),
  'a missing closing brace': (text: string, at: number) =>
    text.slice(0, text.indexOf('\n    },', at)) + text.slice(text.indexOf('\n    },', at) + 7),
  'a key without its opening quote': (text: string, at: number) =>
    text.slice(0, text.indexOf('"node_modules', at)) + text.slice(text.indexOf('"node_modules', at) + 1),
  'a stray line': (text: string, at: number) =>
    `${text.slice(0, text.indexOf('\n', at))}\n<<<<<<< HEAD${text.slice(text.indexOf('\n', at))}`,
})) {
  test(`half-typed: ${name} loses at most two entries and shows its place`, () => {
    const good = lockOf(packagesOf(300));
    for (const part of [0.1, 0.5, 0.9]) {
      for (const lineEnd of ['\n', '\r\n']) {
        const at = Math.floor(good.length * part);
        const text = spoil(good, at).replaceAll('\n', lineEnd);
        const { lock, manifest } = parse(text);
        assert.ok(lock.entries.length >= 299, `${lock.entries.length} entries are left`);
        assert.equal(lock.lockfileVersion, '3');
        assert.equal(manifest.problems.length, 1);
        const line = (offset: number) => text.slice(0, offset).split('\n').length;
        assert.ok(Math.abs(line(manifest.problems[0]?.span.start ?? 0) - good.slice(0, at).split('\n').length) <= 8);
        for (const entry of lock.entries) {
          if (entry.version === undefined) continue;
          const { start, end } = lock.spanOf(entry, 'version');
          assert.equal(text.slice(start, end), entry.version);
        }
      }
    }
  });
}

test('many problems cost no more than their number', () => {
  const text = lockOf(packagesOf(500)).replaceAll('00",', '00,');
  const { lock } = parse(text);
  assert.equal(lock.entries.filter(({ version }) => version?.endsWith('00')).length, 0);
  assert.ok(lock.entries.length > 480);
});

test('a broken file in another layout keeps what stands before the problem', () => {
  const text = lockOf(packagesOf(20), undefined);
  const { lock, manifest } = parse(text.slice(0, text.indexOf('"node_modules/p10"') + 30));
  assert.equal(manifest.problems.length, 1);
  assert.equal(lock.entries.length, 11);
});

test("version 1's tree: entries know what they are, and where they stand", () => {
  const commit = 'a'.repeat(40);
  const text = JSON.stringify(
    {
      name: 'shop',
      lockfileVersion: 1,
      requires: true,
      dependencies: {
        a: {
          version: '1.0.0',
          resolved: 'https://npm.example.test/a/-/a-1.0.0.tgz',
          integrity: HASH,
          dev: true,
          requires: { b: '^1.0.0', c: '2' },
          dependencies: {
            b: { version: '1.2.0', bundled: true },
            '@s/c': { version: '2.0.0', optional: true, dependencies: { b: { version: '3.0.0' } } },
          },
        },
        b: { version: 'npm:@real/b@2.0.0', resolved: 'https://npm.example.test/@real/b/-/b-2.0.0.tgz' },
        g: { version: `git+ssh://git@github.com/o/g.git#${commit}`, from: 'git+ssh://git@github.com/o/g.git' },
        h: { version: `github:o/h#${commit}` },
        f: { version: 'file:f' },
        t: { version: 'https://pads.example.test/t.tgz' },
      },
    },
    null,
    2,
  );
  const { lock, manifest } = parse(text);
  assert.deepEqual(manifest.problems, []);
  assert.equal(lock.lockfileVersion, '1');
  assert.deepEqual(lock.importers, []);
  assert.deepEqual(
    lock.entries.map(({ key, name, alias, version, source, dev, optional }) =>
      [key, name, alias, version, source, dev, optional].join(' '),
    ),
    [
      'node_modules/a a  1.0.0 tarball true false',
      'node_modules/a/node_modules/b b  1.2.0 bundled false false',
      'node_modules/a/node_modules/@s/c @s/c  2.0.0 tarball false true',
      'node_modules/a/node_modules/@s/c/node_modules/b b  3.0.0 tarball false false',
      'node_modules/b @real/b b 2.0.0 tarball false false',
      'node_modules/g g   git false false',
      'node_modules/h h   git false false',
      'node_modules/f f   file false false',
      'node_modules/t t   tarball false false',
    ],
  );
  const [first] = lock.entries;
  assert.ok(first);
  assert.deepEqual(lock.requestsOf(first), [
    { group: 'dependencies', name: 'b', spec: '^1.0.0' },
    { group: 'dependencies', name: 'c', spec: '2' },
  ]);
  assert.equal(lock.locked('', 'b', '*')?.name, '@real/b');
  assert.equal(lock.locked('packages/x', 'b', '*'), undefined);
  const written = (key: string, field: LockField) => {
    const entry = lock.entries.find((one) => one.key === key);
    assert.ok(entry);
    const { start, end } = lock.spanOf(entry, field);
    return [text.slice(start, end), text.slice(0, start).split('\n').length];
  };
  assert.deepEqual(written('node_modules/a/node_modules/@s/c/node_modules/b', 'version'), ['3.0.0', 25]);
  assert.deepEqual(written('node_modules/b', 'version'), ['npm:@real/b@2.0.0', 32]);
  assert.deepEqual(written('node_modules/b', 'key'), ['b', 31]);
  assert.deepEqual(written('node_modules/b', 'integrity'), ['b', 31]);
  assert.deepEqual(written('node_modules/t', 'resolved'), ['https://pads.example.test/t.tgz', 46]);
  assert.deepEqual(written('node_modules/g', 'resolved'), [`git+ssh://git@github.com/o/g.git#${commit}`, 36]);
});

test("version 1's tree, half-typed, loses what is broken and keeps the rest", () => {
  const packages = Object.fromEntries(
    Object.entries(packagesOf(60)).flatMap(([key, fields]) =>
      key === '' ? [] : [[key.slice('node_modules/'.length), { ...fields, dependencies: { x: { version: '9.0.0' } } }]],
    ),
  );
  const good = JSON.stringify({ name: 'shop', lockfileVersion: 1, dependencies: packages }, null, 2);
  for (const lineEnd of ['\n', '\r\n']) {
    const text = good.replace('"1.0.30",', '"1.0.30').replaceAll('\n', lineEnd);
    const { lock, manifest } = parse(text);
    assert.equal(manifest.problems.length, 1);
    assert.equal(lock.entries.length, 59 * 2);
    for (const entry of lock.entries) {
      const { start, end } = lock.spanOf(entry, 'version');
      assert.equal(text.slice(start, end), entry.version);
    }
  }
});

test('packages that nest without end cost no more than their size', () => {
  const depth = 20_000;
  const text = `{"lockfileVersion": 1, "dependencies": ${'{"a": {"version": "1.0.0", "dependencies": '.repeat(depth)}{}${'}}'.repeat(depth)}}`;
  const { lock, manifest } = parse(text);
  assert.equal(lock.entries.length, 64);
  assert.equal(manifest.problems.length, 1);
  const last = lock.entries.at(-1);
  assert.ok(last);
  const { start, end } = lock.spanOf(last, 'version');
  assert.equal(text.slice(start, end), '1.0.0');
});

test('a file with conflict markers is read as both of its sides', () => {
  const text = `{
  "lockfileVersion": 3,
  "packages": {
    "": {
      "name": "shop"
    },
<<<<<<< HEAD
    "node_modules/a": {
      "version": "1.0.0"
    },
||||||| base
    "node_modules/a": {
      "version": "0.1.0"
    },
=======
    "node_modules/a": {
      "version": "2.0.0"
    },
>>>>>>> feature
    "node_modules/b": {
      "version": "1.0.0"
    }
  }
}
`;
  for (const lineEnd of ['\n', '\r\n']) {
    const document = text.replaceAll('\n', lineEnd);
    const { lock, manifest } = parse(document);
    assert.equal(manifest.problems[0]?.span.start, document.indexOf('<<<<<<<'));
    assert.deepEqual(
      lock.entries.map(({ index, key, version }) => [index, key, version]),
      [
        [0, '', undefined],
        [1, 'node_modules/a', '1.0.0'],
        [2, 'node_modules/b', '1.0.0'],
        [3, 'node_modules/a', '2.0.0'],
      ],
    );
    for (const entry of lock.entries) {
      const { start, end } = lock.spanOf(entry, 'version');
      if (entry.version !== undefined) assert.equal(document.slice(start, end), entry.version);
    }
    assert.equal(lock.locked('', 'a', '*'), undefined);
    assert.equal(lock.locked('', 'b', '*')?.version, '1.0.0');
  }
});

test('every prefix of every npm-shrinkwrap.json of the fixtures is read', () => {
  for (const document of fixtureDocuments('npm-shrinkwrap.json')) checkEveryPrefix(format, 'npm-shrinkwrap.json', document, 3);
});
