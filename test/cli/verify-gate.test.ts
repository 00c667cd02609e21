import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { PUBLIC_NPM_REGISTRY_URL } from '../../server/src/core/public-npm-registry.ts';
import { waybill } from '../support/cli.ts';
import { withFolder } from '../support/folder.ts';
import { packageLock } from '../support/package-lock.ts';
import { INTEGRITY, OTHER_INTEGRITY } from '../support/provenance.ts';
import { verifyRegistry } from './support/verify-registry.ts';

// What somebody tries who wants a changed lockfile to pass the gate: nothing passes that was not looked at.

const { run } = verifyRegistry({ signed: { plain: 'plain' } });

const PUBLIC = new URL(PUBLIC_NPM_REGISTRY_URL).origin;
const GIT = 'git+ssh://git@github.com/a/b.git#0123456789012345678901234567890123456789';

for (const [what, entry, args, status, pattern] of [
  [
    'fetched from elsewhere, with no integrity',
    { resolved: 'https://evil.example.test/plain/-/plain-1.0.0.tgz' },
    ['--require', 'signature'],
    2,
    /unknown {2}The lockfile names an address and no integrity: whatever lies there would be installed\.\n {2}plain@1\.0\.0\n/,
  ],
  [
    'fetched from elsewhere, with no integrity, and nothing required',
    { resolved: 'https://evil.example.test/plain/-/plain-1.0.0.tgz' },
    [],
    2,
    /unknown {2}The lockfile names an address/,
  ],
  [
    'the archive of another package, with no integrity',
    { resolved: `${PUBLIC}/evil/-/evil-1.0.0.tgz` },
    ['--require', 'signature'],
    2,
    /unknown {2}The lockfile names an address/,
  ],
  [
    'the archive of another version, with no integrity',
    { resolved: `${PUBLIC}/plain/-/plain-1.0.1.tgz` },
    ['--require', 'signature'],
    2,
    /unknown {2}The lockfile names an address/,
  ],
  [
    'the registry’s own archive, with no integrity',
    { resolved: `${PUBLIC}/plain/-/plain-1.0.0.tgz` },
    ['--require', 'signature'],
    0,
    /1 signed/,
  ],
  ['no address and no integrity', {}, ['--require', 'signature'], 0, /1 signed/],
  [
    'fetched from elsewhere, locked to the registry’s bytes',
    { resolved: 'https://mirror.example.test/plain/-/plain-1.0.0.tgz', integrity: INTEGRITY },
    ['--require', 'signature'],
    0,
    /1 signed/,
  ],
  [
    'two hashes, one of them the registry’s',
    { integrity: `${INTEGRITY} ${OTHER_INTEGRITY}` },
    ['--require', 'signature'],
    1,
    /WRONG {6}integrity-locked/,
  ],
  [
    'a hash that was cut',
    { integrity: INTEGRITY.slice(0, 40) },
    ['--require', 'signature'],
    2,
    /unknown {2}The locked integrity and the one/,
  ],
  [
    'a hash that was cut, and nothing required',
    { integrity: INTEGRITY.slice(0, 40) },
    [],
    2,
    /unknown {2}The locked integrity and the one/,
  ],
  [
    'an address that no registry serves',
    { resolved: 'https://evil.example.test/plain.tgz' },
    ['--require', 'signature'],
    1,
    /comes from an address that no registry serves, which no registry signs\.\n {2}plain@1\.0\.0\n/,
  ],
  [
    'a commit',
    { resolved: GIT },
    ['--require', 'provenance'],
    1,
    /comes from a git repository, which has no provenance\.\n {2}plain@1\.0\.0\n/,
  ],
  ['a commit, and nothing required', { resolved: GIT }, [], 0, /Not from a registry, and not verified: 1 from git\./],
  [
    'said to be bundled, but fetched',
    { inBundle: true, resolved: `${PUBLIC}/plain/-/plain-1.0.0.tgz`, integrity: OTHER_INTEGRITY },
    [],
    1,
    /WRONG {6}integrity-locked/,
  ],
  ['inside of another package', { inBundle: true }, ['--require', 'signature'], 0, /1 inside of other packages/],
  [
    'no version',
    { version: undefined, integrity: INTEGRITY },
    [],
    2,
    /not read to its end {2}package-lock\.json: the entry node_modules\/plain has no version/,
  ],
  ['a version that is none', { version: '1.0.0 || 2', integrity: INTEGRITY }, [], 1, /The registry lists no such version/],
] as const) {
  test(`an entry, ${what}: status ${status}`, async () => {
    const got = await run({ 'package-lock.json': packageLock({ plain: entry }) }, '.', ...args);
    assert.equal(got.status, status, got.stdout + got.stderr);
    assert.match(got.stdout + got.stderr, pattern);
  });
}

