import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { diskRoot } from '../../server/src/disk/disk-root.ts';
import { withFolder } from '../support/folder.ts';

const LOCK = '{"lockfileVersion": 3, "packages": {}}';

test('the files around a manifest are seen inside the root only, also through links', () =>
  withFolder({ 'outside/package-lock.json': LOCK, 'inside/real/package-lock.json': LOCK, 'inside/package.json': '{}' }, (folder) => {
    const inside = path.join(folder, 'inside');
    symlinkSync(path.join(folder, 'outside'), path.join(inside, 'away'));
    symlinkSync(path.join(folder, 'outside/package-lock.json'), path.join(inside, 'package-lock.json'));
    symlinkSync('real', path.join(inside, 'near'));
    const { project } = diskRoot(inside);
    for (const there of ['package.json', 'real/package-lock.json', 'near/package-lock.json']) {
      assert.ok(project.exists(there), there);
      assert.ok(project.manifest(there), there);
    }
    for (const away of ['package-lock.json', 'away/package-lock.json', '../outside/package-lock.json', 'missing.json']) {
      assert.equal(project.exists(away), false, away);
      assert.equal(project.manifest(away), undefined, away);
    }
  }));
