import { VERSION } from '../data/product.generated.ts';
import { TRUST_ROOT_DATE } from './trust-root.generated.ts';

/** By what this version judges, with the trust root that travels along: its verdicts hold no longer than either. */
export const BASIS: string = `waybill ${VERSION}, trust root of ${TRUST_ROOT_DATE}`;
