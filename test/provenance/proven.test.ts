import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckId } from '../../server/src/core/provenance.ts';
import { ASKED, INTEGRITY, publish, SIGNER, slsa1, slsa02 } from '../support/provenance.ts';
import { setOf } from '../support/registry-papers.ts';
import { makeKey, SIGNED_AT } from '../support/sigstore.ts';
import { CALLED, entryOf, good, goodPublish, OLD, said, sigstore, spoil, verify } from '../support/verify-cases.ts';

const { bundle } = sigstore;

for (const format of ['0.1', '0.2', '0.3', '0.3-legacy'] as const) {
  for (const [name, statement] of [
    ['SLSA 0.2', slsa02()],
    ['SLSA 1', slsa1()],
  ] as const) {
    test(`proven: ${name} in a bundle of format ${format}`, () => {
      const verdict = verify(bundle({ format, statement, by: SIGNER }), {
        integrity: { locked: INTEGRITY, published: INTEGRITY, asked: `sha1-AAAA ${INTEGRITY}` },
        manifestRepository: 'git+https://github.com/Acme/widget.git',
        asked: ASKED,
      });
      assert.deepEqual(said(verdict), ['proven']);
      const [attestation] = verdict.attestations;
      assert.equal(attestation?.signedAt, SIGNED_AT.getTime());
      assert.equal(attestation.logIndex, '1002');
      assert.deepEqual(attestation.identity, {
        subject: SIGNER.san,
        issuer: SIGNER.issuer,
        repository: 'https://github.com/acme/widget',
        workflow: SIGNER.san,
        ref: 'refs/tags/v1.2.3',
        commit: '1234567890123456789012345678901234567890',
        trigger: 'push',
        runner: 'github-hosted',
      });
      const passed = attestation.checks.filter(({ outcome }) => outcome === 'passed').map(({ id }) => id);
      const expected: CheckId[] = ['format', 'signature', 'key-id', 'signing-time', 'statement', 'subject', 'digest-locked'];
      expected.push('digest-published', 'digest-asked', 'source-repository', 'source-commit', 'workflow', 'manifest-repository');
      assert.deepEqual(passed, [...expected, 'asked-identity', 'asked-issuer', 'asked-repository']);
    });
  }
  test(`proven: a set of provenance and publication in format ${format}`, () => {
    const set = setOf(bundle({ format, statement: slsa02(), by: SIGNER }), bundle({ format, statement: publish(), by: 'registry' }));
    const verdict = verify(set, { integrity: { locked: INTEGRITY } });
    assert.deepEqual(said(verdict), ['proven']);
    assert.deepEqual(
      verdict.attestations.map(({ kind, verdict }) => [kind, verdict]),
      [
        ['provenance', 'proven'],
        ['publish', 'proven'],
      ],
    );
  });
}

test('proven: a timestamp authority vouches for the time, and the log promises nothing', () => {
  const verdict = verify(bundle({ statement: slsa1(), by: SIGNER, time: 'authority' }));
  assert.deepEqual(said(verdict), ['proven']);
  assert.equal(verdict.attestations[0]?.signedAt, SIGNED_AT.getTime());
});

test('proven: an older certificate, whose identity is the workflow itself', () => {
  const { 2: trigger, 3: commit, 4: name, 5: repository, 6: ref } = { ...SIGNER.extensions, ...OLD };
  const by = { ...SIGNER, extensions: { 2: trigger, 3: commit, 4: name, 5: repository, 6: ref } };
  assert.deepEqual(said(verify(bundle({ format: '0.1', statement: slsa02(), by }))), ['proven']);
});

test('proven: a reusable workflow signs for the one that called it', () => {
  assert.deepEqual(said(verify(bundle({ statement: slsa1(), by: { ...SIGNER, san: CALLED } }))), ['proven']);
});

test('proven: a GitLab pipeline, whose statement names a job and no workflow file', () => {
  const repository = 'https://gitlab.com/Acme/tools/widget';
  const commit = '9'.repeat(40);
  const predicate = { invocation: { configSource: { uri: `git+${repository}`, digest: { sha1: commit }, entryPoint: 'publish' } } };
  const extensions = { 12: repository, 13: commit, 14: 'refs/tags/v1', 18: `${repository}//.gitlab-ci.yml@refs/tags/v1` };
  const by = { san: `${repository}//.gitlab-ci.yml@refs/tags/v1`, issuer: 'https://gitlab.com', extensions };
  assert.deepEqual(said(verify(bundle({ statement: { ...slsa02(), predicate }, by }))), ['proven']);
  const other = { ...predicate.invocation.configSource, uri: 'git+https://gitlab.com/acme/tools' };
  const wrong = { ...slsa02(), predicate: { invocation: { configSource: other } } };
  assert.deepEqual(said(verify(bundle({ statement: wrong, by }))), ['contradicted', 'source-repository contradicted']);
});

