import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Check, CheckId, CheckOutcome, ProvenanceVerdict, Verdict } from '../../server/src/core/provenance.ts';
import { MAX_SET_UNITS, type VerifyOptions, verifyAttestations } from '../../server/src/provenance/index.ts';
import { ASKED, INTEGRITY, NAME, OTHER_INTEGRITY, publish, SHA512, SIGNER, slsa1, slsa02, VERSION } from '../support/provenance.ts';
import {
  type BundleJson,
  makeAuthority,
  makeKey,
  makeSigstore,
  makeTimestampAuthority,
  SIGNED_AT,
  strangeLog,
} from '../support/sigstore.ts';

const sigstore = makeSigstore();
const { bundle } = sigstore;

const OPTIONS: VerifyOptions = { name: NAME, version: VERSION, now: SIGNED_AT.getTime() + 60_000, trust: sigstore.trust };

function verify(input: unknown, options: Partial<VerifyOptions> = {}): ProvenanceVerdict {
  return verifyAttestations(typeof input === 'string' ? input : JSON.stringify(input), { ...OPTIONS, ...options });
}

/** A set as the registry serves it. */
function setOf(...bundles: BundleJson[]) {
  return {
    attestations: bundles.map((one) => ({
      predicateType: JSON.parse(Buffer.from(one.dsseEnvelope.payload, 'base64').toString()).predicateType,
      bundle: one,
    })),
  };
}

function allChecks({ checks, attestations }: ProvenanceVerdict): readonly Check[] {
  return [...checks, ...attestations.flatMap((attestation) => attestation.checks)];
}

/** The verdict, and the checks that are neither passed nor without anything to compare. */
function said(verdict: ProvenanceVerdict): [Verdict, ...string[]] {
  const open = allChecks(verdict).filter(({ outcome }) => outcome !== 'passed' && outcome !== 'not-asked');
  return [verdict.verdict, ...open.map(({ id, outcome }) => `${id} ${outcome}`)];
}

const good = () => bundle({ statement: slsa1(), by: SIGNER });
const goodPublish = () => bundle({ statement: publish(), by: 'registry' });

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

/** Fulcio's first extensions: bare text, and the repository without its host. */
const OLD = { 2: 'push', 3: '1234567890123456789012345678901234567890', 4: 'Release', 5: 'acme/widget', 6: 'refs/tags/v1.2.3' };
const CALLED = 'https://github.com/acme/shared/.github/workflows/build.yml@refs/heads/main';

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

/** Takes a good bundle and spoils it. */
function spoil(make: () => BundleJson, change: (bundle: BundleJson) => void): BundleJson {
  const made = make();
  change(made);
  return made;
}

function flipped(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
  return bytes.toString('base64');
}

const entryOf = (one: BundleJson) => one.verificationMaterial.tlogEntries[0];
const repaid = (one: BundleJson, statement: unknown) => {
  one.dsseEnvelope.payload = Buffer.from(JSON.stringify(statement)).toString('base64');
};
const subjectOf = (name: string, sha512 = SHA512) => [{ name, digest: { sha512 } }];
const otherTrust = makeSigstore();
const LATE = new Date('2026-02-01T00:00:00Z');
const strange = strangeLog();

type Bad = readonly [
  what: string,
  input: () => unknown,
  expected: readonly [Verdict, ...`${CheckId} ${CheckOutcome}`[]],
  options?: Partial<VerifyOptions>,
];

