import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { deflateSync } from 'node:zlib';
import type { Answer } from '../../server/src/core/answer.ts';
import type { Ancestry, GitDates, GitFile } from '../../server/src/core/facts.ts';
import {
  createGitAncestrySource,
  createGitDatesSource,
  createGitFileSource,
  MAX_OBJECT_BYTES,
  MAX_TIPS,
} from '../../server/src/sources/git-objects.ts';
import { headerOf, parsePack, treeEntries } from '../../server/src/sources/git-pack.ts';
import { createGitRemote, type GitRemoteOptions } from '../../server/src/sources/git-remote.ts';
import { createHttp, type Http } from '../../server/src/sources/http.ts';
import { parseFetch, pktLine } from '../../server/src/sources/pkt-line.ts';
import { type GitServer, startGitServer } from './support/git-server.ts';
import { serve } from './support/loopback.ts';

const signal = new AbortController().signal;
const NOW = 1_700_000_000_000;
const KEY = { owner: 'o', repo: 'r' };

let http: Http;
before(() => {
  http = createHttp({ online: true, env: {} });
});
after(() => http.close());

function assertUnknown(answer: Answer<unknown>, why: string, detail: RegExp = /./): void {
  assert.ok(answer.state === 'unknown', JSON.stringify(answer));
  assert.equal(answer.why, why, answer.detail);
  assert.match(answer.detail ?? '', detail);
}

