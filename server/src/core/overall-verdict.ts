import type { AttestationVerdict, Check, Verdict } from './provenance.ts';

/** The verdict of some checks: what speaks against it outweighs what is unknown, and that what is missing. */
export function worst(checks: readonly Check[]): Verdict {
  const has = (outcome: Check['outcome']) => checks.some((check) => check.outcome === outcome);
  return has('contradicted') ? 'contradicted' : has('unknown') ? 'unknown' : has('not-proven') ? 'not-proven' : 'proven';
}

/** One good attestation of provenance proves it; one thing that is false disproves it, whatever the others say. */
export function overall(checks: readonly Check[], attestations: readonly AttestationVerdict[]): Verdict {
  const verdicts = attestations.map(({ verdict }) => verdict);
  if (verdicts.includes('contradicted') || worst(checks) === 'contradicted') return 'contradicted';
  const provenance = attestations.filter(({ kind }) => kind === 'provenance').map(({ verdict }) => verdict);
  if (provenance.includes('proven')) return 'proven';
  // A statement of a later version of SLSA is `other`, and may well be the provenance.
  const open = attestations.filter(({ kind }) => kind !== 'publish').map(({ verdict }) => verdict);
  return open.includes('unknown') || isUnseen(checks) ? 'unknown' : 'not-proven';
}

/** Whether there may be attestations that were not shown. */
function isUnseen(checks: readonly Check[]): boolean {
  return checks.some(({ id, outcome }) => (id === 'readable' || id === 'attestations-served') && outcome === 'unknown');
}
