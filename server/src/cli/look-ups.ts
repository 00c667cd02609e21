import type { FetchFact } from '../core/answer.ts';
import { ok, type Result } from '../core/result.ts';
import { createSources } from '../sources/index.ts';

/** The online sources as the environment configures them. Fails with a sentence where a variable makes no sense. */
export function lookUps(env: NodeJS.ProcessEnv): Result<FetchFact> {
  const serverUrl = env.GITHUB_SERVER_URL || undefined;
  const token = env.GITHUB_TOKEN || env.GH_TOKEN || undefined;
  return ok(createSources({ online: true, env, serverUrl, token }).fetchFact);
}
