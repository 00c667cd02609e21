// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is what variables look like in the texts under test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mappedSlice } from '../../server/src/core/mapped-text.ts';
import { classifyImage, type ImageProblem, imageReference, parseImageReference } from '../../server/src/formats/image-reference.ts';

const A64 = 'a'.repeat(64);

/** Registry, repository, tag, digest, as distribution/reference's own tests have them (`reference_test.go`, `normalize_test.go`). */
const VALID: readonly (readonly [string, string, string, (string | undefined)?, string?])[] = [
  ['node', 'docker.io', 'library/node'],
  ['node:20', 'docker.io', 'library/node', '20'],
  ['library/node:20', 'docker.io', 'library/node', '20'],
  ['docker.io/node', 'docker.io', 'library/node'],
  ['index.docker.io/node', 'docker.io', 'library/node'],
  ['foo/a', 'docker.io', 'foo/a'],
  ['FOO/a', 'FOO', 'a'],
  ['localhost/a', 'localhost', 'a'],
  ['localhost:5000/team/app', 'localhost:5000', 'team/app'],
  ['reg.example.test:5000/team/app:1', 'reg.example.test:5000', 'team/app', '1'],
  [`reg.example.test:5000/team/app:1@sha256:${A64}`, 'reg.example.test:5000', 'team/app', '1', `sha256:${A64}`],
  ['[::1]:5000/app:1', '[::1]:5000', 'app', '1'],
  ['[fe80::1]/app', '[fe80::1]', 'app'],
  ['localhost:5000', 'docker.io', 'library/localhost', '5000'],
  ['ghcr.io/o/r/s/t:1', 'ghcr.io', 'o/r/s/t', '1'],
  ['a__b/c-d.e--f:_x', 'docker.io', 'a__b/c-d.e--f', '_x'],
  [`node@sha512:${'b'.repeat(128)}`, 'docker.io', 'library/node', undefined, `sha512:${'b'.repeat(128)}`],
  [`node@sha384:${'b'.repeat(96)}`, 'docker.io', 'library/node', undefined, `sha384:${'b'.repeat(96)}`],
  [`node:${'x'.repeat(128)}`, 'docker.io', 'library/node', 'x'.repeat(128)],
];

for (const [text, registry, repository, tag, digest] of VALID) {
  test(`parseImageReference: ${text.slice(0, 60)}`, () => {
    const parsed = parseImageReference(text);
    assert.ok(parsed.ok, parsed.ok ? '' : parsed.error);
    const { image, tagSpan, digestSpan, nameSpan } = parsed.value;
    assert.deepEqual({ tag: undefined, digest: undefined, ...image }, { registry, repository, tag, digest });
    assert.equal(tagSpan && text.slice(tagSpan.start, tagSpan.end), tag);
    assert.equal(digestSpan && text.slice(digestSpan.start, digestSpan.end), digest);
    assert.equal(nameSpan.start, 0);
    assert.ok(text.slice(nameSpan.end) === '' || /^[:@]/.test(text.slice(nameSpan.end)));
  });
}

const INVALID: readonly (readonly [string, ImageProblem])[] = [
  ['', 'empty'],
  ['Node:20', 'uppercase'],
  ['ghcr.io/Org/app:1', 'uppercase'],
  ['node:', 'empty-tag'],
  [`node:@sha256:${A64}`, 'empty-tag'],
  ['node:20:30', 'bad-tag'],
  ['node:-x', 'bad-tag'],
  [`node:${'x'.repeat(129)}`, 'bad-tag'],
  ['node@', 'bad-digest'],
  ['node@sha256', 'bad-digest'],
  ['node@sha256:abc', 'bad-digest'],
  ['python:3.12-slim@sha256:4a3f1f3b2e8c...', 'bad-digest'],
  [`node@sha256:${'A'.repeat(64)}`, 'bad-digest'],
  [`node@sha256:${'a'.repeat(65)}`, 'bad-digest'],
  [`node@sha512:${A64}`, 'bad-digest'],
  [`node@md5:${'a'.repeat(32)}`, 'digest-algorithm'],
  [`node@constructor:${A64}`, 'digest-algorithm'],
  [A64, 'hex-name'],
  ['a//b', 'bad-name'],
  ['/node', 'bad-name'],
  ['node/', 'bad-name'],
  ['-a', 'bad-name'],
  ['a..b', 'bad-name'],
  ['no de', 'bad-name'],
  ['näme', 'bad-name'],
  ['-.example.test/app', 'bad-registry'],
  ['reg.example.test:x/app', 'bad-registry'],
  ['[::1/app', 'bad-registry'],
  [`${'a/'.repeat(127)}aa`, 'too-long'],
];

