// Runs the test suite: bundles test/**/*.test.ts into out/test and hands them to node's own runner.
// `node scripts/test.mjs [--no-build] [PATTERN ...]`: only the test files whose path holds one of the patterns.
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import esbuild from 'esbuild';
import { build } from './build.mjs';

const root = path.resolve(import.meta.dirname, '..');
process.chdir(root);

/** How long one test may take, in ms: a test that hangs fails, and does not hold up the rest. */
const TEST_LIMIT_MS = 180_000;

const OUT = process.env.WAYBILL_OUT ?? 'out';
const args = process.argv.slice(2);
const patterns = args.filter((arg) => !arg.startsWith('--'));

async function testFiles() {
  const entries = await readdir('test', { recursive: true });
  return entries
    .map((entry) => entry.split(path.sep).join('/'))
    .filter((file) => file.endsWith('.test.ts') && !file.startsWith('vscode/') && !file.startsWith('bench/'))
    .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
    .sort();
}

if (!args.includes('--no-build')) build();
const files = await testFiles();
if (files.length === 0) {
  console.error(`no test file matches ${patterns.join(' ')}`);
  process.exit(1);
}
await rm(`${OUT}/test`, { recursive: true, force: true });
await mkdir(`${OUT}/test`, { recursive: true });
await writeFile(`${OUT}/test/package.json`, '{"type":"module"}\n');
await esbuild.build({
  entryPoints: files.map((file) => `test/${file}`),
  outdir: `${OUT}/test`,
  outbase: 'test',
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  loader: { '.md': 'text' },
  sourcemap: 'inline',
  logLevel: 'warning',
});
// npm hands its settings to what it runs, the registry among them: the command line would go by them as npm does.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_config_/i.test(name)));
const run = spawnSync(
  process.execPath,
  [
    '--enable-source-maps',
    '--test',
    '--test-reporter=spec',
    `--test-timeout=${TEST_LIMIT_MS}`,
    // Many tests wait for servers and processes: one core more than Node would use pays.
    `--test-concurrency=${availableParallelism()}`,
    ...files.map((file) => `${OUT}/test/${file.replace(/\.ts$/, '.js')}`),
  ],
  { stdio: 'inherit', env },
);
process.exit(run.status ?? 1);
