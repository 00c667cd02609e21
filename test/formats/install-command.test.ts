import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Manifest } from '../../server/src/core/manifest.ts';
import type { Surroundings } from '../../server/src/core/rule.ts';
import { applyEdits } from '../../server/src/engine/edits.ts';
import { format as dockerfile } from '../../server/src/formats/dockerfile.ts';
import { editsFor, frozenForm, lockfileUse } from '../../server/src/formats/frozen-install.ts';
import { matchesName } from '../../server/src/formats/image-build.ts';
import { type InstallCommand, installCommandOf } from '../../server/src/formats/install-command.ts';
import { bareInstallsOf } from '../../server/src/formats/install-scan.ts';
import { findLockfile, lockInStep } from '../../server/src/formats/lockfile-place.ts';
import { walkInvocations } from '../../server/src/formats/shell-folder.ts';
import { memoryProject, sourceFile } from '../support/memory-project.ts';
import { scriptManifest } from '../support/script.ts';

function commandsIn(text: string): { command: InstallCommand; folders: readonly string[] }[] {
  const found: { command: InstallCommand; folders: readonly string[] }[] = [];
  for (const script of scriptManifest(text).scripts) {
    walkInvocations(script, 'ci.yml', (invocation, { folders }) => {
      const command = installCommandOf(invocation);
      if (command !== undefined) found.push({ command, folders });
    });
  }
  return found;
}

function only(text: string): InstallCommand {
  const [first, ...rest] = commandsIn(text);
  assert.ok(first !== undefined && rest.length === 0, text);
  return first.command;
}

test('a command is read as its package manager reads it', () => {
  const cases: readonly (readonly [string, InstallCommand['kind'], string?])[] = [
    ...'install i in ins inst insta instal isnt isnta isntal isntall add'.split(' ').map((name) => [`npm ${name}`, 'install'] as const),
    ...'ci clean-install ic install-clean isntall-clean cit'.split(' ').map((name) => [`npm ${name}`, 'clean'] as const),
    ['npm it', 'install-test'],
    ['npm install x', 'add'],
    ['npm install -- x', 'add'],
    ['npm --loglevel warn i', 'install'],
    ['npm -s i', 'install'],
    ['npm --prefix web install', 'install', 'web'],
    ['npm -C web install', 'install', 'web'],
    ['npm install --prefix=web', 'install', 'web'],
    ['npm i --workspace a --omit dev', 'install'],
    ['npm i -g', 'other'],
    ['npm i --location global', 'other'],
    ['npm i --dry-run', 'other'],
    ['npm', 'other'],
    ['npm run i', 'other'],
    ['yarn', 'install'],
    ['yarn --cwd web', 'install', 'web'],
    ['yarn install --network-timeout 1000', 'install'],
    ['yarn build', 'other'],
    ['yarn -v', 'other'],
    ['yarn install --mode update-lockfile', 'other'],
    ['yarn install --mode=skip-build', 'install'],
    ['pnpm', 'other'],
    ['pnpm -r --filter a i', 'install'],
    ['pnpm recursive install', 'install'],
    ['pnpm -C web install', 'install', 'web'],
    ['pnpm add x', 'other'],
    ['pnpm i x', 'add'],
    ['bun i', 'install'],
    ['bun ci', 'clean'],
    ['bun run i', 'other'],
    ['uv sync --extra a', 'install'],
    ['uv --directory b sync', 'install', 'b'],
    ['uv sync -U', 'other'],
    ['uv pip install x', 'other'],
  ];
  for (const [text, kind, folder] of cases) {
    const command = only(text);
    assert.equal(command.kind, kind, text);
    assert.equal(command.folder, folder, text);
  }
  assert.deepEqual(commandsIn('npx install'), []);
});

test('what freezes an install depends on options, defaults and the environment', () => {
  const none = { ci: true, yarn: undefined, variable: () => undefined } as const;
  const use = (text: string, context: Parameters<typeof lockfileUse>[1]) => {
    const found = lockfileUse(only(text), context);
    return typeof found === 'object' ? found.off.words.map(({ value }) => value).join(' ') : found;
  };
  assert.equal(use('npm i', none), 'loose');
  assert.equal(use('npm i --package-lock=false', none), '--package-lock=false');
  assert.equal(use('pnpm i', none), 'frozen');
  assert.equal(use('pnpm i', { ...none, ci: false }), 'loose');
  assert.equal(use('pnpm i', { ...none, variable: (name) => (name === 'CI' ? 'false' : undefined) }), 'loose');
  assert.equal(use('pnpm i --frozen-lockfile=false', none), '--frozen-lockfile=false');
  assert.equal(use('yarn', none), 'loose');
  assert.equal(use('yarn', { ...none, yarn: 'berry' }), 'frozen');
  assert.equal(use('yarn', { ...none, yarn: 'berry', ci: false }), 'loose');
  assert.equal(use('yarn --no-immutable', { ...none, yarn: 'berry' }), '--no-immutable');
  assert.equal(use('yarn --immutable', { ...none, yarn: 'classic' }), 'loose');
  assert.equal(use('yarn --immutable', none), 'frozen');
  assert.equal(use('bun i -p', none), 'frozen');
  assert.equal(use('uv sync', { ...none, variable: (name) => (name === 'UV_LOCKED' ? '1' : undefined) }), 'frozen');
});

