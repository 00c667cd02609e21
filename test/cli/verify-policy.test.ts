import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { waybill } from '../support/cli.ts';
import { withFolder } from '../support/folder.ts';
import { INTEGRITY, NAME, SIGNER, VERSION } from '../support/provenance.ts';
import { goodSet } from '../support/registry-papers.ts';
import { verifyRegistry } from './support/verify-registry.ts';

const SUBJECT = `npm:${NAME}@${VERSION}`;
const REPOSITORY = 'https://github.com/acme/widget';
/** `@acme/widget` has provenance of acme/widget, `plain` and `@acme/plain` are signed and have none, `hidden` is refused. */
const { sigstore, url, run } = verifyRegistry({
  signed: { plain: 'plain', '@acme/plain': '@acme/plain' },
  bare: ['@acme/hidden'],
  refused: ['@acme/hidden'],
});

/** A policy that requires provenance of some packages, and an option that names it. */
function policy(...provenance: readonly object[]): Readonly<Record<string, string>> {
  return { 'waybill.json': JSON.stringify({ version: 1, npm: { provenance } }) };
}
const BY_POLICY = ['--policy', 'waybill.json'];

function packageLock(entries: Readonly<Record<string, object>>): Readonly<Record<string, string>> {
  const packages = Object.fromEntries(
    Object.entries(entries).map(([name, entry]) => [`node_modules/${name}`, { version: '1.0.0', ...entry }]),
  );
  return {
    'package-lock.json': JSON.stringify({ name: 'app', lockfileVersion: 3, packages: { '': { name: 'app' }, ...packages } }, undefined, 2),
  };
}

const GOOD = { [NAME]: { version: VERSION, integrity: INTEGRITY }, plain: { integrity: INTEGRITY } };
const GIT = { resolved: 'git+ssh://git@github.com/acme/b.git#0123456789012345678901234567890123456789' };

for (const [what, entries, args, status, pattern] of [
  [
    'the repository that it names',
    [{ match: '@acme/*', repository: REPOSITORY, reason: 'ours' }],
    [],
    0,
    /\nRequired by the policy \(@acme\/\*: ours\): provenance, repository https:\/\/github\.com\/acme\/widget\.\n/,
  ],
  ['another repository', [{ match: '@acme/*', repository: 'acme/other' }], [], 1, /WRONG {6}asked-repository/],
  [
    'another workflow',
    [{ match: NAME, identityRegexp: String.raw`^https://github\.com/acme/widget/\.github/workflows/other\.yml@.*$` }],
    [],
    1,
    /WRONG {6}asked-identity/,
  ],
  ['another issuer', [{ match: '*', issuer: 'https://issuer.example.test' }], [], 1, /WRONG {6}asked-issuer/],
  [
    'all of the origin',
    [{ match: NAME, repository: REPOSITORY, issuer: SIGNER.issuer, identityRegexp: '^https://.*$' }],
    [],
    0,
    /ok {9}asked-identity/,
  ],
  ['nothing of it', [{ match: '@acme-evil/*', repository: 'acme/other' }], [], 0, /\nThe policy has no entry for this package\.\n/],
  [
    'another repository, and an option counts more',
    [{ match: '@acme/*', repository: 'acme/other' }],
    ['--repository', REPOSITORY],
    0,
    /repository https:\/\/github\.com\/acme\/widget \(by option\)/,
  ],
  [
    'the same repository, and an option another one',
    [{ match: '@acme/*', repository: REPOSITORY }],
    ['--repository', 'acme/other'],
    1,
    /WRONG {6}asked-repository/,
  ],
] as const) {
  test(`one package, of which a policy requires ${what}: status ${status}`, async () => {
    const { status: got, stdout, stderr } = await run(policy(...entries), SUBJECT, ...BY_POLICY, ...args);
    assert.deepEqual({ got, stderr }, { got: status, stderr: '' }, stdout);
    assert.match(stdout, pattern);
  });
}

test('what the policy has no entry for is required by --require alone', async () => {
  const files = policy({ match: '@acme/plain' });
  assert.equal((await run(files, 'npm:plain@1.0.0', ...BY_POLICY, '--require', 'signature')).status, 0);
  assert.equal((await run(files, 'npm:@acme/plain@1.0.0', ...BY_POLICY, '--require', 'signature')).status, 1);
  assert.equal((await run({}, 'npm:@acme/plain@1.0.0', '--require', 'signature')).status, 0);
});

