import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { applyDelta } from '../../server/src/disk/git-delta.ts';
import { headText } from '../../server/src/disk/git-objects.ts';
import { packsIn } from '../../server/src/disk/git-packs.ts';

const top = realpathSync(mkdtempSync(path.join(tmpdir(), 'waybill-git-')));
after(() => rmSync(top, { recursive: true, force: true }));

const ENV = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.test',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.test',
};

function git(folder: string, ...args: string[]): string {
  return execFileSync('git', ['-C', folder, ...args], { env: ENV, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

let count = 0;

/** A new repository. */
function repository(...options: string[]): string {
  const folder = path.join(top, `r${++count}`);
  mkdirSync(folder);
  git(folder, 'init', '-q', '-b', 'main', ...options);
  return folder;
}

function commit(folder: string, files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  git(folder, 'add', '-A');
  git(folder, 'commit', '-q', '-m', 'x', '--allow-empty');
  return git(folder, 'rev-parse', 'HEAD');
}

async function textOf(file: string): Promise<string> {
  const found = await headText(file, new AbortController().signal);
  assert.equal(found.state, 'known', JSON.stringify(found));
  return found.state === 'known' ? found.text : '';
}

async function reasonOf(file: string): Promise<string> {
  const found = await headText(file, new AbortController().signal);
  assert.equal(found.state, 'unknown', JSON.stringify(found));
  return found.state === 'unknown' ? found.reason : '';
}

/** Some versions of a long text, as lockfiles change. */
function versions(n: number): string[] {
  const lines = Array.from({ length: 3000 }, (_, i) => `line ${i} ${(i * 2654435761) % 4294967296}`);
  return Array.from({ length: n }, (_, v) => {
    lines[(v * 97) % lines.length] = `changed in version ${v}`;
    return `${lines.join('\n')}\n`;
  });
}

test('loose objects: the text of the last commit, not of the file; also in folders and with odd names', async () => {
  const folder = repository();
  const id = commit(folder, { 'package-lock.json': '{"a": 1}\n', 'päckchen/ümlaut x/yarn.lock': 'x\r\n' });
  writeFileSync(path.join(folder, 'package-lock.json'), 'changed');
  const found = await headText(path.join(folder, 'package-lock.json'), new AbortController().signal);
  assert.deepEqual(found, { state: 'known', commit: id, text: '{"a": 1}\n' });
  assert.equal(await textOf(path.join(folder, 'päckchen/ümlaut x/yarn.lock')), 'x\r\n');
});

test('what the commit does not have is absent', async () => {
  const folder = repository();
  commit(folder, { 'a/b.txt': 'x' });
  writeFileSync(path.join(folder, 'yarn.lock'), 'new');
  mkdirSync(path.join(folder, 'a/c'));
  writeFileSync(path.join(folder, 'a/c/yarn.lock'), 'new');
  rmSync(path.join(folder, 'a/b.txt'));
  mkdirSync(path.join(folder, 'a/b.txt'));
  writeFileSync(path.join(folder, 'a/b.txt/yarn.lock'), 'new');
  for (const name of ['yarn.lock', 'a/c/yarn.lock', 'a/b.txt/yarn.lock'])
    assert.equal((await headText(path.join(folder, name), new AbortController().signal)).state, 'absent', name);
});

for (const offsets of ['true', 'false']) {
  test(`pack files with ${offsets === 'true' ? 'offset' : 'reference'} deltas, and packed references`, async () => {
    const folder = repository();
    git(folder, 'config', 'repack.usedeltabaseoffset', offsets);
    const texts = versions(12);
    for (const text of texts) commit(folder, { 'yarn.lock': text });
    git(folder, 'repack', '-adfq', '--depth=50', '--window=50');
    git(folder, 'pack-refs', '--all');
    assert.equal(readdirSync(path.join(folder, '.git/objects')).filter((name) => name.length === 2).length, 0, 'nothing is loose');
    assert.match(
      git(
        folder,
        'verify-pack',
        '-v',
        `.git/objects/pack/${readdirSync(path.join(folder, '.git/objects/pack')).find((n) => n.endsWith('.idx'))}`,
      ),
      /chain length = [2-9]/,
    );
    // Every version, the deepest of the chain included.
    for (const [at, text] of texts.entries()) {
      git(folder, 'checkout', '-q', `main~${texts.length - 1 - at}`, '--detach');
      assert.equal(await textOf(path.join(folder, 'yarn.lock')), text, `version ${at}`);
      git(folder, 'checkout', '-q', 'main');
    }
  });
}

test('a linked worktree has a HEAD of its own', async () => {
  const folder = repository();
  commit(folder, { 'yarn.lock': 'one' });
  const other = path.join(top, 'worktree');
  git(folder, 'worktree', 'add', '-q', '-b', 'other', other);
  commit(other, { 'yarn.lock': 'two' });
  assert.equal(await textOf(path.join(other, 'yarn.lock')), 'two');
  assert.equal(await textOf(path.join(folder, 'yarn.lock')), 'one');
});

test('objects that are borrowed from another repository', async () => {
  const folder = repository();
  commit(folder, { 'yarn.lock': 'one' });
  const other = path.join(top, 'shared');
  git(top, 'clone', '-q', '--shared', folder, other);
  assert.equal(await textOf(path.join(other, 'yarn.lock')), 'one');
});

test('a submodule', async () => {
  const inner = repository();
  commit(inner, { 'yarn.lock': 'inner' });
  const outer = repository();
  git(outer, '-c', 'protocol.file.allow=always', 'submodule', '-q', 'add', inner, 'sub');
  commit(outer, { 'yarn.lock': 'outer' });
  assert.equal(await textOf(path.join(outer, 'sub/yarn.lock')), 'inner');
  assert.equal(await textOf(path.join(outer, 'yarn.lock')), 'outer');
});

test('a shallow clone', async () => {
  const folder = repository();
  commit(folder, { 'yarn.lock': 'one' });
  commit(folder, { 'yarn.lock': 'two' });
  const other = path.join(top, 'shallow');
  git(top, 'clone', '-q', '--depth=1', `file://${folder}`, other);
  assert.equal(await textOf(path.join(other, 'yarn.lock')), 'two');
});

test('objects named by SHA-256, loose and packed', async () => {
  const folder = repository('--object-format=sha256');
  const texts = versions(3);
  for (const text of texts) commit(folder, { 'yarn.lock': text });
  assert.equal(await textOf(path.join(folder, 'yarn.lock')), texts[2]);
  git(folder, 'repack', '-adfq');
  git(folder, 'prune-packed');
  assert.equal(await textOf(path.join(folder, 'yarn.lock')), texts[2]);
});

test('several packs, and a file that is linked to from elsewhere', async () => {
  const folder = repository();
  for (const text of versions(4)) {
    commit(folder, { 'yarn.lock': text });
    git(folder, 'repack', '-dq');
  }
  assert.equal(await textOf(path.join(folder, 'yarn.lock')), versions(4)[3]);
  const link = path.join(top, 'link');
  symlinkSync(folder, link);
  assert.equal(await textOf(path.join(link, 'yarn.lock')), versions(4)[3]);
});

test('what cannot be known says why', async () => {
  const bare = path.join(top, 'none');
  mkdirSync(bare);
  writeFileSync(path.join(bare, 'yarn.lock'), '');
  assert.match(await reasonOf(path.join(bare, 'yarn.lock')), /in no git repository/);
  assert.match(await reasonOf(path.join(bare, 'missing.lock')), /ENOENT/);

  const unborn = repository();
  writeFileSync(path.join(unborn, 'yarn.lock'), '');
  assert.match(await reasonOf(path.join(unborn, 'yarn.lock')), /no commit yet/);

  const large = repository();
  commit(large, { 'yarn.lock': 'version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 1\n' });
  assert.match(await reasonOf(path.join(large, 'yarn.lock')), /Git LFS/);

  const wild = repository();
  commit(wild, { 'yarn.lock': 'x' });
  for (const [head, reason] of [
    ['ref: refs/../../../etc/passwd\n', /names no reference/],
    ['ref: refs/heads//x\n', /names no reference/],
    ['nonsense\n', /cannot be read/],
    ['ref: HEAD\n', /cannot be read/],
    ['0'.repeat(40), /not here/],
  ] as const) {
    writeFileSync(path.join(wild, '.git/HEAD'), head);
    assert.match(await reasonOf(path.join(wild, 'yarn.lock')), reason, head);
  }
  writeFileSync(path.join(wild, '.git/HEAD'), 'ref: refs/heads/a\n');
  writeFileSync(path.join(wild, '.git/refs/heads/a'), 'ref: refs/heads/a\n');
  assert.match(await reasonOf(path.join(wild, 'yarn.lock')), /circle/);

  const stored = repository();
  commit(stored, { 'yarn.lock': 'x' });
  git(stored, 'config', 'extensions.refstorage', 'reftable');
  assert.match(await reasonOf(path.join(stored, 'yarn.lock')), /reftable/);

  const aborted = await headText(path.join(wild, 'yarn.lock'), AbortSignal.abort());
  assert.equal(aborted.state, 'unknown');
});

test('an object whose content is not what its name says is not believed', async () => {
  const folder = repository();
  commit(folder, { 'yarn.lock': 'sound' });
  const id = git(folder, 'rev-parse', 'HEAD:yarn.lock');
  const file = path.join(folder, '.git/objects', id.slice(0, 2), id.slice(2));
  rmSync(file);
  writeFileSync(file, deflateSync('blob 5\0forge'));
  assert.match(await reasonOf(path.join(folder, 'yarn.lock')), /damaged/);
  writeFileSync(file, deflateSync('blob 9\0forge'));
  assert.match(await reasonOf(path.join(folder, 'yarn.lock')), /damaged/);
  writeFileSync(file, 'no zlib');
  assert.notEqual(await reasonOf(path.join(folder, 'yarn.lock')), '');
});

test('a damaged pack never rejects and gives no wrong text', async () => {
  const folder = repository();
  const texts = versions(4);
  for (const text of texts) commit(folder, { 'yarn.lock': text });
  git(folder, 'repack', '-adfq');
  const packs = path.join(folder, '.git/objects/pack');
  const name = readdirSync(packs).find((one) => one.endsWith('.pack')) ?? '';
  for (const one of [name, name.replace('.pack', '.idx')]) {
    const file = path.join(packs, one);
    const bytes = readFileSync(file);
    for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 40)) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0xff;
      rmSync(file, { force: true });
      writeFileSync(file, changed);
      const found = await headText(path.join(folder, 'yarn.lock'), new AbortController().signal);
      if (found.state === 'known') assert.equal(found.text, texts[3]);
      writeFileSync(file, bytes.subarray(0, at));
      const cut = await headText(path.join(folder, 'yarn.lock'), new AbortController().signal);
      if (cut.state === 'known') assert.equal(cut.text, texts[3]);
    }
    writeFileSync(file, bytes);
  }
});

