import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Answer } from '../../server/src/core/answer.ts';
import type { GitRefs } from '../../server/src/core/facts.ts';
import { commitOf, exactTagFor, resolveRef } from '../../server/src/core/git-versions.ts';
import { createGitRefsSource } from '../../server/src/sources/git-refs.ts';
import { createGitRemote, type GitRemoteOptions } from '../../server/src/sources/git-remote.ts';
import { createHttp } from '../../server/src/sources/http.ts';
import { pktLine } from '../../server/src/sources/pkt-line.ts';
import { type GitServer, type RepositorySpec, startGitServer } from './support/git-server.ts';
import { flood, serve } from './support/loopback.ts';

const signal = new AbortController().signal;
const NOW = 1_700_000_000_000;

async function ask(repository: string, options: GitRemoteOptions): Promise<Answer<GitRefs>> {
  const [owner = '', repo = ''] = repository.split('/');
  const http = createHttp({ online: true, env: {} });
  const answer = await createGitRefsSource(createGitRemote({ now: () => NOW, ...options })).fetch({ owner, repo }, http, signal);
  http.close();
  return answer;
}

function refsOf(answer: Answer<GitRefs>): GitRefs {
  assert.ok(answer.state === 'known', JSON.stringify(answer));
  assert.equal(answer.asOf, NOW);
  return answer.value;
}

function assertUnknown(answer: Answer<GitRefs>, why: string, detail: RegExp = /./): void {
  assert.ok(answer.state === 'unknown', answer.state);
  assert.equal(answer.why, why, answer.detail);
  assert.match(answer.detail ?? '', detail);
}

const MANY_TAGS = Object.fromEntries(
  Array.from({ length: 2_000 }, (_, index) => [`v1.${Math.floor(index / 50)}.${index % 50}`, `c${index % 20}`]),
);

const REPOSITORIES: Record<string, RepositorySpec> = {
  'actions/checkout': {
    branches: { main: 'c9', v5: 'b5', 'feature/x': 'c8' },
    tags: { v4: { annotated: 'c2' }, 'v4.2.1': 'c1', 'v4.2.2': 'c2', latest: 'c2', v5: 'c5', nested: { annotated: 'c7', nested: 2 } },
  },
  'big/packed': { branches: { main: 'c0' }, tags: { ...MANY_TAGS, annotated: { annotated: 'c1' } }, packed: true },
  'other/head': { branches: { trunk: 'c1' }, head: 'trunk' },
  'new/hash': { branches: { main: 'c1' }, tags: { v1: { annotated: 'c1' } }, objectFormat: 'sha256' },
  'no/commits': {},
  'secret/action': { branches: { main: 'c1' }, isPrivate: true },
  'dots/a.b_c-d': { branches: { main: 'c1' } },
};

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