describe('against git http-backend', () => {
  let server: GitServer;
  before(async () => {
    server = await startGitServer(
      {
        'o/r': {
          branches: { main: 'c3', old: 'c1' },
          tags: {
            v1: { annotated: 'c2', at: 1_700_009_000 },
            'v1.0.1': 'c3',
            deep: { annotated: 'c2', nested: 3, at: 1_700_009_000 },
          },
          parents: { c3: 'c2', c2: 'c1', fork: 'c2' },
          strays: ['fork', 'alone'],
          dates: { c1: 1_700_000_001, c2: 1_700_000_002, c3: 1_700_000_003, fork: 1_700_000_002 },
          files: {
            c2: { 'action.yaml': 'name: root', 'sub/action.yml': 'name: sub\r\n# ü', 'sub/deep/x.txt': 'x', empty: '' },
          },
        },
        'o/plain': { branches: { main: 'c1' }, filters: false },
        'o/new': {
          branches: { main: 'c2' },
          parents: { c2: 'c1' },
          strays: ['fork'],
          objectFormat: 'sha256',
          files: { c1: { 'action.yml': 'n' } },
        },
        'o/big': { branches: { main: 'c1' }, files: { c1: { 'action.yml': 'x'.repeat(MAX_OBJECT_BYTES + 1) } } },
        'o/hidden': { branches: { main: 'c1' }, isPrivate: true },
      },
      { token: 'good', renames: { 'was/here': 'o/r' } },
    );
  });
  after(() => server.close());

  const remote = (options: GitRemoteOptions = {}) => createGitRemote({ serverUrl: server.url, now: () => NOW, ...options });
  const ancestry = (name: string, commit: string, tips: readonly string[]): Promise<Answer<Ancestry>> => {
    const [owner = '', repo = ''] = name.split('/');
    return createGitAncestrySource(remote()).fetch({ owner, repo, commit, tips }, http, signal);
  };
  const tips = (name: string, ...labels: readonly string[]): string[] => labels.map((label) => server.id(name, label));
  const id = (label: string): string => server.id('o/r', label);

  it('says in one request that a branch leads to a commit', async () => {
    const before = server.requests.length;
    assert.deepEqual(await ancestry('o/r', id('c2'), tips('o/r', 'c3', 'c1')), {
      state: 'known',
      value: { isReachable: true },
      asOf: NOW,
    });
    assert.equal(server.requests.length - before, 1);
  });

  it('says of a commit that only a fork has, and of one without a past, that nothing leads to it', async () => {
    for (const stray of ['fork', 'alone']) {
      const answer = await ancestry('o/r', id(stray), tips('o/r', 'c3', 'c1', 'c2'));
      assert.deepEqual(answer, { state: 'known', value: { isReachable: false }, asOf: NOW });
    }
  });

  it('says that a commit is nowhere, and that a tag object is no commit', async () => {
    assert.deepEqual(await ancestry('o/r', 'e'.repeat(40), tips('o/r', 'c3')), { state: 'absent', asOf: NOW });
    assert.deepEqual(await ancestry('o/r', id('refs/tags/v1'), []), { state: 'absent', asOf: NOW });
  });

  it('knows nothing of an unreachable commit where not all tips could be named', async () => {
    const many = Array.from({ length: MAX_TIPS + 1 }, (_, index) => index.toString(16).padStart(40, '0'));
    assertUnknown(await ancestry('o/r', id('fork'), many), 'too-large', /more than 10000/);
    // What was found is found, however many were left out.
    assert.deepEqual(await ancestry('o/r', id('c2'), [id('c3'), ...many]), { state: 'known', value: { isReachable: true }, asOf: NOW });
  });

  it('reads SHA-256', async () => {
    const at = (label: string): string => server.id('o/new', label);
    assert.deepEqual(await ancestry('o/new', at('c1'), [at('c2')]), { state: 'known', value: { isReachable: true }, asOf: NOW });
    assert.deepEqual(await ancestry('o/new', at('fork'), [at('c2')]), { state: 'known', value: { isReachable: false }, asOf: NOW });
    const file = await createGitFileSource(remote()).fetch(
      { owner: 'o', repo: 'new', commit: at('c1'), paths: ['action.yml'] },
      http,
      signal,
    );
    assert.equal(file.state === 'known' && file.value.text, 'n');
  });

  it('says why where a server gives no single objects, or hides the repository', async () => {
    assertUnknown(await ancestry('o/plain', server.id('o/plain', 'c1'), []), 'error', /single objects/);
    assertUnknown(await ancestry('o/hidden', 'e'.repeat(40), []), 'denied');
  });

  it('follows a renamed repository', async () => {
    assert.deepEqual(await ancestry('was/here', id('c2'), [id('c3')]), { state: 'known', value: { isReachable: true }, asOf: NOW });
  });

  it('gives the later of the dates of tag and commit, for many in one request', async () => {
    const before = server.requests.length;
    const ids = [id('refs/tags/v1'), id('c3'), id('refs/tags/deep')];
    const answer: Answer<GitDates> = await createGitDatesSource(remote()).fetch({ ...KEY, ids }, http, signal);
    assert.equal(server.requests.length - before, 1);
    assert.deepEqual(answer.state === 'known' && answer.value, {
      [ids[0] ?? '']: 1_700_009_000_000,
      [ids[1] ?? '']: 1_700_000_003_000,
      [ids[2] ?? '']: 1_700_009_000_000,
    });
  });

  const file = (commit: string, ...paths: readonly string[]): Promise<Answer<GitFile>> =>
    createGitFileSource(remote()).fetch({ ...KEY, commit, paths }, http, signal);

  it('gives the first of some files, from the root and from a folder, byte for byte', async () => {
    assert.deepEqual(await file(id('c2'), 'action.yml', 'action.yaml'), {
      state: 'known',
      value: { path: 'action.yaml', text: 'name: root' },
      asOf: NOW,
    });
    const before = server.requests.length;
    const sub = await file(id('c2'), 'sub/action.yml', 'sub/action.yaml');
    assert.deepEqual(sub.state === 'known' && sub.value, { path: 'sub/action.yml', text: 'name: sub\r\n# ü' });
    assert.equal(server.requests.length - before, 4, 'commit, root, folder, file');
    const empty = await file(id('c2'), 'empty');
    assert.equal(empty.state === 'known' && empty.value.text, '');
  });

  it('says that a file is not there, that a folder is no file, and sends nothing for what is no path', async () => {
    assert.equal((await file(id('c2'), 'none.yml', 'sub', 'action.yaml/x', 'sub/none')).state, 'absent');
    assert.equal((await file('e'.repeat(40), 'action.yml')).state, 'absent');
    const before = server.requests.length;
    for (const path of ['../x', 'a//b', '', './a', 'a/b/c/d/e/f/g/h/i']) assertUnknown(await file(id('c2'), path), 'unparsable');
    assertUnknown(await file('v1', 'action.yml'), 'unparsable');
    assert.equal(server.requests.length, before);
  });

  it('reads no file above its limit', async () => {
    const commit = server.id('o/big', 'c1');
    const answer = await createGitFileSource(remote()).fetch({ owner: 'o', repo: 'big', commit, paths: ['action.yml'] }, http, signal);
    assertUnknown(answer, 'too-large');
  });

  it('gives up at once when it is cancelled', async () => {
    const stop = new AbortController();
    stop.abort();
    const answer = await createGitFileSource(remote()).fetch({ ...KEY, commit: id('c2'), paths: ['action.yaml'] }, http, stop.signal);
    assertUnknown(answer, 'pending');
  });
});

/** A pack of objects, as git writes one; the trailer is not read. */
function pack(...objects: readonly (readonly [type: number, body: string])[]): Buffer {
  const head = Buffer.from(`PACK\0\0\0\x02\0\0\0${String.fromCharCode(objects.length)}`, 'latin1');
  const entries = objects.flatMap(([type, body]) => {
    const size = Buffer.byteLength(body);
    const bytes = [(type << 4) | (size & 15) | (size > 15 ? 0x80 : 0)];
    for (let rest = size >> 4; rest > 0; rest >>= 7) bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    return [Buffer.from(bytes), deflateSync(body)];
  });
  return Buffer.concat([head, ...entries, Buffer.alloc(20)]);
}

function answerOf(body: Buffer): Buffer {
  const line = Buffer.concat([Buffer.from((body.length + 5).toString(16).padStart(4, '0')), Buffer.from([1]), body]);
  return Buffer.concat([Buffer.from(pktLine('packfile\n')), line, Buffer.from('0000')]);
}

