import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { createServer, type Server, Socket } from 'node:net';
import { afterEach, describe, it, mock } from 'node:test';
import {
  createHttp,
  HOST_PAUSE_MS,
  type HttpFailure,
  type HttpRequest,
  type HttpResponse,
  MAX_PARALLEL_PER_HOST,
  MAX_REDIRECTS,
  MAX_TIMEOUTS_IN_A_ROW,
} from '../../server/src/sources/http.ts';
import { until } from '../support/until.ts';
import { bodyOf, flood, type Loopback, listen, serve } from './support/loopback.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

const never = new AbortController().signal;

async function server(handler: RequestListener): Promise<Loopback> {
  const started = await serve(handler);
  open.push(started);
  return started;
}

async function rawServer(onConnection: (socket: Socket) => void): Promise<Loopback & { readonly net: Server }> {
  const sockets = new Set<Socket>();
  const net = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  const started = await listen(net);
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      return started.close();
    },
  });
  return { ...started, net };
}

function client(options: Partial<Parameters<typeof createHttp>[0]> = {}): ReturnType<typeof createHttp> {
  const http = createHttp({ online: true, env: {}, ...options });
  open.push(http);
  return http;
}

function get(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'GET', url, maxBytes: 1_000, timeoutMs: 2_000, ...more };
}

async function succeed(request: HttpRequest, http = client(), signal: AbortSignal = never): Promise<HttpResponse> {
  const answered = await http.request(request, signal);
  assert.ok(answered.ok, answered.ok ? '' : `${answered.error.why}: ${answered.error.detail}`);
  return answered.value;
}

async function failWith(request: HttpRequest, http = client(), signal: AbortSignal = never): Promise<HttpFailure> {
  const answered = await http.request(request, signal);
  assert.ok(!answered.ok, 'expected a failure');
  return answered.error;
}

function text(response: HttpResponse): string {
  return Buffer.from(response.body).toString('utf8');
}

describe('a request', () => {
  it('gives status, headers, body and address', async () => {
    const { url } = await server((_, response) => response.writeHead(418, { 'X-Tea': ['a', 'b'] }).end('short'));
    const response = await succeed(get(`${url}/pot?x=1`));
    assert.equal(response.status, 418);
    assert.equal(response.headers.get('x-tea'), 'a, b');
    assert.equal(text(response), 'short');
    assert.equal(response.url.href, `${url}/pot?x=1`);
  });

  it('sends method, headers and body, and asks for no compression', async () => {
    const { url } = await server(async (request, response) => {
      const { method, headers } = request;
      response.end(JSON.stringify({ method, headers, body: (await bodyOf(request)).toString() }));
    });
    const response = await succeed(get(url, { method: 'POST', headers: { 'X-Mine': '1', Accept: 'a/b' }, body: Buffer.from('ü') }));
    const seen = JSON.parse(text(response)) as { method: string; headers: Record<string, string>; body: string };
    assert.equal(seen.method, 'POST');
    assert.equal(seen.body, 'ü');
    assert.equal(seen.headers['content-length'], '2');
    assert.equal(seen.headers['x-mine'], '1');
    assert.equal(seen.headers.accept, 'a/b');
    assert.equal(seen.headers['accept-encoding'], 'identity');
    assert.equal(seen.headers['user-agent'], 'waybill');
    assert.equal(seen.headers.authorization, undefined);
  });

  it('gives the headers of HEAD, however long the body would be', async () => {
    const { url } = await server((_, response) => response.writeHead(200, { 'content-length': '999999', 'x-digest': 'd' }).end());
    const response = await succeed(get(url, { method: 'HEAD' }));
    assert.equal(response.headers.get('x-digest'), 'd');
    assert.equal(response.body.length, 0);
  });

  it('works over IPv6 and by name', async () => {
    const { port } = await server((_, response) => response.end('hi'));
    assert.equal(text(await succeed(get(`http://localhost:${port}/`))), 'hi');
  });

  it('reuses connections, and asks again when the server had closed an idle one', async () => {
    let connections = 0;
    let requests = 0;
    const { net, url } = await rawServer((socket) => {
      connections++;
      let isFirst = true;
      socket.on('data', () => {
        requests++;
        if (isFirst) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok');
        else socket.resetAndDestroy();
        isFirst = false;
      });
    });
    const http = client();
    assert.equal(text(await succeed(get(url), http)), 'ok');
    assert.equal(text(await succeed(get(url), http)), 'ok');
    assert.deepEqual({ connections, requests }, { connections: 2, requests: 3 });
    assert.ok(net.listening);
  });
});

