import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asRequirements, format } from '../../server/src/formats/requirements.ts';
import { memoryProject, sourceFile } from '../support/memory-project.ts';

const isHashed = (text: string) => asRequirements(format.parse(sourceFile('requirements.txt', text)))?.isHashed;

test('a list has hashes as soon as one requirement has one', () => {
  assert.equal(isHashed('requests==2.32.3\n'), false);
  assert.equal(isHashed('requests==2.32.3 --hash=sha256:aa\n'), true);
  assert.equal(isHashed('requests==2.32.3 \\\r\n    --hash=sha256:aa\r\n'), true);
  assert.equal(isHashed('# requests==2.32.3 --hash=sha256:aa\n'), false);
  assert.equal(isHashed('requests # --hash=sha256:aa\n'), false);
  assert.equal(isHashed('requests--hash=x\n'), false);
  assert.equal(isHashed(''), false);
});

test('a long list is read in time', () => {
  const started = process.cpuUsage().user;
  isHashed(' --has'.repeat(200_000));
  isHashed(`${' '.repeat(1_000)}\n`.repeat(1_000));
  assert.ok(process.cpuUsage().user - started < 10_000_000);
});

test('requirements files are found by their names', () => {
  const project = memoryProject(
    Object.fromEntries(['requirements.txt', 'a/dev-requirements.txt', 'requirements/base.txt', 'notes.txt'].map((name) => [name, ''])),
  );
  const found = ['requirements.txt', 'a/dev-requirements.txt', 'requirements/base.txt', 'notes.txt'].map(
    (name) => project.manifest(name)?.format,
  );
  assert.deepEqual(found, ['requirements', 'requirements', 'requirements', undefined]);
});
