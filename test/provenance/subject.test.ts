import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { INTEGRITY, OTHER_INTEGRITY, publish, SIGNER, slsa1 } from '../support/provenance.ts';
import { setOf } from '../support/registry-papers.ts';
import { good, said, sigstore, subjectOf, testCases, verify } from '../support/verify-cases.ts';

const { bundle } = sigstore;

testCases([
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
  [
    'a digest that is none',
    () => bundle({ statement: slsa1({ subject: subjectOf('pkg:npm/%40acme/widget@1.2.3', 'abc') }), by: SIGNER }),
    ['unknown', 'digest-locked unknown'],
    { integrity: { locked: INTEGRITY } },
  ],
  [
    'digests of other kinds alone',
    () =>
      bundle({
        statement: slsa1({ subject: [{ name: 'pkg:npm/%40acme/widget@1.2.3', digest: { sha256: 'ab'.repeat(32) } }] }),
        by: SIGNER,
      }),
    ['unknown', 'digest-locked unknown'],
    { integrity: { locked: INTEGRITY } },
  ],
  // Managers take bytes that have any one of the hashes.
  [
    'a second hash in the lockfile, of other bytes',
    good,
    ['contradicted', 'digest-locked contradicted'],
    { integrity: { locked: `${INTEGRITY} ${OTHER_INTEGRITY}` } },
  ],
  [
    'a second hash in the registry, of other bytes',
    good,
    ['contradicted', 'digest-published contradicted'],
    { integrity: { published: `${OTHER_INTEGRITY} ${INTEGRITY}` } },
  ],
  [
    'a publication of another package of this version',
    () => setOf(good(), bundle({ statement: { ...publish(), predicate: { ...publish().predicate, name: 'gadget' } }, by: 'registry' })),
    ['contradicted', 'subject contradicted'],
  ],
]);

/** Names of subjects, and what is said of them as names of @acme/widget@1.2.3. */
for (const [name, expected] of [
  ['pkg:npm/%40acme/widget@1.2.3', 'passed'],
  ['pkg:npm/@acme/widget@1.2.3', 'passed'],
  ['pkg:npm/%40acme%2Fwidget@1.2.3', 'passed'],
  ['pkg:npm/%40acme/widget@1%2E2%2E3', 'passed'],
  ['pkg:npm/%40ACME/widget@1.2.3', 'contradicted'],
  ['pkg:npm/%2540acme/widget@1.2.3', 'contradicted'],
  ['pkg:npm/%40acme/widget@1.2.3+build', 'contradicted'],
  ['pkg:npm/%40acme/widget@1.2.3-rc.1', 'contradicted'],
  ['pkg:npm/evil/%40acme/widget@1.2.3', 'contradicted'],
  ['pkg:npm/%40acme/gadget@1.2.3?of=%40acme/widget@1.2.3', 'contradicted'],
  ['pkg:golang/%40acme/widget@1.2.3', 'contradicted'],
  // Perhaps the package, perhaps one of another registry: this version cannot tell.
  ['pkg:npm/%40acme/widget@1.2.3?repository_url=https://npm.example.test', 'unknown'],
  ['pkg:npm/%40acme/widget@1.2.3#dist', 'unknown'],
  ['pkg:npm/%40acme/widget', 'unknown'],
  ['pkg:npm/%E0%A4/widget@1.2.3', 'unknown'],
  ['PKG:NPM/%40acme/widget@1.2.3', 'unknown'],
  ['@acme/widget@1.2.3', 'unknown'],
  ['acme-widget-1.2.3.tgz', 'unknown'],
  ['', 'unknown'],
] as const)
  test(`a subject named "${name}": ${expected}`, () => {
    const verdict = verify(bundle({ statement: slsa1({ subject: subjectOf(name) }), by: SIGNER }));
    assert.equal(verdict.attestations[0]?.checks.find(({ id }) => id === 'subject')?.outcome, expected);
    assert.equal(verdict.verdict, expected === 'passed' ? 'proven' : expected);
  });

test('a version with build metadata is compared whole', () => {
  const statement = slsa1({ subject: subjectOf('pkg:npm/%40acme/widget@1.2.3+build') });
  assert.equal(verify(bundle({ statement, by: SIGNER }), { version: '1.2.3+build' }).verdict, 'proven');
});

/** Texts of an integrity, and what is said of them. */
const [, BASE64 = ''] = INTEGRITY.split('-');
for (const [integrity, expected] of [
  [`${INTEGRITY}?file.tgz`, 'passed'],
  [` sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=\t${INTEGRITY}\n`, 'passed'],
  [`${INTEGRITY} ${INTEGRITY}`, 'passed'],
  [`sha512-${BASE64.replace(/=+$/, '')}`, 'unknown'],
  [`sha512-${BASE64.replaceAll('+', '-').replaceAll('/', '_')}`, 'unknown'],
  [`SHA512-${BASE64}`, 'unknown'],
  [`sha512-${BASE64.slice(0, 40)}`, 'unknown'],
  ['', 'unknown'],
] as const)
  test(`an integrity ${JSON.stringify(integrity.slice(0, 40))} of ${integrity.length} characters: ${expected}`, () => {
    const [attestation] = verify(good(), { integrity: { locked: integrity } }).attestations;
    assert.equal(attestation?.checks.find(({ id }) => id === 'digest-locked')?.outcome, expected);
  });

test('the digest is the one of the bytes that were asked about', () => {
  const bytes = Buffer.from('the package');
  const sha512 = createHash('sha512').update(bytes);
  const digest = sha512.digest();
  const statement = slsa1({ subject: subjectOf('pkg:npm/%40acme/widget@1.2.3', digest.toString('hex').toUpperCase()) });
  const integrity = { locked: `sha512-${digest.toString('base64')}?foo` };
  assert.deepEqual(said(verify(bundle({ statement, by: SIGNER }), { integrity })), ['proven']);
});
