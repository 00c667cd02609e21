#!/usr/bin/env node
// A stand-in for the `code` executable that runs an extension's tests where no desktop VS Code is.
//
// It takes VS Code's command line, starts a VS Code server and a headless browser, opens the workbench,
// prints what the suite prints, and ends with the suite's exit status: 0 passed, 1 failed, 124 no result
// in time, 130 interrupted. Test runners take its path as VS Code's (test-electron: vscodeExecutablePath).
//
// Environment:
//   CODEHOST_CHROMIUM    the browser to use (default: the system's, else the one from npm)
//   CODEHOST_TIMEOUT_MS  the time limit for the suite in milliseconds
//   CODEHOST_ARTIFACTS   a folder for VS Code's logs and a last screenshot
//   CODEHOST_VERBOSE     any value: print everything that server and browser say

import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { format, parseArgs } from 'node:util';
import { createProfile, pageAddress, startBrowser, startServer } from './launch.mjs';
import { runMain, within, withScratch } from './process.mjs';
import { ensureHost, findBrowser } from './setup.mjs';

/** The module that VS Code runs in the suite's stead. */
const WITNESS = path.join(import.meta.dirname, 'witness.cjs');

/** Default time limit for a suite, from opening the page to its result. */
const SUITE_LIMIT_MS = 300_000;

/** The exit status for a suite without a result in time, as of timeout(1). */
const TIMEOUT_STATUS = 124;

