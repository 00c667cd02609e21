import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rememberBy } from '../server/src/core/remember.ts';
import { fingerprint, hashOf } from '../server/src/engine/fingerprint.ts';
import { analyseFiles } from './support/memory-project.ts';

const PATH = '.github/workflows/release.yml';

/** A job with a cache in front of a script; `gap` lines stand in front of it. */
function job(name: string, script: string, { shell = 'bash', gap = 0 } = {}): string {
  return `${'\n'.repeat(gap)}  ${name}:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/cache@v4
        with: {path: x, key: y}
      - run: ${script}
        shell: ${shell}
`;
}

function workflow(...jobs: readonly string[]): string {
  return `on: push\npermissions: {}\njobs:\n${jobs.join('')}`;
}

/** What two rules say that remember scripts by their text: the rule, and the line of the place. */
function said(text: string): string[] {
  const [analysis] = analyseFiles({ [PATH]: text });
  return (analysis?.findings ?? [])
    .filter(({ rule }) => rule === 'workflow/cache-poisoning' || rule === 'workflow/credentials-persisted')
    .map(({ rule, span }) => `${rule} ${text.slice(0, span.start).split('\n').length}`);
}

test('a script that stands somewhere else is found there, and in another shell it is another one', () => {
  // Publishing needs the token that the checkout leaves.
  const [publish, push] = ['npm publish --provenance', 'git push origin main'];
  const first = said(workflow(job('a', publish), job('b', push), job('c', 'echo')));
  assert.deepEqual(first, ['workflow/cache-poisoning 9', 'workflow/credentials-persisted 23']);
  for (const gap of [0, 3]) {
    const text = workflow(job('b', push, { gap }), job('c', 'echo'), job('a', publish), job('d', publish));
    assert.deepEqual(said(text), [
      `workflow/credentials-persisted ${15 + gap}`,
      `workflow/cache-poisoning ${25 + gap}`,
      `workflow/cache-poisoning ${33 + gap}`,
    ]);
  }
  // A caret quotes in cmd, and is a character elsewhere.
  const quoted = 'npm pub^lish';
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(said(workflow(job('a', quoted))), ['workflow/credentials-persisted 7']);
    assert.deepEqual(said(workflow(job('a', quoted, { shell: 'cmd' }))), ['workflow/cache-poisoning 9']);
  }
});

test('what is remembered is asked for once, by the text that stands for it', () => {
  const asked: number[] = [];
  const parity = rememberBy(
    (value: number) => String(value % 10),
    (value) => asked.push(value) && value % 2,
    100,
  );
  assert.deepEqual([13, 23, 4, 14, 3].map(parity), [1, 1, 0, 0, 1]);
  assert.deepEqual(asked, [13, 4]);
});

test('a fingerprint goes by the bytes of its text, however that was put together', () => {
  // FNV-1a of 64 bits: the values of its authors' test suite.
  assert.equal(fingerprint(''), 'cbf29ce484222325');
  assert.equal(fingerprint('a'), 'af63dc4c8601ec8c');
  assert.equal(fingerprint('foobar'), '85944171f73967e8');
  const texts = ['', 'a', 'file/unreadable\npackage.json\n', 'größe', '😀', '\ud800', 'x'.repeat(1000)];
  for (const before of texts) for (const text of texts) assert.equal(fingerprint(text, hashOf(before)), fingerprint(before + text));
  const bigint = (text: string): string => {
    let hash = 0xcbf29ce484222325n;
    for (const byte of Buffer.from(text)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) % 2n ** 64n;
    return hash.toString(16).padStart(16, '0');
  };
  for (const text of texts) assert.equal(fingerprint(text), bigint(text));
});
