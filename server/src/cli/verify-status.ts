import type { ProvenanceVerdict } from '../core/provenance.ts';
import { EXIT } from './check.ts';
import type { Requirement } from './verify-args.ts';

/**
 * The exit status for a verdict: 0 verified as asked, 1 contradicted, or required and missing, 2 not to be judged. A version that its
 * registry does not list is missing whatever is required: what is locked there can be had from nobody.
 */
export function statusOf(verdict: ProvenanceVerdict, requirement: Requirement): number {
  if (verdict.verdict === 'contradicted' || verdict.checks.some(({ id, outcome }) => id === 'version-listed' && outcome === 'not-proven'))
    return EXIT.findings;
  if (verdict.verdict === 'proven') return EXIT.ok;
  const status = requiredStatus(verdict, requirement);
  // What is not known to be the bytes that were judged is not judged.
  return status === EXIT.ok && verdict.checks.some(({ id, outcome }) => id === 'integrity-locked' && outcome === 'unknown')
    ? EXIT.failed
    : status;
}

function requiredStatus(verdict: ProvenanceVerdict, requirement: Requirement): number {
  switch (requirement) {
    case 'provenance':
      return verdict.verdict === 'unknown' ? EXIT.failed : EXIT.findings;
    case 'signature':
      return signatureStatus(verdict);
    case 'nothing':
      return verdict.verdict === 'unknown' ? EXIT.failed : EXIT.ok;
  }
}

/** By the registry's signature alone: whether it shows attestations is not asked then. */
function signatureStatus({ checks }: ProvenanceVerdict): number {
  switch (checks.find(({ id }) => id === 'registry-signature')?.outcome) {
    case 'passed':
      // A key that may have ended before it signed is no proof.
      return checks.some(({ id, outcome }) => id === 'registry-signature-time' && outcome === 'unknown') ? EXIT.failed : EXIT.ok;
    case 'not-proven':
      return EXIT.findings;
    default:
      return EXIT.failed;
  }
}
