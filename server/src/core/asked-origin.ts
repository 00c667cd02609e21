import type { LinearPattern } from './linear-pattern.ts';
import { overall, worst } from './overall-verdict.ts';
import type { Check, ProvenanceVerdict, SignerIdentity } from './provenance.ts';
import { compareRepositories } from './repository-address.ts';

/** The longest identity that an expression is tried on, in UTF-16 units. */
const MAX_IDENTITY_UNITS = 2000;

/** What the origin is required to be. */
export interface Asked {
  /** Must match from the first character of the certificate's identity to the last. */
  readonly identity?: LinearPattern;
  /** The address of the OpenID Connect issuer. */
  readonly issuer?: string;
  readonly repository?: string;
}

/** A verdict with what somebody requires of the origin: every attestation of provenance that somebody signed must be what is asked for. */
export function withAsked({ attestations, ...verdict }: ProvenanceVerdict, asked: Asked): ProvenanceVerdict {
  const judged = attestations.map((attestation) => {
    if (attestation.kind !== 'provenance' || attestation.identity === undefined) return attestation;
    const checks = [...attestation.checks, ...checkAsked(attestation.identity, asked)];
    return { ...attestation, checks, verdict: worst(checks) };
  });
  return { ...verdict, attestations: judged, verdict: overall(verdict.checks, judged) };
}

function checkAsked({ subject, issuer, repository }: SignerIdentity, asked: Asked): Check[] {
  const checks: Check[] = [];
  if (asked.identity !== undefined)
    checks.push(
      isWhole(asked.identity, subject ?? '')
        ? { id: 'asked-identity', outcome: 'passed', message: `The identity ${subject} is one that was asked for.` }
        : {
            id: 'asked-identity',
            outcome: 'contradicted',
            message: `The identity ${subject ?? 'none'} does not match ${asked.identity.source}.`,
          },
    );
  if (asked.issuer !== undefined)
    checks.push(
      issuer === asked.issuer
        ? { id: 'asked-issuer', outcome: 'passed', message: `The issuer is ${issuer}.` }
        : { id: 'asked-issuer', outcome: 'contradicted', message: `The issuer is ${issuer ?? 'none'}, not ${asked.issuer}.` },
    );
  if (asked.repository !== undefined) checks.push(compareRepositories('asked-repository', repository, asked.repository, 'Who asks'));
  return checks;
}

/** An expression is for all of an identity, however it is written: in parts, `a|b` would match "attacker". */
function isWhole(pattern: LinearPattern, text: string): boolean {
  return text !== '' && text.length <= MAX_IDENTITY_UNITS && pattern.matches(text);
}