test('a bundle is held against the policy as well', async () => {
  const files = { 'set.json': JSON.stringify(goodSet(sigstore)) };
  const args = [SUBJECT, '--bundle', 'set.json', ...BY_POLICY];
  assert.equal((await run({ ...files, ...policy({ match: NAME, repository: REPOSITORY }) }, ...args)).status, 0);
  assert.equal((await run({ ...files, ...policy({ match: NAME, repository: 'acme/other' }) }, ...args)).status, 1);
});

for (const [what, locked, entries, args, status, pattern] of [
  [
    'of those that have it',
    GOOD,
    [{ match: '@acme/*', repository: REPOSITORY }],
    [],
    0,
    /\nThe policy requires provenance of 1 package\.\nNothing was required of the others\. Verified/,
  ],
  [
    'of one that has none',
    GOOD,
    [{ match: 'plain' }],
    [],
    1,
    /^missing {2}There is no attestation[^\n]* \(The policy requires it of plain\.\)\n {2}plain@1\.0\.0\n/,
  ],
  ['of all', GOOD, [{ match: '*' }], [], 1, /requires provenance of 2 packages\.\nVerified on this machine/],
  [
    'of another repository',
    GOOD,
    [{ match: '@acme/*', repository: 'acme/other', reason: 'ours' }],
    [],
    1,
    /locked in package-lock\.json\n {2}Required by the policy \(@acme\/\*: ours\): provenance, repository acme\/other\.\n/,
  ],
  [
    'of nothing that is locked',
    { plain: {} },
    [{ match: '@acme/*' }, { match: 'acme' }],
    [],
    0,
    /\nThe policy requires provenance of nothing that is locked\.\nIt also names @acme\/\*, acme, of which nothing is locked\.\nNothing was required; /,
  ],
  ['of names that only nearly match', { plain: {} }, [{ match: 'plai' }, { match: 'plain2' }], [], 0, /nothing that is locked/],
  [
    'of one, and a signature of the others',
    GOOD,
    [{ match: NAME }],
    ['--require', 'signature'],
    0,
    /Provenance or a signature of the registry was required of the others\./,
  ],
  [
    'of one, and provenance of the others',
    GOOD,
    [{ match: NAME }],
    ['--require', 'provenance'],
    1,
    /missing {2}There is no attestation of provenance: (?:(?!The policy).)*\n {2}plain@1\.0\.0/,
  ],
  [
    'of one that the registry does not show',
    { '@acme/hidden': {} },
    [{ match: '@acme/*' }],
    [],
    2,
    /unknown {2}127\.0\.0\.1:\d+ does not serve[^\n]*\(The policy requires it of @acme\/\*\.\)\n/,
  ],
  [
    'of what comes from git',
    { '@acme/git': GIT, git: GIT },
    [{ match: '@acme/*' }],
    [],
    1,
    /^missing {2}It comes from a git repository, which has no provenance\. [^\n]*\n {2}@acme\/git@1\.0\.0\n(?:.|\n)*Not from a registry, and not verified: 1 from git\./,
  ],
  [
    'of what comes from an address',
    { '@acme/a': { resolved: 'https://files.example.test/a.tgz' } },
    [{ match: '@acme/*' }],
    [],
    1,
    /It comes from an address that no registry serves/,
  ],
  [
    'of what an alias passes off as it',
    { [NAME]: { name: 'plain', integrity: INTEGRITY } },
    [{ match: NAME }],
    [],
    1,
    /\n {2}plain@1\.0\.0\n/,
  ],
  [
    'of a package inside of another',
    { 'plain/node_modules/@acme/in': { inBundle: true } },
    [{ match: '@acme/*' }],
    [],
    0,
    /1 inside of other packages/,
  ],
] as const) {
  test(`lockfiles, and a policy requires provenance ${what}: status ${status}`, async () => {
    const { status: got, stdout, stderr } = await run({ ...packageLock(locked), ...policy(...entries) }, '.', ...BY_POLICY, ...args);
    assert.deepEqual({ got, stderr }, { got: status, stderr: '' }, stdout);
    assert.match(stdout, pattern);
  });
}