test('proven: a tag with a scope in its name', () => {
  const ref = 'refs/tags/@acme/widget@1.2.3';
  const workflow = `https://github.com/acme/widget/.github/workflows/release.yml@${ref}`;
  const by = { ...SIGNER, san: workflow, extensions: { ...SIGNER.extensions, 6: ref, 14: ref, 18: workflow } };
  for (const statement of [slsa02({ ref }), slsa1({ ref })]) assert.deepEqual(said(verify(bundle({ statement, by }))), ['proven']);
});

test('proven: equal entries count once', () => {
  const one = good();
  const verdict = verify(setOf(one, one, one));
  assert.deepEqual(said(verdict), ['proven']);
  assert.equal(verdict.attestations.length, 1);
});

test('proven: what only the registry could say of its newest key does not make the provenance unknown', () => {
  const keys = [{ keyId: 'SHA256:other', key: makeKey().spki.toString('base64') }];
  const verdict = verify(setOf(good(), goodPublish()), { trust: { ...sigstore.trust, keys } });
  assert.deepEqual(said(verdict), ['proven', 'key-id unknown']);
});

test('proven: a clock of this machine that is half a day behind', () => {
  assert.deepEqual(said(verify(good(), { now: SIGNED_AT.getTime() - 12 * 60 * 60 * 1000 })), ['proven']);
});

test('proven: the time is the authority’s, where the log names one that it does not vouch for', () => {
  const one = spoil(
    () => bundle({ statement: slsa1(), by: SIGNER, time: 'authority' }),
    (made) => {
      entryOf(made).integratedTime = '1500000000';
    },
  );
  const verdict = verify(one);
  assert.deepEqual(said(verdict), ['proven']);
  assert.equal(verdict.attestations[0]?.signedAt, SIGNED_AT.getTime());
});

test('proven: a publication under a key that ended after it', () => {
  const keys = sigstore.trust.keys.map((key) => ({ ...key, validUntil: '2026-03-02T00:00:00Z' }));
  const verdict = verify(setOf(good(), goodPublish()), { trust: { ...sigstore.trust, keys }, now: Date.parse('2026-11-01T00:00:00Z') });
  assert.deepEqual(said(verdict), ['proven']);
  assert.deepEqual(
    verdict.attestations.map(({ verdict }) => verdict),
    ['proven', 'proven'],
  );
});

test('proven: a list of keys of which one cannot be used', () => {
  const keys = [{ keyId: 'SHA256:odd', key: 'AAAA' }, ...sigstore.trust.keys];
  assert.deepEqual(said(verify(setOf(good(), goodPublish()), { trust: { ...sigstore.trust, keys } })), ['proven']);
});

test('who built it: the runner by the certificate, the builder by the statement, and only where the signature is good', () => {
  const first = (one: unknown) => verify(one).attestations[0];
  const { 11: _runner, ...without } = SIGNER.extensions as Record<number, string>;
  const own = bundle({ statement: slsa02(), by: { ...SIGNER, extensions: { ...without, 11: 'self-hosted' } } });
  assert.equal(first(own)?.identity?.runner, 'self-hosted');
  assert.equal(first(own)?.builder, 'https://github.com/actions/runner');
  assert.equal(first(good())?.builder, 'https://github.com/actions/runner/github-hosted');
  const older = first(bundle({ statement: slsa1(), by: { ...SIGNER, extensions: without } }));
  assert.equal(older?.verdict, 'proven');
  assert.equal(older.identity?.runner, undefined);
  // The registry builds nothing, and a stranger's words are not passed on.
  assert.equal(first(goodPublish())?.builder, undefined);
  const spoilt = first(bundle({ statement: slsa1(), by: SIGNER, certifiedKey: makeKey() }));
  assert.equal(spoilt?.verdict, 'contradicted');
  assert.equal(spoilt.builder, undefined);
  assert.equal(spoilt.identity, undefined);
  const predicates = [
    {},
    { runDetails: { builder: { id: 5 } } },
    { runDetails: { builder: { id: '' } } },
    { runDetails: { builder: { id: 'x'.repeat(2049) } } },
    { builder: { id: 'of 0.2' } },
  ];
  for (const predicate of predicates) assert.equal(first(bundle({ statement: { ...slsa1(), predicate }, by: SIGNER }))?.builder, undefined);
});

test('the address of the log is there where the log has signed the number of the entry', () => {
  const first = (one: unknown) => verify(one).attestations[0];
  assert.equal(first(good())?.logUrl, 'https://log.example.test');
  const { verdict, logIndex, logUrl } = first(bundle({ statement: slsa1(), by: SIGNER, time: 'authority' })) ?? {};
  assert.equal(verdict, 'proven');
  assert.notEqual(logIndex, undefined);
  assert.equal(logUrl, undefined);
  // A number that the log has not signed is no entry of it at all.
  const moved = good();
  Object.assign(moved.verificationMaterial.tlogEntries[0], { logIndex: '1003' });
  assert.notEqual(first(moved)?.verdict, 'proven');
  assert.equal(first(moved)?.logUrl, undefined);
});