describe('against git http-backend', () => {
  let server: GitServer;
  before(async () => {
    const renames = { 'old/name': 'actions/checkout', 'loop/loop': 'loop/loop' };
    server = await startGitServer(REPOSITORIES, { token: 'good-token', renames });
  });
  after(() => server.close());

  it('gives tags, branches and HEAD in one request', async () => {
    const before = server.requests.length;
    const refs = refsOf(await ask('actions/checkout', { serverUrl: server.url }));
    assert.deepEqual(
      server.requests.slice(before).map(({ method, path, authorization }) => [method, path, authorization]),
      [['POST', '/actions/checkout.git/git-upload-pack', undefined]],
    );
    assert.equal(refs.head, 'refs/heads/main');
    const id = (label: string): string => server.id('actions/checkout', label);
    assert.deepEqual(Object.fromEntries(refs.refs.map((ref) => [ref.name, commitOf(ref)])), {
      'refs/heads/feature/x': id('c8'),
      'refs/heads/main': id('c9'),
      'refs/heads/v5': id('b5'),
      'refs/tags/latest': id('c2'),
      'refs/tags/nested': id('c7'),
      'refs/tags/v4': id('c2'),
      'refs/tags/v4.2.1': id('c1'),
      'refs/tags/v4.2.2': id('c2'),
      'refs/tags/v5': id('c5'),
    });
  });

  it('gives enough to resolve annotated and nested tags, tag objects and confusions', async () => {
    const refs = refsOf(await ask('actions/checkout', { serverUrl: server.url }));
    const id = (labelOrRef: string): string => server.id('actions/checkout', labelOrRef);
    assert.deepEqual(resolveRef(refs, 'v4'), { kind: 'tag', name: 'v4', commit: id('c2') });
    assert.deepEqual(resolveRef(refs, 'nested'), { kind: 'tag', name: 'nested', commit: id('c7') });
    assert.deepEqual(resolveRef(refs, id('refs/tags/v4')), { kind: 'tag-object', name: 'v4', commit: id('c2') });
    assert.deepEqual(resolveRef(refs, id('refs/tags/nested')), { kind: 'tag-object', name: 'nested', commit: id('c7') });
    assert.deepEqual(resolveRef(refs, 'v5'), { kind: 'both', name: 'v5', commit: id('c5'), branchCommit: id('b5') });
    assert.equal(exactTagFor(refs, id('c2'), { requested: 'v4' }), 'v4.2.2');
  });

  it('gives 2,001 packed tags', async () => {
    const refs = refsOf(await ask('big/packed', { serverUrl: server.url }));
    assert.equal(refs.refs.length, 2_002);
    const annotated = refs.refs.find(({ name }) => name === 'refs/tags/annotated');
    assert.equal(annotated?.peeled, server.id('big/packed', 'c1'));
  });

  it('gives another default branch', async () => {
    assert.equal(refsOf(await ask('other/head', { serverUrl: server.url })).head, 'refs/heads/trunk');
  });

  it('reads a repository with SHA-256', async () => {
    const refs = refsOf(await ask('new/hash', { serverUrl: server.url }));
    const commit = server.id('new/hash', 'c1');
    assert.equal(commit.length, 64);
    assert.deepEqual(resolveRef(refs, 'v1'), { kind: 'tag', name: 'v1', commit });
    assert.equal(resolveRef(refs, commit).kind, 'commit');
  });

  it('reads an empty repository', async () => {
    assert.deepEqual(refsOf(await ask('no/commits', { serverUrl: server.url })), { refs: [] });
  });

  it('reads a name with dots, and a base address with slashes', async () => {
    assert.equal(refsOf(await ask('dots/a.b_c-d', { serverUrl: `${server.url}///` })).refs.length, 1);
  });

  it('sees a tag move', async () => {
    server.move('dots/a.b_c-d', 'refs/tags/v1', 'c1');
    const before = refsOf(await ask('dots/a.b_c-d', { serverUrl: server.url }));
    server.move('dots/a.b_c-d', 'refs/tags/v1', 'c2');
    const after = refsOf(await ask('dots/a.b_c-d', { serverUrl: server.url }));
    assert.notDeepEqual(resolveRef(before, 'v1'), resolveRef(after, 'v1'));
  });

  it('follows a renamed repository, with its token', async () => {
    assert.equal(refsOf(await ask('old/name', { serverUrl: server.url, token: 'good-token' })).head, 'refs/heads/main');
    assert.ok(server.requests.slice(-2).every(({ authorization }) => authorization !== undefined));
  });

  it('does not follow forever', async () => assertUnknown(await ask('loop/loop', { serverUrl: server.url }), 'error', /redirects/));

  it('cannot tell private from missing without a token', async () => {
    for (const hiddenStatus of [401, 403, 404] as const) {
      const hiding = await startGitServer({ 'secret/action': { isPrivate: true } }, { hiddenStatus });
      open.push(hiding);
      assertUnknown(await ask('secret/action', { serverUrl: hiding.url }), 'denied');
      assertUnknown(await ask('no/such', { serverUrl: hiding.url }), 'denied');
    }
  });

  it('sees a private repository with a token', async () => {
    assert.equal(refsOf(await ask('secret/action', { serverUrl: server.url, token: 'good-token' })).refs.length, 1);
    assert.equal(server.requests.at(-1)?.authorization, `Basic ${Buffer.from('x-access-token:good-token').toString('base64')}`);
  });

  it('believes a 404 that a token saw, unless the token is for some repositories only', async () => {
    assert.deepEqual(await ask('no/such', { serverUrl: server.url, token: 'good-token' }), { state: 'absent', asOf: NOW });
    for (const token of ['ghs_x', 'github_pat_x']) {
      const strict = await startGitServer({}, { hiddenStatus: 404, token });
      open.push(strict);
      assertUnknown(await ask('no/thing', { serverUrl: strict.url, token }), 'denied');
    }
  });

  it('does not let a stale token hide what is public', async () => {
    assert.equal(refsOf(await ask('actions/checkout', { serverUrl: server.url, token: 'stale' })).head, 'refs/heads/main');
    assertUnknown(await ask('secret/action', { serverUrl: server.url, token: 'stale' }), 'denied');
    assertUnknown(await ask('no/such', { serverUrl: server.url, token: 'stale' }), 'denied');
  });

  it('sends nothing for what cannot be a repository', async () => {
    const before = server.requests.length;
    for (const name of ['../x', 'a/..', 'a/.', 'a/', '/b', 'a/b?c', 'a/b#c', 'a b/c', 'ü/b', '-a/b', `a/${'b'.repeat(101)}`, 'a\\b/c']) {
      assertUnknown(await ask(name, { serverUrl: server.url }), 'unparsable');
    }
    assert.equal(server.requests.length, before);
  });

  it('says what is wrong with the address of the server', async () => {
    assertUnknown(await ask('a/b', { serverUrl: 'http://ghe.example' }), 'error', /GitHub server URL cannot be used/);
    assertUnknown(await ask('a/b', { serverUrl: 'nonsense' }), 'error', /GitHub server URL cannot be used/);
  });
});

