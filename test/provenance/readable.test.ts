import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_SET_UNITS } from '../../server/src/provenance/index.ts';
import { SIGNER, slsa1, slsa02 } from '../support/provenance.ts';
import { setOf } from '../support/registry-papers.ts';
import type { BundleJson } from '../support/sigstore.ts';
import { allChecks, entryOf, good, goodPublish, sigstore, spoil, testCases, verify } from '../support/verify-cases.ts';

const { bundle } = sigstore;

/** Deeper than a function can call itself. */
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

testCases([
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
    'a signature of a message beside the statement: the library would verify that one',
    () => ({ ...good(), messageSignature: { messageDigest: { algorithm: 'SHA2_256', digest: 'AAAA' }, signature: 'AAAA' } }),
    ['unknown', 'format unknown'],
  ],
  [
    'a signature of a message and no statement',
    () => ({
      ...good(),
      dsseEnvelope: undefined,
      messageSignature: { messageDigest: { algorithm: 'SHA2_256', digest: 'AAAA' }, signature: 'AAAA' },
    }),
    ['unknown', 'provenance-present not-proven', 'format unknown'],
  ],
  [
    'a bundle of nothing but brackets',
    () => `{"attestations":[{"bundle":${nested(200_000)}}]}`,
    ['unknown', 'provenance-present not-proven', 'format unknown'],
  ],
  [
    'brackets in place of a log entry',
    () => JSON.stringify({ attestations: [{ bundle: good() }] }).replace('"tlogEntries":[', `"tlogEntries":[${nested(200_000)},`),
    ['unknown', 'format unknown'],
  ],
  ['a set of nothing but brackets', () => nested(1_000_000), ['unknown', 'readable unknown']],
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
]);

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

test('random changes in any place give a verdict with a reason, and "proven" only with the very statement that was signed', () => {
  // A generator of Numerical Recipes: the same changes in every run.
  let state = 20261122;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const values = [null, '', 0, -1, true, [], {}, '__proto__', '\u0000\u202e', 'AAAA', '9'.repeat(30)];
  const base = JSON.stringify(good());
  const { payload } = JSON.parse(base).dsseEnvelope;
  for (let nth = 0; nth < 600; nth++) {
    const one = JSON.parse(base);
    const places: [Record<string, unknown>, string][] = [];
    const collect = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [name, member] of Object.entries(value)) {
        // What was found in JSON is an object or an array, both of which have members by name.
        places.push([value as Record<string, unknown>, name]);
        collect(member);
      }
    };
    collect(one);
    const [parent, name] = places[below(places.length)] ?? [{}, ''];
    const old = parent[name];
    if (typeof old === 'string' && below(2) === 0) {
      const at = below(old.length);
      parent[name] = `${old.slice(0, at)}${String.fromCharCode(33 + below(90))}${old.slice(at + 1)}`;
    } else if (below(6) === 0) delete parent[name];
    else parent[name] = values[below(values.length)];
    const verdict = verify(one);
    const isOpen = allChecks(verdict).some(({ outcome }) => outcome !== 'passed' && outcome !== 'not-asked');
    assert.equal(verdict.verdict === 'proven', !isOpen, `change ${nth} at ${name}`);
    if (!isOpen)
      assert.deepEqual(Buffer.from(one.dsseEnvelope.payload, 'base64'), Buffer.from(payload, 'base64'), `change ${nth} at ${name}`);
  }
});
