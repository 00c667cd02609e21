import assert from 'node:assert/strict';
import { test } from 'node:test';
import { satisfies } from 'semver';
import { KNOWN_SETTINGS } from '../../server/src/data/manager-settings.ts';
import { releaseAge } from '../../server/src/formats/release-age.ts';
import { GATE_SETTINGS, releaseGate } from '../../server/src/formats/release-gate.ts';
import { type Files, memoryProject } from '../support/memory-project.ts';

/** Source, setting and minutes for a package, of a project with a manager and some files. */
function gate(manager: string | undefined, files: Files = {}, name = 'left-pad', version = '1.0.0') {
  const found = releaseGate(
    memoryProject({
      'package.json': JSON.stringify({ packageManager: manager, ...JSON.parse(files['package.json'] ?? '{}') }),
      ...omit(files),
    }),
    'package.json',
  );
  return found && [found.source, found.setting, found.minutesFor(name, version)];
}

function omit({ 'package.json': _, ...rest }: Files): Files {
  return rest;
}

test('seven days are written in four ways', () => {
  assert.deepEqual(gate('npm@11.19.1', { '.npmrc': 'min-release-age=7\n' }), ['set', 'min-release-age', 10080]);
  assert.deepEqual(gate('pnpm@10.20.0', { 'pnpm-workspace.yaml': 'minimumReleaseAge: 10080\n' }), ['set', 'minimumReleaseAge', 10080]);
  assert.deepEqual(gate('pnpm@10.20.0', { 'package.json': '{"pnpm": {"minimumReleaseAge": 10080}}' }), [
    'set',
    'pnpm.minimumReleaseAge',
    10080,
  ]);
  assert.deepEqual(gate('yarn@4.18.0', { '.yarnrc.yml': 'npmMinimalAgeGate: 7d\n' }), ['set', 'npmMinimalAgeGate', 10080]);
  assert.deepEqual(gate('yarn@4.18.0', { '.yarnrc.yml': 'npmMinimalAgeGate: 10080\n' }), ['set', 'npmMinimalAgeGate', 10080]);
  assert.deepEqual(gate('bun@1.4.5', { 'bunfig.toml': '[install]\nminimumReleaseAge = 604800\n' }), [
    'set',
    'install.minimumReleaseAge',
    10080,
  ]);
});

test('what nobody sets: the default of the version in use, the shorter one where that is not sure, else three days', () => {
  assert.deepEqual(gate('pnpm@11.0.0'), ['default', undefined, 1440]);
  assert.deepEqual(gate('pnpm@10.20.0'), ['suggested', undefined, 4320]);
  assert.deepEqual(gate('yarn@4.15.0'), ['default', undefined, 1440]);
  assert.deepEqual(gate('yarn@4.10.0'), ['suggested', undefined, 4320]);
  assert.deepEqual(gate('yarn@1.22.22'), ['suggested', undefined, 4320]);
  assert.deepEqual(gate('npm@12.2.0'), ['suggested', undefined, 4320]);
  assert.deepEqual(gate('bun@1.4.5'), ['suggested', undefined, 4320]);
  assert.deepEqual(gate(undefined), ['suggested', undefined, 4320]);
  assert.deepEqual(gate(undefined, { 'pnpm-lock.yaml': "lockfileVersion: '9.0'\n" }), ['default', undefined, 1440]);
});

test('a time that cannot be told gives no gate', () => {
  assert.equal(gate('npm@11.19.1', { '.npmrc': `min-release-age=\${DAYS}\n` }), undefined);
  assert.equal(gate('npm@11.19.1', { '.npmrc': 'before=2026-01-01\nmin-release-age=7\n' }), undefined);
  assert.equal(gate('pnpm@11.0.0', { 'pnpm-workspace.yaml': 'minimumReleaseAge: [7]\n' }), undefined);
});

test('what may be new: names, patterns, scopes and versions', () => {
  const pnpm = (entry: string, name: string, version?: string) =>
    gate('pnpm@11.0.0', { 'pnpm-workspace.yaml': `minimumReleaseAgeExclude: [${JSON.stringify(entry)}]\n` }, name, version)?.[2];
  assert.equal(pnpm('left-pad', 'left-pad'), undefined);
  assert.equal(pnpm('left-pad', 'left-pads'), 1440);
  assert.equal(pnpm('@us/*', '@us/a'), undefined);
  assert.equal(pnpm('@us/*', '@use/a'), 1440);
  assert.equal(pnpm('*-pad', 'left-pad'), undefined);
  assert.equal(pnpm('l*t*pad', 'left-pad'), undefined);
  assert.equal(pnpm('left-p*pad', 'left-pad'), 1440);
  assert.equal(pnpm('left-pad@1.0.0 || 1.0.1', 'left-pad', '1.0.1'), undefined);
  assert.equal(pnpm('left-pad@1.0.0 || 1.0.1', 'left-pad', '1.0.2'), 1440);
  assert.equal(pnpm('@us/a@1.0.0', '@us/a', '1.0.1'), 1440);
  assert.equal(pnpm('left-pad@', 'left-pad'), undefined);
  assert.equal(pnpm('left-pad@nonsense', 'left-pad'), 1440);
  assert.equal(pnpm('', 'left-pad'), 1440);
  const npm = (text: string) => gate('npm@11.19.1', { '.npmrc': `min-release-age=7\n${text}` })?.[2];
  assert.equal(npm('min-release-age-exclude=left-pad\n'), undefined);
  assert.equal(npm('min-release-age-exclude[]=a\nmin-release-age-exclude[]=left-*\n'), undefined);
  assert.equal(npm('min-release-age-exclude=right-pad\n'), 10080);
  assert.equal(gate('yarn@4.18.0', { '.yarnrc.yml': 'npmPreapprovedPackages: ["left-pad@npm:1.0.0"]\n' })?.[2], undefined);
  assert.equal(gate('yarn@4.18.0', { '.yarnrc.yml': 'npmScopes:\n  us:\n    npmMinimalAgeGate: 2d\n' }, '@us/a')?.[2], 2880);
});

test('a long pattern of stars takes no time', () => {
  const text = `${'*a'.repeat(20_000)}b`;
  assert.equal(
    gate('pnpm@11.0.0', { 'pnpm-workspace.yaml': `minimumReleaseAgeExclude: [${JSON.stringify(text)}]\n` }, 'a'.repeat(214))?.[2],
    1440,
  );
});

test('names and defaults are those of the table of settings', () => {
  for (const [manager, { names, byDefault }] of Object.entries(GATE_SETTINGS)) {
    const known = KNOWN_SETTINGS.find(
      (one) => one.manager === manager && Object.values(names).some((name) => Object.values(one.names).includes(name)),
    );
    assert.ok(known, manager);
    assert.deepEqual(names, known.names);
    for (const [from, value] of known.defaults) {
      const minutes: number = releaseAge(known.manager, value)?.minutes ?? 0;
      assert.equal(byDefault !== undefined && satisfies(from, byDefault.range) ? byDefault.minutes : 0, minutes, `${manager} ${from}`);
    }
  }
});