for (const [text, problem] of INVALID) {
  test(`parseImageReference: "${text.slice(0, 60)}" is ${problem}`, () => {
    assert.deepEqual(parseImageReference(text), { ok: false, error: problem });
  });
}

test('255 characters of repository are the most', () => {
  const longest = `ghcr.io/${'a/'.repeat(127)}a`;
  assert.ok(parseImageReference(longest).ok);
  assert.ok(!parseImageReference(`${longest}a`).ok);
});

test('classifyImage: one verdict each', () => {
  const verdicts = (texts: readonly string[]) => texts.map((text) => classifyImage(text, 'from').verdict);
  assert.deepEqual(verdicts(['node:20', 'node', 'node:latest', `node@sha256:${A64}`, `node:latest@sha256:${A64}`]), [
    'mutable-tag',
    'implicit-latest',
    'latest',
    'pinned',
    'pinned',
  ]);
  assert.deepEqual(verdicts(['scratch', '{{ .Base }}', '<%= base %>', 'docker-image://alpine:3', '${{ matrix.image }}', 'Node']), [
    'scratch',
    'template',
    'template',
    'docker-image-url',
    'unresolved',
    'invalid',
  ]);
  assert.equal(classifyImage('scratch', 'container').verdict, 'implicit-latest');
  assert.equal(classifyImage('scratch', 'syntax').verdict, 'implicit-latest');
});

test('imageReference: spans are those of the document', () => {
  const text = `image: "ghcr.io/o/r:1@sha256:${A64}"`;
  const start = text.indexOf('ghcr');
  const reference = imageReference({ source: mappedSlice(text, start, text.length - 1), place: 'container', path: ['jobs'] });
  assert.equal(text.slice(reference.span.start, reference.span.end), reference.requested);
  assert.equal(text.slice(reference.nameSpan.start, reference.nameSpan.end), 'ghcr.io/o/r');
  assert.equal(reference.versionSpan && text.slice(reference.versionSpan.start, reference.versionSpan.end), `1@sha256:${A64}`);
  assert.deepEqual([reference.name, reference.pin, reference.editable, reference.verdict], ['ghcr.io/o/r', 'digest', true, 'pinned']);
});

test('whatever parses can be put together again', () => {
  const piece = fc.stringMatching(/^[a-zA-Z0-9._:@/[\]-]{0,12}$/);
  const reference = fc
    .array(fc.oneof(piece, fc.constantFrom('node', ':20', '/', '@sha256:', A64, 'localhost:5000/', 'Node', '..')))
    .map((all) => all.join(''));
  fc.assert(
    fc.property(reference, (text) => {
      const parsed = parseImageReference(text);
      if (!parsed.ok) return;
      const { image, nameSpan } = parsed.value;
      assert.equal(
        `${text.slice(nameSpan.start, nameSpan.end)}${image.tag === undefined ? '' : `:${image.tag}`}${image.digest === undefined ? '' : `@${image.digest}`}`,
        text,
      );
      // What was read is canonical: reading it again changes nothing.
      const canonical = `${image.registry}/${image.repository}`;
      const again = parseImageReference(canonical);
      assert.deepEqual(again.ok && again.value.image, { registry: image.registry, repository: image.repository });
    }),
    { numRuns: 500 },
  );
});
