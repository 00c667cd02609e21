import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { waybill } from '../support/cli.ts';
import { withFolder } from '../support/folder.ts';
import { packageLock } from '../support/package-lock.ts';
import { INTEGRITY, NAME, OTHER_INTEGRITY, SIGNER, VERSION } from '../support/provenance.ts';
import { verifyRegistry } from './support/verify-registry.ts';

const SUBJECT = `npm:${NAME}@${VERSION}`;
/** `plain` is signed and has no provenance, `bare` has neither, `forged` has another's signature. */
const { sigstore, url, run } = verifyRegistry({
  signed: { plain: 'plain', forged: 'plain' },
  bare: ['bare', 'hidden'],
  refused: ['hidden'],
});

const GOOD = { [NAME]: { version: VERSION, integrity: INTEGRITY }, plain: { integrity: INTEGRITY } };

test('a package of the registry: proven, with everything that can be asked for', async () => {
  const { status, stdout, stderr } = await run(
    {},
    SUBJECT,
    ...['--integrity', INTEGRITY, '--repository', 'acme/widget', '--issuer', SIGNER.issuer],
    ...['--identity-regexp', String.raw`https://github\.com/acme/widget/.*`],
  );
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  assert.match(stdout, /^pkg:npm\/%40acme\/widget@1\.2\.3: proven\n/);
  assert.match(stdout, /ok {9}registry-signature: Signed with the key SHA256:\S+ of the registry, which it serves itself\./);
  assert.match(stdout, /ok {9}integrity-locked: The locked integrity is the one of the registry \(sha512\)\./);
  assert.match(stdout, /ok {9}asked-repository: /);
  assert.match(stdout, /Verified on this machine, by the trust root of 2020-01-01\.\n$/);
  assert.doesNotMatch(stdout, /digest-asked/);
});

for (const [what, args, status, pattern] of [
  ['another repository', [SUBJECT, '--repository', 'acme/other'], 1, /WRONG {6}asked-repository/],
  ['other bytes', [SUBJECT, '--integrity', OTHER_INTEGRITY], 1, /WRONG {6}integrity-locked/],
  ['no provenance', ['npm:plain@1.0.0'], 1, /not proven\n.*\n {2}missing {4}provenance-present.*\n {2}ok {9}registry-signature/],
  ['no provenance, and only a signature is required', ['npm:plain@1.0.0', '--require', 'signature'], 0, /not proven/],
  ['neither', ['npm:bare@1.0.0', '--require', 'signature'], 1, /missing {4}registry-signature: The registry has keys, but shows no/],
  ['a signature of something else', ['npm:forged@1.0.0', '--require', 'nothing'], 1, /WRONG {6}registry-signature/],
  [
    'a registry that does not show attestations',
    ['npm:hidden@1.0.0'],
    2,
    /unknown {4}attestations-served: 127\.0\.0\.1:\d+ does not serve attestations \(HTTP 405\)\./,
  ],
  ['no such version', ['npm:plain@2.0.0', '--require', 'nothing'], 1, /missing {4}version-listed: The registry lists no such version/],
  ['no such package', ['npm:nobody@2.0.0'], 1, /version-listed/],
] as const) {
  test(`one package, ${what}: status ${status}`, async () => {
    const { status: got, stdout, stderr } = await run({}, ...args);
    assert.deepEqual({ got, stderr }, { got: status, stderr: '' });
    assert.match(stdout, pattern);
  });
}

test('by the trust root that travels along, the test authorities are strangers', async () => {
  const { status, stdout } = await waybill(['verify', SUBJECT], { env: { NPM_CONFIG_REGISTRY: url() } });
  assert.equal(status, 2);
  assert.match(stdout, /does not know the transparency log/);
});

test('a registry that the project names is asked only with --trust', async () => {
  const npmrc = { '.npmrc': `registry=${url()}\n` };
  const root = { ...npmrc, 'root.json': JSON.stringify(sigstore.trust.root), '.git/HEAD': '' };
  await withFolder(root, async (folder) => {
    const args = ['verify', SUBJECT, '--trust-root', path.join(folder, 'root.json')];
    const refused = await waybill(args, { cwd: folder });
    assert.equal(refused.status, 2);
    assert.match(
      refused.stdout,
      /unknown {4}registry-asked: The registry could not be asked \(untrusted\): the \.npmrc of the project names/,
    );
    assert.equal((await waybill([...args, '--trust'], { cwd: folder })).status, 0);
  });
});