const idOf = (type: string, body: string): string =>
  createHash('sha1')
    .update(`${type} ${Buffer.byteLength(body)}\0`)
    .update(body)
    .digest('hex');

describe('parsePack', () => {
  const read = (bytes: Uint8Array) => parsePack(bytes, { format: 'sha1', maxBytes: 1_000 });

  it('reads several objects, and names each by its own hash', () => {
    const long = `tree x\n\n${'m'.repeat(900)}`;
    const objects = read(pack([1, long], [3, ''], [3, 'blob']));
    assert.ok(objects.ok, objects.ok ? '' : objects.error);
    assert.deepEqual([...objects.value.keys()], [idOf('commit', long), idOf('blob', ''), idOf('blob', 'blob')]);
  });

  it('takes no delta, no bomb, no wrong size and nothing cut off', () => {
    const wrongSize = pack([3, 'four']);
    wrongSize[12] = 0x33;
    for (const [bytes, error] of [
      [pack([6, 'delta']), /not asked for/],
      [pack([7, 'delta of nothing that is here']), /cannot be read/],
      [pack([3, 'x'.repeat(1_001)]), /too large/],
      [pack(...Array.from({ length: 9 }, (_, index) => [3, `${index}${'x'.repeat(900)}`] as const)), /too large/],
      [wrongSize, /cannot be read/],
      [Buffer.concat([pack([3, 'a']), Buffer.alloc(1)]), /goes on/],
      [Buffer.alloc(40), /no pack/],
    ] as const) {
      const parsed = read(bytes);
      assert.match(parsed.ok ? 'no error' : parsed.error, error);
    }
    const whole = pack([1, 'tree x\n\nmessage'], [3, 'blob']);
    for (let length = 0; length < whole.length; length++) assert.ok(!read(whole.subarray(0, length)).ok, `${length} bytes`);
  });

  it('reads headers of the head only', () => {
    const [commit] = read(pack([1, 'tree a\ncommitter C <c@d> 5 +0000\n\ntree b'])).ok
      ? [...okOf(pack([1, 'tree a\n\ntree b'])).values()]
      : [];
    assert.ok(commit);
    assert.equal(headerOf(commit, 'tree'), 'a');
    assert.equal(headerOf(commit, 'committer'), undefined);
  });

  it('reads trees and nothing that only looks like one', () => {
    const entry = Buffer.concat([Buffer.from('100644 action.yml\0'), Buffer.alloc(20, 7)]);
    const tree = { id: 'a'.repeat(40), type: 'tree' as const, body: entry };
    assert.deepEqual(treeEntries(tree), [{ mode: '100644', name: 'action.yml', id: '07'.repeat(20) }]);
    assert.equal(treeEntries({ ...tree, body: entry.subarray(0, -1) }), undefined);
    assert.equal(treeEntries({ ...tree, body: Buffer.from('nonsense') }), undefined);
  });
});

function okOf(bytes: Uint8Array) {
  const parsed = parsePack(bytes, { format: 'sha1', maxBytes: 1_000 });
  assert.ok(parsed.ok);
  return parsed.value;
}

describe('against a server that lies', () => {
  const C = idOf('commit', 'tree x\n\nm');
  const ask = async (body: Buffer | string): Promise<Answer<Ancestry>> => {
    const server = await serve((_, response) =>
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' }).end(body),
    );
    try {
      const remote = createGitRemote({ serverUrl: server.url });
      return await createGitAncestrySource(remote).fetch({ ...KEY, commit: C, tips: [] }, http, signal);
    } finally {
      await server.close();
    }
  };

  it('another object than the one asked for is no answer', async () => {
    assertUnknown(await ask(answerOf(pack([1, 'tree y\n\nm']))), 'error', /another object/);
    assert.deepEqual((await ask(answerOf(pack([1, 'tree x\n\nm'])))).state, 'known');
  });

  it('words of the server are not repeated', async () => {
    assertUnknown(await ask(pktLine('ERR <b>come to</b> https://evil.example')), 'error', /refused the question$/);
    assert.equal((await ask(pktLine(`ERR upload-pack: not our ref ${C}`))).state, 'absent');
  });

  it('every answer that is cut off is unknown', () => {
    const whole = answerOf(pack([1, 'tree x\n\nm']));
    for (let length = 0; length < whole.length; length++) {
      const fetched = parseFetch(whole.subarray(0, length));
      assert.ok(!fetched.ok, `${length} bytes`);
    }
    assert.ok(parseFetch(whole).ok);
  });

  it('a fatal message in the side band, and a second section, are no pack', () => {
    const line = (band: number, text: string): string => pktLine(`${String.fromCharCode(band)}${text}`);
    assert.ok(!parseFetch(Buffer.from(`${pktLine('packfile\n')}${line(3, 'no')}0000`)).ok);
    assert.ok(!parseFetch(Buffer.from(`${pktLine('acknowledgments\n')}${pktLine('NAK\n')}0000`)).ok);
    assert.ok(!parseFetch(Buffer.from(`${pktLine('packfile\n')}0000${line(1, 'x')}`)).ok);
  });
});
