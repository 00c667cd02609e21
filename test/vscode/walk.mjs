// A walk through the user interface of the packaged extension, as a user gets it.
//
//   node test/vscode/walk.mjs [--workspace DIR] [--scale N] [FILE.vsix]
//
// Installs the .vsix (default: the newest in the repository's root or in out/) into a fresh profile, opens
// a copy of the workspace in a VS Code server and a headless browser, and takes the steps below. Screenshots
// go to out/screenshots/, with N device pixels for a pixel. Linux on x64 only. The exit status is 0 if all
// steps passed, 1 if not.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { loadSource } from '../../scripts/load-sources.mjs';
import { createProfile, installExtension, pageAddress, QUIET_SETTINGS, startBrowser, startServer } from './host/launch.mjs';
import { describe, removeTree, runMain, within, withScratch } from './host/process.mjs';
import { ensureHost, findBrowser } from './host/setup.mjs';
import {
  chooseQuickFix,
  closeEditors,
  dismiss,
  hoverOver,
  openFile,
  openQuickFixes,
  openStatus,
  runCommand,
  save,
  screenshot,
  WAIT_LIMIT_MS,
  waitForFile,
  waitForPage,
  waitForSquiggle,
  waitForText,
} from './host/ui.mjs';

const ROOT = path.resolve(import.meta.dirname, '../..');
const SCREENSHOTS = path.join(ROOT, 'out/screenshots');

/** The window's size in pixels. */
const VIEWPORT = { width: 1200, height: 700 };

/** For pictures that show what matters. */
const SETTINGS = {
  ...QUIET_SETTINGS,
  'editor.minimap.enabled': false,
  'editor.occurrencesHighlight': 'off',
  'waybill.codeLens': true,
};

const WORKFLOW = '.github/workflows/ci.yml';

/** Steps that hover over a text and take a picture. */
const hovers = (file, text, words, picture) => [
  [`open ${file}`, (window) => openFile(window, file)],
  [`hover over ${text}`, (window) => hoverOver(window, file, text, words)],
  [`picture of the hover`, (window) => screenshot(window, picture)],
  ['close the hover', dismiss],
];

/** Steps over everything that has a hover. `theme` goes into the pictures' names. */
const allHovers = (theme) => [
  ...hovers('.github/workflows/label.yml', 'github-script@v7', 'Stands for', `10-hover-action-${theme}`),
  ...hovers('deploy/Dockerfile', 'team/app:1', 'Digest today', `11-hover-image-${theme}`),
  ...hovers('package.json', '"zod"', 'Newest release', `12-hover-package-${theme}`),
  ...hovers('papers/package.json', '"@a-scope-of-some-length', 'Deprecated', `20-hover-hostile-${theme}`),
  ...hovers('papers/package-lock.json', '"node_modules/sigstore', 'Registry signature', `21-hover-lock-${theme}`),
  ...hovers('papers/package.json', 'sigstore@0.4.0', 'Build level', `22-hover-command-${theme}`),
  ...hovers('deploy/Dockerfile', 'sigstore@0.4.0', 'Locked: nothing', `23-hover-run-${theme}`),
  ...hovers('.npmrc', 'min-release-age', '7 days', `13-hover-npmrc-${theme}`),
  ...hovers('site/pnpm-workspace.yaml', 'minimumReleaseAge', '10,080 minutes = 7 days', `14-hover-pnpm-${theme}`),
];

/** Steps that show a name beside the one that it looks like. */
const comparison = (theme) => [
  ['open the manifest with the odd name', (window) => openFile(window, 'package.json')],
  ['see its squiggles again', (window) => waitForSquiggle(window, 'package.json')],
  ['open the Quick Fix menu at the odd name', (window) => openQuickFixes(window, 'package.json', 'prettir')],
  ['compare it', (window) => chooseQuickFix(window, 'Compare prettir with prettier')],
  ['see the comparison', (window) => waitForPage(window, 'First published')],
  ['picture of the comparison', (window) => screenshot(window, `24-comparison-${theme}`)],
  ['close the comparison', closeEditors],
];

/**
 * The steps: what each is called, and what it does. See host/ui.mjs for the words.
 *
 * @param {{ commit: string, digest: string }} known The commit that the tag `v4` of the loopback GitHub stands for, and the digest of the
 *   image in the loopback registry.
 */
