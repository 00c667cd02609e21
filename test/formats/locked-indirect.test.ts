import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SourceFile } from '../../server/src/core/source-file.ts';
import { format as bunLock } from '../../server/src/formats/bun-lock.ts';
import { format as packageLock } from '../../server/src/formats/package-lock.ts';
import { format as pnpmLock } from '../../server/src/formats/pnpm-lock.ts';
import { format as yarnLock } from '../../server/src/formats/yarn-lock.ts';

function file(path: string, text: string): SourceFile {
  return { uri: `file:///${path}`, path, text, version: 0 };
}

const BERRY = `__metadata:
  version: 8

"local@file:./local::locator=shop%40workspace%3A.":
  version: 1.0.0
  resolution: "local@file:./local#./local::hash=aaaaaa&locator=shop%40workspace%3A."
  languageName: node
  linkType: hard

"local@file:./local::hash=bbbbbb&locator=%40acme%2Fweb%40workspace%3Apackages%2Fweb":
  version: 2.0.0
  resolution: "local@file:./local#./local::hash=bbbbbb&locator=%40acme%2Fweb%40workspace%3Apackages%2Fweb"
  languageName: node
  linkType: hard

"left-pad@npm:^1.3.0":
  version: 1.3.0
  resolution: "left-pad@npm:1.3.0"
  languageName: node
  linkType: hard

"twice@npm:^1.0.0":
  version: 1.0.0
  resolution: "twice@npm:1.0.0"
  languageName: node
  linkType: hard

"twice@npm:^2.0.0":
  version: 2.0.0
  resolution: "twice@npm:2.0.0"
  languageName: node
  linkType: hard

"@acme/web@workspace:packages/web":
  version: 0.0.0-use.local
  resolution: "@acme/web@workspace:packages/web"
  languageName: unknown
  linkType: soft

"shop@workspace:.":
  version: 0.0.0-use.local
  resolution: "shop@workspace:."
  languageName: unknown
  linkType: soft
`;

test('yarn: what is relative to a workspace is found for that workspace', () => {
  const { model } = yarnLock.parse(file('yarn.lock', BERRY));
  assert.equal(model.locked('', 'local', 'file:./local')?.version, '1.0.0');
  assert.equal(model.locked('packages/web', 'local', 'file:./local')?.version, '2.0.0');
  assert.equal(model.locked('packages/other', 'local', 'file:./local'), undefined);
});

test('yarn: a catalog stands for the only version there is, and for none of two', () => {
  const { model } = yarnLock.parse(file('yarn.lock', BERRY));
  assert.equal(model.locked('', 'left-pad', 'catalog:')?.version, '1.3.0');
  assert.equal(model.locked('', 'left-pad', 'catalog:old')?.version, '1.3.0');
  assert.equal(model.locked('', 'twice', 'catalog:'), undefined);
  assert.equal(model.locked('', 'missing', 'catalog:'), undefined);
});

test('pnpm and bun: what a catalog stands for is found', () => {
  const pnpm = pnpmLock.parse(
    file(
      'pnpm-lock.yaml',
      "lockfileVersion: '9.0'\n\ncatalogs:\n  default:\n    left-pad:\n      specifier: ^1.3.0\n      version: 1.3.0\n\nimporters:\n\n  .:\n    dependencies:\n      left-pad:\n        specifier: 'catalog:'\n        version: 1.3.0\n\npackages:\n\n  left-pad@1.3.0:\n    resolution: {integrity: sha512-AA==}\n",
    ),
  );
  assert.equal(pnpm.model.locked('', 'left-pad', 'catalog:')?.version, '1.3.0');
  const bun = bunLock.parse(
    file(
      'bun.lock',
      '{\n  "lockfileVersion": 1,\n  "workspaces": {\n    "": { "name": "shop", "dependencies": { "left-pad": "catalog:" } },\n  },\n  "catalog": { "left-pad": "^1.3.0" },\n  "packages": {\n    "left-pad": ["left-pad@1.3.0", "", {}, "sha512-AA=="],\n  }\n}\n',
    ),
  );
  assert.equal(bun.model.locked('', 'left-pad', 'catalog:')?.version, '1.3.0');
});

test('passwords in addresses are secrets in every lockfile', () => {
  const address = 'https://bot:hunter2-very-secret@npm.example.test/a/-/a-1.0.0.tgz';
  const texts = [
    [
      packageLock,
      'package-lock.json',
      `{"lockfileVersion": 3, "packages": {"node_modules/a": {"version": "1.0.0", "resolved": "${address}"}}}`,
    ],
    [yarnLock, 'yarn.lock', `# yarn lockfile v1\n\na@^1.0.0:\n  version "1.0.0"\n  resolved "${address}"\n`],
    [pnpmLock, 'pnpm-lock.yaml', `lockfileVersion: '9.0'\n\npackages:\n\n  a@1.0.0:\n    resolution: {tarball: ${address}}\n`],
    [bunLock, 'bun.lock', `{\n  "packages": {\n    "a": ["a@1.0.0", "${address}", {}, ""],\n  }\n}\n`],
  ] as const;
  for (const [format, path, text] of texts) {
    const { secrets = [] } = format.parse(file(path, text));
    assert.deepEqual(
      secrets.map(({ start, end }) => text.slice(start, end)),
      ['hunter2-very-secret'],
      path,
    );
  }
});
