import assert from 'node:assert/strict';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { Answer } from '../../server/src/core/answer.ts';
import { gitRefs, imageDigest } from '../../server/src/core/facts.ts';
import { npmPackument, npmVersions } from '../../server/src/core/npm-facts.ts';
import { ok } from '../../server/src/core/result.ts';
import { DEFAULT_REST_MS, HOST_PAUSE_MS, MAX_REST_MS, MAX_SERVER_ERRORS_IN_A_ROW } from '../../server/src/sources/http.ts';
import { createSources, type Sources } from '../../server/src/sources/index.ts';
import { PACKUMENT_TIMEOUT_MS } from '../../server/src/sources/npm-registry.ts';
import { clockTime } from '../../server/src/sources/retry-after.ts';
import { withFolder } from '../support/folder.ts';
import { flood, type Loopback, listen, serve, serveTls } from './support/loopback.ts';
import { createKeyPair } from './support/token-server.ts';

const signal = new AbortController().signal;

/** Longest time for a fault that needs no time limit of ours to show. */
const SOON_MS = 4_000;

/** One source of each type, pointed at one server, with a credential of its own. */
interface Kind {
  readonly name: string;
  ask(sources: Sources, host: string, question: number): Promise<Answer<unknown>>;
}

const KINDS: readonly Kind[] = [
  { name: 'git-refs', ask: ({ fetchFact }, _, n) => fetchFact(gitRefs, { owner: 'actions', repo: `r${n}` }, signal) },
  {
    name: 'oci-registry',
    ask: ({ fetchFact }, host, n) => fetchFact(imageDigest, { registry: host, repository: `app${n}`, tag: '1' }, signal),
  },
  { name: 'npm-registry', ask: ({ fetchFact }, _, n) => fetchFact(npmVersions, { name: `p${n}` }, signal) },
  { name: 'npm-packument', ask: ({ fetchFact }, _, n) => fetchFact(npmPackument, { name: `p${n}` }, signal) },
];

function connect(url: string, now?: () => number): Sources {
  return createSources({
    online: true,
    env: {},
    serverUrl: url,
    token: 'git-secret',
    credentials: async () => ({ kind: 'password', username: 'u', password: 'oci-secret' }),
    registryOf: async () => ok({ url, isMapped: false, authorization: 'Bearer npm-secret' }),
    ...(now === undefined ? {} : { now }),
  });
}

const CREDENTIAL = /^(?:Bearer npm-secret|Basic )/;

/** A server that misbehaves in one way, and what is to come of it. */
interface Fault {
  readonly name: string;
  readonly handler: RequestListener;
  /** Reasons that are right; `absent` where the source says that there is no such thing. */
  readonly right: readonly string[];
  readonly detail?: RegExp;
  readonly limitMs?: number;
}

const status =
  (code: number, headers: Record<string, string> = {}, body = ''): RequestListener =>
  (request, response) => {
    request.resume();
    response.writeHead(code, headers).end(body);
  };

