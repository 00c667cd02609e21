import { type Asked, withAsked } from '../core/asked-origin.ts';
import { versionPurl } from '../core/npm-facts.ts';
import { overall } from '../core/overall-verdict.ts';
import type { ProvenanceVerdict } from '../core/provenance.ts';
import { type AttestationOptions, verifySet } from './attestations.ts';
import { BUNDLED_TRUST, type Trust } from './trust.ts';

export { MAX_SET_UNITS } from './attestations.ts';
export { verifyPackage } from './package.ts';
export { refreshedVerifier } from './refreshed.ts';
export { sha512Of } from './subject.ts';
export { BUNDLED_TRUST, type Trust, trustOf } from './trust.ts';
export { packageVerifierOf } from './verifier-of.ts';

/** What is asked about a version of a package. */
export interface VerifyOptions extends AttestationOptions {
  readonly asked?: Asked;
  /** Whom to believe; without it, the snapshot that travels with Waybill. */
  readonly trust?: Trust;
}

/**
 * Verifies attestations of a package's version against a trust root, without a connection. `text` is one Sigstore bundle, or a set as
 * the registry serves it (`{ attestations: [{ predicateType, bundle }] }`). Total: any text gives a verdict with its reasons.
 */
export function verifyAttestations(text: string, { asked = {}, trust = BUNDLED_TRUST, ...options }: VerifyOptions): ProvenanceVerdict {
  const base = { subject: versionPurl(options.name, options.version), trustRootDate: trust.date, trustRootSource: trust.source };
  const { checks, attestations } = verifySet(text, trust, options);
  return withAsked({ ...base, verdict: overall(checks, attestations), checks, attestations }, asked);
}
