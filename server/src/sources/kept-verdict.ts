import { CHECKS, type ProvenanceVerdict } from '../core/provenance.ts';

/** A verdict that was kept. Ours, so only what everything depends on is checked, against a file that somebody else wrote or cut. */
export function keptVerdict(value: unknown): ProvenanceVerdict | undefined {
  const { subject, verdict, checks, attestations, trustRootDate, trustRootSource } = membersOf(value);
  const isSound =
    typeof subject === 'string' &&
    typeof trustRootDate === 'string' &&
    isOneOf(trustRootSource, ['bundled', 'refreshed', 'file']) &&
    isVerdict(verdict) &&
    areChecks(checks) &&
    Array.isArray(attestations) &&
    attestations.every((one: unknown) => {
      const attestation = membersOf(one);
      return (
        isOneOf(attestation.kind, ['provenance', 'publish', 'other']) &&
        typeof attestation.predicateType === 'string' &&
        isVerdict(attestation.verdict) &&
        areChecks(attestation.checks) &&
        Object.values(membersOf(attestation.identity)).every((member) => typeof member === 'string') &&
        ['undefined', 'number'].includes(typeof attestation.signedAt) &&
        [attestation.logIndex, attestation.logUrl, attestation.builder].every((one) => ['undefined', 'string'].includes(typeof one))
      );
    });
  // Every member was looked at.
  return isSound ? (value as ProvenanceVerdict) : undefined;
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function isVerdict(value: unknown): boolean {
  return isOneOf(value, ['proven', 'not-proven', 'contradicted', 'unknown']);
}

function areChecks(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every((one: unknown) => {
      const { id, outcome, message } = membersOf(one);
      return (
        isOneOf(id, CHECKS) &&
        isOneOf(outcome, ['passed', 'not-proven', 'contradicted', 'unknown', 'not-asked']) &&
        typeof message === 'string'
      );
    })
  );
}

function isOneOf(value: unknown, names: readonly string[]): boolean {
  return typeof value === 'string' && names.includes(value);
}