const BAD: readonly Bad[] = [
  // Cryptography.
  [
    'another key than the certificate names signed',
    () => bundle({ statement: slsa1(), by: SIGNER, certifiedKey: makeKey() }),
    ['contradicted', 'signature contradicted'],
  ],
  [
    'an altered payload',
    () => spoil(good, (one) => repaid(one, slsa1({ commit: 'f'.repeat(40) }))),
    ['contradicted', 'signature contradicted'],
  ],
  [
    'an altered payload of a publication',
    () =>
      setOf(
        good(),
        spoil(goodPublish, (one) => repaid(one, publish('9.9.9'))),
      ),
    ['contradicted', 'signature contradicted'],
  ],
  [
    'an altered signature',
    () =>
      spoil(good, (one) => {
        one.dsseEnvelope.signatures[0] = { keyid: '', sig: flipped(one.dsseEnvelope.signatures[0]?.sig ?? '') };
      }),
    ['contradicted', 'signature contradicted'],
  ],
  [
    'a certificate that had ended',
    () => bundle({ statement: slsa1(), by: SIGNER, minutes: -1 }),
    ['contradicted', 'signature contradicted'],
  ],
  [
    'a self-signed root that takes the name of the true one',
    () => bundle({ statement: slsa1(), by: SIGNER, authority: makeAuthority('Test CA') }),
    ['contradicted', 'signature contradicted'],
  ],
  [
    'a self-signed root of another name',
    () => bundle({ statement: slsa1(), by: SIGNER, authority: makeAuthority('My own CA') }),
    ['unknown', 'signature unknown'],
  ],
  [
    'a certificate that no transparency log saw',
    () => bundle({ statement: slsa1(), by: SIGNER, withoutSct: true }),
    ['not-proven', 'signature not-proven'],
  ],
  [
    'a certificate with an altered byte',
    () =>
      spoil(good, (one) => {
        one.verificationMaterial.certificate.rawBytes = flipped(one.verificationMaterial.certificate.rawBytes);
      }),
    ['contradicted', 'signature contradicted'],
  ],
  ['another Sigstore', () => otherTrust.bundle({ statement: slsa1(), by: SIGNER }), ['unknown', 'signature unknown']],
  // The log.
  [
    'no log entry',
    () =>
      spoil(good, (one) => {
        one.verificationMaterial.tlogEntries = [];
      }),
    ['not-proven', 'signing-time not-proven'],
  ],
  [
    'no inclusion proof',
    () =>
      spoil(good, (one) => {
        delete entryOf(one).inclusionProof;
      }),
    ['not-proven', 'format not-proven'],
  ],
  [
    'no inclusion promise in format 0.1',
    () =>
      spoil(
        () => bundle({ format: '0.1', statement: slsa02(), by: SIGNER }),
        (one) => {
          delete entryOf(one).inclusionPromise;
        },
      ),
    ['not-proven', 'format not-proven'],
  ],
  [
    'a false inclusion promise',
    () =>
      spoil(good, (one) => {
        entryOf(one).inclusionPromise.signedEntryTimestamp = flipped(entryOf(one).inclusionPromise.signedEntryTimestamp);
      }),
    ['contradicted', 'signature contradicted'],
  ],
  [
    'another time than the log promised',
    () =>
      spoil(good, (one) => {
        entryOf(one).integratedTime = String(Number(entryOf(one).integratedTime) + 1);
      }),
    ['contradicted', 'signature contradicted'],
  ],
  [
    'a false hash in the proof',
    () =>
      spoil(good, (one) => {
        entryOf(one).inclusionProof.hashes[0] = flipped(entryOf(one).inclusionProof.hashes[0]);
      }),
    ['contradicted', 'signature contradicted'],
  ],
  [
    'a hash too few in the proof',
    () =>
      spoil(good, (one) => {
        entryOf(one).inclusionProof.hashes.pop();
      }),
    ['contradicted', 'signature contradicted'],
  ],
  [
    'a checkpoint that somebody else signed',
    () =>
      spoil(good, (one) => {
        entryOf(one).inclusionProof.checkpoint.envelope = entryOf(one).inclusionProof.checkpoint.envelope.replace('\n4\n', '\n5\n');
      }),
    ['contradicted', 'signature contradicted'],
  ],
  [
    'the log entry of another statement',
    () =>
      spoil(good, (one) => {
        one.verificationMaterial.tlogEntries = bundle({
          statement: slsa1({ commit: 'e'.repeat(40) }),
          by: SIGNER,
        }).verificationMaterial.tlogEntries;
      }),
    ['contradicted', 'signature contradicted'],
  ],
  [
    'a log entry that says to be of another kind',
    () =>
      spoil(good, (one) => {
        entryOf(one).kindVersion.kind = 'alpine';
      }),
    ['contradicted', 'signature contradicted'],
  ],
  [
    'a log entry of a kind that is not known',
    () => bundle({ statement: slsa1(), by: SIGNER, entry: 'alpine' }),
    ['unknown', 'format unknown'],
  ],
  ['a log that is not known', () => bundle({ statement: slsa1(), by: SIGNER, log: strange }), ['unknown', 'signature unknown']],
  [
    'the same log entry twice',
    () =>
      spoil(good, (one) => {
        one.verificationMaterial.tlogEntries.push(entryOf(one));
      }),
    ['contradicted', 'signing-time contradicted'],
  ],
  // Time.
  [
    'a signature of the future',
    () => bundle({ statement: slsa1(), by: SIGNER, at: new Date(SIGNED_AT.getTime() + 3 * 86_400_000) }),
    ['unknown', 'signing-time unknown'],
  ],
  [
    'a timestamp authority of the same name',
    () =>
      bundle({
        statement: slsa1(),
        by: SIGNER,
        time: 'authority',
        timestampAuthority: { ...makeTimestampAuthority(makeAuthority('Test TSA root')), serial: sigstore.timestampAuthority.serial },
      }),
    ['contradicted', 'signing-time contradicted'],
  ],
  [
    'a timestamp authority that is not known',
    () =>
      bundle({
        statement: slsa1(),
        by: SIGNER,
        time: 'authority',
        timestampAuthority: makeTimestampAuthority(makeAuthority('My own TSA')),
      }),
    ['unknown', 'signature unknown'],
  ],
  [
    'nobody vouches for the time',
    () =>
      spoil(
        () => bundle({ statement: slsa1(), by: SIGNER, time: 'authority' }),
        (one) => {
          one.verificationMaterial.timestampVerificationData.rfc3161Timestamps = [];
        },
      ),
    ['not-proven', 'signing-time not-proven'],
  ],
  [
    'a time that nobody signed',
    () =>
      spoil(
        () => bundle({ statement: slsa1(), by: SIGNER, time: 'authority' }),
        (one) => {
          one.verificationMaterial.timestampVerificationData.rfc3161Timestamps = [];
          entryOf(one).integratedTime = '1772366400';
        },
      ),
    ['not-proven', 'signing-time not-proven'],
  ],
  // Keys: the library does not compare key ids.
  [
    'a registry key that had expired',
    () => setOf(good(), goodPublish()),
    ['contradicted', 'signing-time contradicted'],
    { trust: { ...sigstore.trust, keys: sigstore.trust.keys.map((key) => ({ ...key, validUntil: '2026-02-28T00:00:00Z' })) } },
  ],
  [
    'a registry key before its time',
    () => setOf(good(), bundle({ statement: publish(), by: 'registry', at: LATE })),
    ['contradicted', 'signing-time contradicted'],
    { trust: { ...sigstore.trust, keys: sigstore.trust.keys.map((key) => ({ ...key, validFrom: '2026-02-28T00:00:00Z' })) } },
  ],
  [
    'a key id beside a certificate',
    () => bundle({ statement: slsa1(), by: SIGNER, keyId: 'SHA256:abc' }),
    ['contradicted', 'key-id contradicted'],
  ],
  [
    'a key id that is not the hint',
    () => setOf(good(), bundle({ statement: publish(), by: 'registry', keyId: 'SHA256:abc' })),
    ['contradicted', 'key-id contradicted'],
  ],
  [
    'a publication under another key of the same id',
    () => setOf(good(), goodPublish()),
    ['contradicted', 'signature contradicted'],
    { trust: { ...sigstore.trust, keys: [{ keyId: sigstore.keyId, key: makeKey().spki.toString('base64') }] } },
  ],
  [
    'a publication that a certificate signed',
    () => setOf(good(), bundle({ statement: publish(), by: SIGNER })),
    ['contradicted', 'key-id contradicted'],
  ],
  ['provenance that the registry signed', () => bundle({ statement: slsa1(), by: 'registry' }), ['unknown', 'source-repository unknown']],
  [
    'a key id that means something to JavaScript',
    () => bundle({ statement: publish(), by: 'registry', keyId: '__proto__', hint: '__proto__' }),
    ['not-proven', 'provenance-present not-proven', 'key-id unknown'],
  ],
  // The subject: the library looks at none.
  [
    'another package',
    () => bundle({ statement: slsa1({ subject: subjectOf('pkg:npm/%40acme/gadget@1.2.3') }), by: SIGNER }),
    ['contradicted', 'subject contradicted'],
  ],
  [
    'the package without its scope',
    () => bundle({ statement: slsa1({ subject: subjectOf('pkg:npm/widget@1.2.3') }), by: SIGNER }),
    ['contradicted', 'subject contradicted'],
  ],
  [
    'another version',
    () => bundle({ statement: slsa1({ subject: subjectOf('pkg:npm/%40acme/widget@1.2.4') }), by: SIGNER }),
    ['contradicted', 'subject contradicted'],
  ],
  [
    'a package of another ecosystem',
    () => bundle({ statement: slsa1({ subject: subjectOf('pkg:pypi/%40acme/widget@1.2.3') }), by: SIGNER }),
    ['contradicted', 'subject contradicted'],
  ],
  [
    'a second subject',
    () =>
      bundle({
        statement: slsa1({ subject: [...subjectOf('pkg:npm/%40acme/widget@1.2.3'), ...subjectOf('pkg:npm/other@1.0.0')] }),
        by: SIGNER,
      }),
    ['contradicted', 'subject contradicted'],
  ],
  ['no subject', () => bundle({ statement: slsa1({ subject: [] }), by: SIGNER }), ['contradicted', 'subject contradicted']],
  [
    'a publication of another version',
    () => setOf(good(), bundle({ statement: publish('1.2.4'), by: 'registry' })),
    ['contradicted', 'subject contradicted'],
  ],
  [
    'other bytes than the lockfile has',
    good,
    ['contradicted', 'digest-locked contradicted'],
    { integrity: { locked: OTHER_INTEGRITY, published: INTEGRITY } },
  ],
  [
    'other bytes than the registry serves',
    good,
    ['contradicted', 'digest-published contradicted'],
    { integrity: { locked: INTEGRITY, published: OTHER_INTEGRITY } },
  ],
  ['other bytes than asked for', good, ['contradicted', 'digest-asked contradicted'], { integrity: { asked: OTHER_INTEGRITY } }],
  [
    'a lockfile with nothing but SHA-1',
    good,
    ['unknown', 'digest-locked unknown'],
    { integrity: { locked: 'sha1-qUzPcqZkhiZVQ8jTV1TMrsVHjQ0=' } },
  ],
  [
    'two digests of one subject',
    () =>
      bundle({
        statement: slsa1({
          subject: [...subjectOf('pkg:npm/%40acme/widget@1.2.3'), ...subjectOf('pkg:npm/%40acme/widget@1.2.3', 'ab'.repeat(64))],
        }),
        by: SIGNER,
      }),
    ['contradicted', 'digest-locked contradicted'],
    { integrity: { locked: INTEGRITY } },
  ],
  [
    'a statement without a digest',
    () => bundle({ statement: slsa1({ subject: [{ name: 'pkg:npm/%40acme/widget@1.2.3' }] }), by: SIGNER }),
    ['unknown', 'digest-locked unknown'],
    { integrity: { locked: INTEGRITY } },
  ],
  // The origin: the certificate's word against the statement's.
  [
    'another repository in the statement (SLSA 1)',
    () => bundle({ statement: slsa1({ repository: 'https://github.com/acme/other' }), by: SIGNER }),
    ['contradicted', 'source-repository contradicted', 'workflow contradicted'],
  ],
  [
    'another repository in the statement (SLSA 0.2)',
    () => bundle({ statement: slsa02({ repository: 'https://github.com/acme/other' }), by: SIGNER }),
    ['contradicted', 'source-repository contradicted', 'workflow contradicted'],
  ],
  [
    'the same repository on another host',
    () => bundle({ statement: slsa1({ repository: 'https://git.example.test/acme/widget' }), by: SIGNER }),
    ['contradicted', 'source-repository contradicted', 'workflow contradicted'],
  ],
  [
    'another commit',
    () => bundle({ statement: slsa1({ commit: 'd'.repeat(40) }), by: SIGNER }),
    ['contradicted', 'source-commit contradicted'],
  ],
  [
    'another branch',
    () => bundle({ statement: slsa1({ ref: 'refs/heads/main' }), by: SIGNER }),
    ['contradicted', 'source-commit contradicted', 'workflow contradicted'],
  ],
  [
    'another workflow (SLSA 1)',
    () => bundle({ statement: slsa1({ path: '.github/workflows/test.yml' }), by: SIGNER }),
    ['contradicted', 'workflow contradicted'],
  ],
  [
    'another workflow (SLSA 0.2)',
    () => bundle({ statement: slsa02({ path: '.github/workflows/test.yml' }), by: SIGNER }),
    ['contradicted', 'workflow contradicted'],
  ],
  [
    'another workflow by name, in an older certificate',
    () =>
      bundle({
        format: '0.1',
        statement: slsa02({ path: '.github/workflows/test.yml' }),
        by: { ...SIGNER, extensions: { ...OLD, 4: 'Test' } },
      }),
    ['contradicted', 'workflow contradicted'],
  ],
  [
    'an older certificate that does not say who called',
    () => bundle({ format: '0.1', statement: slsa02(), by: { ...SIGNER, san: CALLED, extensions: OLD } }),
    ['unknown', 'workflow unknown'],
  ],
  [
    'a person who signs for a repository',
    () => bundle({ statement: slsa1(), by: { san: 'mallory@example.test', issuer: 'https://accounts.example.test', extensions: {} } }),
    ['contradicted', 'source-repository contradicted', 'source-commit unknown', 'workflow unknown'],
  ],
  [
    'a statement that names no repository',
    () => bundle({ statement: { ...slsa1(), predicate: {} }, by: SIGNER }),
    ['unknown', 'source-repository unknown', 'source-commit unknown'],
  ],
  [
    'another repository in the manifest',
    good,
    ['contradicted', 'manifest-repository contradicted'],
    { manifestRepository: 'github:acme/other' },
  ],
  ['a repository in the manifest that is none', good, ['unknown', 'manifest-repository unknown'], { manifestRepository: 'see our wiki' }],
  [
    'two origins',
    () =>
      setOf(
        good(),
        bundle({
          statement: slsa1({ repository: 'https://github.com/acme/fork' }),
          by: {
            ...SIGNER,
            extensions: {
              ...SIGNER.extensions,
              12: 'https://github.com/acme/fork',
              18: 'https://github.com/acme/fork/.github/workflows/release.yml@refs/tags/v1.2.3',
            },
          },
        }),
      ),
    ['contradicted', 'one-origin contradicted'],
  ],
  // What was asked for.
  [
    'another identity than asked for',
    good,
    ['contradicted', 'asked-identity contradicted'],
    { asked: { identity: /https:\/\/github\.com\/acme\/other\/.*/ } },
  ],
  [
    'an expression that matches only the start',
    good,
    ['contradicted', 'asked-identity contradicted'],
    { asked: { identity: /https:\/\/github\.com\/acme/ } },
  ],
  [
    'an expression that matches only one end of an alternative',
    good,
    ['contradicted', 'asked-identity contradicted'],
    { asked: { identity: /nothing|https:\/\/github/ } },
  ],
  [
    'another issuer than asked for',
    good,
    ['contradicted', 'asked-issuer contradicted'],
    { asked: { issuer: 'https://token.actions.example.test/' } },
  ],
  [
    'another repository than asked for',
    good,
    ['contradicted', 'asked-repository contradicted'],
    { asked: { repository: 'https://github.com/acme/widgets' } },
  ],
  // What there is to read.
  ['an empty set', () => ({ attestations: [] }), ['not-proven', 'provenance-present not-proven']],
  ['nothing but a publication', () => setOf(goodPublish()), ['not-proven', 'provenance-present not-proven']],
  [
    'a label that is not the statement',
    () => ({ attestations: [{ predicateType: 'https://slsa.dev/provenance/v1', bundle: bundle({ statement: slsa02(), by: SIGNER }) }] }),
    ['contradicted', 'statement contradicted'],
  ],
  [
    'a later SLSA',
    () => bundle({ statement: { ...slsa1(), predicateType: 'https://slsa.dev/provenance/v2' }, by: SIGNER }),
    ['unknown', 'provenance-present not-proven', 'statement unknown'],
  ],
  [
    'a later in-toto',
    () => bundle({ statement: { ...slsa1(), _type: 'https://in-toto.io/Statement/v9' }, by: SIGNER }),
    ['unknown', 'provenance-present not-proven', 'statement unknown'],
  ],
  [
    'a media type of later',
    () => ({ ...good(), mediaType: 'application/vnd.dev.sigstore.bundle.v0.4+json' }),
    ['unknown', 'format unknown'],
  ],
  ['a media type of nobody', () => ({ ...good(), mediaType: 'text/plain' }), ['unknown', 'format unknown']],
  [
    'another payload type',
    () =>
      spoil(good, (one) => {
        one.dsseEnvelope.payloadType = 'text/html';
      }),
    ['unknown', 'format unknown'],
  ],
  [
    'a payload that is no JSON',
    () => bundle({ statement: 0, payload: '<html>', by: SIGNER }),
    ['unknown', 'provenance-present not-proven', 'statement unknown'],
  ],
  [
    'two signatures',
    () =>
      spoil(good, (one) => {
        one.dsseEnvelope.signatures.push({ sig: 'AAAA', keyid: '' });
      }),
    ['not-proven', 'format not-proven'],
  ],
  [
    'a certificate that is none',
    () =>
      spoil(good, (one) => {
        one.verificationMaterial.certificate.rawBytes = 'AAAA';
      }),
    ['unknown', 'format unknown'],
  ],
  [
    'a bundle that is a number',
    () => ({ attestations: [{ predicateType: 'https://slsa.dev/provenance/v1', bundle: 7 }] }),
    ['unknown', 'format unknown'],
  ],
  ['a set that is an array', () => [good()], ['unknown', 'readable unknown']],
  ['a set that ends in the middle', () => JSON.stringify(good()).slice(0, 2000), ['unknown', 'readable unknown']],
  ['no text', () => '', ['unknown', 'readable unknown']],
  ['too many attestations', () => ({ attestations: Array.from({ length: 17 }, (_, nth) => nth) }), ['unknown', 'readable unknown']],
  ['megabytes', () => `{"attestations":["${'x'.repeat(MAX_SET_UNITS)}"]}`, ['unknown', 'readable unknown']],
  [
    'a megabyte of certificate',
    () =>
      spoil(good, (one) => {
        one.verificationMaterial.certificate.rawBytes = 'A'.repeat(1_000_000);
      }),
    ['unknown', 'format unknown'],
  ],
  [
    'a thousand log entries',
    () =>
      spoil(good, (one) => {
        one.verificationMaterial.tlogEntries = Array.from({ length: 1000 }, () => entryOf(one));
      }),
    ['unknown', 'format unknown'],
  ],
  [
    'a number of a thousand digits',
    () =>
      spoil(good, (one) => {
        entryOf(one).inclusionProof.logIndex = '9'.repeat(1000);
      }),
    ['unknown', 'format unknown'],
  ],
  [
    'an expression as the name in a checkpoint',
    () =>
      spoil(good, (one) => {
        entryOf(one).inclusionProof.checkpoint.envelope = entryOf(one).inclusionProof.checkpoint.envelope.replace(
          '\u2014 log.example.test',
          '\u2014 (((.+)+)+)+~',
        );
      }),
    ['unknown', 'format unknown'],
  ],
  [
    'an expression as the name in a second paragraph of a checkpoint',
    () =>
      spoil(good, (one) => {
        entryOf(one).inclusionProof.checkpoint.envelope += '\n\n\u2014 (((.+)+)+)+~ AAAAAAAAAA==\n';
      }),
    ['unknown', 'format unknown'],
  ],
  [
    'a trust root that is none',
    good,
    ['unknown', 'readable unknown'],
    {
      trust: {
        root: { tlogs: [{ publicKey: { rawBytes: 'AAAA', keyDetails: 'PKIX_ECDSA_P256_SHA_256' }, logId: { keyId: 'AAAA' } }] },
        keys: [],
        date: '2026-01-01',
        source: 'file',
      },
    },
  ],
];