test('JSON says for each package what was asked, and by whom', async () => {
  const files = {
    ...packageLock({ ...GOOD, '@acme/git': GIT }),
    ...policy({ match: '@acme/*', repository: REPOSITORY, identityRegexp: '^https://.*$', reason: 'ours' }),
  };
  const { status, stdout } = await run(files, '.', ...BY_POLICY, '--issuer', SIGNER.issuer, '--format', 'json');
  assert.equal(status, 1);
  const report = JSON.parse(stdout);
  const byOption = { value: SIGNER.issuer, by: 'option' };
  const byPolicy = {
    require: { value: 'provenance', by: 'policy' },
    repository: { value: REPOSITORY, by: 'policy' },
    issuer: byOption,
    identityRegexp: { value: '^https://.*$', by: 'policy' },
    policy: { match: '@acme/*', reason: 'ours' },
  };
  assert.deepEqual(
    report.packages.map(({ subject, asked, result }: Record<string, unknown>) => [subject, asked, result]),
    [
      ['pkg:npm/%40acme/git@1.0.0', byPolicy, 'failed'],
      ['pkg:npm/%40acme/widget@1.2.3', byPolicy, 'passed'],
      ['pkg:npm/plain@1.0.0', { require: { value: 'provenance', by: 'option' }, issuer: byOption }, 'failed'],
    ],
  );
  assert.deepEqual(report.skipped, {});
  const validate = new Ajv({ strict: true, allErrors: true }).compile(JSON.parse(readFileSync('schemas/verify.schema.json', 'utf8')));
  assert.ok(validate(report), JSON.stringify(validate.errors));
  const one = await run(files, 'npm:plain@1.0.0', ...BY_POLICY, '--format', 'json');
  assert.ok(validate(JSON.parse(one.stdout)), JSON.stringify(validate.errors));
  assert.deepEqual(JSON.parse(one.stdout).asked, { require: { value: 'provenance', by: 'default' } });
});

for (const [what, files, message] of [
  ['is not there', {}, /^waybill: cannot read the policy waybill\.json: /],
  [
    'has a mistake',
    policy({ match: '@acme' }),
    /^waybill\.json:1:44: "match" must be a name, [^\n]*not "@acme"; did you mean "@acme\/\*"\?\nwaybill: the policy waybill\.json is not used because of this error\n$/,
  ],
  ['is hostile', policy({ 'x\u001b[31m': 'y' }), /unknown key "x\ufffd\[31m"/],
] as const) {
  test(`a policy that ${what}: nothing is verified`, async () => {
    for (const subject of ['.', SUBJECT]) {
      const { status, stdout, stderr } = await run({ ...packageLock(GOOD), ...files }, subject, ...BY_POLICY);
      assert.deepEqual({ status, stdout }, { status: 2, stdout: '' });
      assert.match(stderr, message);
    }
  });
}

test('check finds what verify fails, by the same policy', async () => {
  const dependencies = { [NAME]: VERSION, plain: '1.0.0' };
  const files = {
    ...packageLock(GOOD),
    ...policy({ match: 'plain' }, { match: '@acme/*', repository: 'acme/other' }),
    'package.json': JSON.stringify({ name: 'app', dependencies }),
    '.git/HEAD': '',
  };
  await withFolder(files, async (cwd) => {
    const args = ['check', '--policy', 'waybill.json', '--format', 'json'];
    const env = { NPM_CONFIG_REGISTRY: url() };
    const offline = JSON.parse((await waybill([...args], { cwd, env })).stdout);
    const required = (report: { findings: { rule: string; message: string }[] }): string[] =>
      report.findings.filter(({ rule }) => rule === 'npm/provenance-required').map(({ message }) => message.replace(/\. .*/s, '.'));
    assert.deepEqual(required(offline), []);
    assert.ok(offline.unknown.some(({ subject, why }: Record<string, string>) => subject === 'npm-provenance' && why === 'offline'));
    const { status, stdout } = await waybill([...args, '--online'], { cwd, env });
    assert.equal(status, 1);
    const [only] = required(JSON.parse(stdout));
    // The authorities of the test are strangers to the trust root that travels along; that there is no provenance needs none.
    assert.match(
      only ?? '',
      /^The policy \(`plain`\) asks for provenance of `plain`, and that of 1\.0\.0 is not proven: There is no attestation/,
    );
  });
});
