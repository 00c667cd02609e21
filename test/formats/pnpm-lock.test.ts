import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { asLockFile } from '../../server/src/formats/lock-model.ts';
import { format } from '../../server/src/formats/pnpm-lock.ts';
import { keysOf, readPackageKey, withoutPeers } from '../../server/src/formats/pnpm-lock-keys.ts';
import { type LockLine, LockLines } from '../../server/src/formats/pnpm-lock-lines.ts';
import { checkEveryPrefix, fixtureDocuments } from '../support/every-prefix.ts';
import { sourceFile } from '../support/memory-project.ts';

const HASH = `sha512-${'A'.repeat(86)}==`;
const COMMIT = 'a'.repeat(40);

function parse(text: string) {
  const manifest = format.parse(sourceFile('pnpm-lock.yaml', text));
  const lock = asLockFile(manifest);
  assert.ok(lock);
  return { manifest, lock };
}

const V9 = `lockfileVersion: '9.0'

settings:
  autoInstallPeers: true
  excludeLinksFromLockfile: false

catalogs:
  default:
    react:
      specifier: ^19.0.0
      version: 19.2.0
  old:
    'react':
      specifier: ^18.0.0
      version: 18.3.1

overrides:
  left-pad: 1.3.0
  a>b: npm:c@^1

importers:

  .:
    dependencies:
      react:
        specifier: 'catalog:'
        version: 19.2.0
      pad:
        specifier: npm:left-pad@^1.2.0
        version: left-pad@1.3.0
    devDependencies:
      '@s/tool':
        specifier: ^2.0.0
        version: 2.1.0(@s/peer@1.0.0(react@19.2.0))(react@19.2.0)
      from-git:
        specifier: github:o/from-git
        version: https://codeload.github.com/o/from-git/tar.gz/${COMMIT}
      over-ssh:
        specifier: git+ssh://git@git.example.test/o/over-ssh.git
        version: git+https://git@git.example.test:o/over-ssh.git#${COMMIT}
    optionalDependencies:
      fsevents:
        specifier: ^2.3.3
        version: 2.3.3

  packages/app:
    dependencies:
      lib:
        specifier: workspace:*
        version: link:../lib
      local:
        specifier: file:../../local
        version: file:local

packages:

  '@s/peer@1.0.0':
    resolution: {integrity: ${HASH}}
    peerDependencies:
      react: '>=18'

  '@s/tool@2.1.0':
    resolution: {integrity: ${HASH}, tarball: https://npm.example.test/@s/tool/-/tool-2.1.0.tgz}
    engines: {node: '>=18'}
    deprecated: "use it's \\"successor\\": @s/other # now"
    hasBin: true
    peerDependencies:
      react: ^19.0.0
    peerDependenciesMeta:
      react:
        optional: true

  fsevents@2.3.3:
    resolution: {integrity: ${HASH}}
    engines: {node: ^8.16.0 || ^10.6.0 || >=11.0.0}
    cpu: [x64, arm64]
    os: [darwin]

  from-git@https://codeload.github.com/o/from-git/tar.gz/${COMMIT}:
    resolution: {tarball: https://codeload.github.com/o/from-git/tar.gz/${COMMIT}}
    version: 0.1.0

  left-pad@1.3.0:
    resolution: {integrity: ${HASH}}
    deprecated: |-
      use String.prototype.padStart()
        since: 2018

      thank you

  local@file:local:
    resolution: {directory: local, type: directory}

  over-ssh@git+https://git@git.example.test:o/over-ssh.git#${COMMIT}:
    resolution: {commit: ${COMMIT}, repo: git@git.example.test:o/over-ssh.git, type: git}
    version: 1.0.0

  react@19.2.0:
    resolution: {integrity: ${HASH}}

snapshots:

  '@s/peer@1.0.0(react@19.2.0)':
    dependencies:
      react: 19.2.0

  '@s/tool@2.1.0(@s/peer@1.0.0(react@19.2.0))(react@19.2.0)':
    dependencies:
      '@s/peer': 1.0.0(react@19.2.0)
    optionalDependencies:
      fsevents: 2.3.3
    transitivePeerDependencies:
      - supports-color
      - a: b

  fsevents@2.3.3:
    optional: true

  left-pad@1.3.0: {}
`;

