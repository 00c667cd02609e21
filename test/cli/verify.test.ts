import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { readArgs } from '../../server/src/cli/args.ts';
import { verdictJson, verdictText } from '../../server/src/cli/reporters/verdict.ts';
import { paint } from '../../server/src/cli/terminal.ts';
import { verifyAttestations } from '../../server/src/provenance/index.ts';
import { type CliRun, waybill } from '../support/cli.ts';
import { withFolder } from '../support/folder.ts';
import { INTEGRITY, NAME, patternOf, publish, SIGNER, slsa1, VERSION } from '../support/provenance.ts';
import { makeSigstore, SIGNED_AT } from '../support/sigstore.ts';

const SUBJECT = `npm:${NAME}@${VERSION}`;
const sigstore = makeSigstore();
const bundle = sigstore.bundle({ statement: slsa1(), by: SIGNER });

/** Runs the bundled command line on a file with this text. */
function run(text: string, ...args: string[]): Promise<CliRun> {
  return withFolder({ 'set.json': text }, (folder) => waybill(['verify', SUBJECT, '--bundle', path.join(folder, 'set.json'), ...args]));
}

test('the bundle judges by the trust root that travels with it: our own test authorities are strangers', async () => {
  const { status, stdout, stderr } = await run(JSON.stringify(bundle));
  assert.deepEqual({ status, stderr }, { status: 2, stderr: '' });
  assert.match(stdout, /^pkg:npm\/%40acme\/widget@1\.2\.3: unknown\n {2}It could not be judged/);
  assert.match(stdout, /unknown {4}signature: The trust root of \d{4}-\d\d-\d\d does not know the transparency log\./);
});

test('the exit status says: nothing proven, something wrong, could not be read', async () => {
  assert.equal((await run('{"attestations":[]}')).status, 1);
  const wrongKey = sigstore.bundle({ statement: slsa1(), by: SIGNER, keyId: 'SHA256:abc' });
  assert.equal((await run(JSON.stringify(wrongKey))).status, 1);
  assert.equal((await run('{"attest')).status, 2);
});

test('the JSON form has the verdict and every check', async () => {
  const { status, stdout } = await run('{"attestations":[]}', '--format', 'json');
  assert.equal(status, 1);
  const { trustRootDate, ...report } = JSON.parse(stdout);
  assert.match(trustRootDate, /^\d{4}-\d\d-\d\d$/);
  const check = { id: 'provenance-present', outcome: 'not-proven', message: 'There is no attestation of provenance.' };
  assert.deepEqual(report, {
    version: 1,
    subject: 'pkg:npm/%40acme/widget@1.2.3',
    verdict: 'not-proven',
    trustRootSource: 'bundled',
    checks: [check],
    attestations: [],
    asked: { require: { value: 'provenance', by: 'default' } },
  });
});

test('a file that is not there, and options that make no sense, are status 2 and a sentence', async () => {
  for (const [args, message] of [
    [['--bundle', 'no-such-file.json'], /no-such-file\.json cannot be read/],
    [['--bundle', 'package.json', '--integrity', 'sha1-abc'], /--integrity must be what a lockfile has/],
    [['--bundle', 'package.json', '--repository', 'somewhere'], /--repository must be the address of a repository/],
  ] as const) {
    const { status, stdout, stderr } = await waybill(['verify', SUBJECT, ...args]);
    assert.deepEqual({ status, stdout }, { status: 2, stdout: '' });
    assert.match(stderr, message);
  }
});

for (const [args, message] of [
  [[], /verify takes a package or paths: waybill verify npm:NAME@VERSION, or waybill verify PATH/],
  [['.', '--bundle', 'x'], /--bundle holds the attestations of one package/],
  [['.', '--integrity', 'x'], /--integrity is that of one package; lockfiles have one for each/],
  [['.', '--only', 'a,'], /--only takes names and scopes, such as "lodash,@acme\/\*", not ""/],
  [['.', '--only', '@a/b/c'], /--only takes names and scopes/],
  [['.', ''], /a PATH is empty/],
  [['.', '--require', 'all'], /--require must be one of provenance, signature, nothing, not "all"/],
  [['.', '--require', 'signature', '--issuer', 'https://x.example.test'], /--issuer says what provenance must be.*--require signature/],
  [['.', '--require', 'nothing', '--repository', 'a/b'], /--repository says what provenance must be.*--require nothing/],
  [['npm:a@1.0.0', '.'], /verify takes one package/],
  [['npm:a@1.0.0', 'npm:b@1.0.0', '--bundle', 'x'], /verify takes one package/],
  [['npm:a@1.0.0', '--only', 'a'], /--only chooses among the packages of lockfiles/],
  [['npm:a@1.0.0', '--bundle', 'x', '--require', 'signature'], /--bundle holds attestations.*--require signature/],
  [['npm:a@1.0.0', '--bundle', 'x', '--trust'], /--trust is about registries, and with --bundle none is asked/],
  [['npm:a', '--bundle', 'x'], /verify takes a version of a package on npm/],
  [['pypi:a@1.0.0', '--bundle', 'x'], /verify takes a version of a package on npm/],
  [['npm:a@^1.0.0', '--bundle', 'x'], /one exact version, not "\^1\.0\.0"/],
  [['npm:a@latest'], /one exact version, not "latest"/],
  [['npm:a@1.0.0', '--bundle', ''], /--bundle is empty/],
  [['npm:a@1.0.0', '--trust-root', ''], /--trust-root is empty/],
  [['npm:a@1.0.0', '--identity-regexp', '('], /--identity-regexp is no regular expression/],
  [['npm:a@1.0.0', '--identity-regexp', 'a)|(?:b'], /--identity-regexp is no regular expression/],
  [['npm:a@1.0.0', '--issuer', 'github'], /--issuer must be an https address/],
  [['npm:a@1.0.0', '--format', 'sarif'], /--format must be one of text, json/],
  [['npm:a@1.0.0', '--bundel', 'x'], /did you mean "--bundle"\?/],
] as const) {
  test(`wrong usage: waybill verify ${args.join(' ')}`, () => {
    const command = readArgs(['verify', ...args]);
    assert.ok(!command.ok);
    assert.match(command.error, message);
  });
}

