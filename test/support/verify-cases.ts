import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Check, CheckId, CheckOutcome, ProvenanceVerdict, Verdict } from '../../server/src/core/provenance.ts';
import { type VerifyOptions, verifyAttestations } from '../../server/src/provenance/index.ts';
import { NAME, publish, SHA512, SIGNER, slsa1, VERSION } from './provenance.ts';
import { type BundleJson, makeSigstore, SIGNED_AT } from './sigstore.ts';

/** The test's own authorities; one set of them for each test file. */
export const sigstore = makeSigstore();

/** What is asked about, by the trust in these authorities. */
export const OPTIONS: VerifyOptions = { name: NAME, version: VERSION, now: SIGNED_AT.getTime() + 60_000, trust: sigstore.trust };

/** Verifies a text, or the JSON of anything else. */
export function verify(input: unknown, options: Partial<VerifyOptions> = {}): ProvenanceVerdict {
  return verifyAttestations(typeof input === 'string' ? input : JSON.stringify(input), { ...OPTIONS, ...options });
}

/** All checks: those of the set, then those of each attestation. */
export function allChecks({ checks, attestations }: ProvenanceVerdict): readonly Check[] {
  return [...checks, ...attestations.flatMap((attestation) => attestation.checks)];
}

/** The verdict, and the checks that are neither passed nor without anything to compare. */
export function said(verdict: ProvenanceVerdict): [Verdict, ...string[]] {
  const open = allChecks(verdict).filter(({ outcome }) => outcome !== 'passed' && outcome !== 'not-asked');
  return [verdict.verdict, ...open.map(({ id, outcome }) => `${id} ${outcome}`)];
}

/** Good provenance, and a good publication. */
export const good = (): BundleJson => sigstore.bundle({ statement: slsa1(), by: SIGNER });
export const goodPublish = (): BundleJson => sigstore.bundle({ statement: publish(), by: 'registry' });

/** Fulcio's first extensions: bare text, and the repository without its host. */
export const OLD = { 2: 'push', 3: '1234567890123456789012345678901234567890', 4: 'Release', 5: 'acme/widget', 6: 'refs/tags/v1.2.3' };

/** A workflow that others call. */
export const CALLED = 'https://github.com/acme/shared/.github/workflows/build.yml@refs/heads/main';

/** Takes a good bundle and spoils it. */
export function spoil(make: () => BundleJson, change: (bundle: BundleJson) => void): BundleJson {
  const made = make();
  change(made);
  return made;
}

/** With the last bit turned over. */
export function flipped(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
  return bytes.toString('base64');
}

/** The entry of the log. */
export const entryOf = (one: BundleJson) => one.verificationMaterial.tlogEntries[0];

/** Puts another statement into a bundle, under the old signature. */
export const repaid = (one: BundleJson, statement: unknown): void => {
  one.dsseEnvelope.payload = Buffer.from(JSON.stringify(statement)).toString('base64');
};

/** The subjects of a statement. */
export const subjectOf = (name: string, sha512 = SHA512) => [{ name, digest: { sha512 } }];

/** An input, and the verdict with every check that is neither passed nor without anything to compare. */
export type Case = readonly [
  what: string,
  input: () => unknown,
  expected: readonly [Verdict, ...`${CheckId} ${CheckOutcome}`[]],
  options?: Partial<VerifyOptions>,
];

/** A test for each case: the verdict, and that its reasons are sentences. */
export function testCases(cases: readonly Case[]): void {
  for (const [what, input, expected, options] of cases) {
    test(`${expected[0]}: ${what}`, () => {
      const verdict = verify(input(), options);
      assert.deepEqual(said(verdict), expected, JSON.stringify(allChecks(verdict), undefined, 1));
      assert.ok(
        allChecks(verdict).every(({ message }) => /^[A-Z].*\.$/s.test(message)),
        'a reason is a sentence',
      );
    });
  }
}