const steps = ({ commit, digest }) => [
  ['open the Dockerfile', (window) => openFile(window, 'Dockerfile')],
  ['see the squiggle', (window) => waitForSquiggle(window, 'Dockerfile')],
  ['picture of the squiggle', (window) => screenshot(window, '1-squiggle')],
  ['hover over the image', (window) => hoverOver(window, 'Dockerfile', 'node:22.12.0-slim', 'Provenance: unknown')],
  ['picture of the hover', (window) => screenshot(window, '2-hover')],
  ['close the hover', dismiss],
  ['open the workflow', (window) => openFile(window, WORKFLOW)],
  ['see its squiggles', (window) => waitForSquiggle(window, WORKFLOW)],
  ['open the Quick Fix menu', (window) => openQuickFixes(window, WORKFLOW, 'checkout@v4')],
  ['picture of the menu', (window) => screenshot(window, '3-quick-fix')],
  ['pin the action', (window) => chooseQuickFix(window, 'Pin to the commit')],
  ['save it', (window) => save(window, WORKFLOW, `actions/checkout@${commit} # v4.2.2`)],
  ['picture of the pinned action', (window) => screenshot(window, '4-pinned')],
  ['open the manifest', (window) => openFile(window, 'package.json')],
  ['see its squiggles', (window) => waitForSquiggle(window, 'package.json')],
  ['picture of the manifest', (window) => screenshot(window, '5-manifest')],
  ['open the status', (window) => openStatus(window, 'Waybill: ')],
  ['picture of the status', (window) => screenshot(window, '6-status')],
  ['close the status', dismiss],
  ['scan the workspace', (window) => runCommand(window, 'Waybill: Scan Workspace')],
  ['see its sum', (window) => waitForText(window, / in \d+ files/)],
  ['picture of the scan', (window) => screenshot(window, '7-scan')],
  // It hides the lower half of the files that come next.
  ['hide the problems', ({ page }) => page.keyboard.press('Control+J')],
  ['recommend it to the team', (window) => runCommand(window, 'Waybill: Recommend to the Team')],
  ['see the file', (window) => waitForText(window, '"waybill.waybill"')],
  ['picture of the recommendation', (window) => screenshot(window, '8-recommended')],
  ['open the walkthrough', (window) => runCommand(window, 'Welcome: Open Walkthrough', 'Get Started with Waybill')],
  ['see its first page', (window) => waitForText(window, 'See what is there')],
  ['picture of the walkthrough', (window) => screenshot(window, '9-walkthrough')],
  ['close what is open', closeEditors],
  ...allHovers('light'),
  ...comparison('light'),
  ['change the theme', (window) => runCommand(window, 'Preferences: Toggle between Light/Dark Themes')],
  ...allHovers('dark'),
  ...comparison('dark'),
  ['change it back', (window) => runCommand(window, 'Preferences: Toggle between Light/Dark Themes')],
  ['open the package manifest', (window) => openFile(window, 'package.json')],
  ['open its status', (window) => openStatus(window, 'unknown: ')],
  ['picture of what is unknown', (window) => screenshot(window, '15-status-unknown')],
  ['close its status', dismiss],
  ['open the lockfile', (window) => openFile(window, 'package-lock.json')],
  ['see what is over it', (window) => waitForText(window, '1 package added')],
  ['picture of the code lens', (window) => screenshot(window, '16-code-lens')],
  ['show what the change brings in', (window) => runCommand(window, 'Waybill: Show What This Lockfile Change Brings In')],
  ['see the page', (window) => waitForPage(window, 'New install scripts')],
  ['picture of the page', (window) => screenshot(window, '17-lockfile-change')],
  ['close the page', closeEditors],
  ['pin everything', (window) => runCommand(window, 'Waybill: Pin Everything')],
  ['see the preview', (window) => waitForText(window, 'Refactor Preview')],
  ['picture of the preview', (window) => screenshot(window, '18-pin-everything')],
  ['apply it', ({ page }) => page.getByRole('button', { name: 'Apply', exact: true }).click()],
  ['see what is on the disk', (window) => waitForFile(window, 'deploy/Dockerfile', `team/app:1@${digest}`)],
  ['read what could not be pinned', (window) => waitForText(window, 'Waybill could not pin everything')],
  ['picture of what could not be pinned', (window) => screenshot(window, '19-not-pinned')],
];

