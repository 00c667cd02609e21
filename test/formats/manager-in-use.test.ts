import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCertainly, managerInUse } from '../../server/src/formats/manager-in-use.ts';
import { type Files, memoryProject } from '../support/memory-project.ts';

const LOCKS = {
  npm: '{ "lockfileVersion": 3, "packages": {} }',
  classic: '# yarn lockfile v1\n\n\n',
  berry: '__metadata:\n  version: 8\n',
  pnpm: "lockfileVersion: '9.0'\n",
  bun: '{ "lockfileVersion": 1, "workspaces": {}, "packages": {} }',
};

function inUse(files: Files, path = 'package.json'): string {
  const found = managerInUse(memoryProject(files), path);
  return found === undefined ? 'nothing' : `${found.manager} ${found.range} in '${found.root}' as ${found.label}`;
}

const named = (manager: string): string => JSON.stringify({ packageManager: manager });

const CASES: readonly (readonly [string, Files, string, string?])[] = [
  ['nothing', {}, 'nothing'],
  ['an exact version with its hash', { 'package.json': named('pnpm@10.16.0+sha512.00') }, "pnpm 10.16.0 in '' as pnpm 10.16.0"],
  ['Yarn 1 by its version', { 'package.json': named('yarn@1.22.22') }, "yarn-classic 1.22.22 in '' as Yarn 1.22.22"],
  ['Yarn 4 by its version', { 'package.json': named('yarn@4.9.2') }, "yarn 4.9.2 in '' as Yarn 4.9.2"],
  ['a tag says nothing of the version', { 'package.json': named('npm@latest') }, "npm * in '' as npm"],
  [
    'a range of devEngines',
    { 'package.json': JSON.stringify({ devEngines: { packageManager: { name: 'npm', version: '^11.10.0' } } }) },
    "npm >=11.10.0 <12.0.0-0 in '' as npm ^11.10.0",
  ],
  [
    'several managers in devEngines',
    { 'package.json': JSON.stringify({ devEngines: { packageManager: [{ name: 'npm' }, { name: 'pnpm' }] } }) },
    'nothing',
  ],
  ['a lockfile of npm', { 'package-lock.json': LOCKS.npm }, "npm >=7 in '' as npm"],
  ['a lockfile of Yarn 1', { 'yarn.lock': LOCKS.classic }, "yarn-classic <2 in '' as Yarn 1"],
  ['a lockfile of Yarn 4', { 'yarn.lock': LOCKS.berry }, "yarn >=4 in '' as Yarn"],
  ['a lockfile of pnpm 9 or newer', { 'pnpm-lock.yaml': LOCKS.pnpm }, "pnpm >=9 in '' as pnpm"],
  ['a lockfile of Bun', { 'bun.lock': LOCKS.bun }, "bun >=1.1.39 in '' as Bun"],
  ['a workspace of pnpm', { 'pnpm-workspace.yaml': 'packages: []\n' }, "pnpm * in '' as pnpm"],
  ['two managers’ lockfiles', { 'package-lock.json': LOCKS.npm, 'yarn.lock': LOCKS.classic }, 'nothing'],
  [
    'a name decides between two lockfiles',
    { 'package.json': named('npm@11.0.0'), 'package-lock.json': LOCKS.npm, 'yarn.lock': LOCKS.classic },
    "npm 11.0.0 in '' as npm 11.0.0",
  ],
  [
    'the root above a workspace',
    { 'package.json': named('npm@11.0.0'), 'packages/a/package.json': '{}' },
    "npm 11.0.0 in '' as npm 11.0.0",
    'packages/a/package.json',
  ],
  [
    'a project of its own inside of another',
    { 'package.json': named('npm@11.0.0'), 'docs/package.json': '{}', 'docs/yarn.lock': LOCKS.classic },
    "yarn-classic <2 in 'docs' as Yarn 1",
    'docs/package.json',
  ],
  [
    'a lockfile below, and its manager’s version above',
    { 'package.json': named('npm@11.0.0'), 'docs/package.json': '{}', 'docs/package-lock.json': LOCKS.npm },
    "npm 11.0.0 in '' as npm 11.0.0",
    'docs/package.json',
  ],
];

for (const [title, files, expected, path] of CASES) test(`the manager in use: ${title}`, () => assert.equal(inUse(files, path), expected));

test('only what holds for every version that may be in use is certain', () => {
  const found = managerInUse(
    memoryProject({ 'package.json': JSON.stringify({ devEngines: { packageManager: { name: 'pnpm', version: '>=10.20' } } }) }),
    'package.json',
  );
  assert.ok(found !== undefined);
  assert.equal(isCertainly(found, '>=10.16.0'), true);
  assert.equal(isCertainly(found, '>=10.26.0'), false);
  assert.equal(isCertainly(found, '<11'), false);
  assert.equal(isCertainly({ ...found, range: '*' }, '>=0.0.0'), false, 'where no version is named, nothing is certain');
});