/** Lines that every run prints, about modules that we deliberately do not compile and the like. */
const NOISE = [
  /^Ignoring fetching additional builtin/,
  /^(Error: )?Could not locate the bindings file/,
  /^(Error: )?Cannot find module '\.\/build\/Release\/watchdog'/,
  /^\[(reconnection|remote-connection|Service Worker|AgentHost|AccountPolicy|DefaultAccount)/,
  /^(Canceled: Canceled|Timed out waiting for authentication provider|Creation of workbench contribution)/,
  /^(Creating a socket|Resolv(ing|ed) connection|Updating additional)/,
];

const VERBOSE = Boolean(process.env.CODEHOST_VERBOSE);

await runMain(async (signal) => {
  const { values, positionals } = parseCommandLine(process.argv.slice(2));
  const host = await ensureHost(signal);
  if (values.version) {
    console.log(await version(host));
    return 0;
  }
  const [suite] = values.extensionTestsPath ?? [];
  if (suite === undefined) {
    console.error('This stand-in for VS Code only runs tests (--extensionTestsPath=MODULE).');
    return 1;
  }
  const page = {
    ...(positionals[0] === undefined ? {} : await target(positionals[0])),
    developmentPaths: values.extensionDevelopmentPath ?? [],
    disableExtensions: values['disable-extensions'] === true,
  };
  const browser = await findBrowser(host, signal);
  return withScratch('waybill-code-', async (scratch) => {
    // A caller's profile comes with the caller's settings.
    const fresh = await createProfile(scratch);
    const profile = {
      userData: values['user-data-dir'] ?? fresh.userData,
      extensions: values['extensions-dir'] ?? fresh.extensions,
    };
    return runSuite({ host, browser, profile, suite, page, scratch }, signal);
  });
});

/** Reads the options of VS Code that matter here; others are accepted and have no effect. */
function parseCommandLine(args) {
  const string = { type: 'string' };
  const strings = { type: 'string', multiple: true };
  return parseArgs({
    args,
    strict: false,
    allowPositionals: true,
    options: {
      version: { type: 'boolean', short: 'v' },
      extensionDevelopmentPath: strings,
      extensionTestsPath: strings,
      'disable-extensions': { type: 'boolean' },
      'user-data-dir': string,
      'extensions-dir': string,
    },
  });
}

/** Prints as `code --version`: version, commit, architecture. */
async function version(host) {
  const read = async (name) => JSON.parse(await readFile(path.join(host.server, 'lib/vscode', name)));
  const [manifest, product] = await Promise.all([read('package.json'), read('product.json')]);
  return `${manifest.version}\n${product.commit}\n${process.arch}`;
}

/** Gives what the first argument asks to open. */
async function target(argument) {
  const isFile = (await stat(argument)).isFile();
  return isFile && !argument.endsWith('.code-workspace') ? { openFile: argument } : { folder: argument };
}

/**
 * Runs a suite in a started server and browser, and ends both.
 *
 * @returns {Promise<number>} The exit status of the test run.
 */
async function runSuite({ host, browser, profile, suite, page, scratch }, signal) {
  const witness = path.join(scratch, 'witness');
  const env = { CODEHOST_SUITE: path.resolve(suite), CODEHOST_WITNESS: witness };
  const server = await startServer({ host, profile, developer: true, env }, signal);
  let context;
  try {
    const folder = path.join(scratch, 'browser');
    context = await startBrowser({ host, browser, folder }, signal);
    const tab = context.pages()[0];
    const address = pageAddress(server.origin, { ...page, testsPath: WITNESS });
    const status = await suiteStatus({ server, tab, address, witness }, signal);
    await keepArtifact(status === 0 ? 'passed.png' : 'failed.png', () => tab.screenshot());
    return status;
  } finally {
    await context?.close();
    await server.stop();
  }
}

/** Opens the workbench's page and waits for the suite's exit status. */
async function suiteStatus({ server, tab, address, witness }, signal) {
  const limitMs = Number(process.env.CODEHOST_TIMEOUT_MS) || SUITE_LIMIT_MS;
  let timer;
  const failure = new Promise((resolve) => {
    const fail = (status, message) => {
      console.error(`The test run has failed: ${message}`);
      resolve(status);
    };
    server.died.then((error) => fail(1, error.message));
    tab.on('crash', () => fail(1, 'the page has crashed.'));
    timer = setTimeout(() => fail(TIMEOUT_STATUS, `no result within ${limitMs} ms.`), limitMs);
  });
  if (VERBOSE) tab.on('console', (message) => console.error(`[page] ${message.text()}`));
  try {
    const suite = await listen({ server, tab, witness });
    await tab.goto(address, { waitUntil: 'commit' });
    return await within(Promise.race([suite.result, failure]), { what: 'result' }, signal);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Offers the page the two functions that VS Code's workbench calls during a test run.
 *
 * @returns {Promise<{ result: Promise<number> }>} The suite's exit status, when it is known.
 */
async function listen({ server, tab, witness }) {
  let ended = false;
  let report;
  const result = new Promise((resolve) => (report = resolve));
  await tab.exposeFunction('codeAutomationLog', (type, args) => {
    // The arguments of console.log in the extension host, or VS Code's pieces for printf.
    const text = format(...args);
    if (!VERBOSE && (ended || NOISE.some((noise) => noise.test(text)))) return;
    const stream = type === 'error' || type === 'warn' ? process.stderr : process.stdout;
    stream.write(`${text}\n`);
  });
  await tab.exposeFunction('codeAutomationExit', async (code, logs) => {
    ended = true;
    const status = code === 0 && !existsSync(witness) ? 1 : code;
    if (status !== code) {
      console.error('The test run has failed: the extension host ended before the suite did.');
      console.error(server.extensionHostExit() ?? 'The server knows of no end of the extension host.');
    }
    for (const log of logs ?? []) await keepArtifact(path.join('logs', log.relativePath), () => log.contents);
    report(status);
  });
  return { result };
}

/** Writes a file for later inspection, when the caller wants such files. */
async function keepArtifact(name, contents) {
  const folder = process.env.CODEHOST_ARTIFACTS;
  if (!folder) return;
  const file = path.join(folder, name);
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, await contents());
  } catch (error) {
    // Losing a log must not change the verdict.
    console.error(`Not written: ${file} (${error.message})`);
  }
}
