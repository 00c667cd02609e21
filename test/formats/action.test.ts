import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asAction, format } from '../../server/src/formats/action.ts';
import { analyseFiles, sourceFile } from '../support/memory-project.ts';

const COMPOSITE = `name: Set up
inputs:
  version: {default: '1'}
runs:
  using: composite
  steps:
    - uses: actions/setup-node@v4
    - uses: docker://alpine:3.20
    - run: npm ci
      shell: bash
      working-directory: web
    - run: Get-Item .
      shell: pwsh
`;

function parse(text: string) {
  return format.parse(sourceFile('action.yml', text));
}

test('a composite action has inputs, steps, references and scripts', () => {
  const manifest = parse(COMPOSITE);
  const action = asAction(manifest);
  assert.equal(action?.using?.text, 'composite');
  assert.deepEqual(
    action?.inputs.map(({ key }) => key),
    ['version'],
  );
  assert.deepEqual(
    manifest.refs.map((ref) => [ref.ecosystem, ref.requested, ref.path]),
    [
      ['github-actions', 'actions/setup-node@v4', ['runs', 'steps', 0, 'uses']],
      ['oci', 'alpine:3.20', ['runs', 'steps', 1, 'uses']],
    ],
  );
  // A composite action runs in its caller's folder, which is not known here.
  assert.deepEqual(
    manifest.scripts.map(({ source, dialect, folder }) => [source.text, dialect, folder]),
    [
      ['npm ci', 'posix', undefined],
      ['Get-Item .', 'powershell', undefined],
    ],
  );
});

test('the image of a container action is a reference with docker://, and a path without', () => {
  const image = (value: string) =>
    parse(`runs:\n  using: docker\n  image: ${value}\n`).refs.map((ref) => [ref.requested, 'place' in ref ? ref.place : '']);
  assert.deepEqual(image('docker://alpine:3.20'), [['alpine:3.20', 'runs-image']]);
  assert.deepEqual(image("'docker://alpine'"), [['alpine', 'runs-image']]);
  assert.deepEqual(image('Dockerfile'), []);
  assert.deepEqual(image('sub/Dockerfile'), []);
});

test('broken actions keep what can be known', () => {
  const text = `${COMPOSITE}    - uses: a/b@v1\n      with: { v: \${{ x }} }\n    - uses: c/d@v1\n    - run: 'open\n`;
  const { refs, scripts, problems } = parse(text);
  assert.deepEqual(
    refs.map(({ requested }) => requested),
    ['actions/setup-node@v4', 'alpine:3.20', 'a/b@v1', 'c/d@v1'],
  );
  assert.equal(scripts.length, 3);
  assert.ok(problems.length > 0);
});

test('every prefix of an action parses, and all rules run over it', () => {
  for (let length = 0; length <= COMPOSITE.length; length++) analyseFiles({ 'action.yml': COMPOSITE.slice(0, length) });
});
