import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { cacheFolder, cacheFolderPath, LOCK_STALE_MS } from '../../server/src/disk/cache-folder.ts';
import { withFolder } from '../support/folder.ts';

const isPosix = process.platform !== 'win32';

function inFolder(work: (folder: string) => Promise<void>): () => Promise<void> {
  return () => withFolder({}, (base) => work(path.join(base, 'cache', 'waybill')));
}

describe('a cache folder', () => {
  it(
    'keeps texts, for its owner alone',
    inFolder(async (folder) => {
      const storage = cacheFolder(folder);
      assert.equal(await storage.read('git-refs'), undefined);
      assert.equal(existsSync(folder), false, 'reading makes nothing');
      assert.equal(await storage.write('git-refs', 'one'), true);
      assert.equal(await storage.update('git-refs', (text) => `${text} two`), true);
      assert.equal(await cacheFolder(folder).read('git-refs'), 'one two');
      assert.deepEqual(readdirSync(folder), ['git-refs.json']);
      if (isPosix) {
        assert.equal(statSync(folder).mode & 0o777, 0o700);
        assert.equal(statSync(path.join(folder, 'git-refs.json')).mode & 0o777, 0o600);
      }
      await storage.remove('git-refs');
      await storage.remove('git-refs');
      assert.equal(await storage.read('git-refs'), undefined);
    }),
  );

  it(
    'takes no name that leads elsewhere',
    inFolder(async (folder) => {
      const storage = cacheFolder(folder);
      for (const name of ['../x', 'a/b', '', '.x', 'A', 'x'.repeat(65)]) await assert.rejects(storage.write(name, ''), /not a name/);
    }),
  );

  it('that cannot be made or written is no error', async () => {
    await withFolder({ file: 'in the way' }, async (base) => {
      const storage = cacheFolder(path.join(base, 'file', 'waybill'));
      assert.equal(await storage.write('x', 'text'), false);
      assert.equal(await storage.update('x', () => 'text'), false);
      assert.equal(await storage.read('x'), undefined);
      await storage.remove('x');
    });
  });

  it(
    'that is read-only, or full, keeps what it has',
    inFolder(async (folder) => {
      const storage = cacheFolder(folder);
      await storage.write('x', 'old');
      // A folder in the file's place: what is written cannot be moved there, as on a full disk.
      mkdirSync(path.join(folder, 'y.json', 'below'), { recursive: true });
      assert.equal(await storage.write('y', 'text'), false);
      assert.equal(await storage.read('y'), undefined);
      assert.deepEqual(readdirSync(folder).sort(), ['x.json', 'y.json'], 'nothing half-written is left');
      assert.equal(await storage.read('x'), 'old');
    }),
  );

  it("that others may write to, or a link in a file's place, is not read", async (context) => {
    if (!isPosix) return context.diagnostic('Windows keeps profiles apart by itself');
    await withFolder({ 'elsewhere.json': 'secret' }, async (base) => {
      const folder = path.join(base, 'waybill');
      const storage = cacheFolder(folder);
      await storage.write('x', 'text');
      symlinkSync(path.join(base, 'elsewhere.json'), path.join(folder, 'y.json'));
      assert.equal(await storage.read('y'), undefined);
      await storage.write('y', 'own');
      assert.equal(readFileSync(path.join(base, 'elsewhere.json'), 'utf8'), 'secret', 'a link is replaced, not followed');
      chmodSync(folder, 0o777);
      assert.equal(await storage.read('x'), undefined);
      assert.equal(await storage.write('x', 'made up'), false);
    });
  });

  it(
    'goes on after a process that died while it wrote',
    inFolder(async (folder) => {
      const storage = cacheFolder(folder);
      await storage.write('x', 'old');
      const lock = path.join(folder, 'x.json.lock');
      writeFileSync(lock, '');
      const long = Date.now() / 1000 - (2 * LOCK_STALE_MS) / 1000;
      utimesSync(lock, long, long);
      writeFileSync(path.join(folder, 'x.json.abc.tmp'), 'ha');
      assert.equal(await storage.update('x', (text) => `${text}+`), true);
      assert.equal(await storage.read('x'), 'old+');
      assert.equal(existsSync(lock), false);
    }),
  );

  it(
    'loses nothing when several write at once',
    inFolder(async (folder) => {
      const append = (word: string) => cacheFolder(folder).update('x', (text = '') => `${text}${word};`);
      await Promise.all(Array.from({ length: 8 }, (_, i) => append(`w${i}`)));
      assert.deepEqual(
        (await cacheFolder(folder).read('x'))?.split(';').filter(Boolean).sort(),
        Array.from({ length: 8 }, (_, i) => `w${i}`),
      );
    }),
  );

  it(
    'is replaced in one step: a reader never sees half of a text',
    inFolder(async (folder) => {
      const storage = cacheFolder(folder);
      await storage.write('x', 'a'.repeat(1 << 20));
      const reader = spawn(process.execPath, [
        '-e',
        `const { readFileSync } = require('node:fs'); const file = ${JSON.stringify(path.join(folder, 'x.json'))};
         for (let i = 0; i < 300; i++) { const text = readFileSync(file, 'utf8'); if (text.length !== ${1 << 20} || text[0] !== text.at(-1)) process.exit(1); }`,
      ]);
      const ended = once(reader, 'exit');
      for (let i = 0; i < 30; i++) await storage.write('x', (i % 2 === 0 ? 'b' : 'a').repeat(1 << 20));
      assert.deepEqual(await ended, [0, null]);
    }),
  );
});

describe('where the cache is', () => {
  const posix = { HOME: '/home/me' };
  for (const [what, env, platform, expected] of [
    ['XDG_CACHE_HOME', { ...posix, XDG_CACHE_HOME: '/tmp/c' }, 'linux', '/tmp/c/waybill'],
    ['a relative XDG_CACHE_HOME counts as unset', { ...posix, XDG_CACHE_HOME: 'c' }, 'linux', '/home/me/.cache/waybill'],
    ['Linux', posix, 'linux', '/home/me/.cache/waybill'],
    ['macOS', posix, 'darwin', '/home/me/Library/Caches/waybill'],
    ['no home', {}, 'linux', undefined],
  ] as const) {
    it(what, () => assert.equal(cacheFolderPath(env, platform)?.replaceAll('\\', '/'), expected));
  }
});
