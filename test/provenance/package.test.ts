import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CHECKS, type PackageEvidence, type ProvenanceVerdict, type RegistryKey, type Verdict } from '../../server/src/core/provenance.ts';
import { type Trust, trustOf, verifyPackage } from '../../server/src/provenance/index.ts';
import { INTEGRITY, NAME, OTHER_INTEGRITY, publish, SIGNER, slsa1, VERSION } from '../support/provenance.ts';
import { goodSet, setOf, signatureOf } from '../support/registry-papers.ts';
import { makeKey, makeSigstore, SIGNED_AT } from '../support/sigstore.ts';

const sigstore = makeSigstore();
const { keyId, registryKey } = sigstore;
const SIGNED = signatureOf(registryKey, keyId);
const KEY: RegistryKey = { keyId, key: registryKey.spki.toString('base64') };
const NO_KEYS: Trust = { ...sigstore.trust, keys: [] };

const EVIDENCE: PackageEvidence = {
  name: NAME,
  version: VERSION,
  attestations: { state: 'none', reason: 'The registry lists none.' },
  locked: INTEGRITY,
  published: INTEGRITY,
  signatures: [SIGNED],
  keys: [KEY],
  now: SIGNED_AT.getTime() + 60_000,
};
const SERVED: PackageEvidence = { ...EVIDENCE, attestations: { state: 'served', text: JSON.stringify(goodSet(sigstore)) } };

function verify(evidence: Partial<PackageEvidence>, trust = sigstore.trust, base = EVIDENCE): ProvenanceVerdict {
  return verifyPackage({ ...base, ...evidence }, trust);
}

/** The verdict, and the outcomes of the checks of the registry's word. */
function said({ verdict, checks }: ProvenanceVerdict): [Verdict, ...string[]] {
  const ids = ['registry-signature', 'registry-signature-time', 'integrity-locked'];
  return [verdict, ...checks.filter(({ id }) => ids.includes(id)).map(({ id, outcome }) => `${id} ${outcome}`)];
}

function without(...names: readonly (keyof PackageEvidence)[]): PackageEvidence {
  return Object.fromEntries(
    Object.entries(EVIDENCE).filter(([name]) => !names.includes(name as keyof PackageEvidence)),
  ) as unknown as PackageEvidence;
}

test('the registry signs name, version and integrity: what it signed is no provenance', () => {
  const good = ['registry-signature passed', 'registry-signature-time passed', 'integrity-locked passed'];
  assert.deepEqual(said(verify({})), ['not-proven', ...good]);
  assert.deepEqual(said(verify({}, sigstore.trust, SERVED)), ['proven', ...good]);
});

for (const [what, signature] of [
  ['another name', signatureOf(registryKey, keyId, `@acme/gadget@${VERSION}:${INTEGRITY}`)],
  ['another version', signatureOf(registryKey, keyId, `${NAME}@1.2.4:${INTEGRITY}`)],
  ['other bytes', signatureOf(registryKey, keyId, `${NAME}@${VERSION}:${OTHER_INTEGRITY}`)],
  ['another key under this id', signatureOf(makeKey(), keyId)],
  ['no bytes at all', { keyid: keyId, sig: '' }],
  ['no signature', { keyid: keyId, sig: 'bogus' }],
] as const) {
  test(`a signature with ${what} contradicts, also beside good provenance and a good signature`, () => {
    assert.deepEqual(said(verify({ signatures: [signature] })).slice(0, 2), ['contradicted', 'registry-signature contradicted']);
    const both = verify({ signatures: [SIGNED, signature] }, sigstore.trust, SERVED);
    assert.deepEqual(said(both).slice(0, 2), ['contradicted', 'registry-signature contradicted']);
  });
}

