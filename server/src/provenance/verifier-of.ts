import { createHash } from 'node:crypto';
import type { PackageEvidence, PackageVerifier } from '../core/provenance.ts';
import { BASIS } from './basis.ts';
import { verifyPackage } from './package.ts';
import { BUNDLED_TRUST, type Trust } from './trust.ts';

/** Verifies packages by a trust that is read already. Verdicts by another trust than the one that travels along are kept apart. */
export function packageVerifierOf(trust: Trust): PackageVerifier {
  const load = async () => (evidence: PackageEvidence) => verifyPackage(evidence, trust);
  if (trust === BUNDLED_TRUST) return { load, basis: BASIS };
  return { load, basis: `${BASIS}, replaced by ${createHash('sha256').update(JSON.stringify(trust)).digest('hex')}` };
}
