// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is what variables look like in the texts under test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asDockerfile, format } from '../../server/src/formats/dockerfile.ts';
import { assignmentsOf, isSecretName, Variables } from '../../server/src/formats/dockerfile-variables.ts';
import { checkEveryPrefix } from '../support/every-prefix.ts';
import { sourceFile } from '../support/memory-project.ts';

function parse(text: string) {
  const manifest = format.parse(sourceFile('Dockerfile', text));
  return { manifest, instructions: asDockerfile(manifest)?.instructions ?? [] };
}

/** Each variable's name and value as they stand in the document. */
function read(text: string): (readonly [string, string | undefined])[] {
  return parse(text).instructions.flatMap((instruction) =>
    assignmentsOf(instruction, '\\').map(({ nameSpan, valueSpan }) => {
      const value = valueSpan && text.slice(valueSpan.start, valueSpan.end);
      return [text.slice(nameSpan.start, nameSpan.end), value] as const;
    }),
  );
}

test('ARG and ENV set variables in each of their forms', () => {
  assert.deepEqual(read('ARG A B=1 C="2 3"'), [
    ['A', undefined],
    ['B', '1'],
    ['C', '2 3'],
  ]);
  assert.deepEqual(read("ENV A=1 B='2' C=a\\ b"), [
    ['A', '1'],
    ['B', '2'],
    ['C', 'a\\ b'],
  ]);
  assert.deepEqual(read('ENV A b "c" d=e'), [['A', 'b "c" d=e']]);
  assert.deepEqual(read('ENV A'), []);
  assert.deepEqual(read('ENV A=1 \\\n# comment\n  B=2'), [
    ['A', '1'],
    ['B', '2'],
  ]);
  assert.deepEqual(read('RUN A=1 true'), []);
});

test('variables have the values of their stage, and those of ARGs before it only where they are taken over', () => {
  const variables = new Variables('\\');
  for (const instruction of parse('ARG A=1\nARG B=$A-2\nFROM x\nARG B\nENV C=${B}-3\n').instructions) variables.read(instruction);
  assert.equal(variables.expand('$C'), '1-2-3');
  assert.equal(variables.expand('$A'), undefined);
  for (const instruction of parse('FROM y\nARG A\n').instructions) variables.read(instruction);
  assert.deepEqual([variables.expand('$A'), variables.expand('$C')], ['1', undefined]);
  assert.equal(variables.expand('"${A'), undefined);
});

test('values that grow without end are not followed', () => {
  const variables = new Variables('\\');
  const doubled = Array.from({ length: 60 }, (_, i) => `ARG A${i + 1}=\${A${i}}\${A${i}}`).join('\n');
  for (const instruction of parse(`ARG A0=xxxxxxxxxx\n${doubled}`).instructions) variables.read(instruction);
  assert.equal(variables.expand('$A3')?.length, 80);
  assert.equal(variables.expand('$A60'), undefined);
});

test('the end of a name says whether it is a secret', () => {
  for (const name of [
    'NPM_TOKEN',
    'token',
    'PGPASSWORD',
    'db-passwd',
    'clientSecret',
    'AWS_SECRET_ACCESS_KEY',
    'GH_PAT',
    'PAT',
    'SSH_PRIVATE_KEY',
    'VAULT_CLIENT_KEY',
    'API_KEY_2',
    'SECRET_KEY_BASE',
    'REGISTRY_CREDENTIALS',
  ])
    assert.ok(isSecretName(name), name);
  for (const name of [
    'TOKEN_URL',
    'SECRET_NAME',
    'SECRET_ID',
    'PASSWORD_FILE',
    'AWS_ACCESS_KEY_ID',
    'MAX_TOKENS',
    'PATH',
    'KEY',
    'SSH_PUBLIC_KEY',
    'NEXT_PUBLIC_API_KEY',
    'VITE_API_KEY',
    'STRIPE_PUBLISHABLE_API_KEY',
    'USERNAME',
  ])
    assert.ok(!isSecretName(name), name);
});

test('a Dockerfile knows its secrets, so that reports can hide them', () => {
  const text =
    'ARG NPM_TOKEN=hunter2\nENV A=$NPM_TOKEN B_TOKEN="hunter3"\nRUN curl https://a:hunter4@x.test && curl https://b:hunter5@y.test\n';
  const { secrets } = parse(text).manifest;
  assert.deepEqual(
    secrets?.map(({ start, end }) => text.slice(start, end)),
    ['hunter2', 'hunter3', 'hunter4', 'hunter5'],
  );
});

test('every prefix of a Dockerfile with variables of all forms parses, and all rules run over it', () => {
  const text =
    'ARG A="b\\"c" B\nFROM x\nARG NPM_TOKEN=${A:-d} \\\n# e\n  GH_PAT\nENV f g "h"\nENV I_TOKEN=\'j\' K=https://l:m@n.test\nADD --checksum= https://o/$A/${B:?p} ["q"] /r\nADD ["https://s/t", "u"]\n';
  checkEveryPrefix(format, 'Dockerfile', text);
  checkEveryPrefix(format, 'Dockerfile', `\ufeff${text.replaceAll('\n', '\r\n')}`);
});
