// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is what references look like in the texts under test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holdsToken, isPlaceholder, passwordsInUrls } from '../../server/src/formats/credential.ts';

const A = 'a'.repeat(40);

test('tokens are told by their form', () => {
  for (const text of [
    `npm_${A}`,
    `ghp_${A}`,
    `x=gho_${A}`,
    `github_pat_${A}`,
    `glpat-${A}`,
    'xoxb-0123456789-x',
    'AKIAAAAAAAAAAAAAAAAA',
    '-----BEGIN RSA PRIVATE KEY-----',
  ])
    assert.ok(holdsToken(text), text);
  for (const text of [
    '',
    'npm_config_registry',
    'npm_',
    `${A}`,
    `xghp_${A}`,
    'glpat-short',
    'AKIA',
    `AKIA${'A'.repeat(30)}`,
    '-----BEGIN PUBLIC KEY-----',
    'ghp_token',
  ])
    assert.ok(!holdsToken(text), text);
});

test('placeholders hold no secret', () => {
  for (const text of [
    '',
    '  ',
    '<token>',
    '<your token>',
    'xxxx',
    '****',
    'YOUR_TOKEN',
    'your-token',
    'my_secret',
    'changeme',
    'change-me',
    '$NPM_TOKEN',
    '%TOKEN%',
    '{{ token }}',
    '${TOKEN}',
    '@TOKEN@',
    'token',
    'NPM_TOKEN',
    'example-token',
    'token-here',
    'true',
    '1',
  ])
    assert.ok(isPlaceholder(text), text);
  for (const text of ['hunter2', '0123456789abcdef', 'aHVudGVyMg==', 'postgres', 'tokenish', 'A1B2_C3D4', 'myTokenIs12345', 'theirs'])
    assert.ok(!isPlaceholder(text), text);
});

test('passwords in addresses are found where they stand', () => {
  const texts: readonly (readonly [string, readonly string[]])[] = [
    ['https://robot:hunter2@npm.example.test/', ['hunter2']],
    ['a https://a:b1c@x.test b http://c:d2e@y.test', ['b1c', 'd2e']],
    [`https://ghp_${A}@github.com/a/b`, [`ghp_${A}`]],
    ['https://robot@npm.example.test/', []],
    ['https://robot:${PASSWORD}@npm.example.test/', []],
    ['https://robot:$PASSWORD@npm.example.test/', []],
    ['https://robot:<password>@npm.example.test/', []],
    ['https://npm.example.test:8080/@acme/x', []],
    ['https://npm.example.test/a:b@c', []],
    ['https://robot:@npm.example.test', []],
  ];
  for (const [text, expected] of texts)
    assert.deepEqual(
      passwordsInUrls(text).map(({ start, end }) => text.slice(start, end)),
      expected,
    );
});
