/** What the server reads with its first look-up, as one bundle: until then it has nothing that could open a connection or start a process. */
export { cacheFolder } from '../disk/cache-folder.ts';
export { dockerCredentials } from '../disk/docker-config.ts';
export { npmRegistries } from '../disk/npm-registries.ts';
export { packageVerifier } from '../provenance/verifier.ts';
export { createSources } from '../sources/index.ts';
export { SIGSTORE } from '../sources/trust-root.ts';
