import type { PackageVerifier } from '../core/provenance.ts';
import { BASIS } from './basis.ts';

/** Verifies packages by the trust root that travels with Waybill. Its code is read with the first package. */
export const packageVerifier: PackageVerifier = { load: async () => (await import('./index.ts')).verifyPackage, basis: BASIS };
