// npm start [-- PATH...] - builds, then checks examples/shop, or what the arguments name: any arguments of `waybill check`.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { build } from './build.mjs';

const root = path.resolve(import.meta.dirname, '..');
const args = process.argv.slice(2);
build();
// npm runs scripts in the repository's root; paths are meant from where the user stands.
const cwd = process.env.INIT_CWD ?? process.cwd();
const demo = [path.join(root, 'examples/shop'), '--fail-on', 'never'];
const run = spawnSync(process.execPath, [path.join(root, 'dist/cli.js'), 'check', ...(args.length > 0 ? args : demo)], {
  cwd,
  stdio: 'inherit',
});
process.exit(run.status ?? 1);
