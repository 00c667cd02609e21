import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import { fail, ok, type Result } from '../core/result.ts';

/**
 * The only process that Waybill ever starts: a Docker credential helper, which the user allowed in the settings of the
 * machine (`waybill.images.credentialHelpers`). No other module may import node:child_process; a test holds that.
 */

/** How long a helper may take, in milliseconds: some ask the user to unlock a key ring. */
export const HELPER_TIMEOUT_MS = 20 * 1000;

/** The longest output of a helper that is read, in bytes. */
export const MAX_HELPER_BYTES = 64 * 1024;

/** What a helper has for a registry. */
export interface HelperSecret {
  /** `<token>` where the secret is an identity token. */
  readonly username: string;
  readonly secret: string;
}

/** How a helper is asked. */
export interface HelperOptions {
  /** Where PATH is read from; the helper gets all of it. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** For tests. */
  readonly timeoutMs?: number;
}

/**
 * Runs `docker-credential-NAME get` with the registry's address on its standard input (docker-credential-helpers,
 * "Development"). Undefined where the helper has nothing; fails with a sentence that never repeats what the helper said.
 */
export async function askCredentialHelper(
  name: string,
  address: string,
  { env, signal, timeoutMs = HELPER_TIMEOUT_MS }: HelperOptions,
): Promise<Result<HelperSecret | undefined>> {
  // The name comes from Docker's configuration. It names a program, never a path or an option.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) return fail('the name of the credential helper is malformed');
  const program = `docker-credential-${name}`;
  const file = findProgram(program, env);
  if (file === undefined) return fail(`${program} is not in the PATH`);
  const ran = await run(file, address, { env, signal, timeoutMs });
  if (!ran.ok) return fail(`${program} ${ran.error}`);
  return ran.value === undefined ? ok(undefined) : readSecret(ran.value, program);
}

/** A program in an absolute folder of PATH: a relative one would be found in the folder that is checked. */
function findProgram(program: string, env: NodeJS.ProcessEnv): string | undefined {
  const name = process.platform === 'win32' ? `${program}.exe` : program;
  const folders = (env.PATH ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  return folders.map((folder) => path.join(folder, name)).find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The output of a helper; undefined where it ended with an error, which is how it says that it has nothing. */
function run(file: string, input: string, { env, signal, timeoutMs }: Required<HelperOptions>): Promise<Result<string | undefined>> {
  return new Promise((resolve) => {
    const child = start(file, env);
    if (child === undefined) return resolve(fail('cannot be started'));
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (result: Result<string | undefined>): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
      child.kill('SIGKILL');
      // A child of the helper may hold the pipe open.
      child.stdout.destroy();
      resolve(result);
    };
    const cancel = (): void => settle(fail('was cancelled'));
    const timer = setTimeout(() => settle(fail(`did not answer in ${timeoutMs} ms`)), timeoutMs);
    signal.addEventListener('abort', cancel);
    if (signal.aborted) cancel();
    child.on('error', () => settle(fail('cannot be started')));
    child.on('close', (status) => settle(ok(status === 0 ? Buffer.concat(chunks).toString('utf8') : undefined)));
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_HELPER_BYTES) settle(fail(`wrote more than ${MAX_HELPER_BYTES} bytes`));
      else chunks.push(chunk);
    });
    // A helper that does not read is none of our business.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

function start(file: string, env: NodeJS.ProcessEnv) {
  try {
    // No shell, and in the program's own folder: that one exists, and is not the one that is checked.
    return spawn(file, ['get'], { cwd: path.dirname(file), env, stdio: ['pipe', 'pipe', 'ignore'], shell: false, windowsHide: true });
  } catch {
    // Some failures are thrown: an environment that is too large, a program that is none.
    return undefined;
  }
}

function readSecret(output: string, program: string): Result<HelperSecret> {
  try {
    const { Username: username, Secret: secret }: Record<string, unknown> = { ...JSON.parse(output) };
    if (typeof username === 'string' && typeof secret === 'string' && secret !== '') return ok({ username, secret });
  } catch {
    // What is no JSON is no answer either.
  }
  return fail(`${program} did not answer with a user name and a secret`);
}
