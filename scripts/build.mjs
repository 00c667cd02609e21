// Builds dist for a script that has something else to say: the build speaks only where it fails.
import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** Builds the production bundles into dist; ends the process with the build's status where that fails. */
export function build() {
  const root = path.resolve(import.meta.dirname, '..');
  const { status } = spawnSync(process.execPath, ['esbuild.mjs', '--production', '--quiet'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
