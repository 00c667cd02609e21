import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { createHttp, type HttpRequest } from '../../server/src/sources/http.ts';
import { type Environment, proxyFor } from '../../server/src/sources/proxy.ts';
import { until } from '../support/until.ts';
import { type Loopback, listen, serve, serveTls } from './support/loopback.ts';
import { createKeyPair, type KeyPair } from './support/token-server.ts';

describe('proxyFor', () => {
  const proxy = (address: string, env: Environment): string | undefined => {
    const found = proxyFor(new URL(address), env);
    return found.ok ? found.value?.href : found.error;
  };
  const cases: readonly [name: string, address: string, env: Environment, expected: string | undefined][] = [
    ['no variable', 'https://a.example/', {}, undefined],
    ['https', 'https://a.example/', { HTTPS_PROXY: 'http://p:3128' }, 'http://p:3128/'],
    ['lower case first', 'https://a.example/', { HTTPS_PROXY: 'http://upper:1', https_proxy: 'http://lower:1' }, 'http://lower:1/'],
    ['an empty lower-case one does not count', 'https://a.example/', { HTTPS_PROXY: 'http://upper:1', https_proxy: '' }, 'http://upper:1/'],
    ['http is another variable', 'https://a.example/', { HTTP_PROXY: 'http://p:3128' }, undefined],
    ['all', 'https://a.example/', { ALL_PROXY: 'http://p:3128' }, 'http://p:3128/'],
    ['without a scheme it is http', 'https://a.example/', { HTTPS_PROXY: 'p:3128' }, 'http://p:3128/'],
    ['an https proxy', 'https://a.example/', { HTTPS_PROXY: 'https://p:3129' }, 'https://p:3129/'],
    ['socks', 'https://a.example/', { HTTPS_PROXY: 'socks5://u:secret@p:1080' }, 'socks5: proxies are not supported, only http and https'],
    ['garbage', 'https://a.example/', { HTTPS_PROXY: 'http://[' }, 'the proxy variable is not a URL'],
    ['exempt: all', 'https://a.example/', { HTTPS_PROXY: 'http://p', NO_PROXY: '*' }, undefined],
    ['exempt: the host', 'https://a.example/', { HTTPS_PROXY: 'http://p', NO_PROXY: 'b.example, A.example' }, undefined],
    ['exempt: a subdomain', 'https://git.a.example/', { HTTPS_PROXY: 'http://p', NO_PROXY: 'a.example' }, undefined],
    ['exempt: with a dot', 'https://git.a.example/', { HTTPS_PROXY: 'http://p', no_proxy: '.a.example' }, undefined],
    ['exempt: with a star', 'https://git.a.example/', { HTTPS_PROXY: 'http://p', no_proxy: '*.a.example' }, undefined],
    ['not exempt: only the end of a name', 'https://gita.example/', { HTTPS_PROXY: 'http://p', NO_PROXY: 'a.example' }, 'http://p/'],
    ['exempt: with the port', 'https://a.example/', { HTTPS_PROXY: 'http://p', NO_PROXY: 'a.example:443' }, undefined],
    ['not exempt: another port', 'https://a.example:8443/', { HTTPS_PROXY: 'http://p', NO_PROXY: 'a.example:443' }, 'http://p/'],
    ['exempt: an address', 'https://10.1.2.3/', { HTTPS_PROXY: 'http://p', NO_PROXY: '10.1.2.3' }, undefined],
    ['exempt: a network', 'https://10.1.2.3/', { HTTPS_PROXY: 'http://p', NO_PROXY: '10.0.0.0/8' }, undefined],
    ['not exempt: another network', 'https://11.1.2.3/', { HTTPS_PROXY: 'http://p', NO_PROXY: '10.0.0.0/8,10.0.0.0/99,x/1' }, 'http://p/'],
    ['exempt: IPv6', 'https://[fd00::1]/', { HTTPS_PROXY: 'http://p', NO_PROXY: 'fd00::1' }, undefined],
    ['exempt: IPv6 in brackets with a port', 'https://[fd00::1]:444/', { HTTPS_PROXY: 'http://p', NO_PROXY: '[fd00::1]:444' }, undefined],
    ['exempt: an IPv6 network', 'https://[fd00::1]/', { HTTPS_PROXY: 'http://p', NO_PROXY: 'fd00::/8' }, undefined],
    ['loopback goes through no proxy elsewhere', 'http://127.0.0.1:5000/', { HTTP_PROXY: 'http://p' }, undefined],
    ['loopback goes through a proxy on loopback', 'http://127.0.0.1:5000/', { HTTP_PROXY: 'http://localhost:1' }, 'http://localhost:1/'],
  ];
  for (const [name, address, env, expected] of cases) it(name, () => assert.equal(proxy(address, env), expected));
});