test('deltas: no bytes make it throw or reach out', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 60 }), (base, delta) => {
      const made = applyDelta(base, delta, 1000);
      assert.ok(!made.ok || made.value.length <= 1000);
    }),
  );
  const base = Uint8Array.of(1, 2, 3, 4);
  assert.deepEqual(applyDelta(base, Uint8Array.of(4, 5, 0x91, 1, 3, 2, 9, 8), 10), { ok: true, value: Uint8Array.of(2, 3, 4, 9, 8) });
  assert.equal(applyDelta(base, Uint8Array.of(4, 5, 0x91, 2, 3), 10).ok, false);
  assert.equal(applyDelta(base, Uint8Array.of(3, 1, 1, 7), 10).ok, false);
  assert.equal(applyDelta(base, Uint8Array.of(4, 5, 2, 9, 8), 4).ok, false);

  // A copy that says no size is of 64 KiB.
  const large = Uint8Array.from({ length: 0x10000 }, (_, at) => at % 251);
  assert.deepEqual(applyDelta(large, Uint8Array.of(0x80, 0x80, 4, 0x80, 0x80, 4, 0x80), 0x10000), { ok: true, value: large });
});

test('a pack file of more than 2 GiB', async () => {
  const folder = path.join(top, 'objects');
  mkdirSync(path.join(folder, 'pack'), { recursive: true });
  const text = Buffer.from('far away');
  const id = createHash('sha1').update(`blob ${text.length}\0`).update(text).digest();
  const offset = 2 ** 31 + 16;
  const fanout = Buffer.alloc(256 * 4);
  for (let first = id[0] ?? 0; first < 256; first++) fanout.writeUInt32BE(1, first * 4);
  const far = Buffer.alloc(8);
  far.writeBigUInt64BE(BigInt(offset));
  const head = Buffer.from([0xff, 0x74, 0x4f, 0x63, 0, 0, 0, 2]);
  writeFileSync(
    path.join(folder, 'pack/pack-aa.idx'),
    Buffer.concat([head, fanout, id, Buffer.alloc(4), Buffer.from([0x80, 0, 0, 0]), far]),
  );
  // A hole: nothing of it takes room on the disk.
  const file = await open(path.join(folder, 'pack/pack-aa.pack'), 'w');
  const entry = Buffer.concat([Buffer.from([0x30 | text.length]), deflateSync(text)]);
  await file.write(entry, 0, entry.length, offset);
  await file.close();
  const [pack] = await packsIn(folder, 20);
  assert.ok(pack);
  assert.equal(await pack.offsetOf(id), offset);
  assert.deepEqual(await pack.entryAt(offset, 100), { kind: 'whole', type: 'blob', bytes: text });
  assert.equal(await pack.offsetOf(Buffer.alloc(20)), undefined);
  await assert.rejects(pack.entryAt(offset, 3), /larger/);
  await pack.close();
});
