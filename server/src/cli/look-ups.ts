import { PUBLIC_GITHUB_URL } from '../core/facts.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { Storage } from '../core/storage.ts';
import { parseServerUrl } from '../sources/git-remote.ts';
import { createSources, type Sources } from '../sources/index.ts';

/** The online sources as the environment configures them; close them at the end. `storage` is what outlives the run. Fails with a sentence where a variable makes no sense. */
export function lookUps(env: NodeJS.ProcessEnv, storage?: Storage): Result<Sources> {
  const serverUrl = env.GITHUB_SERVER_URL || undefined;
  const server = parseServerUrl(serverUrl ?? PUBLIC_GITHUB_URL);
  if (!server.ok) return fail(`GITHUB_SERVER_URL is of no use: ${server.error}`);
  const token = env.GITHUB_TOKEN || env.GH_TOKEN || undefined;
  return ok(createSources({ online: true, env, serverUrl, token, storage }));
}
