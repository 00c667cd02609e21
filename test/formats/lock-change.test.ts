import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isEmptyChange, lockChange } from '../../server/src/formats/lock-change.ts';
import { asLockFile, type LockFile } from '../../server/src/formats/lock-model.ts';
import { format as packageLock } from '../../server/src/formats/package-lock.ts';
import { format as pnpmLock } from '../../server/src/formats/pnpm-lock.ts';
import { format as yarnLock } from '../../server/src/formats/yarn-lock.ts';
import { sourceFile } from '../support/memory-project.ts';

const A = `sha512-${'A'.repeat(86)}==`;
const B = `sha512-${'B'.repeat(85)}A==`;

type Packages = Readonly<Record<string, unknown>>;

function npm(packages: Packages, version = 3): LockFile {
  const text = JSON.stringify({ lockfileVersion: version, packages: { '': { name: 'shop' }, ...packages } });
  const lock = asLockFile(packageLock.parse(sourceFile('package-lock.json', text)));
  assert.ok(lock);
  return lock;
}

function entry(name: string, version: string, more: Packages = {}, host = 'npm.example.test') {
  const file = name.slice(name.indexOf('/') + 1);
  return { [`node_modules/${name}`]: { version, resolved: `https://${host}/${name}/-/${file}-${version}.tgz`, integrity: A, ...more } };
}

test('packages that come, go and change, in the order of their names', () => {
  const before = npm({ ...entry('gone', '1.0.0'), ...entry('same', '1.0.0'), ...entry('up', '1.9.0'), ...entry('down', '2.0.0') });
  const after = npm({
    ...entry('up', '1.10.0'),
    ...entry('same', '1.0.0'),
    ...entry('new-b', '1.0.0'),
    ...entry('new-a', '1.0.0'),
    ...entry('down', '1.0.0'),
  });
  const change = lockChange(before, after);
  assert.deepEqual(change.added, [
    { name: 'new-a', versions: ['1.0.0'] },
    { name: 'new-b', versions: ['1.0.0'] },
  ]);
  assert.deepEqual(change.removed, [{ name: 'gone', versions: ['1.0.0'] }]);
  assert.deepEqual(change.updated, [
    { name: 'down', before: ['2.0.0'], after: ['1.0.0'], isDowngrade: true },
    { name: 'up', before: ['1.9.0'], after: ['1.10.0'], isDowngrade: false },
  ]);
  assert.deepEqual([change.hashes, change.hosts, change.sources, change.scripts], [[], [], [], []]);
  assert.ok(!isEmptyChange(change));
  assert.ok(isEmptyChange(lockChange(after, after)));
});

test('a package that only moved in the tree did not change', () => {
  const before = npm({ ...entry('a', '1.0.0'), ...entry('b', '1.0.0') });
  const { 'node_modules/a': moved } = entry('a', '1.0.0');
  assert.ok(isEmptyChange(lockChange(before, npm({ ...entry('b', '1.0.0'), 'node_modules/b/node_modules/a': moved }))));
});

test('a second version beside the first is a change, and names the new one alone', () => {
  const { 'node_modules/a': second } = entry('a', '2.0.0');
  const change = lockChange(npm(entry('a', '1.0.0')), npm({ ...entry('a', '1.0.0'), 'node_modules/b/node_modules/a': second }));
  assert.deepEqual(change.updated, [{ name: 'a', before: [], after: ['2.0.0'], isDowngrade: false }]);
});

test('another hash for the same version of the same registry; not where the registry changed, nor where an algorithm did', () => {
  const before = npm({
    ...entry('forged', '1.0.0'),
    ...entry('mirrored', '1.0.0'),
    ...entry('better', '1.0.0', { integrity: `sha1-${'A'.repeat(27)}=` }),
  });
  const after = npm({
    ...entry('forged', '1.0.0', { integrity: B }),
    ...entry('mirrored', '1.0.0', { integrity: B }, 'mirror.example.test'),
    ...entry('better', '1.0.0'),
  });
  const change = lockChange(before, after);
  assert.deepEqual(change.hashes, [{ name: 'forged', version: '1.0.0', algorithm: 'sha512' }]);
  assert.deepEqual(change.hosts, [{ host: 'mirror.example.test', count: 1, example: 'mirrored' }]);
});

test('hosts, sources outside of a registry, and install scripts that were not there before', () => {
  const commit = 'a'.repeat(40);
  const before = npm({ ...entry('native', '1.0.0', { hasInstallScript: true }), ...entry('plain', '1.0.0'), ...entry('moved', '1.0.0') });
  const after = npm({
    ...entry('native', '1.1.0', { hasInstallScript: true }),
    ...entry('plain', '1.0.1', { hasInstallScript: true }),
    ...entry('fresh', '1.0.0', { hasInstallScript: true }),
    'node_modules/moved': { version: '1.0.0', resolved: `git+ssh://git@github.com/a/moved.git#${commit}` },
    'node_modules/blob': { version: '1.0.0', resolved: 'https://files.example.test/blob.tgz', integrity: A },
  });
  const change = lockChange(before, after);
  assert.deepEqual(change.scripts, [
    { name: 'fresh', versions: ['1.0.0'] },
    { name: 'plain', versions: ['1.0.1'] },
  ]);
  assert.deepEqual(change.sources, [
    { name: 'moved', kind: 'git', host: 'github.com' },
    { name: 'blob', kind: 'url', host: 'files.example.test' },
  ]);
  assert.deepEqual(
    change.hosts.map(({ host }) => host),
    ['github.com', 'files.example.test'],
  );
  assert.deepEqual(change.updated.find(({ name }) => name === 'moved')?.after, [`1.0.0#${commit}`]);
});

test('a lockfile that was not there: everything is added', () => {
  const change = lockChange(
    undefined,
    npm({ ...entry('a', '1.0.0'), 'packages/web': { name: 'web' }, 'node_modules/web': { resolved: 'packages/web', link: true } }),
  );
  assert.deepEqual(change.added, [{ name: 'a', versions: ['1.0.0'] }]);
  assert.deepEqual(change.hosts, [{ host: 'npm.example.test', count: 1, example: 'a' }]);
});

test('lockfiles that do not record install scripts say so', () => {
  const yarn = (version: string, checksum: string) => {
    const text = `__metadata:\n  version: 8\n\n"a@npm:^1.0.0":\n  version: ${version}\n  resolution: "a@npm:${version}"\n  checksum: 10c0/${checksum.repeat(128)}\n`;
    const lock = asLockFile(yarnLock.parse(sourceFile('yarn.lock', text)));
    assert.ok(lock);
    return lock;
  };
  const change = lockChange(yarn('1.0.0', 'a'), yarn('1.0.0', 'b'));
  assert.equal(change.scripts, undefined);
  assert.deepEqual(
    change.hashes.map(({ name }) => name),
    ['a'],
  );
  const pnpm = (version: string) =>
    asLockFile(
      pnpmLock.parse(
        sourceFile(
          'pnpm-lock.yaml',
          `lockfileVersion: '${version}'\n\npackages:\n\n  /a@1.0.0:\n    resolution: {integrity: ${A}}\n    requiresBuild: true\n`,
        ),
      ),
    );
  const old = pnpm('6.0');
  assert.ok(old);
  assert.deepEqual(lockChange(undefined, old).scripts?.length, 1);
});