test('the frozen form keeps what it knows and drops what it does not', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['npm install', 'npm ci'],
    ['npm  "i"  --save-dev -E --ignore-scripts', 'npm  ci --ignore-scripts'],
    ['npm i --production --legacy-peer-deps', 'npm ci --omit=dev --legacy-peer-deps'],
    ['npm i --only prod', 'npm ci --omit=dev'],
    ['npm i --no-fund --omit=optional', 'npm ci --no-fund --omit=optional'],
    ['npm it', 'npm install-ci-test'],
    ['yarn', 'yarn --immutable'],
    ['yarn install --no-immutable', 'yarn install --immutable'],
    ['pnpm i -P', 'pnpm i --frozen-lockfile -P'],
    ['bun install', 'bun install --frozen-lockfile'],
    ['uv sync --no-dev', 'uv sync --locked --no-dev'],
  ];
  for (const [text, expected] of cases) {
    const command = only(text);
    const edits = editsFor(frozenForm(command, 'berry'), command, text);
    assert.ok(edits, text);
    assert.equal(applyEdits(text, edits), expected);
  }
  const classic = only('yarn install --pure-lockfile');
  assert.equal(
    applyEdits('yarn install --pure-lockfile', editsFor(frozenForm(classic, 'classic'), classic, 'yarn install --pure-lockfile') ?? []),
    'yarn install --frozen-lockfile',
  );
});

test('cd is followed, and forgotten where a shell of its own ends', () => {
  const cases: readonly (readonly [string, readonly (readonly string[])[]])[] = [
    ['cd a && npm i', [['a']]],
    ['(cd a; npm i); npm i', [['a'], ['']]],
    ['if x; then cd a; fi; npm i', [['a']]],
    ["sh -c 'cd a && npm i'; npm i", [['a'], ['']]],
    ['cd a/b; cd ..; npm i', [['a']]],
    ['cd ../x; npm i', [[]]],
    ['cd "$X"; npm i', [[]]],
    ['cd; npm i', [[]]],
    ['cd /tmp; npm i', [[]]],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text is a shell's.
    ['cd "${GITHUB_WORKSPACE}/a"; npm i', [['a']]],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text is a workflow's.
    ['cd ${{ github.workspace }}; npm i', [['']]],
  ];
  for (const [text, folders] of cases)
    assert.deepEqual(
      commandsIn(text).map((found) => found.folders),
      folders,
      text,
    );
});

test('the nearest folder with a lockfile counts, those above only for workspaces', () => {
  const project = memoryProject({
    'a/package-lock.json': '{}',
    'w/package.json': '{"workspaces":["x"]}',
    'w/package-lock.json': '{}',
    'w/x/package.json': '{}',
    'p/package-lock.json': '{}',
  });
  assert.deepEqual(findLockfile(project, 'npm', ['a']), { path: 'a/package-lock.json', here: true });
  assert.deepEqual(findLockfile(project, 'npm', ['b', 'a']), { path: 'a/package-lock.json', here: false });
  assert.deepEqual(findLockfile(project, 'npm', ['w/x']), { path: 'w/package-lock.json', here: false });
  assert.equal(findLockfile(project, 'npm', ['p/x']), undefined);
  assert.equal(findLockfile(project, 'yarn', ['a']), undefined);
  assert.equal(findLockfile(project, 'npm', []), undefined);
});

test('a lockfile that cannot be read to its end is not in step', () => {
  const manifest = (problems: Manifest['problems']): Manifest => ({
    ...scriptManifest(''),
    file: sourceFile('package-lock.json', ''),
    problems,
  });
  const around = (found: Manifest | undefined): Surroundings => ({ exists: () => true, manifest: () => found });
  assert.equal(lockInStep(around(undefined), 'package-lock.json'), 'unknown');
  assert.equal(lockInStep(around(manifest([])), 'package-lock.json'), 'unknown');
  assert.equal(lockInStep(around(manifest([{ message: 'x', span: { start: 0, end: 0 } }])), 'package-lock.json'), 'drifted');
});

test('file name patterns', () => {
  assert.ok(matchesName('package*.json', 'package-lock.json'));
  assert.ok(matchesName('*lock*', 'yarn.lock'));
  assert.ok(!matchesName('package.json', 'package-lock.json'));
  assert.ok(!matchesName('packageXjson', 'package.json'));
  assert.ok(!matchesName('*'.repeat(90), 'yarn.lock'));
});

test('many installs in one document cost linear time', () => {
  const text = 'FROM scratch\n'.concat('COPY . .\nRUN cd a && npm install --no-save\n'.repeat(2_000));
  const manifest = dockerfile.parse(sourceFile('Dockerfile', text));
  const started = process.cpuUsage().user;
  const found = bareInstallsOf(manifest, memoryProject({ 'a/package-lock.json': '{}' }));
  assert.equal(found.length, 2_000);
  assert.ok(found.every(({ isBrought }) => isBrought));
  assert.ok(process.cpuUsage().user - started < 10_000_000);
});
