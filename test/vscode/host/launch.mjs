// Starts the pieces of a VS Code in the browser: profile, server, browser, address.
// Used by the stand-in for `code` (code.mjs), the walk (../walk.mjs) and `npm run vscode`.

import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { within } from './process.mjs';

/** Longest time for the server to listen; it takes 1 s on two idle cores. */
const SERVER_START_LIMIT_MS = 60_000;

/** Longest time for the server to install an extension; it takes 1 s. */
const INSTALL_LIMIT_MS = 60_000;

/** How long a server may take to end in good order before it is killed. */
const SERVER_STOP_LIMIT_MS = 3_000;

/** Longest time for the browser to start; it takes 1 s. */
const BROWSER_START_LIMIT_MS = 60_000;

/** A server that lost its test run (kill -9) and so has no visitor ends itself after this time. */
const ORPHAN_LIMIT_SECONDS = 300;

/** How much of the server's output is kept for error messages, in UTF-16 units. */
const KEPT_OUTPUT = 64 * 1024;

/**
 * Settings for every VS Code that we start: nothing pops up, nothing phones out, nothing else analyses
 * the files. (The schema of package.json would be downloaded, and its failure shown as a squiggle.)
 */
export const QUIET_SETTINGS = {
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'git.enabled': false,
  'json.schemaDownload.enable': false,
  'npm.autoDetect': 'off',
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
};

/**
 * The folders of a VS Code user.
 *
 * @typedef {object} Profile
 * @property {string} userData Settings and state, as for --user-data-dir.
 * @property {string} extensions Installed extensions, as for --extensions-dir.
 */

/**
 * A running VS Code server.
 *
 * @typedef {object} Server
 * @property {string} origin Its address without a path, such as http://127.0.0.1:34567.
 * @property {Promise<Error>} died Resolves (never rejects) when the server ends without being stopped.
 * @property {() => string | undefined} extensionHostExit What the server said about the end of
 *   an extension host.
 * @property {() => Promise<void>} stop Ends the server and all its processes; may be called again.
 */

/**
 * Creates a fresh profile.
 *
 * @param {string} folder An existing folder; the profile's folders are created in it.
 * @param {Record<string, unknown>} [settings] The user settings.
 * @returns {Promise<Profile>} The profile. Rejects when the folder is not writable.
 */
export async function createProfile(folder, settings = QUIET_SETTINGS) {
  const profile = { userData: path.join(folder, 'user'), extensions: path.join(folder, 'extensions') };
  await mkdir(path.join(profile.userData, 'User'), { recursive: true });
  await mkdir(profile.extensions, { recursive: true });
  const json = JSON.stringify(settings, null, 2);
  await writeFile(path.join(profile.userData, 'User/settings.json'), json);
  return profile;
}

/**
 * Starts a VS Code server on a free port of 127.0.0.1.
 *
 * @param {object} options
 * @param {import('./setup.mjs').Host} options.host The installed host.
 * @param {Profile} options.profile The user's folders.
 * @param {boolean} options.developer Whether pages may load an extension or a suite from a folder. As
 *   a side effect VS Code then shows no notifications: the switch is meant for its own smoke tests.
 * @param {string} [options.password] Asks visitors for it and lets the server run until stopped.
 *   Without it, any program on this machine may use the server, so it ends when nobody does.
 * @param {Record<string, string>} [options.env] More environment for the extension host.
 * @param {AbortSignal} signal Stops the start.
 * @returns {Promise<Server>} The listening server. Rejects with the server's output when it ends early
 *   or does not listen in time, and with the signal's reason.
 */