for (const [what, input, expected, options] of BAD) {
  test(`${expected[0]}: ${what}`, () => {
    const verdict = verify(input(), options);
    assert.deepEqual(said(verdict), expected, JSON.stringify(allChecks(verdict), undefined, 1));
    assert.ok(
      allChecks(verdict).every(({ message }) => /^[A-Z].*\.$/s.test(message)),
      'a reason is a sentence',
    );
  });
}

test('what an attestation whose signature is not good says of its origin is not repeated', () => {
  const [attestation] = verify(bundle({ statement: slsa1(), by: SIGNER, certifiedKey: makeKey() })).attestations;
  assert.deepEqual(Object.keys(attestation ?? {}).sort(), ['checks', 'kind', 'predicateType', 'verdict']);
});

test('hostile strings in every place give a verdict, and never "proven"', () => {
  const hostile = [
    '\u001b[31m',
    '__proto__',
    'constructor',
    '\u202e',
    '<img src=x>',
    '9'.repeat(100_000),
    '\ud800',
    null,
    [],
    {},
    -1,
    1e308,
    true,
  ];
  const places: ((one: BundleJson, value: unknown) => void)[] = [
    (one, value) => Object.assign(one, { mediaType: value }),
    (one, value) => Object.assign(one, { verificationMaterial: value }),
    (one, value) => Object.assign(one, { dsseEnvelope: value }),
    (one, value) => Object.assign(one.dsseEnvelope, { payload: value }),
    (one, value) => Object.assign(one.dsseEnvelope, { signatures: value }),
    (one, value) => Object.assign(one.dsseEnvelope, { payloadType: value }),
    (one, value) => Object.assign(one.dsseEnvelope.signatures[0] ?? {}, { sig: value }),
    (one, value) => Object.assign(one.verificationMaterial, { certificate: value }),
    (one, value) => Object.assign(one.verificationMaterial.certificate, { rawBytes: value }),
    (one, value) => Object.assign(one.verificationMaterial, { tlogEntries: value }),
    (one, value) => Object.assign(entryOf(one), { logId: value }),
    (one, value) => Object.assign(entryOf(one), { kindVersion: value }),
    (one, value) => Object.assign(entryOf(one), { canonicalizedBody: value }),
    (one, value) => Object.assign(entryOf(one), { integratedTime: value }),
    (one, value) => Object.assign(entryOf(one), { inclusionProof: value }),
    (one, value) => Object.assign(entryOf(one).inclusionProof, { checkpoint: value }),
    (one, value) => Object.assign(entryOf(one).inclusionProof.checkpoint, { envelope: value }),
    (one, value) => Object.assign(entryOf(one).inclusionProof, { hashes: value }),
    (one, value) => Object.assign(entryOf(one).inclusionProof, { logIndex: value }),
  ];
  const base = good();
  for (const put of places) {
    for (const value of hostile) {
      const one = structuredClone(base);
      put(one, value);
      const { verdict } = verify(one);
      assert.notEqual(verdict, 'proven', `${put} ${JSON.stringify(value)?.slice(0, 50)}`);
    }
  }
});