test('a key that is not known decides nothing, and does not stand in the way of one that is', () => {
  const stranger = signatureOf(makeKey(), 'SHA256:stranger');
  assert.deepEqual(said(verify({ signatures: [stranger] })).slice(0, 2), ['not-proven', 'registry-signature unknown']);
  assert.deepEqual(said(verify({ signatures: [stranger, SIGNED] })).slice(0, 2), ['not-proven', 'registry-signature passed']);
  assert.deepEqual(said(verify({ keys: [{ keyId, key: 'AAAA' }] }, NO_KEYS)).slice(0, 2), ['not-proven', 'registry-signature unknown']);
  assert.deepEqual(said(verify({ keys: 'the registry serves none' }, NO_KEYS)).slice(0, 2), ['not-proven', 'registry-signature unknown']);
});

test('a registry that serves another key under a known id does not replace it', () => {
  const other = makeKey();
  const signatures = [signatureOf(other, keyId)];
  const keys = [{ keyId, key: other.spki.toString('base64') }];
  assert.deepEqual(said(verify({ signatures, keys }))[0], 'contradicted');
  // Nor does it for publications: this one was signed with the known key.
  const text = JSON.stringify(setOf(sigstore.bundle({ statement: publish(), by: 'registry' })));
  const [publication] = verify({ keys, attestations: { state: 'served', text } }).attestations;
  assert.equal(publication?.verdict, 'proven');
});

test('a key of another kind than registries have is no key, whatever its list says', () => {
  for (const { publicKey } of [generateKeyPairSync('ed25519'), generateKeyPairSync('ec', { namedCurve: 'P-384' })]) {
    const key = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    assert.deepEqual(said(verify({ keys: [{ keyId, key }] }, NO_KEYS)).slice(0, 2), ['not-proven', 'registry-signature unknown']);
  }
});

test('of two keys under one id the first counts, for signatures and for publications', () => {
  const other = makeKey();
  const keys = [KEY, { keyId, key: other.spki.toString('base64') }];
  const text = JSON.stringify(setOf(sigstore.bundle({ statement: publish(), by: 'registry' })));
  const verdict = verify({ keys, attestations: { state: 'served', text } }, NO_KEYS);
  assert.deepEqual(
    verdict.attestations.map((attestation) => attestation.verdict),
    ['proven'],
  );
  assert.equal(said(verdict)[1], 'registry-signature passed');
  assert.equal(said(verify({ keys: keys.toReversed() }, NO_KEYS))[1], 'registry-signature contradicted');
});

test('no signature: missing where the registry signs, unknown where it does not', () => {
  assert.deepEqual(said(verifyPackage(without('signatures'), sigstore.trust))[1], 'registry-signature not-proven');
  assert.deepEqual(said(verifyPackage({ ...without('signatures'), keys: [] }, sigstore.trust))[1], 'registry-signature unknown');
  assert.deepEqual(said(verifyPackage({ ...without('signatures'), keys: 'HTTP 404' }, sigstore.trust))[1], 'registry-signature unknown');
  assert.deepEqual(said(verifyPackage(without('published'), sigstore.trust))[1], 'registry-signature unknown');
});

const END = '2026-02-01T00:00:00Z';
const BEFORE = Date.parse('2026-01-31T00:00:00Z');
const AFTER = Date.parse('2026-02-02T00:00:00Z');
const NO_TIME: PackageEvidence = { ...EVIDENCE, keys: [{ ...KEY, validUntil: END }] };

