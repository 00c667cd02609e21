/** Every name under which npm, yarn, pnpm and bun keep a lockfile. `bun.lockb` is binary: it counts as present and is not read. */
export const LOCKFILE_NAMES: readonly string[] = [
  'package-lock.json',
  'npm-shrinkwrap.json',
  'yarn.lock',
  'pnpm-lock.yaml',
  'bun.lock',
  'bun.lockb',
];
