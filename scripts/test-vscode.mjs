// npm run test:vscode [-- OPTION...] - builds, then runs the suite inside a real VS Code. See test/vscode/run.mjs for the options.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { build } from './build.mjs';

process.chdir(path.resolve(import.meta.dirname, '..'));
build();
const run = spawnSync(process.execPath, ['test/vscode/run.mjs', ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(run.status ?? 1);
