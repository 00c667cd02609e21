import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, known, unknown } from '../server/src/core/answer.ts';
import type { ImageManifest } from '../server/src/core/facts.ts';
import { mappedSlice } from '../server/src/core/mapped-text.ts';
import type { ImagePlace, ImageReference, ImageVerdict } from '../server/src/core/reference.ts';
import { editsOf } from '../server/src/engine/edits.ts';
import { imageReference } from '../server/src/formats/image-reference.ts';
import { judgePin, pinnedImages } from '../server/src/rules/image/pinned.ts';
import { pinFixes, ruleOf } from '../server/src/rules/image/verdict.ts';
import { sourceFile } from './support/memory-project.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

function reference(text: string, place: ImagePlace, change: Partial<ImageReference> = {}): ImageReference {
  return { ...imageReference({ source: mappedSlice(text, 0, text.length), place, path: [] }), ...change };
}

test('every verdict in every place has at most one rule', () => {
  const places: readonly ImagePlace[] = [
    'from',
    'copy-from',
    'run-mount',
    'onbuild-copy-from',
    'onbuild-run-mount',
    'container',
    'service',
    'uses',
    'runs-image',
  ];
  const rules: Readonly<Record<ImageVerdict, string | undefined>> = {
    'mutable-tag': 'image/unpinned',
    latest: 'image/latest',
    'implicit-latest': 'image/latest',
    invalid: 'image/invalid',
    pinned: undefined,
    stage: undefined,
    scratch: undefined,
    unresolved: undefined,
    template: undefined,
    'docker-image-url': undefined,
  };
  for (const [verdict, rule] of Object.entries(rules) as [ImageVerdict, string | undefined][]) {
    for (const place of places) assert.equal(ruleOf(reference('node', place, { verdict })), rule);
    const isTag = rule === 'image/unpinned' || rule === 'image/latest';
    assert.equal(ruleOf(reference('node', 'syntax', { verdict })), isTag ? 'image/frontend-unpinned' : rule);
    assert.equal(ruleOf(reference('node', 'from', { verdict, variables: ['V'] })), isTag ? 'image/arg-unpinned' : rule);
  }
  assert.equal(ruleOf(reference('$X', 'copy-from', { verdict: 'invalid', reason: 'variables-not-expanded-here' })), undefined);
});

/** The edits of the one fix of a reference, given what the registry answers. */
async function pin(of: ImageReference, answer: Answer<ImageManifest>) {
  const [fix, ...rest] = pinFixes(of);
  assert.ok(fix && rest.length === 0);
  const asked: string[] = [];
  const fetch = async <K, V>(kind: { key(key: K): string }, key: K): Promise<Answer<V>> => {
    asked.push(kind.key(key));
    // The fix asks for nothing but image manifests.
    return answer as Answer<unknown> as Answer<V>;
  };
  return { asked, outcome: await editsOf(fix, { fetch }, new AbortController().signal) };
}

test('a pin asks once, for the tag that is meant, and inserts at the end', async () => {
  const answer = known({ digest: DIGEST, mediaType: '' }, 0);
  assert.deepEqual(await pin(reference('ghcr.io/o/r:1', 'uses'), answer), {
    asked: ['ghcr.io/o/r:1'],
    outcome: [{ span: { start: 13, end: 13 }, text: `@${DIGEST}` }],
  });
  assert.deepEqual(await pin(reference('node', 'container'), answer), {
    asked: ['docker.io/library/node:latest'],
    outcome: [{ span: { start: 4, end: 4 }, text: `:latest@${DIGEST}` }],
  });
});

test('a pin that fails says why, and shows nothing hostile', async () => {
  const of = reference('ghcr.io/o/r:1', 'from');
  const failure = async (answer: Answer<ImageManifest>) => (await pin(of, answer)).outcome;
  assert.deepEqual(await failure({ state: 'absent', asOf: 0 }), { failed: 'The registry has no tag 1 of ghcr.io/o/r.' });
  assert.deepEqual(await failure(unknown('offline')), { failed: 'ghcr.io could not be asked (offline).' });
  assert.deepEqual(await failure(unknown('error', 'a\u001b[31m')), {
    failed: 'ghcr.io could not be asked (the look-up failed: a\ufffd[31m).',
  });
  for (const digest of ['', 'sha256:abc', `${DIGEST}\nRUN x`, `sha256:${'A'.repeat(64)}`])
    assert.deepEqual(await failure(known({ digest, mediaType: '' }, 0)), { failed: 'ghcr.io answered with a malformed digest.' });
});

test('what does not stand in one piece has no fix', () => {
  assert.deepEqual(pinFixes(reference('node:20', 'from', { editable: false })), []);
  assert.deepEqual(pinFixes(reference('node:$V', 'from', { variables: ['V'] })), []);
});

test('a pin is asked about no further than its verdict needs', () => {
  const [image] = pinnedImages({
    file: sourceFile('Dockerfile', ''),
    format: 'dockerfile',
    model: undefined,
    refs: [reference(`node:20@${DIGEST}`, 'from')],
    scripts: [],
    ignores: [],
    problems: [],
  });
  assert.ok(image);
  const other = `sha256:${'b'.repeat(64)}`;
  const index = 'application/vnd.oci.image.index.v1+json';
  const manifest = 'application/vnd.oci.image.manifest.v1+json';
  const judged = (answers: Readonly<Record<string, Answer<unknown>>>) => {
    const asked: string[] = [];
    const state = judgePin(image, <K, V>({ id }: { readonly id: string }, _: K): Answer<V> => {
      asked.push(id);
      // The answers are those of the kinds that are asked for.
      return (answers[id] as Answer<V> | undefined) ?? unknown('offline');
    });
    return [state?.kind, ...asked];
  };
  const today = (digest: string) => known({ digest, mediaType: index }, 0);
  assert.deepEqual(judged({}), [undefined, 'oci-registry']);
  assert.deepEqual(judged({ 'oci-registry': today(DIGEST) }), [undefined, 'oci-registry']);
  assert.deepEqual(judged({ 'oci-registry': today(other) }), [undefined, 'oci-registry', 'oci-manifest']);
  assert.deepEqual(judged({ 'oci-registry': today(other), 'oci-manifest': { state: 'absent', asOf: 0 } }), [
    'gone',
    'oci-registry',
    'oci-manifest',
  ]);
  assert.deepEqual(judged({ 'oci-registry': today(other), 'oci-manifest': known({ digest: DIGEST, mediaType: index }, 0) }), [
    'behind',
    'oci-registry',
    'oci-manifest',
  ]);
  assert.deepEqual(judged({ 'oci-registry': today(other), 'oci-manifest': known({ digest: DIGEST, mediaType: manifest }, 0) }), [
    undefined,
    'oci-registry',
    'oci-manifest',
    'oci-content',
  ]);
});
