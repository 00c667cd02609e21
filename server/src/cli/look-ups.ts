import { createSources, type Sources } from '../sources/index.ts';

/** The online sources as the environment configures them; close them at the end. */
export function lookUps(env: NodeJS.ProcessEnv): Sources {
  const serverUrl = env.GITHUB_SERVER_URL || undefined;
  const token = env.GITHUB_TOKEN || env.GH_TOKEN || undefined;
  return createSources({ online: true, env, serverUrl, token });
}
