import { spawn } from 'node:child_process';
import path from 'node:path';

/** What a run of the command line gave. */
export interface CliRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Neither settings nor a cache of whoever runs the tests: below a file there is nothing and nothing can be made. */
export const NO_HOME = {
  HOME: path.resolve('package.json', 'home'),
  USERPROFILE: path.resolve('package.json', 'home'),
  XDG_CACHE_HOME: path.resolve('package.json', 'cache'),
  LOCALAPPDATA: path.resolve('package.json', 'cache'),
};

/** Nobody outside of this machine is ever reached: what is not on loopback goes to a proxy that is not there. */
export const NO_OUTSIDE = { HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '127.0.0.1,localhost' };

const BUNDLE = path.resolve('dist/cli.js');

/** Runs the shipped bundle. Not synchronous: servers on loopback must be able to answer it. */
export function waybill(
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly stdin?: string;
    readonly bundle?: string;
  } = {},
): Promise<CliRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [options.bundle ?? BUNDLE, ...args], {
      cwd: options.cwd ?? process.cwd(),
      env: { ...process.env, GITHUB_TOKEN: '', GH_TOKEN: '', NO_COLOR: '', ...NO_HOME, ...NO_OUTSIDE, ...options.env },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (data: string) => {
      stdout += data;
    });
    child.stderr.setEncoding('utf8').on('data', (data: string) => {
      stderr += data;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
    child.stdin.on('error', () => {});
    child.stdin.end(options.stdin ?? '');
  });
}
