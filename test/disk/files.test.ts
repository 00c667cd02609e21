import assert from 'node:assert/strict';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readTextFile, replaceTextFile } from '../../server/src/disk/files.ts';
import { withFolder } from '../support/folder.ts';

test('a file that changed meanwhile, is no UTF-8 or is gone is not replaced, and nothing is left behind', () =>
  withFolder({ 'a.txt': 'new', 'b.txt': '' }, (folder) => {
    const file = (name: string) => path.join(folder, name);
    writeFileSync(file('b.txt'), Buffer.from([0x46, 0xff]));
    assert.equal(replaceTextFile(file('a.txt'), 'old', 'fixed').ok, false);
    const latin = readTextFile(file('b.txt'));
    assert.ok(latin.ok);
    assert.equal(replaceTextFile(file('b.txt'), latin.value, 'fixed').ok, false);
    assert.equal(replaceTextFile(file('gone.txt'), '', 'fixed').ok, false);
    assert.equal(readFileSync(file('a.txt'), 'utf8'), 'new');
    assert.deepEqual(readdirSync(folder).sort(), ['a.txt', 'b.txt']);
  }));

test('a file behind a symbolic link is replaced, and the link stays', () =>
  withFolder({ 'real.txt': 'old' }, (folder) => {
    symlinkSync('real.txt', path.join(folder, 'link.txt'));
    assert.ok(replaceTextFile(path.join(folder, 'link.txt'), 'old', 'fixed').ok);
    assert.equal(readFileSync(path.join(folder, 'real.txt'), 'utf8'), 'fixed');
    assert.deepEqual(readdirSync(folder).sort(), ['link.txt', 'real.txt']);
  }));
