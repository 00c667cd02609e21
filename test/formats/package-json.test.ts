import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyEdits } from '../../server/src/engine/edits.ts';
import { asPackageJson, editSpec, format } from '../../server/src/formats/package-json.ts';
import { checkEveryPrefix, fixtureDocuments } from '../support/every-prefix.ts';
import { sourceFile } from '../support/memory-project.ts';

function parse(text: string) {
  const manifest = format.parse(sourceFile('packages/a/package.json', text));
  const model = asPackageJson(manifest);
  assert.ok(model);
  return { manifest, model, at: ({ start, end }: { readonly start: number; readonly end: number }) => text.slice(start, end) };
}

test('every prefix of every fixture is read, and all rules run over it', () => {
  const documents = fixtureDocuments('package.json');
  assert.ok(documents.length > 20);
  for (const document of documents) checkEveryPrefix(format, 'package.json', document);
});

test('names and requirements stand where they say', () => {
  const words = fc.stringMatching(/^[a-z@/^~*.0-9 -]{1,12}$/);
  fc.assert(
    fc.property(fc.dictionary(words, words), fc.constantFrom(undefined, 2, '\t'), fc.boolean(), (dependencies, indent, bom) => {
      const text = (bom ? '\ufeff' : '') + JSON.stringify({ name: '🧻', dependencies }, null, indent);
      const { manifest, model, at } = parse(text);
      assert.deepEqual(manifest.problems, []);
      assert.equal(model.dependencies.length, Object.keys(dependencies).length);
      for (const dependency of model.dependencies) {
        assert.equal(at(dependency.nameSpan), dependency.name);
        assert.equal(at(dependency.specSpan), dependency.spec);
        assert.equal(dependencies[dependency.name], dependency.spec);
      }
      for (const ref of manifest.refs) assert.ok(ref.ecosystem === 'npm' && ref.span.start === ref.nameSpan.start);
    }),
  );
});

test('what later rules need is in the model', () => {
  const { model, at } = parse(`{
    "name": "a", "version": "1.0.0",
    "packageManager": "npm@11.0.0",
    "devEngines": { "packageManager": [{ "name": "npm", "version": "^11" }, { "name": "pnpm" }, "yarn"] },
    "workspaces": { "packages": ["packages/*", 5] },
    "overrides": { "a": "1.0.0", "b": { ".": "2.0.0", "c": "npm:d@3" }, "e": 5 },
    "resolutions": { "a/b": "1.0.0" },
    "pnpm": { "overrides": { "a>b": "-" } }
  }`);
  assert.equal(model.packageManager, 'npm@11.0.0');
  assert.equal(model.packageManagerSpan && at(model.packageManagerSpan), 'npm@11.0.0');
  assert.deepEqual(
    model.devEngines.map(({ name, version, span }) => [name, version, at(span)]),
    [
      ['npm', '^11', '^11'],
      ['pnpm', undefined, 'pnpm'],
    ],
  );
  assert.deepEqual(model.workspaces, ['packages/*']);
  assert.deepEqual(
    model.overrides.map(({ field, path, spec, nameSpan, specSpan }) => [field, path.join(' '), spec, at(nameSpan), at(specSpan)]),
    [
      ['overrides', 'a', '1.0.0', 'a', '1.0.0'],
      ['overrides', 'b .', '2.0.0', '.', '2.0.0'],
      ['overrides', 'b c', 'npm:d@3', 'c', 'npm:d@3'],
      ['resolutions', 'a/b', '1.0.0', 'a/b', '1.0.0'],
      ['pnpm.overrides', 'a>b', '-', 'a>b', '-'],
    ],
  );
  assert.equal(model.openingBrace && at(model.openingBrace), '{');
});

test('of groups, dependencies and scripts with one name the last counts, and only strings do', () => {
  const { manifest, model } = parse(
    '{"dependencies": {"old": "1"}, "scripts": {"a": "x", "b": 1, "a": "y"}, "dependencies": {"a": "1", "a": "2", "b": 3, "c": null, "__proto__": "4"}}',
  );
  assert.deepEqual(
    model.dependencies.map(({ name, spec }) => [name, spec]),
    [
      ['a', '2'],
      ['__proto__', '4'],
    ],
  );
  assert.deepEqual(
    manifest.scripts.map(({ name, source }) => [name, source.text]),
    [['a', 'y']],
  );
  assert.equal(manifest.scripts[0]?.folder, 'packages/a');
});

test('a requirement is edited in place, whole where it is escaped or empty', () => {
  const text = '{"dependencies": {"a": "npm:b@*", "c": "npm:\\u0062@*", "d": ""}}';
  const { model } = parse(text);
  const edits = model.dependencies.map((dependency) =>
    editSpec(text, dependency, { start: dependency.spec.length - (dependency.spec === '' ? 0 : 1), end: dependency.spec.length }, '"1'),
  );
  assert.equal(applyEdits(text, edits), '{"dependencies": {"a": "npm:b@\\"1", "c": "npm:b@\\"1", "d": "\\"1"}}');
});

test('documents that are no objects have nothing in them', () => {
  for (const text of [
    '',
    '[]',
    '"text"',
    'null',
    '5',
    '{',
    '\ufeff',
    '{"dependencies": []}',
    '{"dependencies": "a", "scripts": 5, "workspaces": 7}',
  ]) {
    const { model, manifest } = parse(text);
    assert.deepEqual([model.dependencies, manifest.scripts, model.workspaces, model.groupKeys], [[], [], [], {}]);
  }
});