for (const [what, evidence, trust, expected] of [
  ['published before its end', { ...NO_TIME, publishedAt: BEFORE }, NO_KEYS, 'passed'],
  ['published after its end, says the registry that serves it', { ...NO_TIME, publishedAt: AFTER }, NO_KEYS, 'contradicted'],
  ['published when nobody says', NO_TIME, NO_KEYS, 'unknown'],
  ['without an end', { ...EVIDENCE, publishedAt: AFTER }, NO_KEYS, 'passed'],
  ['with an end that is no date', { ...EVIDENCE, keys: [{ ...KEY, validUntil: 'soon' }], publishedAt: AFTER }, NO_KEYS, 'unknown'],
  [
    'of the snapshot, through a mirror that may say when it fetched the version',
    { ...EVIDENCE, keys: 'the registry serves none', publishedAt: AFTER },
    { ...NO_KEYS, keys: [{ ...KEY, validUntil: END }] },
    'unknown',
  ],
  ['that the registry ended before the snapshot did', { ...NO_TIME, publishedAt: AFTER }, { ...NO_KEYS, keys: [KEY] }, 'contradicted'],
  [
    'that the registry lets live on after the snapshot ended it',
    { ...EVIDENCE, keys: [{ ...KEY, validUntil: '2099-01-01T00:00:00Z' }], publishedAt: AFTER },
    { ...NO_KEYS, keys: [{ ...KEY, validUntil: END }] },
    'contradicted',
  ],
  [
    'that the registry lists twice, with two ends',
    { ...EVIDENCE, keys: [KEY, { ...KEY, validUntil: '2099-01-01T00:00:00Z' }, { ...KEY, validUntil: END }], publishedAt: AFTER },
    NO_KEYS,
    'contradicted',
  ],
  [
    'that the registry lists twice, first with an end that is no date',
    {
      ...EVIDENCE,
      keys: [
        { ...KEY, validUntil: 'soon' },
        { ...KEY, validUntil: '2099-01-01T00:00:00Z' },
      ],
      publishedAt: AFTER,
    },
    NO_KEYS,
    'unknown',
  ],
  [
    'that the registry lists twice, once with an end that is no date',
    {
      ...EVIDENCE,
      keys: [
        { ...KEY, validUntil: '2099-01-01T00:00:00Z' },
        { ...KEY, validUntil: 'soon' },
      ],
      publishedAt: AFTER,
    },
    NO_KEYS,
    'unknown',
  ],
] as const) {
  test(`a key ${what}: ${expected}`, () => {
    const verdict = verifyPackage(evidence, trust);
    assert.equal(verdict.checks.find(({ id }) => id === 'registry-signature-time')?.outcome, expected);
    assert.equal(verdict.verdict, expected === 'contradicted' ? 'contradicted' : 'not-proven');
  });
}

test('an attested time is proven: it counts more than what the registry says', () => {
  const at = (day: string) => {
    const set = setOf(sigstore.bundle({ statement: slsa1(), by: SIGNER, at: new Date(day) }));
    return { ...NO_TIME, attestations: { state: 'served' as const, text: JSON.stringify(set) } };
  };
  const timeOf = (evidence: PackageEvidence) =>
    verifyPackage(evidence, NO_KEYS).checks.find(({ id }) => id === 'registry-signature-time')?.outcome;
  assert.equal(timeOf({ ...at('2026-01-30T00:00:00Z'), publishedAt: AFTER }), 'passed');
  assert.equal(timeOf(at('2026-02-03T00:00:00Z')), 'contradicted');
  // One that is not proven proves no time: its bytes are others, or its repository cannot be compared.
  const early = { ...at('2026-01-30T00:00:00Z'), publishedAt: AFTER };
  assert.equal(timeOf({ ...early, locked: OTHER_INTEGRITY }), 'contradicted');
  assert.equal(timeOf({ ...early, manifestRepository: 'see our wiki' }), 'contradicted');
});

test('the registry’s own key verifies its publications too', () => {
  const text = JSON.stringify(setOf(sigstore.bundle({ statement: publish(), by: 'registry' })));
  const attestations = { state: 'served', text } as const;
  assert.deepEqual(
    verify({ attestations }, NO_KEYS).attestations.map(({ verdict }) => verdict),
    ['proven'],
  );
  assert.deepEqual(
    verify({ attestations, keys: 'none' }, NO_KEYS).attestations.map(({ verdict }) => verdict),
    ['unknown'],
  );
  // A publication that the registry signed is not where the package was built.
  assert.equal(verify({ attestations }, NO_KEYS).verdict, 'not-proven');
});

