import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, valid } from 'semver';
import { KNOWN_SETTINGS } from '../../server/src/data/manager-settings.ts';
import { AGE_GATES } from '../../server/src/rules/config/age-gate.ts';
import { knownSetting } from '../../server/src/rules/config/settings-table.ts';

test('every setting has a source, exact versions and a sentence', () => {
  for (const { names, since, defaults, removed, leftFile, about, source } of KNOWN_SETTINGS) {
    const name = Object.values(names).join(', ');
    assert.notEqual(name, '');
    assert.match(source, /^https:\/\/[^ ]+$/, name);
    assert.match(about, /^[A-Za-z].*\.$/, name);
    const versions = [since, removed?.in, leftFile?.in, ...defaults.map(([from]) => from)].filter((version) => version !== undefined);
    for (const version of versions) assert.equal(valid(version), version, name);
    const starts = defaults.map(([from]) => from);
    assert.deepEqual(starts, [...starts].sort(compare), `${name}: defaults in the order of versions`);
    if (since !== undefined && starts[0] !== undefined) assert.equal(starts[0], since, `${name}: its first default came with it`);
    if (since !== undefined && removed !== undefined) assert.ok(compare(since, removed.in) < 0, name);
  }
});

test('no manager has a name twice in one kind of file', () => {
  const seen = new Set<string>();
  for (const { manager, names } of KNOWN_SETTINGS) {
    for (const [kind, name] of Object.entries(names)) {
      const key = `${manager} ${kind} ${name}`;
      assert.ok(!seen.has(key), key);
      seen.add(key);
    }
  }
});

test('the release ages are in the table, with the versions and the unit that the rule goes by', () => {
  for (const { manager, names, excludes, withoutDefault } of AGE_GATES) {
    for (const [kind, name] of Object.entries({ ...names })) {
      const known = KNOWN_SETTINGS.find(
        (setting) => setting.manager === manager && Object.entries(setting.names).some(([k, n]) => k === kind && n === name),
      );
      assert.equal(known?.unit, 'age', `${manager} ${name}`);
      assert.ok(withoutDefault.startsWith(`>=${known?.since}`), `${manager}: ${withoutDefault}`);
      const held = known?.defaults.find(([, value]) => !['0', 'no limit'].includes(value));
      assert.equal(/<(\S+)-0$/.exec(withoutDefault)?.[1], held?.[0], `${manager}: until the version that waits by default`);
    }
    for (const [kind, name] of Object.entries(excludes))
      assert.ok(
        KNOWN_SETTINGS.some(
          (setting) => setting.manager === manager && Object.entries(setting.names).some(([k, n]) => k === kind && n === name),
        ),
        `${manager} ${name}`,
      );
  }
});

test('a setting is found by manager, file and name', () => {
  assert.equal(knownSetting('pnpm', 'npmrc', 'minimum-release-age')?.since, '10.16.0');
  assert.equal(knownSetting('npm', 'npmrc', 'minimum-release-age'), undefined);
  assert.equal(knownSetting('yarn', 'yarnrc', 'constructor'), undefined);
});
