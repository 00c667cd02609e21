/**
 * What goes wrong between a workflow and its repository, for each of the git sources and for a pin: nothing crashes, nothing wrong
 * is pinned, the reason is the right one, and the time is bounded. Time-outs are tested with a clock of the test's own.
 */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:net';
import { after, afterEach, describe, it, mock } from 'node:test';
import type { Answer, Unknown } from '../../server/src/core/answer.ts';
import { gitAncestry, gitDates, gitFile, gitRefs } from '../../server/src/core/facts.ts';
import type { ActionReference } from '../../server/src/core/reference.ts';
import { format } from '../../server/src/formats/workflow.ts';
import { pinCurrent, pinSeasoned, resolvePin } from '../../server/src/rules/actions/pin-edit.ts';
import { createSources, type Sources } from '../../server/src/sources/index.ts';
import { pktLine } from '../../server/src/sources/pkt-line.ts';
import { LOOKUP_TIMEOUT_MS } from '../../server/src/sources/source.ts';
import { sourceFile } from '../support/memory-project.ts';
import { flood, type Loopback, listen, serve } from './support/loopback.ts';

const signal = new AbortController().signal;
const KEY = { owner: 'o', repo: 'r' };
const C = 'c1'.repeat(20);
const TEXT = 'on: push\njobs:\n  a:\n    steps:\n      - uses: o/r@v4\n';
const TYPE = { 'content-type': 'application/x-git-upload-pack-result' };
const REFS = `${pktLine(`${C} HEAD symref-target:refs/heads/main\n`)}${pktLine(`${C} refs/heads/main\n`)}${pktLine(`${C} refs/tags/v4\n`)}0000`;