const SHA1 = createHash('sha1').update('widget').digest();
for (const [what, locked, published, shasum, expected] of [
  ['the same', INTEGRITY, INTEGRITY, undefined, 'passed'],
  ['others', OTHER_INTEGRITY, INTEGRITY, undefined, 'contradicted'],
  ['one of several', `sha1-${SHA1.toString('base64')} ${INTEGRITY}`, `${OTHER_INTEGRITY} ${INTEGRITY}`, undefined, 'passed'],
  ['the same, and others as well', `${INTEGRITY} ${OTHER_INTEGRITY}`, INTEGRITY, undefined, 'contradicted'],
  [
    'the same by a weaker hash than managers go by',
    `sha1-${SHA1.toString('base64')} ${OTHER_INTEGRITY}`,
    undefined,
    SHA1.toString('hex'),
    'unknown',
  ],
  ['cut', INTEGRITY.slice(0, 60), INTEGRITY, undefined, 'unknown'],
  ['others by the strongest hash', `sha1-${SHA1.toString('base64')} ${OTHER_INTEGRITY}`, INTEGRITY, SHA1.toString('hex'), 'contradicted'],
  ['the same by the old sum', `sha1-${SHA1.toString('base64')}`, INTEGRITY, SHA1.toString('hex').toUpperCase(), 'passed'],
  ['others by the old sum', `sha1-${SHA1.toString('base64')}`, INTEGRITY, '0'.repeat(40), 'contradicted'],
  ['of another kind', `sha1-${SHA1.toString('base64')}`, INTEGRITY, undefined, 'unknown'],
  ['not there', INTEGRITY, undefined, undefined, 'unknown'],
  ['unreadable', 'sha512-abc', INTEGRITY, undefined, 'unknown'],
  ['not locked', undefined, INTEGRITY, undefined, 'not-asked'],
] as const) {
  test(`bytes that are ${what}: integrity-locked is ${expected}`, () => {
    const evidence = {
      ...without('locked', 'published', 'signatures'),
      ...(locked === undefined ? {} : { locked }),
      ...(published === undefined ? {} : { published }),
      ...(shasum === undefined ? {} : { shasum }),
    };
    const verdict = verifyPackage(evidence, sigstore.trust);
    assert.equal(verdict.checks.find(({ id }) => id === 'integrity-locked')?.outcome, expected);
    assert.equal(verdict.verdict === 'contradicted', expected === 'contradicted');
  });
}

test('what a registry does not show is unknown, whatever else it says', () => {
  const verdict = verify({ attestations: { state: 'unknown', reason: 'npm.example.test refuses (HTTP 403).' } });
  assert.equal(verdict.verdict, 'unknown');
  assert.equal(verdict.checks[0]?.message, 'npm.example.test refuses (HTTP 403).');
});

test('any text and any member gives a verdict', () => {
  const text = JSON.stringify(goodSet(sigstore));
  for (let length = 0; length < text.length; length += length < 400 ? 1 : 97) {
    const { verdict } = verify({ attestations: { state: 'served', text: text.slice(0, length) } });
    assert.equal(verdict, 'unknown');
  }
  const hostile = '\u0000\u202e<script>'.repeat(20_000);
  const verdict = verify({
    name: hostile,
    version: hostile,
    locked: hostile,
    published: hostile,
    shasum: hostile,
    manifestRepository: hostile,
    signatures: Array.from({ length: 1000 }, () => ({ keyid: hostile, sig: hostile })),
    publishedAt: Number.NaN,
    keys: [{ keyId: hostile, key: hostile, validUntil: hostile }],
  });
  assert.equal(verdict.verdict, 'not-proven');
  assert.ok(JSON.stringify(verdict).length < 10_000_000);
});

test('a trust root in a file: its day is when its newest part began', () => {
  const trust = trustOf(JSON.stringify(sigstore.trust.root));
  assert.ok(trust.ok);
  assert.equal(trust.value.date, '2020-01-01');
  for (const text of ['', '[]', '{}', 'null', JSON.stringify({ ...(sigstore.trust.root as object), tlogs: [{}] }), ' '.repeat(2_000_000)])
    assert.ok(!trustOf(text).ok, text.slice(0, 20));
});

test('every check is documented and in the schema', () => {
  const page = readFileSync('docs/provenance.md', 'utf8');
  for (const id of CHECKS) assert.ok(page.includes(`\`${id}\``), `docs/provenance.md does not name ${id}`);
  const { definitions } = JSON.parse(readFileSync('schemas/verify.schema.json', 'utf8'));
  assert.deepEqual(definitions.check.properties.id.enum, [...CHECKS]);
});
