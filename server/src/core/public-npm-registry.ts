// Waybill writes no registry's host name anywhere, so that none can be overlooked when one changes: this is the address that
// packages which are published with a fixed target name in their `publishConfig`. The lockfile fixes this one's version, and
// without it nothing can be built.
import { publishConfig } from '../../../node_modules/oxc-parser/package.json';

/** The public npm registry's address, with a slash at its end: what npm asks where nothing else is configured. */
export const PUBLIC_NPM_REGISTRY_URL: string = publishConfig.registry;
