import type { AttestationVerdict, Check } from '../core/provenance.ts';
import { repositoryAddress } from '../core/repository-address.ts';

/** Whether there is any provenance. */
export function checkPresent(attestations: readonly AttestationVerdict[]): Check {
  const id = 'provenance-present';
  return attestations.some(({ kind }) => kind === 'provenance')
    ? { id, outcome: 'passed', message: 'There is an attestation of provenance.' }
    : { id, outcome: 'not-proven', message: 'There is no attestation of provenance.' };
}

/** Two good attestations that name different repositories cannot both be the origin. */
export function checkOneOrigin(attestations: readonly AttestationVerdict[]): Check[] {
  const origins = attestations.flatMap(({ kind, verdict, identity }) =>
    kind === 'provenance' && verdict === 'proven' && identity?.repository !== undefined ? [repositoryAddress(identity.repository)] : [],
  );
  const [first, second] = [...new Set(origins)];
  return second === undefined
    ? []
    : [{ id: 'one-origin', outcome: 'contradicted', message: `It is attested to come from ${first} and from ${second}.` }];
}