test('hostile strings in the statement give a verdict', () => {
  const hostile = ['\u001b[31m', '__proto__', '\u202e', '9'.repeat(100_000), '%', null, [], {}, -1, true];
  for (const value of hostile) {
    for (const statement of [
      { ...slsa1(), subject: value },
      { ...slsa1(), subject: [{ name: value, digest: value }] },
      { ...slsa1(), predicate: value },
      { ...slsa1(), predicateType: value },
      { ...slsa02(), predicate: { invocation: value } },
      { ...slsa02(), predicate: { invocation: { configSource: { uri: value, digest: value, entryPoint: value }, environment: value } } },
    ]) {
      assert.notEqual(verify(bundle({ statement, by: SIGNER })).verdict, 'proven');
    }
  }
});

test('every prefix of a set gives a verdict, and none is "proven"', () => {
  const text = JSON.stringify(setOf(good(), goodPublish()));
  for (let length = 0; length < text.length; length += 7) assert.equal(verify(text.slice(0, length)).verdict, 'unknown');
});

test('the digest is the one of the bytes that were asked about', () => {
  const bytes = Buffer.from('the package');
  const sha512 = createHash('sha512').update(bytes);
  const digest = sha512.digest();
  const statement = slsa1({ subject: subjectOf('pkg:npm/%40acme/widget@1.2.3', digest.toString('hex').toUpperCase()) });
  const integrity = { locked: `sha512-${digest.toString('base64')}?foo` };
  assert.deepEqual(said(verify(bundle({ statement, by: SIGNER }), { integrity })), ['proven']);
});