const open: { close(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function start(handler: RequestListener): Promise<Loopback> {
  const server = await serve(handler);
  open.push(server);
  return server;
}

function sourcesAt(serverUrl: string, token?: string): Sources {
  const sources = createSources({ online: true, env: {}, serverUrl, token });
  open.push(sources);
  return sources;
}

/** Every question that a git server is asked. */
const QUESTIONS: Readonly<Record<string, (sources: Sources, at: AbortSignal) => Promise<Answer<unknown>>>> = {
  refs: ({ fetchFact }, at) => fetchFact(gitRefs, KEY, at),
  ancestry: ({ fetchFact }, at) => fetchFact(gitAncestry, { ...KEY, commit: C, tips: [C] }, at),
  dates: ({ fetchFact }, at) => fetchFact(gitDates, { ...KEY, ids: [C] }, at),
  file: ({ fetchFact }, at) => fetchFact(gitFile, { ...KEY, commit: C, paths: ['action.yml'] }, at),
};

/** The one reference of `TEXT`, pinned as the quick fix and the upgrade do it. */
async function pins(sources: Sources): Promise<readonly string[]> {
  const [action] = format.parse(sourceFile('.github/workflows/ci.yml', TEXT)).refs;
  assert.ok(action?.ecosystem === 'github-actions');
  const pinnable: ActionReference = action;
  const io = { fetch: sources.fetchFact };
  const outcomes = [pinCurrent(pinnable), pinSeasoned(pinnable)].map((choose) => resolvePin(pinnable, TEXT, { choose, io, signal }));
  return (await Promise.all(outcomes)).map((outcome) => ('failed' in outcome ? outcome.failed : 'PINNED'));
}

async function assertFails(server: { readonly url: string }, why: Unknown, detail: RegExp, token?: string): Promise<void> {
  for (const [name, ask] of Object.entries(QUESTIONS)) {
    const answer = await ask(sourcesAt(server.url, token), signal);
    assert.ok(answer.state === 'unknown', `${name}: ${JSON.stringify(answer)}`);
    assert.equal(answer.why, why, `${name}: ${answer.detail}`);
    assert.match(answer.detail ?? '', detail, name);
  }
  for (const outcome of await pins(sourcesAt(server.url, token))) assert.match(outcome, /^the refs of o\/r are not known: /);
}

const gitAnswer = (body: string | Buffer): RequestListener => {
  return (_, response) => response.writeHead(200, TYPE).end(body);
};
const status = (code: number, headers: Readonly<Record<string, string>> = {}): RequestListener => {
  return (_, response) => response.writeHead(code, headers).end('<html>no</html>');
};

describe('#55 faults of a git server', () => {
  for (const [name, handler, why, detail] of [
    ['401', status(401), 'denied', /401/],
    ['403', status(403), 'denied', /403/],
    ['404', status(404), 'denied', /does not show it without a token/],
    ['429', status(429, { 'retry-after': '7' }), 'error', /limits look-ups.*7 s/],
    ['500', status(500), 'error', /HTTP 500/],
    ['503', status(503), 'error', /HTTP 503/],
    [
      'a wrong content type',
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(REFS),
      'error',
      /protocol of git/,
    ],
    ['truncated packets', gitAnswer(REFS.slice(0, -10)), 'error', /packet format|cut off/],
    ['a packet longer than the answer', gitAnswer('ffffshort'), 'error', /cut off/],
    ['garbage', gitAnswer('<html>'), 'error', /packet format/],
    ['an empty answer', gitAnswer(''), 'error', /cut off|single objects/],
    [
      'a compressed answer',
      (_, response) => response.writeHead(200, { ...TYPE, 'content-encoding': 'gzip' }).end(REFS),
      'error',
      /compressed/,
    ],
    [
      'a connection that is reset half-way',
      (request, response) => {
        response.writeHead(200, { ...TYPE, 'content-length': '100000' });
        response.write(REFS.slice(0, 20), () => request.socket.destroy());
      },
      'error',
      /reset|closed|failed/,
    ],
    [
      'a body that is announced too large',
      (_, response) => {
        response.writeHead(200, { ...TYPE, 'content-length': String(2 ** 40) });
        response.write(REFS);
      },
      'too-large',
      /longer than/,
    ],
    [
      'a body without an end',
      (_, response) => {
        response.writeHead(200, TYPE);
        flood(response, 'x'.repeat(1_000_000));
      },
      'too-large',
      /longer than/,
    ],
    ['a redirect loop', (request, response) => response.writeHead(302, { location: request.url ?? '' }).end(), 'error', /redirects/],
    ['a redirect into plain http', status(301, { location: 'http://evil.example/o/r.git/git-upload-pack' }), 'denied', /plain http/],
    ['a redirect to a file', status(302, { location: 'file:///etc/passwd' }), 'denied', /not contacted/],
  ] as const satisfies readonly (readonly [string, RequestListener, Unknown, RegExp])[]) {
    it(name, async () => assertFails(await start(handler), why, detail));
  }

  it('nobody listens', async () => {
    const gone = await serve(() => {});
    await gone.close();
    await assertFails(gone, 'error', /refused/);
  });

  it('something that is no HTTP', async () => {
    const server = await listen(createServer((socket) => socket.on('error', () => {}).end('220 smtp ready\r\n', () => socket.destroy())));
    open.push(server);
    await assertFails(server, 'error', /not HTTP|reset|closed/);
  });

  it('another server, which a redirect names, gets no token, and its 404 is no verdict', async () => {
    const seen: (string | undefined)[] = [];
    const elsewhere = await start((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(404).end();
    });
    const server = await start((request, response) => response.writeHead(307, { location: `${elsewhere.url}${request.url}` }).end());
    await assertFails(server, 'denied', /no such repository, or does not show it/, 'secret-token');
    assert.ok(seen.length > 0);
    assert.deepEqual([...new Set(seen)], [undefined]);
  });

  it('a token that the server does not know is left out, and what is public is seen', async () => {
    const server = await start((request, response) =>
      request.headers.authorization === undefined ? gitAnswer(REFS)(request, response) : response.writeHead(401).end(),
    );
    assert.equal((await QUESTIONS.refs?.(sourcesAt(server.url, 'stale'), signal))?.state, 'known');
    assert.equal((await pins(sourcesAt(server.url, 'stale')))[0], 'PINNED', 'the server is one that can be pinned from');
  });

  it('refs that contradict each other, or ids that are none, pin nothing', async () => {
    for (const lines of [
      [`${C} refs/tags/v4`, `${'d'.repeat(40)} refs/tags/v4`],
      ['main refs/tags/v4'],
      [`${C.slice(1)} refs/tags/v4`],
      [`${C} refs/tags/v4 peeled:nothing`],
    ]) {
      const server = await start(gitAnswer(`${lines.map((line) => pktLine(`${line}\n`)).join('')}0000`));
      const [pin] = await pins(sourcesAt(server.url));
      assert.match(pin ?? '', /^the refs of o\/r are not known/);
    }
  });

  it('hostile names of refs are left out, and never written', async () => {
    const names = [
      'refs/tags/../x',
      'refs/tags/a b',
      'refs/tags/v1\u0001',
      'refs/tags/v4.2.2\u2028- run: x',
      'refs/notes/x',
      'refs/tags/',
      'tags/v4',
    ];
    const lines = [`${C} refs/tags/v4`, ...names.map((name) => `${C} ${name}`)];
    const server = await start(gitAnswer(`${lines.map((line) => pktLine(`${line}\n`)).join('')}0000`));
    const sources = sourcesAt(server.url);
    const answer = await sources.fetchFact(gitRefs, KEY, signal);
    assert.ok(answer.state === 'known', JSON.stringify(answer));
    assert.ok(
      answer.value.refs.every(({ name }) => /^refs\/tags\/[\x21-\x7e\u00a0-\uffff]+$/.test(name)),
      JSON.stringify(answer.value.refs),
    );
    assert.equal((await pins(sources))[0], 'PINNED');
  });
});

describe('bounded time', () => {
  after(() => mock.timers.reset());

  for (const [name, handler] of [
    ['no answer at all', () => {}],
    [
      'an answer that comes byte by byte',
      (_, response) => {
        response.writeHead(200, TYPE);
        response.write('0');
      },
    ],
  ] as const satisfies readonly (readonly [string, RequestListener])[]) {
    it(name, async () => {
      for (const [question, ask] of Object.entries(QUESTIONS)) {
        let asked: (() => void) | undefined;
        const reached = new Promise<void>((resolve) => {
          asked = resolve;
        });
        const server = await start((request, response) => {
          handler(request, response);
          asked?.();
        });
        mock.timers.enable({ apis: ['setTimeout'] });
        const answer = ask(sourcesAt(server.url), signal);
        await reached;
        mock.timers.tick(LOOKUP_TIMEOUT_MS);
        const told = await answer;
        mock.timers.reset();
        assert.ok(told.state === 'unknown', question);
        assert.equal(told.why, 'timeout', question);
      }
    });
  }

  it('who gives up ends the look-up at once', async () => {
    for (const [question, ask] of Object.entries(QUESTIONS)) {
      const stop = new AbortController();
      const closed = new Promise<void>((resolve) => {
        void start((request) => {
          request.socket.once('close', () => resolve());
          stop.abort();
        }).then(async (server) => {
          const told = await ask(sourcesAt(server.url), stop.signal);
          assert.equal(told.state === 'unknown' && told.why, 'pending', question);
        });
      });
      await closed;
    }
  });
});