describe('against a server that is not GitHub', () => {
  const start = async (handler: RequestListener): Promise<string> => {
    const server = await serve(handler);
    open.push(server);
    return server.url;
  };
  const git = (body: string | Buffer): RequestListener => {
    return (_, response) => response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' }).end(body);
  };
  const C1 = '1'.repeat(40);

  for (const [name, handler, why, detail] of [
    ['a sign-in page', (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'), 'error', /protocol of git/],
    ['no content type', (_, response) => response.writeHead(200).end('0000'), 'error', /protocol of git/],
    ['an error packet', git(pktLine('ERR access denied or repository not exported: /x')), 'error', /refused/],
    ['garbage', git('not git at all'), 'error', /packet format/],
    ['a list without an end', git(pktLine(`${C1} refs/tags/v1\n`)), 'error', /cut off/],
    ['nothing, twice', git(''), 'error', /cut off/],
    [
      'two meanings of one ref',
      git(`${pktLine(`${C1} refs/tags/v1\n`)}${pktLine(`${'2'.repeat(40)} refs/tags/v1\n`)}0000`),
      'error',
      /two things/,
    ],
    ['429', (_, response) => response.writeHead(429, { 'retry-after': '60' }).end(), 'error', /limits look-ups.*60 s/],
    ['500', (_, response) => response.writeHead(500).end(), 'error', /HTTP 500/],
    ['503', (_, response) => response.writeHead(503, { 'retry-after': new Date(NOW + 90_000).toUTCString() }).end(), 'error', /503.*90 s/],
    ['503 with nonsense', (_, response) => response.writeHead(503, { 'retry-after': '<b>later</b>' }).end(), 'error', /answered HTTP 503$/],
    ['a redirect to nowhere', (_, response) => response.writeHead(301, { location: 'http://evil.example/' }).end(), 'denied', /plain http/],
    ['204', (_, response) => response.writeHead(204).end(), 'error', /HTTP 204/],
  ] as const satisfies readonly (readonly [string, RequestListener, string, RegExp])[]) {
    it(name, async () => assertUnknown(await ask('a/b', { serverUrl: await start(handler) }), why, detail));
  }

  it('too many refs', async () => {
    const line = (index: number): string => pktLine(`${C1} refs/tags/v${index}\n`);
    const body = `${Array.from({ length: 300_001 }, (_, index) => line(index)).join('')}0000`;
    assertUnknown(await ask('a/b', { serverUrl: await start(git(body)) }), 'too-large', /more than 300000/);
  });

  it('a body without an end', async () => {
    const url = await start((_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
      flood(response, 'x'.repeat(1_000_000));
    });
    assertUnknown(await ask('a/b', { serverUrl: url }), 'too-large');
  });

  it('the token does not follow a redirect to another origin, and a 404 from there is no verdict', async () => {
    const seen: (string | undefined)[] = [];
    const elsewhere = await start((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(404).end();
    });
    const url = await start((_, response) => response.writeHead(301, { location: `${elsewhere}/a/b.git/git-upload-pack` }).end());
    assertUnknown(await ask('a/b', { serverUrl: url, token: 'secret' }), 'denied');
    assert.deepEqual(seen, [undefined]);
  });

  it('asks below the path of the base address', async () => {
    const paths: (string | undefined)[] = [];
    const url = await start((request, response) => {
      paths.push(request.url);
      git('0000')(request, response);
    });
    refsOf(await ask('a/b', { serverUrl: `${url}/git/` }));
    assert.deepEqual(paths, ['/git/a/b.git/git-upload-pack']);
  });

  it('a token with odd characters does no harm', async () => {
    const seen: (string | undefined)[] = [];
    const url = await start((request, response) => {
      seen.push(request.headers.authorization);
      git('0000')(request, response);
    });
    refsOf(await ask('a/b', { serverUrl: url, token: 'a\r\nX-Evil: 1' }));
    assert.equal(seen[0], `Basic ${Buffer.from('x-access-token:a\r\nX-Evil: 1').toString('base64')}`);
  });
});

it('what one token was shown is kept for that token, and the token is not written down', async () => {
  const serverUrl = 'https://github.example.test';
  const key = { owner: 'actions', repo: 'checkout' };
  const idWith = async (token?: string) => (await createGitRefsSource(createGitRemote({ serverUrl, token })).keepUnder?.(key, signal))?.id;
  const ids = [await idWith(), await idWith('ghp_one'), await idWith('ghp_two')];
  assert.equal(new Set(ids).size, 3);
  assert.equal(await idWith('ghp_one'), ids[1]);
  for (const id of ids) assert.doesNotMatch(id ?? '', /ghp_/);
});