const LABEL_WORKFLOW = `on: issues
permissions:
  issues: write
jobs:
  label:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/github-script@v7
        with:
          script: console.log('labelled')
`;

/** A name as long as names may be, and what a registry may say of it to deceive. */
const LONG_NAME = `@a-scope-of-some-length/${'with-a-name-that-goes-on-and-on-'.repeat(6)}end`.slice(0, 214);
const HOSTILE =
  '`](command:waybill.restart)**bold** <img src=x onerror=alert(1)> <b>tag</b> [link](https://evil.example.test) \u202egnp.exe \u0007';

/** What sigstore 0.4.0 is published as; its attestations are real where the folder with them is there. */
const SIGSTORE_INTEGRITY = 'sha512-KCwMX6k20mQyFkNYG2XT3lwK9u1P36wS9YURFd85zCXPrwrSLZCEh7/vMBFNYcJXRiBtGDS+T4/RZZF493zABA==';
const REAL_ATTESTATIONS = process.env.WAYBILL_ATTESTATIONS ?? path.resolve(ROOT, '..', 'shared', 'data', 'attestations');

/** Documents of the registry besides the packages. */
async function registryPapers() {
  const file = path.join(REAL_ATTESTATIONS, 'valid.json');
  return existsSync(file) ? new Map([['npm/v1/attestations/sigstore@0.4.0', { body: await readFile(file, 'utf8') }]]) : new Map();
}

/** Packages whose hovers are looked at. */
const HOVERED = {
  [LONG_NAME]: {
    versions: {
      '1.0.0': { dist: { integrity: `sha512-${'a'.repeat(86)}==` }, _npmUser: { name: 'kim', email: 'kim@example.test' } },
      '1.1.0': {
        deprecated: HOSTILE,
        license: HOSTILE,
        scripts: { postinstall: HOSTILE },
        dependencies: { [HOSTILE]: '1', other: '1' },
        dist: { integrity: `sha512-${'a'.repeat(86)}==`, tarball: 'https://npm.example.test/x.tgz' },
        _npmUser: { name: HOSTILE, email: 'm@example.test' },
      },
    },
    tags: { latest: '1.1.0', [HOSTILE]: '1.1.0' },
    time: { '1.0.0': '2026-01-01T00:00:00Z', '1.1.0': new Date(Date.now() - 3_600_000).toISOString() },
  },
  sigstore: {
    versions: {
      '0.4.0': {
        license: 'Apache-2.0',
        repository: 'git+https://github.com/sigstore/sigstore-js.git',
        dist: { integrity: SIGSTORE_INTEGRITY, attestations: { url: 'https://npm.example.test/-/npm/v1/attestations/sigstore@0.4.0' } },
        _npmUser: { name: 'bdehamer', email: 'b@example.test' },
      },
    },
    tags: { latest: '0.4.0' },
    time: { '0.4.0': '2023-01-11T17:00:00.000Z' },
  },
};

/** A name that the example shop misspells, and the one that it means. */
const COMPARED = {
  prettir: {
    versions: { '0.0.1': { license: 'ISC', _npmUser: { name: 'mallory', email: 'm@example.test' }, scripts: { postinstall: HOSTILE } } },
    tags: { latest: '0.0.1' },
    time: { '0.0.1': '2026-11-01T00:00:00Z' },
  },
  prettier: {
    versions: {
      '3.6.0': {
        license: 'MIT',
        repository: 'git+https://github.com/prettier/prettier.git',
        _npmUser: { name: 'kim', email: 'kim@example.test' },
      },
    },
    tags: { latest: '3.6.0' },
    time: { '3.6.0': '2025-06-23T00:00:00Z' },
  },
};

/** What is in the workspace besides: files by path. */
const moreFiles = ({ registry, npm }) => ({
  'papers/package.json': `${JSON.stringify({ name: 'papers', scripts: { attest: 'npx sigstore@0.4.0 verify' }, dependencies: { [LONG_NAME]: '^1.0.0', sigstore: '0.4.0' } }, null, 2)}\n`,
  'papers/package-lock.json': `${JSON.stringify(
    {
      lockfileVersion: 3,
      packages: {
        '': { dependencies: { [LONG_NAME]: '^1.0.0', sigstore: '0.4.0' } },
        [`node_modules/${LONG_NAME}`]: { version: '1.1.0', integrity: `sha512-${'b'.repeat(86)}==` },
        'node_modules/sigstore': { version: '0.4.0', integrity: SIGSTORE_INTEGRITY },
      },
    },
    null,
    2,
  )}\n`,
  'deploy/Dockerfile': `FROM ${registry.host}/team/app:1\nCOPY . /app\nRUN npx --yes sigstore@0.4.0 verify\n`,
  '.github/workflows/label.yml': LABEL_WORKFLOW,
  '.npmrc': `registry=${npm.registry}\nmin-release-age=7\nignore-scripts=true\n`,
  'site/pnpm-workspace.yaml': 'packages:\n  - "."\nminimumReleaseAge: 10080\n',
});

