// Installs the language servers that the bench compares with, with the versions and hashes of package-lock.json.
//
// The installation (170 MB) lies outside the repository, in a cache folder named after the lockfile's hash, so that it is
// shared by all checkouts and a changed lockfile never meets an old installation. No install script runs.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';

/**
 * The installed peers.
 *
 * @typedef {object} Peers
 * @property {string} home The installation folder.
 * @property {NodeJS.Require} require Loads packages of the installation.
 */

/**
 * Gives the installed peers, and installs them first where they are missing (about 15 s).
 *
 * @returns {Peers} The peers. Throws when npm fails.
 */
export function ensurePeers() {
  const home = installationFolder();
  if (!existsSync(home)) {
    console.error(`Installing the language servers to compare with into ${home} (once, 170 MB) ...`);
    const partial = `${home}.partial-${process.pid}`;
    mkdirSync(partial, { recursive: true });
    try {
      for (const name of ['package.json', 'package-lock.json'])
        copyFileSync(path.join(import.meta.dirname, name), path.join(partial, name));
      const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
      const { status, stderr } = spawnSync('npm', args, { cwd: partial, encoding: 'utf8' });
      if (status !== 0) throw new Error(`npm ci failed in ${partial}:\n${stderr}`);
      // Another process may have been faster; its folder is as good as ours.
      if (!existsSync(home)) renameSync(partial, home);
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
  }
  return { home, require: createRequire(path.join(home, 'package.json')) };
}

function installationFolder() {
  const cache = process.env.XDG_CACHE_HOME;
  // The XDG specification says that a relative path is invalid and must be ignored.
  const base = cache && path.isAbsolute(cache) ? cache : path.join(homedir(), '.cache');
  const lockfile = readFileSync(path.join(import.meta.dirname, 'package-lock.json'));
  return path.join(base, 'waybill', 'bench-peers', createHash('sha256').update(lockfile).digest('hex'));
}
