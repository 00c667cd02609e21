import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { format } from '../../server/src/formats/bun-lock.ts';
import { asLockFile } from '../../server/src/formats/lock-model.ts';
import { checkEveryPrefix, fixtureDocuments } from '../support/every-prefix.ts';
import { sourceFile } from '../support/memory-project.ts';

const HASH = `sha512-${'A'.repeat(86)}==`;
const COMMIT = 'a'.repeat(40);

function parse(text: string) {
  const manifest = format.parse(sourceFile('bun.lock', text));
  const lock = asLockFile(manifest);
  assert.ok(lock);
  return { manifest, lock };
}

const LOCK = `{
  "lockfileVersion": 1,
  "workspaces": {
    "": {
      "name": "shop",
      "dependencies": {
        "left-pad": "^1.2.0",
        "react": "catalog:",
      },
      "devDependencies": { "pad": "npm:left-pad@1", "from-git": "github:o/from-git", },
    },
    "packages/app": {
      "name": "@shop/app",
      "version": "1.0.0",
      "dependencies": { "left-pad": "^0.5.0", "@shop/lib": "workspace:*", },
      "optionalPeers": [
        "react",
      ],
    },
    "packages/lib": { "name": "@shop/lib" },
  },
  "trustedDependencies": [
    "esbuild",
  ],
  "overrides": { "semver": "7.0.0" },
  "catalog": { "react": "^19.0.0" },
  "catalogs": { "old": { "react": "^18.0.0" } },
  "packages": {
    "@shop/app": ["@shop/app@workspace:packages/app"],

    "@shop/lib": ["@shop/lib@workspace:packages/lib"],

    "@shop/app/left-pad": ["left-pad@0.5.0", "https://pads.example.test/left-pad/-/left-pad-0.5.0.tgz", {}, "${HASH}"],

    "from-git": ["from-git@github:o/from-git#${COMMIT}", { "dependencies": { "left-pad": "^1.0.0" } }, "o-from-git-aaaaaaa"],

    "left-pad": ["left-pad@1.3.0", "", { "os": [ "linux", ], "peerDependencies": { "react": ">=18" } }, "${HASH}"],

    "local": ["local@file:./local", {}],

    "pad": ["left-pad@1.3.0", "", {}, "${HASH}"],

    "react": ["react@19.2.0", "", {}, "${HASH}"],

    "remote": ["remote@https://pads.example.test/remote.tgz", {}, "${HASH}"],
  }
}
`;

test('entries know what they are', () => {
  const { lock, manifest } = parse(LOCK);
  assert.deepEqual(manifest.problems, []);
  assert.deepEqual(
    lock.entries.map(({ key, name, alias, version, source }) => [key, name, alias ?? '-', version ?? '-', source].join(' ')),
    [
      '@shop/app @shop/app - - workspace',
      '@shop/lib @shop/lib - - workspace',
      '@shop/app/left-pad left-pad - 0.5.0 tarball',
      'from-git from-git - - git',
      'left-pad left-pad - 1.3.0 tarball',
      'local local - - file',
      'pad left-pad pad 1.3.0 tarball',
      'react react - 19.2.0 tarball',
      'remote remote - - tarball',
    ],
  );
  assert.equal(lock.lockfileVersion, '1');
  assert.deepEqual(
    lock.importers.map(({ path }) => path),
    ['', 'packages/app', 'packages/lib'],
  );
  assert.equal(lock.locked('', 'left-pad', '')?.version, '1.3.0');
  assert.equal(lock.locked('packages/app', 'left-pad', '')?.version, '0.5.0');
  assert.equal(lock.locked('packages/app', '@shop/lib', '')?.source, 'workspace');
  assert.equal(lock.locked('packages/app', 'react', '')?.version, '19.2.0');
  assert.equal(lock.locked('elsewhere', 'react', ''), undefined);
  assert.equal(lock.catalogs?.get('default')?.get('react'), '^19.0.0');
  assert.equal(lock.catalogs?.get('old')?.get('react'), '^18.0.0');
  assert.equal(lock.overrides?.get('semver'), '7.0.0');
  const [, , , git, pad] = lock.entries;
  assert.ok(git && pad);
  assert.deepEqual(lock.requestsOf(git), [{ group: 'dependencies', name: 'left-pad', spec: '^1.0.0' }]);
  assert.deepEqual(lock.requestsOf(pad), [{ group: 'peerDependencies', name: 'react', spec: '>=18' }]);
});

