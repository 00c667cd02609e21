import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_SPEC_UNITS, parseSpec, pinnedToCommit, type Spec } from '../../server/src/formats/npm-spec.ts';

const COMMIT = 'a'.repeat(40);

/** A spec in one line: kind, and what matters of it. */
function show(spec: Spec): string {
  switch (spec.kind) {
    case 'version':
      return `version ${spec.version}`;
    case 'range':
      return `range ${spec.range}`;
    case 'tag':
      return `tag ${spec.tag}`;
    case 'alias':
      return `alias ${spec.name?.text ?? '-'} -> ${show(spec.spec)}`;
    case 'git':
      return `git ${spec.repository} ref=${spec.ref?.text ?? '-'} range=${spec.range?.text ?? '-'} ${spec.commit === undefined ? 'floats' : 'pinned'}`;
    case 'remote':
      return `remote ${spec.scheme.text} ${spec.host}`;
    case 'path':
      return `path ${spec.path}`;
    case 'workspace':
      return `workspace ${spec.range}`;
    case 'catalog':
      return `catalog ${spec.catalog}`;
    case 'protocol':
      return `protocol ${spec.protocol}`;
    case 'invalid':
      return 'invalid';
  }
}

const SPECS: Readonly<Record<string, string>> = {
  // Where npm-package-arg reads a text too, this table was compared with it (version 13.0.2); only `https` to `.git` and scp-like ssh to
  // other hosts are git here and not there, because yarn and pnpm take them so. The registry first.
  '': 'range *',
  ' ': 'range *',
  '*': 'range *',
  x: 'range x',
  '1': 'range 1',
  '1.2.3': 'version 1.2.3',
  'v1.2.3': 'version v1.2.3',
  '=1.2.3': 'version =1.2.3',
  '^1.2.3': 'range ^1.2.3',
  ' >= 1 <2 ': 'range >= 1 <2',
  '1 || 2': 'range 1 || 2',
  latest: 'tag latest',
  '1.': 'tag 1.',
  '^1.': 'invalid',
  'foo bar': 'invalid',
  'a%20b': 'invalid',
  // Aliases.
  'npm:foo': 'alias foo -> range *',
  'npm:foo@^1': 'alias foo -> range ^1',
  'NPM:@s/foo@1.2.3': 'alias @s/foo -> version 1.2.3',
  'npm:^1.2.3': 'alias - -> range ^1.2.3',
  'npm:foo/bar/baz': 'invalid',
  'jsr:@s/foo@1': 'alias @s/foo -> range 1',
  // Git.
  'o/r': 'git github.com/o/r ref=- range=- floats',
  'O/R#main': 'git github.com/o/r ref=main range=- floats',
  [`o/r#${COMMIT}`]: `git github.com/o/r ref=${COMMIT} range=- pinned`,
  [`o/r#${COMMIT.slice(0, 7)}`]: `git github.com/o/r ref=aaaaaaa range=- floats`,
  'o/r#semver:^1': 'git github.com/o/r ref=- range=^1 floats',
  'o/r#semver:^1::path:a': 'git github.com/o/r ref=- range=^1 floats',
  'o/r#path:a': 'git github.com/o/r ref=- range=- floats',
  'o/r#main&path:/a': 'git github.com/o/r ref=main range=- floats',
  [`o/r#commit=${COMMIT}`]: `git github.com/o/r ref=${COMMIT} range=- pinned`,
  'o/r#workspace=a': 'git github.com/o/r ref=- range=- floats',
  'github:o/r#v1': 'git github.com/o/r ref=v1 range=- floats',
  'gitlab:g/s/r': 'git gitlab.com/g/s/r ref=- range=- floats',
  'bitbucket:o/r': 'git bitbucket.org/o/r ref=- range=- floats',
  'gist:abc': 'git gist.github.com/abc ref=- range=- floats',
  'git+https://user:pw@github.com/o/r.git#main': 'git github.com/o/r ref=main range=- floats',
  'git+ssh://git@github.com/o/r.git#abc': 'git github.com/o/r ref=abc range=- floats',
  'git+ssh://git@git.example.test:o/r.git': 'git git.example.test/o/r ref=- range=- floats',
  'git+ssh://git@git.example.test:22/o/r.git': 'git git.example.test/o/r ref=- range=- floats',
  'git://github.com/o/r': 'git github.com/o/r ref=- range=- floats',
  'git@github.com:o/r.git': 'git github.com/o/r ref=- range=- floats',
  'user@git.example.test:o/r.git#main': 'git git.example.test/o/r ref=main range=- floats',
  'https://github.com/o/r': 'git github.com/o/r ref=- range=- floats',
  'https://www.github.com/o/r.git#main': 'git github.com/o/r ref=main range=- floats',
  'https://github.com/o/tree/tree/main': 'git github.com/o/tree ref=main range=- floats',
  'https://git.example.test/o/r.git#main': 'git git.example.test/o/r ref=main range=- floats',
  // Tarballs.
  'https://github.com/o/r/archive/v1.tar.gz': 'remote https github.com',
  'https://github.com/o/r/tarball/main': 'remote https github.com',
  'https://codeload.github.com/o/r/tar.gz/main': 'remote https codeload.github.com',
  'https://gitlab.com/g/r/-/archive/main/x.tar.gz': 'remote https gitlab.com',
  'https://bitbucket.org/o/r/get/main.tar.gz': 'remote https bitbucket.org',
  'HTTP://user@Pads.Example.test:80/a.tgz': 'remote http pads.example.test',
  'https://': 'invalid',
  'http:': 'protocol http',
  // Files and the other managers' protocols.
  'file:../a': 'path ../a',
  'link:../a': 'path ../a',
  'portal:../a': 'path ../a',
  './a': 'path ./a',
  '~/a': 'path ~/a',
  'C:\\a': 'path C:\\a',
  'a.tgz': 'path a.tgz',
  'a/b/c': 'path a/b/c',
  'workspace:^': 'workspace ^',
  'catalog:': 'catalog ',
  'catalog:old': 'catalog old',
  'patch:a@npm%3A1.0.0#./p': 'protocol patch',
  'ftp://example.test/a.tgz': 'protocol ftp',
};

