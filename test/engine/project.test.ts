import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Project } from '../../server/src/engine/project.ts';

/** A project in which every file is a Dockerfile, and the paths that were read, in order. */
function project(text = 'FROM scratch\n'): { readonly project: Project; readonly reads: string[] } {
  const reads: string[] = [];
  const read = (path: string) => {
    reads.push(path);
    return { uri: `file:///${path}`, path, text, version: 0 };
  };
  return { project: new Project({ exists: () => true, read }), reads };
}

describe('a project', () => {
  test('parses a file once, until it is forgotten', () => {
    const { project: one, reads } = project();
    assert.equal(one.manifest('a/Dockerfile'), one.manifest('a/Dockerfile'));
    one.forget('a/Dockerfile');
    one.manifest('a/Dockerfile');
    assert.deepEqual(reads, ['a/Dockerfile', 'a/Dockerfile']);
  });

  test('forgets the files of a folder, and only those', () => {
    const { project: one, reads } = project();
    const paths = ['a/Dockerfile', 'a/b/Dockerfile', 'ab/Dockerfile'];
    for (const path of paths) one.manifest(path);
    assert.equal(one.forgetBelow('a'), true);
    assert.equal(one.forgetBelow('a'), false);
    for (const path of paths) one.manifest(path);
    assert.deepEqual(reads.slice(3), ['a/Dockerfile', 'a/b/Dockerfile']);
  });

  test('keeps no more than so many files, however many are asked for', () => {
    const { project: one, reads } = project();
    const paths = Array.from({ length: Project.MAX_MANIFESTS + 10 }, (_, at) => `${at}/Dockerfile`);
    for (const path of paths) one.manifest(path);
    reads.length = 0;
    // From the newest to the oldest: what is kept is not read again.
    for (const path of paths.toReversed()) one.manifest(path);
    assert.deepEqual(reads, paths.slice(0, 10).toReversed());
  });

  test('keeps what is asked for again and again while many others pass by', () => {
    const { project: one, reads } = project();
    for (let at = 0; at < 3 * Project.MAX_MANIFESTS; at += 1) {
      one.manifest('Dockerfile');
      one.manifest(`${at}/Dockerfile`);
    }
    assert.equal(reads.filter((path) => path === 'Dockerfile').length, 1);
  });

  test('keeps no more than so many characters, but always the newest file', () => {
    const { project: one, reads } = project(`#${' '.repeat(Project.MAX_CHARACTERS / 2)}`);
    assert.equal(one.manifest('a/Dockerfile'), one.manifest('a/Dockerfile'));
    one.manifest('b/Dockerfile');
    one.manifest('b/Dockerfile');
    assert.deepEqual(reads, ['a/Dockerfile', 'b/Dockerfile']);
    one.manifest('a/Dockerfile');
    assert.deepEqual(reads, ['a/Dockerfile', 'b/Dockerfile', 'a/Dockerfile']);
    one.forgetAll();
    one.manifest('b/Dockerfile');
    one.forget('b/Dockerfile');
    one.manifest('a/Dockerfile');
    assert.equal(one.manifest('a/Dockerfile'), one.manifest('a/Dockerfile'), 'what was forgotten does not count');
  });
});