export async function startServer({ host, profile, developer, password, env }, signal) {
  const args = [
    ...serverArguments(host, profile),
    ...['--bind-addr', '127.0.0.1:0', '--disable-telemetry', '--disable-update-check'],
    ...['--disable-getting-started-override', '--disable-workspace-trust', '--ignore-last-opened'],
    // VS Code obeys the page address's extensionDevelopmentPath and extensionTestsPath only with this.
    ...(developer ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
    ...(password === undefined ? ['--auth', 'none', '--idle-timeout-seconds', `${ORPHAN_LIMIT_SECONDS}`] : ['--auth', 'password']),
  ];
  // A process group of its own lets `stop` reach the extension hosts and language servers, too.
  const child = spawn(host.node, args, {
    env: { ...serverEnvironment(host), ...env, ...(password === undefined ? {} : { PASSWORD: password }) },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });

  let output = '';
  let extensionHostExit;
  let stopping = false;
  const listening = withResolvers();
  const onData = (data) => {
    output = (output + data).slice(-KEPT_OUTPUT);
    if (process.env.CODEHOST_VERBOSE) process.stderr.write(data);
    const exit = /Extension Host Process exited with code: (\w+), signal: (\w+)/.exec(output);
    if (exit) extensionHostExit = exit[0];
    const address = /HTTP server listening on (http:\/\/[^\s/]+)/.exec(output);
    if (address) listening.resolve(address[1]);
  };
  child.stdout.setEncoding('utf8').on('data', onData);
  child.stderr.setEncoding('utf8').on('data', onData);

  const ended = new Promise((resolve) => {
    child.on('error', (cause) => resolve(new Error('The VS Code server did not start.', { cause })));
    child.on('exit', (code, name) => resolve(new Error(`The VS Code server ended with ${code ?? name}.\n${output}`)));
  });
  const died = new Promise((resolve) => {
    void ended.then((error) => {
      if (!stopping) resolve(error);
    });
  });
  const stop = async () => {
    stopping = true;
    killGroup(child, 'SIGTERM');
    const timeout = new Promise((resolve) => setTimeout(resolve, SERVER_STOP_LIMIT_MS).unref());
    await Promise.race([ended, timeout]);
    // Also when the server itself is gone: its extension hosts may not be.
    killGroup(child, 'SIGKILL');
  };

  try {
    void died.then(listening.reject);
    const limit = { limitMs: SERVER_START_LIMIT_MS, what: 'VS Code server' };
    const origin = await within(listening.promise, limit, signal);
    return { origin, died, extensionHostExit: () => extensionHostExit, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Installs a packaged extension into a profile.
 *
 * @param {object} options
 * @param {import('./setup.mjs').Host} options.host The installed host.
 * @param {Profile} options.profile The profile that gets the extension.
 * @param {string} options.vsix The path of the .vsix file.
 * @param {AbortSignal} signal Stops the installation.
 * @returns {Promise<void>} Rejects with the server's output when the file is no good extension.
 */
export async function installExtension({ host, profile, vsix }, signal) {
  const args = [...serverArguments(host, profile), '--install-extension', path.resolve(vsix)];
  let output = '';
  const child = spawn(host.node, args, { env: serverEnvironment(host), stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.setEncoding('utf8').on('data', (data) => (output += data));
  child.stderr.setEncoding('utf8').on('data', (data) => (output += data));
  const closed = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  try {
    const code = await within(closed, { limitMs: INSTALL_LIMIT_MS, what: 'installed extension' }, signal);
    // The exit status alone is not enough: an unreadable file may end with 0, too.
    if (code !== 0 || !output.includes('was successfully installed')) {
      // Before that come many lines about modules that we deliberately do not compile.
      const reason = output.slice(Math.max(0, output.indexOf('Installing extensions')));
      throw new Error(`VS Code did not install ${vsix} (exit status ${code}):\n${reason}`);
    }
  } finally {
    child.kill('SIGKILL');
  }
}

/**
 * Starts a headless browser that reaches nothing but this machine.
 *
 * @param {object} options
 * @param {import('./setup.mjs').Host} options.host The installed host, for Playwright.
 * @param {import('./setup.mjs').Browser} options.browser What to start.
 * @param {string} options.folder The browser's own folder; created when missing.
 * @param {{ width: number, height: number }} [options.viewport] The page's size in pixels.
 * @param {number} [options.scale] Device pixels for each of them in a screenshot.
 * @param {AbortSignal} signal Stops the start.
 * @returns {Promise<import('playwright-core').BrowserContext>} Has one empty page; `close()` ends the
 *   browser. Rejects when the browser does not start, and with the signal's reason.
 */
export async function startBrowser(options, signal) {
  const { host, browser, folder, viewport = { width: 1400, height: 900 }, scale = 1 } = options;
  signal.throwIfAborted();
  const { chromium } = host.require('playwright-core');
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: browser.executable,
    env: { ...process.env, ...browser.env },
    headless: true,
    // Our own programs end the browser; Playwright's handlers would end the process before clean-up.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    timeout: BROWSER_START_LIMIT_MS,
    viewport,
    deviceScaleFactor: scale,
    locale: 'en-US',
    args: [
      // The sandbox needs rights that root, containers and some distributions withhold. The browser
      // only ever shows the local server's pages.
      '--no-sandbox',
      '--no-proxy-server',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
      ...['--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync', '--no-first-run'],
    ],
  });
  if (signal.aborted) {
    await context.close();
    throw signal.reason;
  }
  return context;
}

/**
 * Gives the address that opens a folder in a running server.
 *
 * @param {string} origin The server's address.
 * @param {object} page What to open; all paths are made absolute.
 * @param {string} [page.folder] The folder, or the .code-workspace file. None: an empty window.
 * @param {string} [page.openFile] The path of a file to show.
 * @param {readonly string[]} [page.developmentPaths] Extension folders (with `developer` only).
 * @param {string} [page.testsPath] The suite's module, which exports `run` (with `developer` only).
 * @param {boolean} [page.disableExtensions] Whether to leave out installed extensions.
 * @returns {string} The address.
 */
export function pageAddress(origin, page) {
  const address = new URL(origin);
  const remote = (file) => `vscode-remote://${address.host}${pathToFileURL(path.resolve(file)).pathname}`;
  if (page.folder === undefined) {
    address.searchParams.set('ew', 'true');
  } else {
    const kind = page.folder.endsWith('.code-workspace') ? 'workspace' : 'folder';
    address.searchParams.set(kind, path.resolve(page.folder));
  }
  const payload = [['skipWelcome', 'true']];
  if (page.openFile !== undefined) payload.push(['openFile', remote(page.openFile)]);
  for (const folder of page.developmentPaths ?? []) {
    payload.push(['extensionDevelopmentPath', remote(folder)]);
  }
  if (page.testsPath !== undefined) payload.push(['extensionTestsPath', remote(page.testsPath)]);
  if (page.disableExtensions) payload.push(['disableExtensions', 'true']);
  address.searchParams.set('payload', JSON.stringify(payload));
  return address.href;
}

function serverArguments(host, profile) {
  return [
    path.join(host.server, 'out/node/entry.js'),
    // Without a name for it, code-server writes a file into the home folder. It creates this one.
    ...['--config', path.join(profile.userData, 'code-server.yaml')],
    ...['--user-data-dir', profile.userData, '--extensions-dir', profile.extensions],
  ];
}

/** The environment of the server, and so of the extension host: ours, less what VS Code would obey. */
function serverEnvironment(host) {
  // Set in the terminal of a VS Code or of a code-server. But VSCODE_TEST_OPTIONS is for the suite.
  const obeyed = /^(VSCODE_(?!TEST_)|CODE_SERVER_|CS_|ELECTRON_|(HASHED_)?PASSWORD$|PORT$)/;
  const kept = Object.entries(process.env).filter(([name]) => !obeyed.test(name));
  return {
    ...Object.fromEntries(kept),
    // No marketplace: nothing is asked for over the network.
    EXTENSIONS_GALLERY: '{}',
    PATH: `${path.dirname(host.node)}${path.delimiter}${process.env.PATH ?? ''}`,
  };
}

function killGroup(child, name) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // The group is gone already.
  }
}

/** Promise.withResolvers for Node.js 20. */
function withResolvers() {
  let resolve;
  let reject;
  const promise = new Promise((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
