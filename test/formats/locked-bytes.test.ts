import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PUBLIC_NPM_REGISTRY_URL } from '../../server/src/core/public-npm-registry.ts';
import { elsewhereOf } from '../../server/src/formats/lock-elsewhere.ts';
import { asLockFile } from '../../server/src/formats/lock-model.ts';
import { lockedBytes, unseenIn } from '../../server/src/formats/locked-bytes.ts';
import { format } from '../../server/src/formats/package-lock.ts';
import { sourceFile } from '../support/memory-project.ts';
import { packageLock } from '../support/package-lock.ts';
import { INTEGRITY } from '../support/provenance.ts';

function read(text: string) {
  return asLockFile(format.parse(sourceFile('package-lock.json', text))) ?? assert.fail('no lockfile');
}

function entryOf(name: string, entry: object) {
  return read(packageLock({ [name]: entry })).entries.find((one) => one.name === name) ?? assert.fail('no entry');
}

for (const [resolved, expected] of [
  [undefined, undefined],
  [`${PUBLIC_NPM_REGISTRY_URL}plain/-/plain-1.0.0.tgz`, undefined],
  [`${PUBLIC_NPM_REGISTRY_URL}plain/-/plain-1.0.0.tgz?cache=1#abc`, undefined],
  [`${PUBLIC_NPM_REGISTRY_URL}plain/-/plain-1.0.1.tgz`, ''],
  [`${PUBLIC_NPM_REGISTRY_URL}evil/-/evil-1.0.0.tgz`, ''],
  [`${PUBLIC_NPM_REGISTRY_URL}plain/-/plain-1.0.0.tgz#/plain/-/plain-1.0.1.tgz`, undefined],
  [`${PUBLIC_NPM_REGISTRY_URL}evil/-/evil-1.0.0.tgz#/plain/-/plain-1.0.0.tgz`, ''],
  ['https://mirror.example.test/plain/-/plain-1.0.0.tgz', ''],
] as const) {
  test(`an entry without an integrity, from ${resolved}: ${expected === '' ? 'bound to nothing' : 'the registry’s'}`, () => {
    assert.equal(lockedBytes(entryOf('plain', resolved === undefined ? {} : { resolved })), expected);
    assert.equal(lockedBytes(entryOf('plain', { integrity: INTEGRITY, ...(resolved === undefined ? {} : { resolved }) })), INTEGRITY);
  });
}

test('a scope may be written with its slash encoded', () => {
  for (const slash of ['/', '%2f', '%2F'])
    assert.equal(lockedBytes(entryOf('@a/b', { resolved: `${PUBLIC_NPM_REGISTRY_URL}@a${slash}b/-/b-1.0.0.tgz` })), undefined);
  assert.equal(lockedBytes(entryOf('@a/b', { resolved: `${PUBLIC_NPM_REGISTRY_URL}@c/b/-/b-1.0.0.tgz` })), '');
});

test('what lies in another package is bundled; what the project bundles is fetched', () => {
  const resolved = `${PUBLIC_NPM_REGISTRY_URL}plain/-/plain-1.0.0.tgz`;
  assert.equal(elsewhereOf(entryOf('plain', { inBundle: true })), 'bundled');
  assert.equal(elsewhereOf(entryOf('plain', { inBundle: true, resolved, integrity: INTEGRITY })), undefined);
});

test('a lockfile hides nothing: entries of a known version, each with its own', () => {
  assert.equal(unseenIn(read(packageLock({ plain: {} }))), undefined);
  assert.equal(unseenIn(read(packageLock({}))), undefined);
  assert.equal(unseenIn(read('{"dependencies":{"plain":{"version":"1.0.0"}}}')), undefined);
  for (const text of ['{}', '[]', '{"lockfileVersion":4}', '{"lockfileVersion":4,"packages":{"":{}}}'])
    assert.match(unseenIn(read(text)) ?? '', /^version (?:4|none) of the format is not known/);
  assert.match(unseenIn(read(packageLock({ plain: { version: undefined } }))) ?? '', /^the entry node_modules\/plain has no version$/);
});
