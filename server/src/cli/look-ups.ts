import { PUBLIC_GITHUB_URL } from '../core/facts.ts';
import { noCredentials } from '../core/image-credential.ts';
import type { PackageVerifier } from '../core/provenance.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { cacheFolder, cacheFolderPath } from '../disk/cache-folder.ts';
import { dockerCredentials } from '../disk/docker-config.ts';
import { npmRegistries } from '../disk/npm-registries.ts';
import { packageVerifier } from '../provenance/verifier.ts';
import { parseServerUrl } from '../sources/git-remote.ts';
import { createSources, type HeldFact, type Sources } from '../sources/index.ts';
import { SIGSTORE } from '../sources/trust-root.ts';

/** How a command looks things up. */
export interface LookUpOptions {
  /** The checked folder may choose registries, and the user's credentials for them are used. */
  readonly trusted: boolean;
  /** Judges packages, by the bundled trust root unless given. */
  readonly verifier?: PackageVerifier;
  /** False: the verifier's trust root is not refreshed. */
  readonly refreshes?: boolean;
  /** Nothing else is asked but verdicts. */
  readonly verifiesOnly?: boolean;
  /** What need not be asked for. */
  readonly held?: HeldFact;
}

/** The online sources as the environment configures them; close them at the end. Fails with a sentence where a variable makes no sense. */
export function lookUps(
  env: NodeJS.ProcessEnv,
  { trusted, verifier = packageVerifier, refreshes = true, verifiesOnly, held }: LookUpOptions,
): Result<Sources> {
  const serverUrl = env.GITHUB_SERVER_URL || undefined;
  const server = parseServerUrl(serverUrl ?? PUBLIC_GITHUB_URL);
  if (!server.ok) return fail(`GITHUB_SERVER_URL is of no use: ${server.error}`);
  const token = env.GITHUB_TOKEN || env.GH_TOKEN || undefined;
  const folder = cacheFolderPath(env, process.platform);
  const credentials = trusted ? dockerCredentials({ env, helpers: false }) : noCredentials('--trust is not given');
  return ok(
    createSources({
      online: true,
      env,
      serverUrl,
      token,
      credentials,
      registryOf: npmRegistries({ env, trusted }),
      verifier,
      trustRootFrom: refreshes ? SIGSTORE : undefined,
      verifiesOnly,
      held,
      storage: folder === undefined ? undefined : cacheFolder(folder),
    }),
  );
}
