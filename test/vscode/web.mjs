// The extension as a web extension: VS Code's web workbench runs it in a worker, and the server in another one.
//
//   node test/vscode/web.mjs
//
// Needs a build (npm run build). Takes a copy of what the .vsix holds for browsers, without what is for Node, so that VS Code has
// no choice; opens a workspace whose files are on a remote machine (vscode-remote:), and takes the steps below. Linux on x64 only.
// The last line is "N passed, N failed"; the exit status is 0 if all steps passed.

import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { loadSource } from '../../scripts/load-sources.mjs';
import { createProfile, pageAddress, startBrowser, startServer } from './host/launch.mjs';
import { describe, removeTree, runMain, within, withScratch } from './host/process.mjs';
import { ensureHost, findBrowser } from './host/setup.mjs';
import { hoverOver, openFile, screenshot, WAIT_LIMIT_MS, waitForSquiggle } from './host/ui.mjs';

const { SHARED_BUNDLES } = await loadSource('client/src/worker-script.ts');
const ROOT = path.resolve(import.meta.dirname, '../..');
const SCREENSHOTS = path.join(ROOT, 'out/web-screenshots');

/** What a browser gets of the extension. */
const FOR_BROWSERS = [
  'dist/browser',
  ...SHARED_BUNDLES.map((name) => `dist/${name}`),
  'docs/rules',
  'images',
  'syntaxes',
  'language-configuration.json',
];

/** The steps: what each is called, and what it does. See host/ui.mjs for the words. */
const STEPS = [
  ['open the Dockerfile', (window) => openFile(window, 'Dockerfile')],
  ['see the squiggle', (window) => waitForSquiggle(window, 'Dockerfile')],
  ['hover over the image', (window) => hoverOver(window, 'Dockerfile', 'node:22.12.0-slim', 'Provenance: unknown')],
  ['open the manifest', (window) => openFile(window, 'package.json')],
  ['see its squiggles', (window) => waitForSquiggle(window, 'package.json')],
  [
    'see problems of a file that is not open',
    ({ page }) => page.locator('[aria-label*="action.yml"][aria-label*="problem"]').first().waitFor(),
  ],
  ['picture of the window', (window) => screenshot(window, 'web')],
];

await runMain(async (signal) => {
  const host = await ensureHost(signal);
  const browser = await findBrowser(host, signal);
  await removeTree(SCREENSHOTS);
  await mkdir(SCREENSHOTS, { recursive: true });
  return withScratch('waybill-web-', async (scratch) => {
    const workspace = path.join(scratch, 'shop');
    await cp(path.join(ROOT, 'examples/shop'), workspace, { recursive: true });
    const extension = await browserExtension(path.join(scratch, 'extension'));
    const server = await startServer({ host, profile: await createProfile(scratch), developer: true }, signal);
    let context;
    try {
      context = await startBrowser({ host, browser, folder: path.join(scratch, 'browser') }, signal);
      const page = context.pages()[0];
      page.setDefaultTimeout(WAIT_LIMIT_MS);
      await page.goto(pageAddress(server.origin, { folder: workspace, developmentPaths: [extension] }), { waitUntil: 'commit' });
      await within(page.locator('.monaco-workbench .explorer-folders-view').waitFor(), { what: 'window' }, signal);
      return await walk({ page, workspace, screenshots: SCREENSHOTS }, signal);
    } finally {
      await context?.close();
      await server.stop();
    }
  });
});

/** Writes the extension as a browser gets it, and gives its folder. */
async function browserExtension(folder) {
  for (const name of FOR_BROWSERS) await cp(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  const { main: _main, bin: _bin, ...manifest } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'));
  await writeFile(path.join(folder, 'package.json'), JSON.stringify(manifest));
  return folder;
}

/** Takes the steps up to the first that fails, of which it leaves a picture; gives the exit status. */
async function walk(window, signal) {
  let passed = 0;
  for (const [name, step] of STEPS) {
    try {
      await within(step(window), { what: name }, signal);
      console.log(`  ok    ${name}`);
      passed += 1;
    } catch (error) {
      signal.throwIfAborted();
      console.error(`  FAIL  ${name}: ${describe(error)}`);
      await screenshot(window, 'failure').catch((cause) => console.error(describe(cause)));
      break;
    }
  }
  const failed = passed === STEPS.length ? 0 : 1;
  console.log(`${passed} passed, ${failed} failed`);
  return failed;
}
