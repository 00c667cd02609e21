import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Starts the language server in this very process, on standard input and output. It is the bundle beside this one, so that
 * the command line does not carry it for every other command. Resolves never: the client ends the process.
 */
export async function startLanguageServer(): Promise<never> {
  if (!process.argv.includes('--stdio')) process.argv.push('--stdio');
  const self = realpathSync(process.argv[1] ?? '.');
  createRequire(pathToFileURL(self))(path.join(path.dirname(self), 'server.js'));
  return await new Promise<never>(() => {});
}