test('names with a scope and versions with all parts are taken', () => {
  const command = readArgs(['verify', 'npm:@a/b.c@1.2.3-rc.1+build.5', '--bundle', 'x']);
  assert.ok(command.ok && command.value.command === 'verify');
  assert.deepEqual(command.value.subject, { kind: 'package', name: '@a/b.c', version: '1.2.3-rc.1+build.5', bundle: 'x' });
});

/** What a command without further options asks of one package. */
const ASKED = { require: 'provenance', requireBy: 'default', origin: {} } as const;
const OPTIONS = { name: NAME, version: VERSION, now: SIGNED_AT.getTime(), trust: sigstore.trust };

test('the text for people: verdict, origin, then check by check', () => {
  const verdict = verifyAttestations(JSON.stringify(bundle), { ...OPTIONS, integrity: { asked: INTEGRITY } });
  assert.equal(
    verdictText(verdict, ASKED, { isOffline: true }, paint(false)),
    `pkg:npm/%40acme/widget@1.2.3: proven
  Where it was built from is proven. That is not a proof that it does no harm.

  Provenance (https://slsa.dev/provenance/v1): proven
    repository  https://github.com/acme/widget
    ref         refs/tags/v1.2.3
    commit      1234567890123456789012345678901234567890
    workflow    https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1.2.3
    signed by   https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1.2.3
    started by  push
    runner      github-hosted
    issuer      https://token.actions.githubusercontent.com
    builder     https://github.com/actions/runner/github-hosted
    signed      2026-03-01T12:00:00.000Z, entry 1002 of the transparency log
    ok         format: A bundle of the format application/vnd.dev.sigstore.bundle.v0.3+json.
    ok         signature: Signature, signer and log entry are good by the trust root of 2026-03-01.
    ok         key-id: A certificate vouches for the key, and the signature names no other.
    ok         signing-time: It was signed on 2026-03-01T12:00:00.000Z.
    ok         statement: A statement of the type https://slsa.dev/provenance/v1.
    ok         subject: The statement is about @acme/widget@1.2.3.
    ok         digest-asked: The attested bytes are those of the integrity that is asked for.
    ok         source-repository: Statement and certificate name https://github.com/acme/widget.
    ok         source-commit: Statement and certificate name commit 1234567890123456789012345678901234567890.
    ok         workflow: Statement and certificate name the workflow https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1.2.3.

Checked without a connection, by the trust root of 2026-03-01.
`,
  );
});

test('foreign text reaches the terminal escaped, and JSON whole', () => {
  const evil = 'evil\u001b[2J\u202e\u0007';
  const statement = slsa1({ repository: `https://github.com/acme/${evil}`, subject: [{ name: `pkg:npm/${evil}@1.0.0` }] });
  const by = { san: `https://github.com/${evil}`, issuer: evil, extensions: { 12: `https://github.com/${evil}/x`, 14: evil, 20: evil } };
  const set = JSON.stringify({
    attestations: [
      { predicateType: evil, bundle: sigstore.bundle({ statement, by }) },
      { predicateType: evil, bundle: { mediaType: evil } },
      { bundle: sigstore.bundle({ statement: publish(), by: 'registry', keyId: evil, hint: evil }) },
    ],
  });
  const verdict = verifyAttestations(set, { ...OPTIONS, asked: { identity: patternOf('x'), issuer: 'https://x.example.test' } });
  const text = verdictText(verdict, ASKED, { isOffline: true }, paint(false));
  assert.equal(verdict.verdict, 'contradicted');
  assert.ok(text.split('evil\ufffd[2J\ufffd\ufffd').length > 8, text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there.
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u202e]/);
  assert.equal(JSON.parse(verdictJson(verdict, ASKED)).attestations[0].identity.trigger, evil);
});