const GOOD = packageLock({ plain: { integrity: INTEGRITY } });

for (const [what, files, args, status, pattern] of [
  [
    'an object that is no lockfile',
    { 'package-lock.json': '{}' },
    ['.'],
    2,
    /version none of the format is not known, and nothing was found in it/,
  ],
  ['a list', { 'package-lock.json': '[]' }, ['.'], 2, /not read to its end/],
  ['a format of later', { 'package-lock.json': '{"lockfileVersion":9,"tree":{}}' }, ['.'], 2, /version 9 of the format is not known/],
  ['no package at all', { 'package-lock.json': packageLock({}) }, ['.'], 0, /0 packages in 1 lockfile/],
  ['a web page', { 'package-lock.json': '<html>' }, ['.'], 2, /not read to its end {2}package-lock\.json/],
  [
    'bun’s binary one beside another',
    { 'package-lock.json': GOOD, 'b/bun.lockb': 'bun-lockfile-format-v0' },
    ['.'],
    2,
    /not read to its end {2}b\/bun\.lockb: it is binary/,
  ],
  ['bun’s binary one alone', { 'bun.lockb': 'bun-lockfile-format-v0' }, ['bun.lockb'], 2, /it is binary/],
  [
    'two folders, one without any',
    { 'a/package-lock.json': GOOD, 'b/x.txt': '' },
    ['a', 'b'],
    2,
    /there is no lockfile of npm, yarn, pnpm or bun in b\n/,
  ],
  ['two folders', { 'a/package-lock.json': GOOD, 'b/npm-shrinkwrap.json': GOOD }, ['a', 'b'], 0, /1 package in 2 lockfiles/],
  [
    'a choice of which one is mistyped',
    { 'package-lock.json': GOOD },
    ['.', '--only', 'plain,@acme/*,plian'],
    0,
    /waybill: no lockfile has a package of @acme\/\*, plian\n/,
  ],
] as const) {
  test(`lockfiles, ${what}: status ${status}`, async () => {
    const got = await run(files, ...args);
    assert.equal(got.status, status, got.stdout + got.stderr);
    assert.match(got.stdout + got.stderr, pattern);
  });
}

test('the JSON of what was not verified follows the schema as well', async () => {
  const validate = new Ajv({ strict: true, allErrors: true }).compile(JSON.parse(readFileSync('schemas/verify.schema.json', 'utf8')));
  const files = {
    'package-lock.json': packageLock({ plain: { resolved: 'https://evil.example.test/plain/-/plain-1.0.0.tgz' }, git: { resolved: GIT } }),
    'b/bun.lockb': '\u0000',
    'c/package-lock.json': '{',
    'd/package-lock.json': packageLock({ 'x\u001b[2J\u202e': { integrity: INTEGRITY } }),
  };
  const { status, stdout } = await run(files, '.', '--format', 'json', '--require', 'signature');
  assert.equal(status, 1);
  assert.ok(validate(JSON.parse(stdout)), JSON.stringify(validate.errors));
  const report = JSON.parse(stdout);
  assert.deepEqual(
    report.unread.map((one: { path: string }) => one.path),
    ['b/bun.lockb', 'c/package-lock.json'],
  );
  assert.deepEqual(
    report.packages.map((one: { result: string }) => one.result),
    ['failed', 'unknown', 'unknown'],
  );
  assert.deepEqual(report.skipped, {});
});

test('colours only where they are asked for, and hostile names nowhere as they stand', async () => {
  const files = { 'package-lock.json': packageLock({ 'x\u001b[2J\u202e': { integrity: INTEGRITY } }) };
  const { stdout, stderr } = await run(files, '.');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there.
  assert.doesNotMatch(stdout + stderr, /[\u0000-\u0009\u000b-\u001f\u202e]/);
});

for (const [what, address] of [
  ['nobody listens', 'http://127.0.0.1:1/'],
  ['the address is none', 'nonsense'],
] as const) {
  test(`no registry to ask, because ${what}: status 2, whatever is required`, async () => {
    for (const args of [['npm:plain@1.0.0', '--require', 'nothing'], ['.'], ['.', '--require', 'signature']]) {
      const got = await withFolder({ '.git/HEAD': '', 'package-lock.json': GOOD }, (cwd) =>
        waybill(['verify', ...args], { cwd, env: { NPM_CONFIG_REGISTRY: address } }),
      );
      assert.equal(got.status, 2, got.stdout + got.stderr);
    }
  });
}
