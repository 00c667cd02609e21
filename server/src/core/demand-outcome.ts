import { type Asked, withAsked } from './asked-origin.ts';
import type { AttestationVerdict, Check, CheckOutcome, ProvenanceVerdict } from './provenance.ts';
import { repositoryAddress } from './repository-address.ts';

/** What became of a requirement of provenance. Texts in it are foreign. */
export type DemandOutcome =
  | { readonly state: 'met' }
  /** `reason` is a sentence. */
  | { readonly state: 'none' | 'unknown'; readonly reason: string }
  /** The evidence itself fails a check. */
  | { readonly state: 'false'; readonly check: Check }
  /** Good evidence of another origin. Both go on behind "it is built" and "it was built". */
  | { readonly state: 'other'; readonly asked: string; readonly found: string };

/** Holds a verdict against what is required of it: every front and rule by these words. */
export function demandOutcome(facts: ProvenanceVerdict, demand: Asked): DemandOutcome {
  const verdict = withAsked(facts, demand);
  const { checks, attestations } = verdict;
  const all = [...checks, ...attestations.flatMap((attestation) => attestation.checks)];
  const first = (outcome: CheckOutcome): string => all.find((check) => check.outcome === outcome)?.message ?? 'No reason is known.';
  switch (verdict.verdict) {
    case 'proven':
      return { state: 'met' };
    case 'unknown':
      return { state: 'unknown', reason: first('unknown') };
    case 'not-proven':
      return { state: 'none', reason: first('not-proven') };
    case 'contradicted': {
      const check = all.find((one) => one.outcome === 'contradicted' && !isOther(one));
      const other = attestations.find((one) => one.checks.some(isOther));
      if (check !== undefined) return { state: 'false', check };
      return other === undefined ? { state: 'none', reason: first('not-proven') } : { state: 'other', ...difference(other, demand) };
    }
  }
}

function isOther({ id, outcome }: Check): boolean {
  return outcome === 'contradicted' && id.startsWith('asked-');
}

/** The first thing that is not what was asked for: where the repository is another's, so is all else. */
function difference({ identity = {}, checks }: AttestationVerdict, demand: Asked): { readonly asked: string; readonly found: string } {
  const wrong = checks.filter(isOther).map(({ id }) => id);
  if (wrong.includes('asked-repository'))
    return { asked: `from ${repositoryAddress(demand.repository ?? '')}`, found: `from ${identity.repository}` };
  if (wrong.includes('asked-issuer')) return { asked: `by a signer of ${demand.issuer}`, found: `by one of ${identity.issuer ?? 'none'}` };
  return { asked: `by an identity that matches ${demand.identity?.source}`, found: `by ${identity.subject ?? 'none'}` };
}
