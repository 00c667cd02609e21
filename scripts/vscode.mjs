// npm run vscode [-- PATH] - opens a folder in a real VS Code that has the extension of this repository.
//
//   node scripts/vscode.mjs [--browser] [--extension DIR] [PATH]      (default PATH: examples/shop)
//
// With `code` on the PATH, the desktop VS Code opens. Without it (or with --browser), and on Linux, a VS
// Code server starts and its address is printed, to be opened in any browser on this machine.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createProfile, pageAddress, startServer } from '../test/vscode/host/launch.mjs';
import { runMain, within, withScratch } from '../test/vscode/host/process.mjs';
import { ensureHost, onPath } from '../test/vscode/host/setup.mjs';

const ROOT = path.dirname(import.meta.dirname);

/** The length of the password that keeps other users of this machine out of the server. */
const PASSWORD_BYTES = 12;

await runMain(async (signal) => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      browser: { type: 'boolean', default: false },
      extension: { type: 'string', default: ROOT },
    },
  });
  const extension = path.resolve(values.extension);
  const folder = path.resolve(positionals[0] ?? path.join(ROOT, 'examples/shop'));
  if (!existsSync(folder)) throw new Error(`There is no ${folder}.`);
  const { main } = JSON.parse(await readFile(path.join(extension, 'package.json'), 'utf8'));
  if (!existsSync(path.join(extension, main))) {
    throw new Error(`${path.join(extension, main)} is missing. Build the extension first: npm run build`);
  }
  const desktop = values.browser ? undefined : onPath(process.platform === 'win32' ? 'code.cmd' : 'code');
  if (desktop !== undefined) return openDesktop(desktop, { extension, folder }, signal);
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      'There is no `code` on the PATH. Install VS Code and run its command ' +
        '"Shell Command: Install \'code\' command in PATH". (The way without it is for Linux on x64 only.)',
    );
  }
  return serve({ extension, folder }, signal);
});

/**
 * Opens the desktop VS Code, which goes on when this program has ended.
 *
 * @returns {Promise<number>} The exit status of `code`.
 */
async function openDesktop(code, { extension, folder }, signal) {
  const args = [`--extensionDevelopmentPath=${extension}`, folder];
  // Windows runs a .cmd file only through a shell, which needs the quotes.
  const shell = process.platform === 'win32';
  const child = shell
    ? spawn(
        `"${code}"`,
        args.map((arg) => `"${arg}"`),
        { shell, stdio: 'inherit' },
      )
    : spawn(code, args, { stdio: 'inherit' });
  const closed = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? 1));
  });
  return within(closed, { what: 'end of `code`' }, signal);
}

/**
 * Serves VS Code to a browser until interrupted.
 *
 * @returns {Promise<number>} Never 0: the exit status after the server has died.
 */
async function serve({ extension, folder }, signal) {
  const host = await ensureHost(signal);
  return withScratch('waybill-vscode-', async (scratch) => {
    const profile = await createProfile(scratch);
    const password = randomBytes(PASSWORD_BYTES).toString('base64url');
    const server = await startServer({ host, profile, developer: true, password }, signal);
    try {
      console.log(
        [
          `VS Code shows ${folder}.`,
          'It works on the files themselves. It shows no notifications in this mode.',
          '',
          `  ${pageAddress(server.origin, { folder, developmentPaths: [extension] })}`,
          '',
          `  Password: ${password}`,
          '',
          'Press Ctrl+C to end it.',
        ].join('\n'),
      );
      const error = await within(server.died, { what: 'end of the server' }, signal);
      console.error(error.message);
      return 1;
    } finally {
      await server.stop();
    }
  });
}