for (const [name, text] of Object.entries({
  'bun wrote it': LOCK,
  'of CRLF and a byte order mark': `\ufeff${LOCK.replaceAll('\n', '\r\n')}`,
  'of comments': LOCK.replace('"packages"', '// by hand\n  /* , } */ "packages"'),
  'on one line': LOCK.replaceAll('\n', ' '),
})) {
  test(`every text stands where it says in a document ${name}`, () => {
    const { lock, manifest } = parse(text);
    assert.deepEqual(manifest.problems, []);
    assert.equal(lock.entries.length, 9);
    for (const entry of lock.entries) {
      for (const field of ['key', 'version', 'resolved', 'integrity'] as const) {
        const { start, end } = lock.spanOf(entry, field);
        assert.equal(text.slice(start, end), entry[field] ?? entry.key);
      }
    }
  });
}

test('a broken package is left out, the others stay', () => {
  for (const [from, to] of [
    [`"${HASH}"],\n\n    "local"`, `"sha512-],\n\n    "local"`],
    ['"react@19.2.0", ""', '"react@19.2.0" ""'],
    ['["local@file:./local"', '["local@file:./local'],
  ] as const) {
    const { lock, manifest } = parse(LOCK.replace(from, to));
    assert.ok(manifest.problems.length > 0);
    assert.ok(lock.entries.length >= 7, `${lock.entries.length} are left`);
    for (const entry of lock.entries) if (entry.version !== undefined) assert.equal(entry.integrity, HASH, entry.key);
  }
});

test('commas inside strings stay, and a comma too many is a problem', () => {
  const text = '{ "packages": { "a,]": ["a,]@1.0.0", "", { "dependencies": { "b": ">1 ,}" } }, "" ] } }';
  const [entry] = parse(text).lock.entries;
  assert.ok(entry?.key === 'a,]');
  assert.deepEqual(parse(text).lock.requestsOf(entry), [{ group: 'dependencies', name: 'b', spec: '>1 ,}' }]);
  for (const wrong of ['{,}', '{ "packages": {}, , }', '[,]', '{"a": [1,,]}']) assert.ok(parse(wrong).manifest.problems.length > 0, wrong);
  for (const other of ['{}', '[]', '5', 'null', '{"packages": []}', '{"packages": {"a": {}, "b": [], "c": [1, {}, []]}}']) {
    assert.deepEqual(parse(other).manifest.problems, [], other);
  }
});

test('every prefix of every document is read, and all rules run over it', () => {
  checkEveryPrefix(format, 'bun.lock', LOCK, 5);
  for (const document of fixtureDocuments('bun.lock')) checkEveryPrefix(format, 'bun.lock', document, 11);
});

test('anything at all is read without throwing', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '"', ',', ':', '[', ']', '{', '}', ' ', '/', '*', '\n', '@', '\\'), maxLength: 80 }),
      (text) => {
        const document = `{"packages": {"x": ["x@1", "", ${text}`;
        for (const entry of parse(document).lock.entries) {
          const { start, end } = parse(document).lock.spanOf(entry, 'integrity');
          assert.ok(start >= 0 && start <= end && end <= document.length);
        }
      },
    ),
  );
});

test('the root takes nothing from below a package of the tree that has its name', () => {
  const { lock } = parse(`{
  "lockfileVersion": 1,
  "workspaces": {
    "": { "name": "shop", "dependencies": { "left-pad": "^1.3.0", "plugin": "^1.0.0" } },
  },
  "packages": {
    "left-pad": ["left-pad@1.3.0", "", {}, "${HASH}"],
    "plugin": ["plugin@1.0.0", "", { "peerDependencies": { "shop": "*" } }, "${HASH}"],
    "shop": ["shop@0.9.0", "", { "dependencies": { "left-pad": "0.9.0" } }, "${HASH}"],
    "shop/left-pad": ["left-pad@0.9.0", "", {}, "${HASH}"],
  }
}
`);
  assert.equal(lock.locked('', 'left-pad', '^1.3.0')?.version, '1.3.0');
});
