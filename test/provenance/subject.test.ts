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
]);

test('the digest is the one of the bytes that were asked about', () => {
  const bytes = Buffer.from('the package');
  const sha512 = createHash('sha512').update(bytes);
  const digest = sha512.digest();
  const statement = slsa1({ subject: subjectOf('pkg:npm/%40acme/widget@1.2.3', digest.toString('hex').toUpperCase()) });
  const integrity = { locked: `sha512-${digest.toString('base64')}?foo` };
  assert.deepEqual(said(verify(bundle({ statement, by: SIGNER }), { integrity })), ['proven']);
});
