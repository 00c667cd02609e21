// A walk through the user interface of the packaged extension, as a user gets it.
//
//   node test/vscode/walk.mjs [--workspace DIR] [--scale N] [FILE.vsix]
//
// Installs the .vsix (default: the newest in the repository's root or in out/) into a fresh profile, opens
// a copy of the workspace in a VS Code server and a headless browser, and takes the steps below. Screenshots
// go to out/screenshots/, with N device pixels for a pixel. Linux on x64 only. The exit status is 0 if all
// steps passed, 1 if not.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createProfile, installExtension, pageAddress, QUIET_SETTINGS, startBrowser, startServer } from './host/launch.mjs';
import { describe, removeTree, runMain, within, withScratch } from './host/process.mjs';
import { ensureHost, findBrowser } from './host/setup.mjs';
import { dismiss, hoverOver, openFile, openQuickFixes, screenshot, WAIT_LIMIT_MS, waitForSquiggle } from './host/ui.mjs';

const ROOT = path.resolve(import.meta.dirname, '../..');
const SCREENSHOTS = path.join(ROOT, 'out/screenshots');

/** The window's size in pixels. */
const VIEWPORT = { width: 1200, height: 700 };

/** For pictures that show what matters. */
const SETTINGS = {
  ...QUIET_SETTINGS,
  'editor.minimap.enabled': false,
  'editor.occurrencesHighlight': 'off',
};

/** The steps: what each is called, and what it does. See host/ui.mjs for the words. */
const STEPS = [
  ['open the Dockerfile', (window) => openFile(window, 'Dockerfile')],
  ['see the squiggle', (window) => waitForSquiggle(window, 'Dockerfile')],
  ['picture of the squiggle', (window) => screenshot(window, '1-squiggle')],
  ['hover over the image', (window) => hoverOver(window, 'Dockerfile', 'node:22-slim', 'node:22-slim')],
  ['picture of the hover', (window) => screenshot(window, '2-hover')],
  ['close the hover', dismiss],
  ['open the Quick Fix menu', (window) => openQuickFixes(window, 'Dockerfile', 'node:22-slim')],
  ['picture of the menu', (window) => screenshot(window, '3-quick-fix')],
];

await runMain(async (signal) => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      workspace: { type: 'string', default: path.join(import.meta.dirname, 'workspace') },
      scale: { type: 'string', default: '1' },
    },
  });
  const vsix = positionals[0] ?? newestPackage();
  if (vsix === undefined || !existsSync(vsix)) {
    throw new Error(`There is no ${vsix ?? '*.vsix'}. Package the extension first: npm run package`);
  }
  console.log(`Walking through ${path.relative('', vsix)}.`);
  const host = await ensureHost(signal);
  const browser = await findBrowser(host, signal);
  // Pictures of an earlier walk must not pass for this one's.
  await removeTree(SCREENSHOTS);
  await mkdir(SCREENSHOTS, { recursive: true });
  return withScratch('waybill-walk-', async (scratch) => {
    const workspace = path.join(scratch, path.basename(path.resolve(values.workspace)));
    await cp(values.workspace, workspace, { recursive: true });
    const profile = await createProfile(scratch, SETTINGS);
    await installExtension({ host, profile, vsix }, signal);
    const server = await startServer({ host, profile, developer: false }, signal);
    let context;
    try {
      const folder = path.join(scratch, 'browser');
      const look = { viewport: VIEWPORT, scale: Number(values.scale) };
      context = await startBrowser({ host, browser, folder, ...look }, signal);
      const page = context.pages()[0];
      page.setDefaultTimeout(WAIT_LIMIT_MS);
      await page.goto(pageAddress(server.origin, { folder: workspace }), { waitUntil: 'commit' });
      await within(page.locator('.monaco-workbench .explorer-folders-view').waitFor(), { what: 'window' }, signal);
      return await walk({ page, workspace, screenshots: SCREENSHOTS }, signal);
    } finally {
      await context?.close();
      await server.stop();
    }
  });
});

/**
 * Takes the steps up to the first that fails, of which it leaves a picture.
 *
 * @returns {Promise<number>} The exit status.
 */
async function walk(window, signal) {
  let passed = 0;
  for (const [name, step] of STEPS) {
    const start = performance.now();
    try {
      const found = await within(step(window), { what: name }, signal);
      console.log(`  ok    ${name} (${Math.round(performance.now() - start)} ms)`);
      if (found !== undefined) console.log(indent(found));
      passed += 1;
    } catch (error) {
      signal.throwIfAborted();
      console.error(`  FAIL  ${name}: ${describe(error)}`);
      await screenshot(window, 'failure').catch((cause) => console.error(describe(cause)));
      break;
    }
  }
  const status = passed === STEPS.length ? 0 : 1;
  console.log(`${passed} passed, ${status} failed`);
  return status;
}

/** Shows what a step has found: a text or a list of texts. */
function indent(found) {
  return [found]
    .flat()
    .join('\n')
    .split(/\n+/)
    .map((line) => `          | ${line}`)
    .join('\n');
}

/** Finds the .vsix file that was written last. */
function newestPackage() {
  return [ROOT, path.join(ROOT, 'out')]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => path.join(folder, name)))
    .filter((file) => file.endsWith('.vsix'))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}