/** Commits the workspace, then changes its lockfile, as an update of a package would. */
async function changeLockfile(workspace) {
  const git = (...args) => execFileSync('git', ['-C', workspace, '-c', 'user.name=a', '-c', 'user.email=a@waybill.example', ...args]);
  git('init', '-q');
  git('add', '-A');
  git('commit', '-q', '-m', 'Before');
  const file = path.join(workspace, 'package-lock.json');
  const lockfile = JSON.parse(await readFile(file, 'utf8'));
  lockfile.packages['node_modules/left_pad'] = {
    version: '1.0.0-beta_2',
    resolved: 'https://downloads.example.test/left_pad-1.0.0.tgz',
    integrity: `sha512-${'A'.repeat(86)}==`,
    hasInstallScript: true,
  };
  await writeFile(file, `${JSON.stringify(lockfile, null, 2)}\n`);
}

/** The servers on loopback that hovers and fixes ask. */
async function startServers() {
  const load = (name) => loadSource(`test/sources/support/${name}.ts`);
  const [{ startGitServer }, { startRegistry }, { startNpmServer }] = await Promise.all(['git-server', 'registry', 'npm-server'].map(load));
  const [git, registry, npm] = await Promise.all([
    startGitServer({
      'actions/checkout': { branches: { main: 'head' }, tags: { v4: 'two', 'v4.2.2': 'two' } },
      'actions/github-script': { branches: { main: 'head' }, tags: { v7: 'two', 'v7.0.1': 'two', latest: 'two', 'v8.0.0': 'three' } },
    }),
    startRegistry({ 'team/app:1': { kind: 'index', version: '1.2.3' } }),
    startNpmServer(
      {
        zod: {
          versions: { '3.25.76': { deprecated: 'use [4](https://npm.example.test) <b>now</b>' }, '4.0.0': {} },
          tags: { latest: '4.0.0' },
        },
        ...HOVERED,
        ...COMPARED,
      },
      { papers: await registryPapers() },
    ),
  ]);
  return { git, registry, npm, close: () => Promise.all([git.close(), registry.close(), npm.close()]) };
}

await runMain(async (signal) => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      workspace: { type: 'string', default: path.join(ROOT, 'examples/shop') },
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
    const servers = await startServers();
    for (const [name, text] of Object.entries(moreFiles(servers))) {
      await mkdir(path.dirname(path.join(workspace, name)), { recursive: true });
      await writeFile(path.join(workspace, name), text);
    }
    await changeLockfile(workspace);
    const env = { GITHUB_SERVER_URL: servers.git.url };
    const server = await startServer({ host, profile, developer: false, env }, signal);
    let context;
    try {
      const folder = path.join(scratch, 'browser');
      const look = { viewport: VIEWPORT, scale: Number(values.scale) };
      context = await startBrowser({ host, browser, folder, ...look }, signal);
      const page = context.pages()[0];
      page.setDefaultTimeout(WAIT_LIMIT_MS);
      await page.goto(pageAddress(server.origin, { folder: workspace }), { waitUntil: 'commit' });
      await within(page.locator('.monaco-workbench .explorer-folders-view').waitFor(), { what: 'window' }, signal);
      const known = { commit: servers.git.id('actions/checkout', 'two'), digest: servers.registry.digest('team/app:1') };
      return await walk({ page, workspace, screenshots: SCREENSHOTS }, steps(known), signal);
    } finally {
      await context?.close();
      await server.stop();
      await servers.close();
    }
  });
});

/**
 * Takes the steps up to the first that fails, of which it leaves a picture.
 *
 * @returns {Promise<number>} The exit status.
 */
async function walk(window, steps, signal) {
  let passed = 0;
  for (const [name, step] of steps) {
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
  const status = passed === steps.length ? 0 : 1;
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
