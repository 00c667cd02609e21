import { PUBLIC_NPM_REGISTRY_URL } from '../core/public-npm-registry.ts';
import type { Invocation } from './shell-invocation.ts';

/** Whether a command line names a registry, or settings that may name one, for itself: options, and variables in front of it. */
export function choosesRegistry({ words, assignments }: Invocation): boolean {
  return (
    words.some(({ value }) => /^--(?:registry|userconfig|globalconfig|@)/.test(value)) ||
    assignments.some(({ value }) => /^(?:npm_config_|pnpm_config_|yarn_|bun_config_)/i.test(value))
  );
}

/** What sets a registry for the commands behind it, up to the end of its line. */
const SETS_REGISTRY =
  /(?:registry-url|(?:npm|bun|pnpm)_config_registry|yarn_(?:npm_)?registry(?:_server)?|config\s+set\s+(?:[\w-]+\s+)?\S*registry\S*)[^\n]{0,300}/gi;
const PUBLIC_REGISTRY = PUBLIC_NPM_REGISTRY_URL.replace(/\/$/, '');

/** Whether a document sends its commands to another registry: what they install may be private then, and nobody else is asked. */
export function namesRegistry(text: string): boolean {
  for (const [line] of text.matchAll(SETS_REGISTRY)) if (!line.includes(PUBLIC_REGISTRY)) return true;
  return false;
}