const FAULTS: readonly Fault[] = [
  { name: 'reset before the answer', handler: (request) => request.socket.resetAndDestroy(), right: ['error'], detail: /reset|closed/ },
  {
    name: 'reset half-way',
    handler: (request, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{"name":');
      setTimeout(() => request.socket.destroy(), 20);
    },
    right: ['error'],
  },
  {
    name: 'slow bytes',
    handler: (request, response) => {
      if (request.method === 'HEAD') return void setTimeout(() => response.destroy(), 6_000);
      response.writeHead(200, { 'content-length': '100000' });
      const timer = setInterval(() => response.write(' '), 100);
      response.on('close', () => clearInterval(timer));
    },
    right: ['timeout'],
    limitMs: PACKUMENT_TIMEOUT_MS + 2_000,
  },
  { name: 'silence', handler: () => undefined, right: ['timeout'], limitMs: PACKUMENT_TIMEOUT_MS + 2_000 },
  {
    name: 'truncated JSON',
    handler: status(200, { 'content-type': 'application/json' }, '{"name":"p1","versions":{"1.0.0":{'),
    right: ['error'],
  },
  { name: 'the wrong type', handler: status(200, { 'content-type': 'text/html' }, '<html>Sign in to the hotel</html>'), right: ['error'] },
  { name: 'an empty answer', handler: status(200), right: ['error'] },
  {
    name: 'a body without an end',
    handler: (request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      if (request.method === 'HEAD') return void response.end();
      flood(response, ' '.repeat(1 << 20));
    },
    right: ['too-large', 'error'],
    limitMs: PACKUMENT_TIMEOUT_MS,
  },
  { name: '401', handler: status(401), right: ['denied'] },
  { name: '403', handler: status(403, {}, 'blocked: malware'), right: ['denied'] },
  { name: '404', handler: status(404), right: ['absent', 'denied'] },
  { name: '429', handler: status(429), right: ['error'], detail: /HTTP 429/ },
  { name: '500', handler: status(500), right: ['error'], detail: /HTTP 500/ },
  { name: '503', handler: status(503), right: ['error'], detail: /HTTP 503/ },
  { name: '418', handler: status(418), right: ['error'], detail: /HTTP 418/ },
  {
    name: 'a redirect loop',
    handler: (request, response) => response.writeHead(307, { location: request.url ?? '/' }).end(),
    right: ['error'],
    detail: /more than 5 redirects/,
  },
  {
    name: 'a redirect to plain http',
    handler: status(302, { location: 'http://npm.example.test/x' }),
    right: ['denied'],
    detail: /redirects.*plain http/,
  },
  { name: 'a redirect to a file', handler: status(302, { location: 'file:///etc/passwd' }), right: ['denied'], detail: /file:/ },
  { name: 'a redirect to nowhere', handler: status(302, { location: 'http://' }), right: ['denied', 'error'] },
  {
    name: 'bytes that are no HTTP',
    handler: (request) => request.socket.end('SSH-2.0-OpenSSH_9.6\r\n'),
    right: ['error'],
    detail: /not HTTP|reset|closed/,
  },
];

async function expectUnknown(
  kind: Kind,
  url: string,
  { right, detail, limitMs = SOON_MS }: Pick<Fault, 'right' | 'detail' | 'limitMs'>,
): Promise<void> {
  const sources = connect(url);
  const startedAt = performance.now();
  try {
    const answer = await kind.ask(sources, new URL(url).host, 1);
    const said = answer.state === 'unknown' ? answer.why : answer.state;
    assert.ok(right.includes(said), `${kind.name}: ${JSON.stringify(answer)}`);
    if (answer.state === 'unknown') {
      assert.ok(answer.detail, `${kind.name} says why`);
      assert.doesNotMatch(answer.detail, /secret/);
      if (detail !== undefined) assert.match(answer.detail, detail);
    }
    assert.ok(performance.now() - startedAt < limitMs, `${kind.name} took ${performance.now() - startedAt} ms`);
  } finally {
    await sources.close();
  }
}

describe('a server that fails', { concurrency: true }, () => {
  for (const fault of FAULTS) {
    it(`${fault.name}: ${fault.right.join(' or ')}, in time, and nothing known`, async () => {
      const server = await serve(fault.handler);
      try {
        await Promise.all(KINDS.map((kind) => expectUnknown(kind, server.url, fault)));
      } finally {
        await server.close();
      }
    });
  }

  it('refused: error', async () => {
    const closed = await listen(createServer());
    await closed.close();
    await Promise.all(KINDS.map((kind) => expectUnknown(kind, closed.url, { right: ['error'], detail: /refused/ })));
  });

  it('an unknown host: error', async () => {
    await Promise.all(
      KINDS.map((kind) =>
        expectUnknown(kind, 'https://host.invalid', { right: ['error', 'timeout'], limitMs: PACKUMENT_TIMEOUT_MS + 2_000 }),
      ),
    );
  });
});

describe('a certificate that nobody vouches for', () => {
  it('error, with a hint at NODE_EXTRA_CA_CERTS; no request is sent', async () => {
    let requests = 0;
    const keys = await withFolder({}, async (folder) => createKeyPair(folder, ['localhost']));
    const server = await serveTls(keys, (_, response) => {
      requests++;
      response.end();
    });
    try {
      for (const kind of KINDS) {
        // Registries on this machine are asked without encryption, as Docker does it.
        const detail = kind.name === 'oci-registry' ? /./ : /certificate is not trusted .*NODE_EXTRA_CA_CERTS/;
        await expectUnknown(kind, server.url, { right: ['error'], detail });
      }
      assert.equal(requests, 0);
    } finally {
      await server.close();
    }
  });
});

describe('credentials', () => {
  for (const kind of KINDS) {
    it(`of ${kind.name} stay where they belong when the server sends us elsewhere`, async () => {
      const seen: { readonly at: string; readonly authorization: string | undefined }[] = [];
      const note = (at: string, { headers: { authorization } }: IncomingMessage): number => seen.push({ at, authorization });
      const other = await serve((request, response) => {
        note('other', request);
        response.writeHead(401, { 'www-authenticate': 'Basic realm="give"' }).end();
      });
      const home = await serve((request, response) => {
        note('home', request);
        const isChallenge = kind.name === 'oci-registry' && request.headers.authorization === undefined;
        if (isChallenge) response.writeHead(401, { 'www-authenticate': 'Basic realm="home"' }).end();
        else response.writeHead(307, { location: `${other.url}${request.url}` }).end();
      });
      const sources = connect(home.url);
      try {
        assert.equal((await kind.ask(sources, home.host, 1)).state, 'unknown');
        assert.ok(
          seen.some(({ at, authorization }) => at === 'home' && CREDENTIAL.test(authorization ?? '')),
          JSON.stringify(seen),
        );
        assert.ok(seen.some(({ at }) => at === 'other'));
        assert.deepEqual(
          seen.filter(({ at, authorization }) => at === 'other' && authorization !== undefined),
          [],
        );
      } finally {
        await sources.close();
        await Promise.all([home.close(), other.close()]);
      }
    });
  }
});

describe('a host that limits look-ups', () => {
  const NOW = Date.UTC(2026, 0, 1, 12);
  let server: Loopback;
  let requests = 0;
  let reply: RequestListener = status(429);
  before(async () => {
    server = await serve((request, response) => {
      requests++;
      reply(request, response);
    });
  });
  after(() => server.close());

  /** How often a host was asked, and what was said of the last question, of several that come one after the other. */
  async function series(
    kind: Kind,
    clock: { now: number },
    steps: readonly number[],
  ): Promise<{ requests: number; last: Answer<unknown> }> {
    const sources = connect(server.url, () => clock.now);
    requests = 0;
    let last: Answer<unknown> = { state: 'absent', asOf: 0 };
    for (const [question, ms] of steps.entries()) {
      clock.now += ms;
      last = await kind.ask(sources, server.host, question);
    }
    await sources.close();
    return { requests, last };
  }

  for (const kind of KINDS.filter(({ name }) => name !== 'git-refs')) {
    for (const [what, headers, restMs] of [
      ['seconds', { 'retry-after': '120' }, 120_000],
      ['a date', { 'retry-after': new Date(NOW + 90_000).toUTCString() }, 90_000],
      ['no word', {}, DEFAULT_REST_MS],
      ['a word that makes no sense', { 'retry-after': 'soon' }, DEFAULT_REST_MS],
      ['a week', { 'retry-after': '604800' }, MAX_REST_MS],
    ] as const) {
      it(`429 with ${what}: ${kind.name} leaves it alone for ${restMs / 1000} s and says until when`, async () => {
        reply = status(429, headers);
        const { requests: asked, last } = await series(kind, { now: NOW }, [0, 1, restMs - 2]);
        assert.equal(asked, 1);
        assert.equal(last.state === 'unknown' && last.why, 'error');
        assert.match(last.state === 'unknown' ? (last.detail ?? '') : '', new RegExp(`rate limited until ${clockTime(NOW + restMs)}$`));
        assert.equal((await series(kind, { now: NOW }, [0, restMs])).requests, 2);
      });
    }
  }

  const npm = KINDS.find(({ name }) => name === 'npm-registry') ?? assert.fail();
  it('503 with Retry-After counts too, and without it four of them in a row, longer each time', async () => {
    for (const code of [503, 403]) {
      reply = status(code, { 'retry-after': '60' });
      const { requests: asked, last } = await series(npm, { now: NOW }, [0, 59_000]);
      assert.equal(asked, 1);
      assert.equal(last.state === 'unknown' && last.why, 'error');
    }
    reply = status(503);
    const few = Array.from({ length: MAX_SERVER_ERRORS_IN_A_ROW }, () => 0);
    const { requests: asked, last } = await series(npm, { now: NOW }, [...few, 0, HOST_PAUSE_MS - 1]);
    assert.equal(asked, few.length);
    assert.match(last.state === 'unknown' ? (last.detail ?? '') : '', /not asked again before \d\d:\d\d, it answered with errors before/);
    assert.equal((await series(npm, { now: NOW }, [...few, HOST_PAUSE_MS, HOST_PAUSE_MS])).requests, few.length + 1, 'twice as long');
    assert.equal((await series(npm, { now: NOW }, [...few, HOST_PAUSE_MS, 2 * HOST_PAUSE_MS])).requests, few.length + 2);
  });

  it('a good answer in between starts the count again', async () => {
    let count = 0;
    reply = (request, response) => status(++count % 3 === 0 ? 404 : 500)(request, response);
    assert.equal(
      (
        await series(
          npm,
          { now: NOW },
          Array.from({ length: 12 }, () => 0),
        )
      ).requests,
      12,
    );
  });
});
