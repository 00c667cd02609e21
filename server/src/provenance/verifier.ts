import type { PackageVerifier, VerifyPackage } from '../core/provenance.ts';
import { BASIS } from './basis.ts';

/** Verifies packages by the trust root that travels with Waybill, or a newer one. Its code is read with the first package. */
export const packageVerifier: PackageVerifier = {
  load: async () => (await import('./index.ts')).verifyPackage,
  basis: BASIS,
  newer: (root) => {
    let made: VerifyPackage | undefined;
    return {
      load: async () => {
        made ??= (await import('./index.ts')).refreshedVerifier(root);
        return made;
      },
      basis: `${BASIS}, refreshed to ${root.digest}`,
    };
  },
};