describe('what may be contacted', () => {
  for (const [address, reason] of [
    ['http://example.com/', /plain http/],
    ['http://10.0.0.1/', /plain http/],
    ['http://127.0.0.1.example.com/', /plain http/],
    ['http://localhost.example.com/', /plain http/],
    ['http://128.0.0.1/', /plain http/],
    ['ftp://localhost/', /ftp:/],
    ['file:///etc/passwd', /file:/],
    ['https://user:hunter2@example.com/', /user name/],
    ['not a url', /not a URL/],
    ['', /not a URL/],
  ] as const) {
    it(`not ${address || 'nothing'}`, async () => {
      const connect = mock.method(Socket.prototype, 'connect');
      const failure = await failWith(get(address));
      assert.equal(failure.why, 'denied');
      assert.match(failure.detail, reason);
      assert.ok(!failure.detail.includes('hunter2'));
      assert.equal(connect.mock.callCount(), 0);
      connect.mock.restore();
    });
  }

  it('nothing at all when offline', async () => {
    const connect = mock.method(Socket.prototype, 'connect');
    const { url } = await server((_, response) => response.end());
    const before = connect.mock.callCount();
    const failure = await failWith(get(url), client({ online: false }));
    assert.equal(failure.why, 'offline');
    assert.equal(connect.mock.callCount(), before);
    connect.mock.restore();
  });
});

describe('redirects', () => {
  it('keep method and body of a POST, and the authorization within the origin', async () => {
    const { url } = await server(async (request, response) => {
      if (request.url === '/old') return void response.writeHead(301, { location: '/new' }).end();
      response.end(`${request.method} ${await bodyOf(request)} ${request.headers.authorization}`);
    });
    const response = await succeed(get(`${url}/old`, { method: 'POST', body: Buffer.from('q'), headers: { authorization: 'secret' } }));
    assert.equal(text(response), 'POST q secret');
    assert.equal(response.url.pathname, '/new');
  });

  it('turn a POST into a GET for 303 only', async () => {
    const { url } = await server(async (request, response) => {
      if (request.url === '/old') return void response.writeHead(303, { location: 'new' }).end();
      response.end(`${request.method} ${await bodyOf(request)}`);
    });
    assert.equal(text(await succeed(get(`${url}/old`, { method: 'POST', body: Buffer.from('q') }))), 'GET ');
  });

  it('lose the authorization across origins, for good', async () => {
    const seen: (string | undefined)[] = [];
    const first = await server((request, response) => {
      seen.push(request.headers.authorization);
      if (request.url === '/back') response.end('done');
      else response.writeHead(307, { location: `${second.url}/there` }).end();
    });
    const second = await server((request, response) => {
      seen.push(request.headers.authorization, request.headers.cookie);
      response.writeHead(302, { location: `${first.url}/back` }).end();
    });
    const response = await succeed(get(first.url, { headers: { Authorization: 'secret', Cookie: 'c' } }));
    assert.equal(text(response), 'done');
    assert.deepEqual(seen, ['secret', undefined, undefined, undefined]);
  });

  it('end after a few', async () => {
    let count = 0;
    const { url } = await server((_, response) => response.writeHead(302, { location: `/${++count}` }).end());
    const failure = await failWith(get(url));
    assert.equal(failure.why, 'error');
    assert.match(failure.detail, /redirects/);
    assert.equal(count, MAX_REDIRECTS + 1);
  });

  it('share one time limit', async () => {
    const { url } = await server((_, response) => void setTimeout(() => response.writeHead(302, { location: '/' }).end(), 80));
    // With a limit for each of them it would end after a few, as above.
    assert.equal((await failWith(get(url, { timeoutMs: 200 }))).why, 'timeout');
  });

  it('go nowhere that may not be contacted', async () => {
    for (const location of ['http://example.com/', 'file:///etc/passwd', 'https://u:p@example.com/', 'http://[', 'javascript:1']) {
      const { url } = await server((_, response) => response.writeHead(302, { location }).end());
      const failure = await failWith(get(url));
      assert.equal(failure.why, 'denied', location);
      assert.ok(!failure.detail.includes('u:p'));
    }
  });

  it('are an ordinary answer without an address, and 304 is none', async () => {
    const { url } = await server((request, response) =>
      response.writeHead(request.url === '/304' ? 304 : 302, request.url === '/304' ? { location: '/' } : {}).end(),
    );
    assert.equal((await succeed(get(url))).status, 302);
    assert.equal((await succeed(get(`${url}/304`))).status, 304);
  });

  it('do not read what comes with them', async () => {
    const { url } = await server((request, response) => {
      if (request.url === '/new') return response.end('ok');
      response.writeHead(302, { location: '/new' });
      flood(response, 'x'.repeat(65_536));
    });
    assert.equal(text(await succeed(get(url))), 'ok');
  });
});