const V6 = `lockfileVersion: '6.0'

dependencies:
  react:
    specifier: ^18.0.0
    version: 18.2.0
  pad:
    specifier: npm:left-pad@1
    version: /left-pad@1.3.0
  '@s/tool':
    specifier: ^2.0.0
    version: 2.1.0(react@18.2.0)

packages:

  /@s/tool@2.1.0(react@18.2.0):
    resolution: {integrity: ${HASH}}
    requiresBuild: true
    dependencies:
      react: 18.2.0
    dev: false

  /left-pad@1.3.0:
    resolution: {integrity: ${HASH}}
    dev: true

  /react@18.2.0:
    resolution: {integrity: ${HASH}}
    dev: false

  github.com/o/r/${COMMIT}:
    resolution: {tarball: https://codeload.github.com/o/r/tar.gz/${COMMIT}}
    name: r
    version: 3.0.0
    dev: false
`;

const V5 = `lockfileVersion: 5.4

importers:

  .:
    specifiers:
      '@s/tool': ^2.0.0
      left-pad: ^1.0.0
    dependencies:
      '@s/tool': 2.1.0_react@18.2.0
    devDependencies:
      left-pad: 1.3.0

packages:

  /@s/tool/2.1.0_react@18.2.0:
    resolution: {integrity: ${HASH}}
    dev: false

  /left-pad/1.3.0:
    resolution: {integrity: ${HASH}}
    dev: true
    optional: true

  npm.example.test/@s/own/1.0.0:
    resolution: {integrity: ${HASH}, registry: https://npm.example.test/, tarball: https://npm.example.test/own.tgz}
    name: '@s/own'
    version: 1.0.0
`;

const TWO_DOCUMENTS = `---
lockfileVersion: '9.0'

importers:

  .:
    configDependencies: {}
    packageManagerDependencies:
      pnpm:
        specifier: 11.0.0
        version: 11.0.0

packages:

  pnpm@11.0.0:
    resolution: {integrity: ${HASH}}

---
${V6.replace('6.0', '9.0').replace('/@s/tool@2.1.0(react@18.2.0)', "'@s/tool@2.1.0'").replaceAll('  /', '  ').replaceAll(': /', ': ')}`;

/** As a formatter leaves it: other quotes, values on lines of their own. */
const FORMATTED = `lockfileVersion: "9.0"

importers:
  .:
    dependencies:
      "@s/tool":
        specifier: ^2.0.0
        version: 2.1.0
packages:
  "@s/tool@2.1.0":
    resolution:
      {
        integrity: ${HASH},
        tarball: https://npm.example.test/@s/tool/-/tool-2.1.0.tgz,
      }
    deprecated:
      This one is folded over
      two lines
  left-pad@1.3.0:
    resolution:
      { integrity: ${HASH} }
  right-pad@1.0.0:
    resolution:
      integrity: ${HASH}
    deprecated: >-
      folded
      once

      kept
`;

const DOCUMENTS = { V9, V6, V5, TWO_DOCUMENTS, FORMATTED };

interface Raw {
  readonly resolution?: { readonly integrity?: string; readonly tarball?: string };
  readonly deprecated?: string;
  readonly dev?: boolean;
}

