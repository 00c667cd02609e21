import type { PackageVerifier } from '../core/provenance.ts';
import { VERSION } from '../data/product.generated.ts';
import { TRUST_ROOT_DATE } from './trust-root.generated.ts';

/**
 * Verifies packages by the trust root that travels with Waybill. Its code is read with the first package; its verdicts are those of
 * this version and this trust root, and hold no longer than either.
 */
export const packageVerifier: PackageVerifier = {
  load: async () => (await import('./index.ts')).verifyPackage,
  basis: `waybill ${VERSION}, trust root of ${TRUST_ROOT_DATE}`,
};