describe('failures', () => {
  it('connection refused', async () => {
    const { url, close } = await serve(() => {});
    await close();
    const failure = await failWith(get(url));
    assert.equal(failure.why, 'error');
    assert.match(failure.detail, /^127\.0\.0\.1:\d+: the connection was refused \(ECONNREFUSED\)$/);
  });

  it('an unknown host name', async () => {
    const failure = await failWith(get('https://waybill-test.invalid/?token=secret'));
    assert.ok(['error', 'timeout'].includes(failure.why));
    assert.match(failure.detail, /^waybill-test\.invalid: /);
    assert.ok(!failure.detail.includes('secret'));
  });

  it('reset before the answer', async () => {
    const { url } = await rawServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    assert.match((await failWith(get(url))).detail, /reset/);
  });

  it('reset half way', async () => {
    const { url } = await server((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => setTimeout(() => response.socket?.resetAndDestroy(), 20));
    });
    assert.equal((await failWith(get(url))).why, 'error');
  });

  it('a body that ends early', async () => {
    const { url } = await rawServer((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')),
    );
    assert.equal((await failWith(get(url))).why, 'error');
  });

  it('a chunked body that ends early', async () => {
    const { url } = await rawServer((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')),
    );
    assert.equal((await failWith(get(url))).why, 'error');
  });

  it('no HTTP', async () => {
    const { url } = await rawServer((socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.9\r\n')));
    assert.match((await failWith(get(url))).detail, /not HTTP/);
  });

  it('a change of protocol that nobody asked for', async () => {
    const { url } = await rawServer((socket) =>
      socket.once('data', () => socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n')),
    );
    assert.equal((await failWith(get(url))).why, 'error');
  });

  it('headers that do not end', async () => {
    const { url } = await rawServer((socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n');
        flood(socket, `X-${'a'.repeat(9_000)}: b\r\n`);
      }),
    );
    assert.equal((await failWith(get(url))).why, 'error');
  });

  it('a server that says nothing', async () => {
    const { url } = await rawServer(() => {});
    const failure = await failWith(get(url, { timeoutMs: 100 }));
    assert.deepEqual(failure.why, 'timeout');
    assert.match(failure.detail, /100 ms/);
  });

  it('a server that sends a byte now and then', async () => {
    const { url } = await server((_, response) => {
      const timer = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(timer));
    });
    assert.equal((await failWith(get(url, { timeoutMs: 150 }))).why, 'timeout');
  });

  it('a body that is too long, announced', async () => {
    const { url } = await server((_, response) => response.writeHead(200, { 'content-length': '1001' }).end('x'.repeat(1001)));
    assert.equal((await failWith(get(url))).why, 'too-large');
  });

  it('a body that is too long, without an end', async () => {
    let sent = 0;
    const { url } = await server((_, response) => {
      const flood = (): void => {
        if (response.destroyed) return;
        sent += 65_536;
        response.write('x'.repeat(65_536));
        setImmediate(flood);
      };
      flood();
    });
    assert.equal((await failWith(get(url))).why, 'too-large');
    assert.ok(sent < 64 * 1024 * 1024);
  });

  it('a compressed body', async () => {
    const { url } = await server((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'));
    assert.match((await failWith(get(url))).detail, /compressed/);
  });

  it('a header that cannot be sent, without quoting it', async () => {
    const failure = await failWith(get('http://127.0.0.1:1/', { headers: { authorization: 'tok\nen' } }));
    assert.equal(failure.why, 'error');
    assert.ok(!failure.detail.includes('tok'));
  });

  it('plain http on the port of https', async () => {
    const { port } = await server((_, response) => response.end());
    assert.equal((await failWith(get(`https://127.0.0.1:${port}/`))).why, 'error');
  });
});

describe('cancelling', () => {
  it('before the request', async () => {
    const { url } = await server((_, response) => response.end());
    const failure = await failWith(get(url), client(), AbortSignal.abort());
    assert.equal(failure.why, 'aborted');
  });

  it('before the answer, and the connection is closed', async () => {
    const abort = new AbortController();
    let isClosed = false;
    const { url } = await rawServer((socket) => {
      socket.once('data', () => abort.abort());
      socket.on('close', () => {
        isClosed = true;
      });
    });
    assert.equal((await failWith(get(url), client(), abort.signal)).why, 'aborted');
    await until('it never came', () => isClosed);
  });

  it('in the middle of the body', async () => {
    const abort = new AbortController();
    let isClosed = false;
    const { url } = await server((_, response) => {
      response.on('close', () => {
        isClosed = true;
      });
      response.write('half', () => setTimeout(() => abort.abort(), 20));
    });
    assert.equal((await failWith(get(url), client(), abort.signal)).why, 'aborted');
    await until('it never came', () => isClosed);
  });

  it('while waiting for a free slot, without a request', async () => {
    let requests = 0;
    const abort = new AbortController();
    const { url } = await server(() => {
      if (++requests === MAX_PARALLEL_PER_HOST) setTimeout(() => abort.abort(), 20);
    });
    const http = client();
    const all = Array.from({ length: MAX_PARALLEL_PER_HOST + 3 }, () => failWith(get(url), http, abort.signal));
    for (const failure of await Promise.all(all)) assert.equal(failure.why, 'aborted');
    assert.equal(requests, MAX_PARALLEL_PER_HOST);
    const { url: other } = await server((_, response) => response.end('free'));
    assert.equal(text(await succeed(get(other), http)), 'free');
  });

  it('leaves no listener behind', async () => {
    const { url } = await server((_, response) => response.end());
    const abort = new AbortController();
    const add = mock.method(abort.signal, 'addEventListener');
    const remove = mock.method(abort.signal, 'removeEventListener');
    await succeed(get(url), client(), abort.signal);
    assert.equal(remove.mock.callCount(), add.mock.callCount());
  });
});

describe('limits per host', () => {
  it('four requests at a time, all of them in the end', async () => {
    let running = 0;
    let most = 0;
    const { url } = await server((_, response) => {
      most = Math.max(most, ++running);
      setTimeout(() => {
        running--;
        response.end();
      }, 10);
    });
    const http = client();
    await Promise.all(Array.from({ length: 20 }, () => succeed(get(url), http)));
    assert.equal(most, MAX_PARALLEL_PER_HOST);
  });

  it('waiting does not use up the time limit', async () => {
    const { url } = await server((_, response) => void setTimeout(() => response.end(), 80));
    const http = client();
    await Promise.all(Array.from({ length: 16 }, () => succeed(get(url, { timeoutMs: 200 }), http)));
  });

  it('a slow host does not hold up another', async () => {
    const slow = await server(() => {});
    const fast = await server((_, response) => response.end('fast'));
    const http = client();
    const waiting = Array.from({ length: 8 }, () => failWith(get(slow.url, { timeoutMs: 200 }), http));
    assert.equal(text(await succeed(get(fast.url), http)), 'fast');
    await Promise.all(waiting);
  });

  it('a host that does not answer is left alone for a while', async () => {
    let requests = 0;
    let now = 1_000_000;
    const { url } = await server((_, response) => void (++requests > MAX_TIMEOUTS_IN_A_ROW && response.end('awake')));
    const http = client({ now: () => now });
    for (let index = 0; index < MAX_TIMEOUTS_IN_A_ROW; index++) await failWith(get(url, { timeoutMs: 30 }), http);
    const failure = await failWith(get(url), http);
    assert.match(failure.detail, /not asked again/);
    assert.equal(failure.why, 'timeout');
    assert.equal(requests, MAX_TIMEOUTS_IN_A_ROW);
    now += HOST_PAUSE_MS + 1;
    assert.equal(text(await succeed(get(url), http)), 'awake');
  });
});