for (const [name, document] of Object.entries(DOCUMENTS)) {
  for (const lineEnd of ['\n', '\r\n']) {
    test(`${name} is read as the yaml library reads it, ${lineEnd === '\n' ? 'LF' : 'CRLF and a byte order mark'}`, () => {
      const text = lineEnd === '\n' ? document : `\ufeff${document.replaceAll('\n', lineEnd)}`;
      const { manifest, lock } = parse(text);
      assert.deepEqual(manifest.problems, []);
      const raws = parseAllDocuments(document).flatMap((one): [string, Raw][] => Object.entries(one.toJS().packages));
      assert.deepEqual(
        lock.entries.map(({ key }) => key),
        raws.map(([key]) => key),
      );
      for (const entry of lock.entries) {
        const raw = raws[entry.index]?.[1];
        assert.equal(entry.integrity, raw?.resolution?.integrity);
        if (raw?.resolution?.tarball !== undefined) assert.equal(entry.resolved, raw.resolution.tarball);
        assert.equal(entry.deprecated, raw?.deprecated);
        assert.equal(entry.dev, raw?.dev ?? false);
        for (const field of ['key', 'integrity', 'resolved'] as const) {
          const { start, end } = lock.spanOf(entry, field);
          if (entry.source === 'git' && field === 'resolved') continue;
          assert.equal(text.slice(start, end), entry[field] ?? entry.key);
        }
      }
      for (const one of parseAllDocuments(document)) {
        for (const [path, groups] of Object.entries<Record<string, Record<string, { specifier?: string }>>>(one.toJS().importers ?? {})) {
          const importer = lock.importers.find((candidate) => candidate.path === (path === '.' ? '' : path));
          for (const group of ['dependencies', 'devDependencies', 'optionalDependencies']) {
            for (const [dependency, value] of Object.entries(groups[group] ?? {})) {
              const specifiers: Readonly<Record<string, unknown>> = groups.specifiers ?? {};
              const spec = value.specifier ?? specifiers[dependency];
              assert.ok(
                importer?.requests.some((request) => request.name === dependency && request.group === group && request.spec === spec),
              );
            }
          }
        }
      }
    });
  }
}

test('entries know what they are, in every version', () => {
  const said = (text: string) =>
    parse(text).lock.entries.map(({ name, version, source, dev, optional, hasInstallScript }) =>
      [name, version, source, dev ? 'dev' : '', optional ? 'optional' : '', hasInstallScript ? 'script' : ''].join(' ').trimEnd(),
    );
  assert.deepEqual(said(V9), [
    '@s/peer 1.0.0 tarball',
    '@s/tool 2.1.0 tarball',
    'fsevents 2.3.3 tarball  optional',
    'from-git 0.1.0 git',
    'left-pad 1.3.0 tarball',
    'local  file',
    'over-ssh 1.0.0 git',
    'react 19.2.0 tarball',
  ]);
  assert.deepEqual(said(V6), ['@s/tool 2.1.0 tarball   script', 'left-pad 1.3.0 tarball dev', 'react 18.2.0 tarball', 'r 3.0.0 git']);
  assert.deepEqual(said(V5), ['@s/tool 2.1.0 tarball', 'left-pad 1.3.0 tarball dev optional', '@s/own 1.0.0 tarball']);
});

test('what an importer asks for leads to its entry', () => {
  const key = (text: string, importer: string, name: string) => parse(text).lock.locked(importer, name, '')?.key;
  assert.equal(key(V9, '', 'react'), 'react@19.2.0');
  assert.equal(key(V9, '', 'pad'), 'left-pad@1.3.0');
  assert.equal(parse(V9).lock.locked('', 'pad', '')?.alias, 'pad');
  assert.equal(key(V9, '', '@s/tool'), '@s/tool@2.1.0');
  assert.equal(parse(V9).lock.locked('', 'from-git', '')?.version, '0.1.0');
  assert.equal(parse(V9).lock.locked('', 'over-ssh', '')?.resolved, `git@git.example.test:o/over-ssh.git#${COMMIT}`);
  assert.equal(key(V9, 'packages/app', 'local'), 'local@file:local');
  assert.equal(key(V9, 'packages/app', 'lib'), undefined);
  assert.equal(key(V9, 'packages/app', 'react'), undefined);
  assert.equal(key(V6, '', '@s/tool'), '/@s/tool@2.1.0(react@18.2.0)');
  assert.equal(key(V6, '', 'pad'), '/left-pad@1.3.0');
  assert.equal(key(V5, '', '@s/tool'), '/@s/tool/2.1.0_react@18.2.0');
  assert.equal(key(V5, '', 'left-pad'), '/left-pad/1.3.0');
  assert.equal(key(TWO_DOCUMENTS, '', 'react'), 'react@18.2.0');
});