for (const [text, wanted] of Object.entries(SPECS)) {
  test(`"${text}" is ${wanted}`, () => assert.equal(show(parseSpec(text)), wanted));
}

/** Every part of a spec stands where it says. */
function checkSpans(text: string): void {
  const spec = parseSpec(text);
  const parts = spec.kind === 'git' ? [spec.ref, spec.range] : spec.kind === 'alias' ? [spec.name, spec.specPart] : [];
  for (const part of parts) if (part !== undefined) assert.equal(text.slice(part.span.start, part.span.end), part.text, text);
}

test('any text is read without throwing, and its parts stand where they say', () => {
  const pieces = fc.constantFrom(...Object.keys(SPECS), '#', '@', ':', '/', '&', '::', 'npm:', 'semver:', '.git', ' ', '🧻', '%', '\n');
  fc.assert(fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 5 })), { maxLength: 5 }), (words) => checkSpans(words.join(''))));
  for (const text of Object.keys(SPECS)) for (let end = 0; end <= text.length; end++) checkSpans(text.slice(0, end));
});

test('a requirement too long to be one is not read', () => {
  assert.equal(parseSpec('1 ||'.repeat(MAX_SPEC_UNITS)).kind, 'invalid');
});

test('pinning to a commit gives a pinned requirement of the same repository, and pinning again changes nothing', () => {
  for (const text of Object.keys(SPECS)) {
    const spec = parseSpec(text);
    if (spec.kind !== 'git') continue;
    const edit = pinnedToCommit(text, spec, COMMIT);
    const pinned = text.slice(0, edit.span.start) + edit.text + text.slice(edit.span.end);
    const again = parseSpec(pinned);
    assert.ok(again.kind === 'git' && again.commit === COMMIT && again.repository === spec.repository, pinned);
    const twice = pinnedToCommit(pinned, again, COMMIT);
    assert.equal(pinned.slice(0, twice.span.start) + twice.text + pinned.slice(twice.span.end), pinned);
  }
});
