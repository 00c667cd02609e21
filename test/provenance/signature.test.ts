import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { publish, SIGNER, slsa1, slsa02 } from '../support/provenance.ts';
import { setOf } from '../support/registry-papers.ts';
import { makeAuthority, makeKey, makeSigstore, makeTimestampAuthority, SIGNED_AT, strangeLog } from '../support/sigstore.ts';
import { entryOf, flipped, good, goodPublish, repaid, sigstore, spoil, testCases, verify } from '../support/verify-cases.ts';

const { bundle } = sigstore;

const otherTrust = makeSigstore();
const LATE = new Date('2026-02-01T00:00:00Z');
const strange = strangeLog();
const ED25519 = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

testCases([
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
    'a publication under a key of another kind',
    () => setOf(good(), goodPublish()),
    ['proven', 'key-id unknown'],
    { trust: { ...sigstore.trust, keys: [{ keyId: sigstore.keyId, key: ED25519 }] } },
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
]);

test('what an attestation whose signature is not good says of its origin is not repeated', () => {
  const [attestation] = verify(bundle({ statement: slsa1(), by: SIGNER, certifiedKey: makeKey() })).attestations;
  assert.deepEqual(Object.keys(attestation ?? {}).sort(), ['checks', 'kind', 'predicateType', 'verdict']);
});
