import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyEdits } from '../../server/src/engine/edits.ts';
import { parseJson } from '../../server/src/formats/json.ts';
import { addMembers } from '../../server/src/formats/json-edits.ts';
import { driftOf } from '../../server/src/formats/lock-drift.ts';
import type { LockEntry, LockFile } from '../../server/src/formats/lock-model.ts';
import { asPackageJson, format } from '../../server/src/formats/package-json.ts';
import { sourceFile } from '../support/memory-project.ts';

function entryOf(key: string, name: string, version: string): LockEntry {
  return {
    index: 0,
    key,
    name,
    alias: undefined,
    version,
    resolved: undefined,
    integrity: undefined,
    source: 'tarball',
    dev: false,
    optional: false,
    peer: false,
    hasInstallScript: false,
    deprecated: undefined,
  };
}

/** A yarn.lock: requirements lead to entries, and nothing says which of them are the project's. */
function yarnLock(importers: readonly string[], entries: Readonly<Record<string, LockEntry>>): LockFile {
  return {
    manager: 'yarn',
    lockfileVersion: '1',
    importers: importers.map((path) => ({ path, requests: [] })),
    entries: Object.values(entries),
    requestsOf: () => [],
    locked: (_importer, name, spec) => entries[`${name}@${spec}`],
    spanOf: () => ({ start: 0, end: 0 }),
  };
}

function driftsOf(manifest: object, lock: LockFile, importer = ''): string[] | undefined {
  const model = asPackageJson(format.parse(sourceFile('package.json', JSON.stringify(manifest))));
  assert.ok(model);
  return driftOf({ manifest: model, root: model, lock, importer, isSibling: (name) => name === 'sibling' })?.map((drift) =>
    drift.kind === 'extra' ? `extra ${drift.request.name}` : `${drift.kind} ${drift.dependency.name}`,
  );
}

test('of a yarn.lock, requirements without an entry and versions that do not fit', () => {
  const lock = yarnLock([], {
    'left-pad@^1.3.0': entryOf('left-pad@^1.3.0', 'left-pad', '1.3.0'),
    'low-pad@^2.0.0': entryOf('low-pad@^2.0.0', 'low-pad', '1.9.9'),
    'pad@npm:other-pad@^1.0.0': entryOf('pad@npm:other-pad@^1.0.0', 'another-pad', '1.0.0'),
  });
  const manifest = {
    dependencies: { 'left-pad': '^1.3.0', 'low-pad': '^2.0.0', 'new-pad': '^1.0.0', pad: 'npm:other-pad@^1.0.0', sibling: '^1.0.0' },
    devDependencies: { linked: 'link:../linked', 'git-pad': 'o/git-pad', 'over-pad': '^1.0.0', tagged: 'next' },
    optionalDependencies: { 'mac-pad': '^1.0.0' },
    peerDependencies: { react: '>=18' },
    resolutions: { '**/over-pad': '2.0.0' },
  };
  assert.deepEqual(driftsOf(manifest, lock), ['unsatisfied low-pad', 'missing new-pad', 'unsatisfied pad']);
  // Yarn 1 does not say which folders are workspaces; Yarn 2 and later do.
  assert.equal(driftsOf(manifest, lock, 'packages/app'), undefined);
  assert.equal(driftsOf({}, { ...lock, importers: [{ path: 'packages/lib', requests: [] }] }, 'packages/app'), undefined);
  assert.deepEqual(
    driftsOf({ dependencies: { a: '1' } }, { ...lock, importers: [{ path: 'packages/app', requests: [] }] }, 'packages/app'),
    ['missing a'],
  );
});

test('what a lockfile does not say is no drift', () => {
  const npm: LockFile = { ...yarnLock([''], {}), manager: 'npm' };
  assert.deepEqual(driftsOf({ dependencies: { a: '^1.0.0' } }, npm), ['missing a']);
  assert.equal(driftsOf({ dependencies: { a: '^1.0.0' } }, npm, 'elsewhere'), undefined);
  assert.equal(driftsOf({ dependencies: { a: '^1.0.0' } }, { ...npm, rewritten: true }), undefined);
});

test('members are added to any object, in any layout, and nothing else changes', () => {
  const word = fc.string({ maxLength: 6 });
  const layouts = fc.constantFrom(undefined, 1, 2, 4, '\t');
  const object = fc.dictionary(word, fc.oneof(fc.boolean(), word, fc.dictionary(word, fc.boolean(), { maxKeys: 2 })), { maxKeys: 3 });
  fc.assert(
    fc.property(object, layouts, fc.constantFrom('\n', '\r\n'), fc.boolean(), (value, indent, eol, bom) => {
      const key = 'a key of its own';
      const text = (bom ? '\ufeff' : '') + JSON.stringify(value, null, indent).replaceAll('\n', eol);
      const { root } = parseJson(text);
      assert.ok(root?.type === 'object');
      const after = applyEdits(text, [addMembers(text, root, [{ key, value: { 'a@1.0.0': true } }])]);
      const wanted = { ...value, [key]: { 'a@1.0.0': true } };
      assert.deepEqual(JSON.parse(after.replace(/^\ufeff/, '')), JSON.parse(JSON.stringify(wanted)));
      assert.equal(after.startsWith('\ufeff'), bom);
      if (indent !== undefined && Object.keys(value).length > 0)
        assert.equal(after.replace(/^\ufeff/, ''), JSON.stringify(wanted, null, indent).replaceAll('\n', eol));
    }),
  );
});