test('a lockfile says its version, its overrides, its catalogs and what packages ask for', () => {
  const { lock } = parse(V9);
  assert.equal(lock.lockfileVersion, '9.0');
  assert.deepEqual(Object.fromEntries(lock.overrides ?? []), { 'left-pad': '1.3.0', 'a>b': 'npm:c@^1' });
  assert.equal(lock.catalogs?.get('old')?.get('react'), '^18.0.0');
  const tool = lock.entries.find(({ name }) => name === '@s/tool');
  assert.ok(tool);
  assert.deepEqual(
    lock.requestsOf(tool).map(({ group, name, spec }) => `${group} ${name} ${spec}`),
    ['peerDependencies react ^19.0.0', 'dependencies @s/peer 1.0.0(react@19.2.0)', 'optionalDependencies fsevents 2.3.3'],
  );
});

test('keys', () => {
  assert.equal(withoutPeers('a@1.0.0(b@2.0.0(c@3.0.0))(d@4.0.0)'), 'a@1.0.0');
  assert.equal(withoutPeers('a@file:x(1)/y'), 'a@file:x(1)/y');
  assert.equal(withoutPeers('((a)'), '((a)');
  assert.deepEqual(readPackageKey('@s/a@npm:1', 9), { name: '@s/a', reference: 'npm:1' });
  assert.deepEqual(readPackageKey('/a/1.0.0_b@1.0.0+c@2.0.0', 5), { name: 'a', reference: '1.0.0' });
  assert.ok(keysOf('a', '1.0.0(b@1.0.0)').includes('a@1.0.0'));
});

test('every prefix of every document is read, and all rules run over it', () => {
  for (const document of Object.values(DOCUMENTS)) checkEveryPrefix(format, 'pnpm-lock.yaml', document, 7);
  for (const document of fixtureDocuments('pnpm-lock.yaml')) checkEveryPrefix(format, 'pnpm-lock.yaml', document, 11);
});

test('a broken line is a problem, and loses at most its package', () => {
  for (const [line, at] of [
    ['<<<<<<< HEAD', V9.indexOf('  fsevents@2.3.3:\n')],
    ['  half-typed', V9.indexOf('  fsevents@2.3.3:\n')],
    ["    resolution: {integrity: 'sha", V9.indexOf('    resolution:')],
    ['\tindented: 1', V9.indexOf('    resolution:')],
  ] as const) {
    const text = `${V9.slice(0, at)}${line}\n${V9.slice(at)}`;
    const { manifest, lock } = parse(text);
    assert.equal(manifest.problems.length, 1, line);
    assert.ok(lock.entries.length >= 7, `${line}: ${lock.entries.length}`);
    for (const entry of lock.entries) assert.ok(entry.source !== 'tarball' || entry.integrity === HASH, `${line}: ${entry.key}`);
  }
});

test('anything at all is read without throwing, in time', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', ' ', '\n', ':', "'", '"', '{', '}', '-', '#', '|', '\r', '?'), maxLength: 200 }),
      (text) => {
        const { lock, manifest } = parse(`packages:\n${text}`);
        for (const entry of lock.entries) {
          const { start, end } = lock.spanOf(entry, 'key');
          assert.ok(start >= 0 && start <= end && end <= manifest.file.text.length);
        }
      },
    ),
  );
  const started = performance.now();
  for (const line of ['a\n', 'a: {\n', "'\n", '"\n', "a: '\n", ' ? a\n', 'a: |\n', '- a\n', '((((\n', 'a:b\n'])
    parse(`packages:\n  x:\n${line.repeat(100_000)}`);
  assert.ok(performance.now() - started < 20_000);
  const seen: LockLine[] = [];
  const lines = new LockLines('? long\n: a: 1\n  b: 2\nc: 3');
  lines.startDocument();
  lines.members(-1, (line) => {
    seen.push(line);
  });
  assert.deepEqual(
    seen.map(({ key }) => key),
    ['long', 'a', 'c'],
  );
});