const open: Loopback[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

interface Proxy extends Loopback {
  /** Connections that are open now. */
  readonly sockets: ReadonlySet<Socket>;
  readonly seen: { readonly what: string; readonly authorization: string | undefined }[];
}

/** Sends every CONNECT to one port, whatever name was asked for; forwards absolute-form requests. */
async function startProxy(port: number, { status = 200 }: { readonly status?: number } = {}): Promise<Proxy> {
  const seen: Proxy['seen'] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };
  const note = (request: IncomingMessage): void =>
    void seen.push({ what: `${request.method} ${request.url}`, authorization: request.headers['proxy-authorization'] });
  const server = createServer((request, response) => {
    note(request);
    if (status !== 200) return response.writeHead(status).end();
    const onward = httpRequest(request.url ?? '', { method: request.method, headers: request.headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  server.on('connect', (request, socket: Socket) => {
    note(request);
    keep(socket);
    // Half-open, as CONNECT sockets are: they close only when both sides say so.
    if (status === 0) return void socket.resume().on('end', () => socket.end());
    if (status !== 200) return socket.end(`HTTP/1.1 ${status} No\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nno`);
    const onward = keep(connect(port, '127.0.0.1', () => socket.write('HTTP/1.1 200 Connection established\r\n\r\n')));
    onward.pipe(socket).pipe(onward);
  });
  const loopback = await listen(server);
  const close = (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    return loopback.close();
  };
  open.push({ ...loopback, close });
  return { ...loopback, close, seen, sockets };
}

function get(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'GET', url, maxBytes: 1_000, timeoutMs: 5_000, ...more };
}

describe('through a proxy', () => {
  const signal = new AbortController().signal;
  let directory: string;
  let keys: KeyPair;
  let target: Loopback;
  let bundle: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'waybill-proxy-'));
    keys = createKeyPair(directory, ['git.waybill.example']);
    target = await serveTls(keys, (request, response) => {
      if (request.url === '/inward') response.writeHead(302, { location: target.url }).end();
      else response.end(`${request.headers.host} ${request.url}`);
    });
    bundle = join(directory, 'http.cjs');
    // Bundled as in the product: this also shows that the proxy library survives bundling.
    await build({
      entryPoints: [resolve('server/src/sources/http.ts')],
      outfile: bundle,
      bundle: true,
      minify: true,
      platform: 'node',
      format: 'cjs',
      mainFields: ['module', 'main'],
      logLevel: 'silent',
    });
  });
  after(async () => {
    await target.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** Asks in a process of its own, because Node reads NODE_EXTRA_CA_CERTS only when it starts. */
  function ask(url: string, env: Environment): Promise<Record<string, unknown>> {
    const code = `
      const { createHttp } = await import(${JSON.stringify(pathToFileURL(bundle).href)});
      const answered = await createHttp({ online: true }).request({ method: 'GET', url: ${JSON.stringify(url)}, maxBytes: 1000, timeoutMs: 3000 }, new AbortController().signal);
      console.log(JSON.stringify(answered.ok ? { status: answered.value.status, body: Buffer.from(answered.value.body).toString() } : answered.error));`;
    return new Promise((done, failed) => {
      const environment = { PATH: process.env.PATH, ...env };
      execFile(process.execPath, ['--input-type=module', '-e', code], { env: environment, timeout: 20_000 }, (error, stdout, stderr) => {
        if (error !== null) return failed(new Error(`${error.message}\n${stderr}`));
        done(JSON.parse(stdout) as Record<string, unknown>);
      });
    });
  }

  it('https is tunnelled, the name is left to the proxy, the certificate is checked for the name', async () => {
    const proxy = await startProxy(target.port);
    const answered = await ask('https://git.waybill.example/x', { HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: keys.certFile });
    assert.deepEqual(answered, { status: 200, body: 'git.waybill.example /x' });
    assert.deepEqual(proxy.seen, [{ what: 'CONNECT git.waybill.example:443', authorization: undefined }]);
  });

  it('a host out there cannot send us to this machine', async () => {
    const proxy = await startProxy(target.port);
    const answered = await ask('https://git.waybill.example/inward', { HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: keys.certFile });
    assert.equal(answered.why, 'denied');
    assert.match(String(answered.detail), /pointed at a host of this machine/);
  });

  it('an unknown authority is not trusted, not even with NODE_TLS_REJECT_UNAUTHORIZED=0', async () => {
    const proxy = await startProxy(target.port);
    const answered = await ask('https://git.waybill.example/', { HTTPS_PROXY: proxy.url, NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    assert.equal(answered.why, 'error');
    assert.match(String(answered.detail), /not trusted .*NODE_EXTRA_CA_CERTS/);
  });

  it('a certificate for another name is not trusted', async () => {
    const proxy = await startProxy(target.port);
    const answered = await ask('https://other.waybill.example/', { HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: keys.certFile });
    assert.match(String(answered.detail), /not trusted \(ERR_TLS_CERT_ALTNAME_INVALID\)/);
  });

  it('NO_PROXY goes past it', async () => {
    const proxy = await startProxy(target.port);
    const answered = await ask('https://git.waybill.example/', { HTTPS_PROXY: proxy.url, NO_PROXY: 'waybill.example' });
    assert.ok(['error', 'timeout'].includes(String(answered.why)));
    assert.deepEqual(proxy.seen, []);
  });

  it('the credentials of the proxy go to the proxy and nowhere else', async () => {
    const proxy = await startProxy(target.port);
    const address = proxy.url.replace('http://', 'http://me:p%40ss@');
    const env = { HTTPS_PROXY: address, NODE_EXTRA_CA_CERTS: keys.certFile, DEBUG: '*' };
    assert.equal((await ask('https://git.waybill.example/', env)).status, 200);
    assert.equal(proxy.seen[0]?.authorization, `Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  });

  it('a refusal of the proxy is not an answer of the host', async () => {
    for (const [status, why] of [
      [404, 'error'],
      [502, 'error'],
      [407, 'denied'],
    ] as const) {
      const proxy = await startProxy(target.port, { status });
      const http = createHttp({ online: true, env: { HTTPS_PROXY: proxy.url } });
      const answered = await http.request(get('https://git.waybill.example/'), signal);
      assert.equal(answered.ok, false);
      assert.equal(!answered.ok && answered.error.why, why);
      assert.match(answered.ok ? '' : answered.error.detail, /proxy/);
    }
  });

  it('a proxy that is not there, does not answer, or answers nonsense', async () => {
    const gone = await serve(() => {});
    await gone.close();
    const refused = await createHttp({ online: true, env: { HTTPS_PROXY: gone.url } }).request(get('https://git.waybill.example/'), signal);
    assert.match(refused.ok ? '' : refused.error.detail, /refused/);
    const silent = await startProxy(target.port, { status: 0 });
    const http = createHttp({ online: true, env: { HTTPS_PROXY: silent.url } });
    const timedOut = await http.request(get('https://git.waybill.example/', { timeoutMs: 100 }), signal);
    assert.equal(!timedOut.ok && timedOut.error.why, 'timeout');
    await until('it never came', () => silent.sockets.size === 0);
    const socks = await createHttp({ online: true, env: { HTTPS_PROXY: 'socks5://127.0.0.1:1' } }).request(
      get('https://a.example/'),
      signal,
    );
    assert.equal(!socks.ok && socks.error.why, 'denied');
  });

  it('cancelling closes the connection to the proxy', async () => {
    const silent = await startProxy(target.port, { status: 0 });
    const abort = new AbortController();
    const http = createHttp({ online: true, env: { HTTPS_PROXY: silent.url } });
    const asked = http.request(get('https://git.waybill.example/'), abort.signal);
    await until('it never came', () => silent.seen.length > 0);
    abort.abort();
    const answered = await asked;
    assert.equal(!answered.ok && answered.error.why, 'aborted');
    await until('it never came', () => silent.sockets.size === 0);
  });

  it('http to loopback goes through a proxy on loopback', async () => {
    const origin = await serve((request, response) => response.end(`${request.headers.host} ${request.headers['proxy-authorization']}`));
    open.push(origin);
    const proxy = await startProxy(0);
    const env = { HTTP_PROXY: proxy.url.replace('http://', 'http://me:secret@') };
    const http = createHttp({ online: true, env });
    const answered = await http.request(get(`${origin.url}/x`), signal);
    assert.equal(answered.ok && answered.value.status, 200);
    assert.deepEqual(proxy.seen[0]?.what, `GET ${origin.url}/x`);
    assert.equal(proxy.seen[0]?.authorization, `Basic ${Buffer.from('me:secret').toString('base64')}`);
  });
});
