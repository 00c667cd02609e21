import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { format, ignoreFileOf, readPatterns } from '../../server/src/formats/dockerignore.ts';
import { memoryProject, sourceFile } from '../support/memory-project.ts';

// As moby/patternmatcher's own tests have it (`multiPatternTests`, `ignorefile` tests), where they are about files.
const CASES: readonly (readonly [patterns: string, path: string, ignored: boolean])[] = [
  ['**', 'file', true],
  ['**/', 'file', true],
  ['*', 'dir/file', true],
  ['dir', 'dir/file', true],
  ['dir/', 'dir/file', true],
  ['/dir', 'dir/file', true],
  ['./dir', 'dir/file', true],
  ['*/file', 'file', false],
  ['**/file', 'file', true],
  ['**/file', 'dir/dir/file', true],
  ['dir/**', 'dir/file', true],
  ['dir/**', 'dir', false],
  ['a/**/z', 'a/z', true],
  ['a/**/z', 'a/b/c/z', true],
  ['.env', 'sub/.env', false],
  ['.env*', '.env.local', true],
  ['.en?', '.env', true],
  ['.en?', '.en/v', false],
  ['.en[uv]', '.env', true],
  ['.en[^uv]', '.env', false],
  ['.en[', '.en[', false],
  ['\\.env', '.env', true],
  ['a.b', 'axb', false],
  ['.env\n!.env', '.env', false],
  ['!.env\n.env', '.env', true],
  ['dir\n!dir/file', 'dir/file', false],
  ['# .env', '.env', false],
  [' # .env\n', '.env', false],
  ['  .env  \r\n', '.env', true],
  ['! .env\n', '.env', false],
  ['\ufeff.env', '.env', true],
  ['../.env', '.env', false],
  ['', '.env', false],
];

test('patterns are read as BuildKit reads them', () => {
  for (const [patterns, path, ignored] of CASES)
    assert.equal(readPatterns(patterns).ignores(path), ignored, `${JSON.stringify(patterns)} ${path}`);
});

test('the ignore file beside the Dockerfile comes before that of the context', () => {
  const files = { 'web/Dockerfile.dockerignore': 'a', '.dockerignore': 'b' };
  assert.equal(ignoreFileOf(memoryProject(files), 'web/Dockerfile', '').ignores('a'), true);
  assert.equal(ignoreFileOf(memoryProject(files), 'web/Dockerfile', '').ignores('b'), false);
  assert.equal(ignoreFileOf(memoryProject(files), 'Dockerfile', '').ignores('b'), true);
  assert.equal(ignoreFileOf(memoryProject({}), 'Dockerfile', '').ignores('a'), false);
});

test('any text is read without throwing, in time', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('*', '**', '/', '!', '[', ']', '\\', '?', 'a', '.', '\n', '-', '^', '(', '{') }),
      fc.string(),
      (text, path) => {
        format.parse(sourceFile('.dockerignore', text));
        readPatterns(text).ignores(path);
      },
    ),
  );
  const started = process.cpuUsage().user;
  readPatterns(`${'**/a*b?'.repeat(25)}\n`.repeat(10_000)).ignores('a/'.repeat(20));
  readPatterns(`${'*a'.repeat(90)}b\n`.repeat(1_000)).ignores('a'.repeat(200));
  assert.ok(process.cpuUsage().user - started < 10_000_000);
});