test('everything locked, each package once, across lockfiles and managers', async () => {
  const files = {
    'package-lock.json': packageLock({
      ...GOOD,
      'plain/node_modules/plain': { integrity: INTEGRITY },
      git: { resolved: 'git+ssh://git@github.com/a/b.git#0123456789012345678901234567890123456789' },
      remote: { resolved: 'https://example.test/a.tgz', integrity: INTEGRITY },
      link: { resolved: 'packages/a', link: true },
    }),
    'web/pnpm-lock.yaml': `lockfileVersion: '9.0'\n\npackages:\n\n  plain@1.0.0:\n    resolution: {integrity: ${INTEGRITY}}\n`,
    'api/yarn.lock': `__metadata:\n  version: 8\n\n"plain@npm:^1.0.0":\n  version: 1.0.0\n  resolution: "plain@npm:1.0.0"\n  checksum: 10c0/abc\n  languageName: node\n  linkType: hard\n`,
    'bun/bun.lock': `{\n  "lockfileVersion": 1,\n  "workspaces": {},\n  "packages": {\n    "plain": ["plain@1.0.0", "", {}, "${INTEGRITY}"],\n  }\n}\n`,
    'node_modules/x/package-lock.json': packageLock({ nobody: {} }),
  };
  const { status, stdout, stderr } = await run(files, '.', '--format', 'json');
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  const report = JSON.parse(stdout);
  assert.deepEqual(report.lockfiles, ['api/yarn.lock', 'bun/bun.lock', 'package-lock.json', 'web/pnpm-lock.yaml']);
  assert.deepEqual(
    report.packages.map(({ subject, verdict, lockfiles, result }: Record<string, unknown>) => [subject, verdict, lockfiles, result]),
    [
      ['pkg:npm/%40acme/widget@1.2.3', 'proven', ['package-lock.json'], 'passed'],
      // Yarn berry's checksums are of its own archives: it locks no integrity that could be compared.
      ['pkg:npm/plain@1.0.0', 'not-proven', ['api/yarn.lock'], 'passed'],
      ['pkg:npm/plain@1.0.0', 'not-proven', ['bun/bun.lock', 'package-lock.json', 'web/pnpm-lock.yaml'], 'passed'],
    ],
  );
  assert.deepEqual(report.skipped, { git: 1, address: 1 });
  assert.deepEqual(report.summary, { packages: 3, proven: 1, notProven: 2, contradicted: 0, unknown: 0, signed: 3, failed: 0 });
  const validate = new Ajv({ strict: true, allErrors: true }).compile(JSON.parse(readFileSync('schemas/verify.schema.json', 'utf8')));
  assert.ok(validate(report), JSON.stringify(validate.errors));
  assert.ok(!validate(JSON.parse(stdout.replace('"subject"', '"object"'))), 'the schema must notice what is missing');
  const one = await run({}, SUBJECT, '--format', 'json');
  assert.ok(validate(JSON.parse(one.stdout)), JSON.stringify(validate.errors));
});

for (const [what, entries, args, status, pattern] of [
  [
    'nothing required',
    GOOD,
    [],
    0,
    /2 packages in 1 lockfile: 1 proven, 1 not proven, 0 contradicted, 0 unknown; 2 signed by the registry\./,
  ],
  ['a signature required', GOOD, ['--require', 'signature'], 0, /Provenance or a signature of the registry was required of each\./],
  ['provenance required', GOOD, ['--require', 'provenance'], 1, /missing {2}There is no attestation.*\n {2}plain@1\.0\.0\n/],
  ['provenance required of some', GOOD, ['--require', 'provenance', '--only', '@acme/*'], 0, /1 package in 1 lockfile/],
  ['some, named one by one', GOOD, ['--only', '@acme/*', '--only', 'plain'], 0, /2 packages in 1 lockfile/],
  ['an origin required', GOOD, ['--only', NAME, '--repository', 'acme/widget'], 0, /Provenance was required of each\./],
  ['another origin required', GOOD, ['--only', NAME, '--repository', 'acme/other'], 1, /WRONG {6}asked-repository/],
  ['other bytes', { plain: { integrity: OTHER_INTEGRITY } }, [], 1, /WRONG {6}integrity-locked.*locked in package-lock\.json/s],
  [
    'something not shown',
    { ...GOOD, hidden: { integrity: INTEGRITY } },
    [],
    2,
    /unknown {2}127\.0\.0\.1:\d+ does not serve attestations[^\n]*\n {2}hidden@1\.0\.0\n/,
  ],
  [
    'a signature required and not shown',
    { hidden: { integrity: INTEGRITY } },
    ['--require', 'signature'],
    1,
    /^missing {2}The registry has keys, but shows no signature for this version\.\n {2}hidden@1\.0\.0\n/,
  ],
  ['gone from the registry', { gone: { integrity: INTEGRITY } }, [], 1, /The registry lists no such version[^\n]*\n {2}gone@1\.0\.0/],
  ['wrong before unknown', { hidden: {}, plain: { integrity: OTHER_INTEGRITY } }, [], 1, /1 contradicted, 1 unknown/],
] as const) {
  test(`lockfiles, ${what}: status ${status}`, async () => {
    const { status: got, stdout, stderr } = await run({ 'package-lock.json': packageLock(entries) }, '.', ...args);
    assert.deepEqual({ got, stderr }, { got: status, stderr: '' }, stdout);
    assert.match(stdout, pattern);
  });
}

test('a lockfile that is cut is said, and is no success', async () => {
  const { status, stdout } = await run({ 'package-lock.json': packageLock(GOOD).slice(0, -30) }, 'package-lock.json');
  assert.equal(status, 2);
  assert.match(stdout, /not read to its end {2}package-lock\.json: /);
});

for (const [args, message] of [
  [['.'], /there is no lockfile of npm, yarn, pnpm or bun/],
  [['nowhere'], /nowhere does not exist/],
  [['root.json'], /root\.json is no lockfile/],
] as const) {
  test(`nothing to verify: waybill verify ${args.join(' ')}`, async () => {
    const { status, stdout, stderr } = await run({}, ...args);
    assert.deepEqual({ status, stdout }, { status: 2, stdout: '' });
    assert.match(stderr, message);
  });
}

test('a choice that fits nothing is no success', async () => {
  const { status, stderr } = await run({ 'package-lock.json': packageLock(GOOD) }, '.', '--only', 'lodash');
  assert.deepEqual({ status, stderr }, { status: 2, stderr: 'waybill: no lockfile has a package of lodash\n' });
});

for (const [text, message] of [
  ['{', /is no trust root: it is no JSON/],
  ['{"tlogs":[],"certificateAuthorities":[]}', /is no trust root: it names no transparency log/],
] as const) {
  test(`a trust root of no use: ${text}`, async () => {
    const { status, stdout, stderr } = await run({ 'own.json': text }, SUBJECT, '--trust-root', 'own.json');
    assert.deepEqual({ status, stdout }, { status: 2, stdout: '' });
    assert.match(stderr, message);
  });
}
