import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { after, afterEach, before, describe, it, mock } from 'node:test';
import type { FactKind } from '../../server/src/core/answer.ts';
import { gitRefs, imageDigest } from '../../server/src/core/facts.ts';
import { ABSENT_TTL_MS, FAILURE_TTL_MS, MAX_CACHED_ANSWERS } from '../../server/src/sources/fetcher.ts';
import { REFS_TTL_MS } from '../../server/src/sources/git-refs.ts';
import { createSources, type Sources, type SourcesOptions } from '../../server/src/sources/index.ts';
import { until } from '../support/until.ts';
import { type GitServer, startGitServer } from './support/git-server.ts';
import { type Loopback, serve } from './support/loopback.ts';
import { type Registry, startRegistry } from './support/registry.ts';

const signal = new AbortController().signal;
const CHECKOUT = { owner: 'actions', repo: 'checkout' };

const open: Loopback[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

describe('createSources', () => {
  let git: GitServer;
  let registry: Registry;
  before(async () => {
    git = await startGitServer({ 'actions/checkout': { branches: { main: 'c1' }, tags: { v4: 'c1' } } });
    registry = await startRegistry({ 'app:1': { kind: 'index' } });
  });
  after(async () => {
    await Promise.all([git.close(), registry.close()]);
  });
  const sources = (options: Partial<SourcesOptions> = {}): Sources =>
    createSources({ online: true, serverUrl: git.url, env: {}, ...options });

  it('answers both kinds of facts', async () => {
    const { fetchFact, close } = sources();
    const refs = await fetchFact(gitRefs, CHECKOUT, signal);
    assert.equal(refs.state === 'known' && refs.value.head, 'refs/heads/main');
    const image = await fetchFact(imageDigest, { registry: registry.host, repository: 'app', tag: '1' }, signal);
    assert.equal(image.state === 'known' && image.value.digest, registry.digest('app:1'));
    await close();
  });

  it('names its hosts for the privacy table', () => {
    const table = sources({ serverUrl: 'https://ghe.example/x' }).sources;
    assert.deepEqual(
      table.map(({ id }) => id),
      [
        'git-refs',
        'git-ancestry',
        'git-dates',
        'git-file',
        'first-seen',
        'oci-registry',
        'oci-manifest',
        'oci-content',
        'npm-registry',
        'npm-packument',
        'npm-keys',
        'npm-provenance',
        'npm-advisories',
        'npm-lock-advisories',
      ],
    );
    assert.equal(table[0]?.hosts[0]?.host, 'ghe.example');
    for (const { hosts } of table) for (const { reason } of hosts) assert.match(reason, /^[A-Z].*learns.*\.$/);
  });

  it('opens no socket when offline', async () => {
    const connect = mock.method(Socket.prototype, 'connect');
    const { fetchFact } = sources({ online: false });
    assert.deepEqual(await fetchFact(gitRefs, CHECKOUT, signal), { state: 'unknown', why: 'offline', detail: 'look-ups are off' });
    const image = await fetchFact(imageDigest, { registry: registry.host, repository: 'app', tag: '1' }, signal);
    assert.equal(image.state === 'unknown' && image.why, 'offline');
    assert.equal(connect.mock.callCount(), 0);
    connect.mock.restore();
  });

  it('does not know other kinds of facts', async () => {
    const kind: FactKind<string, string> = { id: 'weather', key: (place) => place, purl: (place) => place };
    const answer = await sources().fetchFact(kind, 'here', signal);
    assert.equal(answer.state === 'unknown' && answer.why, 'error');
  });

  it('asks once for 30 equal questions, at the same time and one after the other, whatever the case', async () => {
    const { fetchFact } = sources();
    const before = git.requests.length;
    await Promise.all(Array.from({ length: 30 }, () => fetchFact(gitRefs, CHECKOUT, signal)));
    for (let index = 0; index < 30; index++) await fetchFact(gitRefs, { owner: 'Actions', repo: 'Checkout' }, signal);
    assert.equal(git.requests.length - before, 1);
  });

  it('asks once for 30 equal questions that fail', async () => {
    const { fetchFact } = sources();
    const before = git.requests.length;
    for (let index = 0; index < 30; index++) {
      const answer = await fetchFact(gitRefs, { owner: 'no', repo: 'such' }, signal);
      assert.equal(answer.state === 'unknown' && answer.why, 'denied');
    }
    assert.equal(git.requests.length - before, 1);
  });

  it('asks again when an answer is old', async () => {
    let now = 1_000_000;
    const { fetchFact } = sources({ now: () => now });
    const before = git.requests.length;
    const ask = async (repo: string): Promise<number> => {
      await fetchFact(gitRefs, { owner: 'actions', repo }, signal);
      return git.requests.length - before;
    };
    assert.equal(await ask('checkout'), 1);
    now += REFS_TTL_MS - 1;
    assert.equal(await ask('checkout'), 1);
    now += 1;
    assert.equal(await ask('checkout'), 2);
    assert.equal(await ask('none'), 3);
    now += ABSENT_TTL_MS - 1;
    assert.equal(await ask('none'), 3);
    now += 1;
    assert.equal(await ask('none'), 4);
  });

  it('asks again soon after a failure, and forgets everything on close', async () => {
    let now = 1_000_000;
    let requests = 0;
    const broken = await serve((_, response) => {
      requests++;
      response.writeHead(500).end();
    });
    open.push(broken);
    const { fetchFact, close } = sources({ serverUrl: broken.url, now: () => now });
    await fetchFact(gitRefs, CHECKOUT, signal);
    now += FAILURE_TTL_MS - 1;
    await fetchFact(gitRefs, CHECKOUT, signal);
    assert.equal(requests, 1);
    now += 1;
    await fetchFact(gitRefs, CHECKOUT, signal);
    assert.equal(requests, 2);
    await close();
    await fetchFact(gitRefs, CHECKOUT, signal);
    assert.equal(requests, 3);
  });

  it('keeps a bounded number of answers', async () => {
    let requests = 0;
    const missing = await serve((_, response) => {
      requests++;
      response.writeHead(404).end();
    });
    open.push(missing);
    const { fetchFact } = sources({ serverUrl: missing.url });
    const ask = (index: number): unknown => fetchFact(gitRefs, { owner: 'o', repo: `r${index}` }, signal);
    await Promise.all(Array.from({ length: MAX_CACHED_ANSWERS + 1 }, (_, index) => ask(index)));
    await ask(MAX_CACHED_ANSWERS);
    assert.equal(requests, MAX_CACHED_ANSWERS + 1);
    await ask(0);
    assert.equal(requests, MAX_CACHED_ANSWERS + 2);
  });
});

describe('cancelling', () => {
  let silent: Loopback;
  let requests = 0;
  let closed = 0;
  before(async () => {
    silent = await serve((_, response) => {
      requests++;
      response.on('close', () => closed++);
    });
  });
  after(() => silent.close());

  it('one of two leaves the other one waiting; the last one closes the connection', async () => {
    const { fetchFact } = createSources({ online: true, serverUrl: silent.url, env: {} });
    const [first, second] = [new AbortController(), new AbortController()];
    const answers = [fetchFact(gitRefs, CHECKOUT, first.signal), fetchFact(gitRefs, CHECKOUT, second.signal)];
    await until('it never came', () => requests === 1);
    first.abort();
    assert.deepEqual(await answers[0], { state: 'unknown', why: 'pending', detail: 'cancelled' });
    const isStillWaiting = await Promise.race([answers[1], new Promise((resolve) => setTimeout(() => resolve('waiting'), 100))]);
    assert.equal(isStillWaiting, 'waiting');
    assert.equal(closed, 0);
    second.abort();
    assert.deepEqual(await answers[1], { state: 'unknown', why: 'pending', detail: 'cancelled' });
    await until('it never came', () => closed === 1);
    assert.equal(requests, 1);
  });

  it('is not remembered as an answer', async () => {
    const { fetchFact } = createSources({ online: true, serverUrl: silent.url, env: {} });
    const before = requests;
    for (let index = 1; index <= 2; index++) {
      const abort = new AbortController();
      const answer = fetchFact(gitRefs, CHECKOUT, abort.signal);
      await until('it never came', () => requests === before + index);
      abort.abort();
      await answer;
    }
    const answer = await fetchFact(gitRefs, CHECKOUT, AbortSignal.abort());
    assert.equal(answer.state, 'unknown');
    assert.equal(requests, before + 2);
  });
});
