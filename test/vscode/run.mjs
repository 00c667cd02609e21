// npm run test:vscode - runs the suite inside a real VS Code.
//
//   node test/vscode/run.mjs [--extension DIR] [--suite DIR] [--workspace DIR]
//
// Which VS Code: the executable that VSCODE_EXECUTABLE names; else, with WAYBILL_DESKTOP_VSCODE=1 or
// on a system other than Linux, the desktop one that @vscode/test-electron downloads (on Linux it needs
// a display: xvfb-run); else the stand-in host/code.mjs, which needs nothing but the npm registry.
//
// The last line is always "N passed, N failed", and the exit status is 0 only if no test failed, at
// least one passed, and VS Code itself agrees.

import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runTests } from '@vscode/test-electron';
import { build } from 'esbuild';
import { createProfile } from './host/launch.mjs';
import { describe, removeTree, runMain, withScratch } from './host/process.mjs';
import { ensureHost, findBrowser } from './host/setup.mjs';

const ROOT = path.resolve(import.meta.dirname, '../..');
const STAND_IN = path.join(import.meta.dirname, 'host/code.mjs');
const BUNDLES = path.join(ROOT, 'out/vscode-suite');
const ARTIFACTS = path.join(ROOT, 'out/vscode-artifacts');

await runMain(async (signal) => {
  let result = { passed: 0, failed: 0 };
  let trouble;
  try {
    result = await testRun(options(), signal);
    if (result.passed === 0 && result.failed === 0) trouble = 'No test has run.';
    if (result.error !== undefined) trouble = describe(result.error);
  } catch (error) {
    trouble = describe(error);
  }
  if (trouble !== undefined) console.error(trouble);
  // A run that broke down is a failure even where no test could say so.
  const failed = trouble === undefined ? result.failed : Math.max(1, result.failed);
  console.log(`${result.passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
});

/** Reads the command line; all paths become absolute. */
function options() {
  const { values } = parseArgs({
    options: {
      extension: { type: 'string', default: ROOT },
      suite: { type: 'string', default: path.join(import.meta.dirname, 'suite') },
      workspace: { type: 'string', default: path.join(import.meta.dirname, 'workspace') },
    },
  });
  return {
    extension: path.resolve(values.extension),
    suite: path.resolve(values.suite),
    workspace: path.resolve(values.workspace),
  };
}

/**
 * Bundles the suite and runs it once.
 *
 * @returns {Promise<{ passed: number, failed: number, error?: unknown }>} The counts that the suite
 *   wrote, and why VS Code was not content, if so. Rejects when there is no result.
 */
async function testRun({ extension, suite, workspace }, signal) {
  await requireBuilt(extension);
  await bundleSuite(suite);
  await removeTree(ARTIFACTS);
  const executable = await vscodeExecutable(signal);
  return withScratch('waybill-suite-', async (scratch) => {
    const profile = await createProfile(scratch);
    // Tests save files, so every run has its own copy.
    const folder = path.join(scratch, 'workspace');
    await cp(workspace, folder, { recursive: true });
    // A workspace of one folder: tests can add another one, which restarts the extension host where a mere folder is open.
    const opened = path.join(scratch, 'suite.code-workspace');
    await writeFile(opened, JSON.stringify({ folders: [{ path: path.basename(folder) }] }));
    const resultFile = path.join(scratch, 'result.json');
    const error = await runInVSCode(
      {
        ...(executable === undefined ? {} : { vscodeExecutablePath: executable }),
        extensionDevelopmentPath: extension,
        extensionTestsPath: path.join(BUNDLES, 'index'),
        launchArgs: [opened, '--disable-extensions', `--user-data-dir=${profile.userData}`, `--extensions-dir=${profile.extensions}`],
        extensionTestsEnv: { WAYBILL_RESULT: resultFile, CODEHOST_ARTIFACTS: ARTIFACTS },
      },
      signal,
    );
    if (!existsSync(resultFile)) {
      throw new Error('The suite has not come to its end: it wrote no result.', { cause: error });
    }
    return { ...JSON.parse(await readFile(resultFile, 'utf8')), error };
  });
}

/** Fails early, and in plain words, when the extension has not been built. */
async function requireBuilt(extension) {
  const { main } = JSON.parse(await readFile(path.join(extension, 'package.json'), 'utf8'));
  if (main !== undefined && !existsSync(path.join(extension, main))) {
    throw new Error(`${path.join(extension, main)} is missing. Build the extension first: npm run build`);
  }
}

/** Bundles the tests of a folder, and our entry for them, as CommonJS into out/vscode-suite. */
async function bundleSuite(suite) {
  const tests = (await readdir(suite)).filter((name) => name.endsWith('.test.ts'));
  if (tests.length === 0) throw new Error(`There is no *.test.ts in ${suite}.`);
  // Tests of an earlier run must not run again.
  await removeTree(BUNDLES);
  await mkdir(BUNDLES, { recursive: true });
  await build({
    entryPoints: [path.join(import.meta.dirname, 'suite/index.ts'), ...tests.map((name) => path.join(suite, name))],
    outdir: BUNDLES,
    entryNames: '[name]',
    bundle: true,
    platform: 'node',
    // The extension host of VS Code loads a suite with require().
    format: 'cjs',
    target: 'node20',
    // Some packages' `main` is a UMD file whose inner require() calls no bundler sees.
    mainFields: ['module', 'main'],
    external: ['vscode', 'mocha'],
    sourcemap: 'linked',
    logLevel: 'warning',
  });
  // The package.json of the repository would make Node.js take the bundles for ES modules.
  await writeFile(path.join(BUNDLES, 'package.json'), '{ "type": "commonjs" }\n');
}

/** Gives the VS Code to use, ready to start; undefined lets test-electron download one. */
async function vscodeExecutable(signal) {
  if (process.env.VSCODE_EXECUTABLE) return path.resolve(process.env.VSCODE_EXECUTABLE);
  if (process.env.WAYBILL_DESKTOP_VSCODE === '1' || process.platform !== 'linux') return undefined;
  // The stand-in would do this, too; done here, a failure is reported before anything has started.
  await findBrowser(await ensureHost(signal), signal);
  return STAND_IN;
}

/** Runs VS Code to its end and gives the error that it ended with, if any. */
async function runInVSCode(testOptions, signal) {
  signal.throwIfAborted();
  // test-electron passes SIGINT on to VS Code, and waits for it to end, but no other signal.
  const passOn = () => process.emit('SIGINT');
  process.on('SIGTERM', passOn).on('SIGHUP', passOn);
  try {
    await runTests(testOptions);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    process.off('SIGTERM', passOn).off('SIGHUP', passOn);
  }
}
