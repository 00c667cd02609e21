import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Answer } from '../../server/src/core/answer.ts';
import type { Credential } from '../../server/src/core/image-credential.ts';
import { createHttp, type Http, type HttpRequest } from '../../server/src/sources/http.ts';
import { createOciRegistrySources, type OciRegistryOptions } from '../../server/src/sources/oci-registry.ts';
import { flood, type Loopback, serve, serveTls } from './support/loopback.ts';
import { BASIC_USER, type Registry, startRegistry } from './support/registry.ts';
import { createKeyPair } from './support/token-server.ts';

const NOW = 1_700_000_000_000;
const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const DIGEST = `sha256:${'a'.repeat(64)}`;
const MISSING = `sha256:${'f'.repeat(64)}`;
const signal = new AbortController().signal;

/** Registries asked through one set of sources, as a run or a server does. */
function client(options: OciRegistryOptions = {}, wrap: (http: Http) => Http = (http) => http) {
  const http = wrap(createHttp({ online: true, env: {} }));
  const sources = createOciRegistrySources({ now: () => NOW, ...options });
  const place = (host: string, repository: string) => ({ registry: host, repository });
  return {
    tag: (host: string, repository: string, tag: string, by = signal) =>
      sources.digest.fetch({ ...place(host, repository), tag }, http, by),
    manifest: (host: string, repository: string, digest: string) =>
      sources.manifest.fetch({ ...place(host, repository), digest }, http, signal),
    content: (host: string, repository: string, digest: string) =>
      sources.content.fetch({ ...place(host, repository), digest }, http, signal),
    close: () => http.close(),
  };
}

function known<V>(value: V): Answer<V> {
  return { state: 'known', value, asOf: NOW };
}

const ABSENT = { state: 'absent', asOf: NOW } as const;

function assertUnknown(answer: Answer<unknown>, why: string, detail: RegExp = /./): void {
  assert.ok(answer.state === 'unknown', JSON.stringify(answer));
  assert.equal(answer.why, why, answer.detail);
  assert.match(answer.detail ?? '', detail);
}

describe('digests of a registry', () => {
  let registry: Registry;
  let images: ReturnType<typeof client>;
  before(async () => {
    registry = await startRegistry({ 'team/app:1': { kind: 'manifest' }, 'team/app:multi': { kind: 'index', version: '1.2.3' } });
    images = client();
  });
  after(async () => {
    images.close();
    await registry.close();
  });

  it('says what a digest is, with one HEAD', async () => {
    const [index, manifest] = [registry.digest('team/app:multi'), registry.digest('team/app:1')];
    const from = registry.requests.length;
    assert.deepEqual(await images.manifest(registry.host, 'team/app', index), known({ digest: index, mediaType: INDEX }));
    assert.deepEqual(await images.manifest(registry.host, 'team/app', manifest), known({ digest: manifest, mediaType: MANIFEST }));
    assert.deepEqual(
      registry.requests.slice(from).map(({ method }) => method),
      ['HEAD', 'HEAD'],
    );
  });

  it('reads platforms and version of an index', async () => {
    const answer = await images.content(registry.host, 'team/app', registry.digest('team/app:multi'));
    assert.ok(answer.state === 'known');
    assert.equal(answer.value.mediaType, INDEX);
    assert.equal(answer.value.version, '1.2.3');
    assert.deepEqual(
      answer.value.manifests.map(({ platform }) => platform),
      ['linux/amd64', 'linux/arm64'],
    );
    for (const { digest } of answer.value.manifests) {
      assert.deepEqual(await images.manifest(registry.host, 'team/app', digest), known({ digest, mediaType: MANIFEST }));
    }
    const single = await images.content(registry.host, 'team/app', registry.digest('team/app:1'));
    assert.deepEqual(single, known({ mediaType: MANIFEST, manifests: [] }));
  });

  it('tells a tag that moved from a digest that was deleted', async () => {
    const first = await registry.push('moving:1', { kind: 'index', seed: 'one' });
    const second = await registry.push('moving:1', { kind: 'index', seed: 'two' });
    assert.deepEqual(await images.tag(registry.host, 'moving', '1'), known({ digest: second, mediaType: INDEX }));
    assert.deepEqual(await images.manifest(registry.host, 'moving', first), known({ digest: first, mediaType: INDEX }));
    await registry.remove('moving', first);
    assert.deepEqual(await images.manifest(registry.host, 'moving', first), ABSENT);
    assert.deepEqual(await images.content(registry.host, 'moving', first), ABSENT);
    assert.deepEqual(await images.tag(registry.host, 'moving', '1'), known({ digest: second, mediaType: INDEX }));
  });

  it('knows a digest that was never there, and a repository that was not', async () => {
    assert.deepEqual(await images.manifest(registry.host, 'team/app', MISSING), ABSENT);
    assert.deepEqual(await images.manifest(registry.host, 'team/none', MISSING), ABSENT);
  });

  it('asks nobody about a malformed digest', async () => {
    const from = registry.requests.length;
    for (const digest of ['sha256:abc', DIGEST.toUpperCase(), `sha512:${'a'.repeat(128)}`, '', `${DIGEST}/..`]) {
      assertUnknown(await images.manifest(registry.host, 'team/app', digest), 'unparsable');
      assertUnknown(await images.content(registry.host, 'team/app', digest), 'unparsable');
    }
    assert.equal(registry.requests.length, from);
  });

  it('sees a tag move although the registry confirms the older answer while it holds', async () => {
    const first = await registry.push('etag:1', { kind: 'index', seed: 'one' });
    for (let i = 0; i < 2; i++) assert.deepEqual(await images.tag(registry.host, 'etag', '1'), known({ digest: first, mediaType: INDEX }));
    const second = await registry.push('etag:1', { kind: 'manifest', seed: 'two' });
    assert.deepEqual(await images.tag(registry.host, 'etag', '1'), known({ digest: second, mediaType: MANIFEST }));
  });
});

describe('a registry with a user and a password', () => {
  let registry: Registry;
  before(async () => {
    registry = await startRegistry({ 'team/app:1': { kind: 'index' } }, { auth: 'basic' });
  });
  after(() => registry.close());

  it('refuses without a credential, and says why there was none', async () => {
    const anonymous = client();
    assertUnknown(await anonymous.tag(registry.host, 'team/app', '1'), 'denied', /HTTP 401/);
    anonymous.close();
    const unavailable = client({ credentials: () => Promise.resolve({ kind: 'unavailable', reason: 'the credential is in a helper' }) });
    assertUnknown(await unavailable.tag(registry.host, 'team/app', '1'), 'denied', /HTTP 401\); the credential is in a helper$/);
    unavailable.close();
  });

  it('shows all with one, asked for once', async () => {
    let asked = 0;
    const images = client({
      credentials: (key) => {
        asked++;
        assert.deepEqual([key.registry, key.repository], [registry.host, 'team/app']);
        return Promise.resolve({ kind: 'password', ...BASIC_USER });
      },
    });
    const digest = registry.digest('team/app:1');
    const from = registry.requests.length;
    assert.deepEqual(await images.tag(registry.host, 'team/app', '1'), known({ digest, mediaType: INDEX }));
    assert.deepEqual(await images.manifest(registry.host, 'team/app', digest), known({ digest, mediaType: INDEX }));
    assert.equal((await images.content(registry.host, 'team/app', digest)).state, 'known');
    assert.equal(asked, 1);
    assert.equal(registry.requests.length - from, 4);
    images.close();
  });

  it('says so where the credential is wrong', async () => {
    const images = client({ credentials: () => Promise.resolve({ kind: 'password', username: 'alice', password: 'wrong' }) });
    assertUnknown(await images.tag(registry.host, 'team/app', '1'), 'denied', /HTTP 401/);
    images.close();
  });
});

describe('a registry with a token server', () => {
  let registry: Registry;
  before(async () => {
    registry = await startRegistry(
      { 'team/app:1': { kind: 'index' }, 'team/app:2': { kind: 'manifest' }, 'other:1': { kind: 'index' } },
      { auth: 'token' },
    );
  });
  after(() => registry.close());

  it('costs one token for a repository: three requests for the first image, one for each other', async () => {
    const images = client();
    const tokens = registry.tokenServer?.requests ?? [];
    const [requests, asked] = [registry.requests.length, tokens.length];
    assert.equal((await images.tag(registry.host, 'team/app', '1')).state, 'known');
    assert.deepEqual([registry.requests.length - requests, tokens.length - asked], [2, 1]);
    assert.equal((await images.tag(registry.host, 'team/app', '2')).state, 'known');
    assert.equal((await images.manifest(registry.host, 'team/app', registry.digest('team/app:2'))).state, 'known');
    assert.deepEqual([registry.requests.length - requests, tokens.length - asked], [4, 1]);
    assert.equal((await images.tag(registry.host, 'other', '1')).state, 'known');
    assert.deepEqual([registry.requests.length - requests, tokens.length - asked], [6, 2]);
    images.close();
  });

  it('costs one token for thirty images of a repository that are asked for at once', async () => {
    const images = client();
    const tokens = registry.tokenServer?.requests ?? [];
    const [requests, asked] = [registry.requests.length, tokens.length];
    const tags = Array.from({ length: 30 }, (_, i) => String((i % 2) + 1));
    const answers = await Promise.all(tags.map((tag) => images.tag(registry.host, 'team/app', tag)));
    assert.ok(answers.every(({ state }) => state === 'known'));
    assert.deepEqual([registry.requests.length - requests, tokens.length - asked], [31, 1]);
    images.close();
  });

  it('takes a new token when the old one ran out', async () => {
    let now = NOW;
    const images = client({ now: () => now });
    const tokens = registry.tokenServer?.requests ?? [];
    const asked = tokens.length;
    await images.tag(registry.host, 'team/app', '1');
    now += 280_000;
    await images.tag(registry.host, 'team/app', '1');
    assert.equal(tokens.length - asked, 1);
    now += 20_000;
    assert.equal((await images.tag(registry.host, 'team/app', '1')).state, 'known');
    assert.equal(tokens.length - asked, 2);
    images.close();
  });

  it('goes on for the others when the first who asks gives up', async () => {
    const images = client();
    const abort = new AbortController();
    const first = images.tag(registry.host, 'team/app', '1', abort.signal);
    const second = images.tag(registry.host, 'team/app', '2');
    abort.abort();
    assertUnknown(await first, 'pending');
    assert.equal((await second).state, 'known');
    images.close();
  });
});

type Script = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

const servers: Loopback[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(script: Script): Promise<Loopback & { readonly seen: string[] }> {
  const seen: string[] = [];
  const server = await serve((request, response) => {
    const { authorization } = request.headers;
    seen.push(`${request.method} ${request.url}${authorization === undefined ? '' : ` ${authorization}`}`);
    script(request, response, new URL(request.url ?? '', 'http://loopback'));
  });
  servers.push(server);
  return { ...server, seen };
}

/** How a product answers; what is missing is as the distribution project's registry does it. */
interface Shape {
  readonly challenge: (host: string, repository: string) => string | string[];
  readonly tokenPath: string;
  readonly token: object;
  readonly headers: Readonly<Record<string, string>>;
  readonly missing: { readonly type: string; readonly body: string };
  /** What is said of an image that nobody may see: by the token server, or by the registry. */
  readonly hidden: { readonly by: 'token server' | 'registry'; readonly status: number; readonly body: string };
}

const JSON_TYPE = 'application/json';
const error = (code: string, message: string) => JSON.stringify({ errors: [{ code, message, detail: {} }] });

/** As the products' documents and source code describe them, and images were seen to be served. */
const SHAPES: Readonly<Record<string, Shape>> = {
  'Docker Hub': {
    challenge: (host, repository) =>
      `Bearer realm="http://${host}/token",service="registry.docker.io",scope="repository:${repository}:pull"`,
    tokenPath: '/token',
    token: { token: 't0k3n', access_token: 't0k3n', expires_in: 300, issued_at: '2026-11-22T01:00:00Z' },
    headers: {
      'ratelimit-limit': '100;w=21600',
      'ratelimit-remaining': '99;w=21600',
      etag: `"${DIGEST}"`,
      'docker-ratelimit-source': '192.0.2.1',
    },
    missing: { type: JSON_TYPE, body: error('MANIFEST_UNKNOWN', 'manifest unknown') },
    hidden: { by: 'registry', status: 401, body: error('UNAUTHORIZED', 'authentication required') },
  },
  GHCR: {
    challenge: (host, repository) => `Bearer realm="http://${host}/token",service="ghcr.io",scope="repository:${repository}:pull"`,
    tokenPath: '/token',
    token: { token: 't0k3n' },
    headers: { 'x-github-request-id': 'A:B:C', vary: 'Accept' },
    missing: { type: JSON_TYPE, body: error('MANIFEST_UNKNOWN', 'manifest unknown') },
    hidden: { by: 'token server', status: 403, body: error('DENIED', 'denied') },
  },
  Quay: {
    challenge: (host, repository) => `Bearer realm="http://${host}/v2/auth",service="quay.io",scope="repository:${repository}:pull"`,
    tokenPath: '/v2/auth',
    token: { token: 't0k3n' },
    headers: { server: 'nginx/1.22.1', 'x-frame-options': 'DENY' },
    missing: { type: JSON_TYPE, body: error('MANIFEST_UNKNOWN', 'manifest unknown') },
    hidden: { by: 'registry', status: 401, body: error('UNAUTHORIZED', 'access to the requested resource is not authorized') },
  },
  Harbor: {
    challenge: (host, repository) =>
      `Bearer realm="http://${host}/service/token",service="harbor-registry",scope="repository:${repository}:pull"`,
    tokenPath: '/service/token',
    token: { token: 't0k3n', access_token: '', expires_in: 1800, issued_at: '2026-11-22T01:00:00Z' },
    headers: { 'set-cookie': 'sid=0123; Path=/; HttpOnly', 'x-request-id': '1' },
    missing: { type: JSON_TYPE, body: error('NOT_FOUND', 'artifact team/app:nope not found') },
    hidden: { by: 'registry', status: 401, body: error('UNAUTHORIZED', 'unauthorized to access repository') },
  },
  Artifactory: {
    // No scope, and a Basic challenge whose realm is no address.
    challenge: (host) => [`Basic realm="Artifactory Realm"`, `Bearer realm="http://${host}/v2/token",service="${host}"`],
    tokenPath: '/v2/token',
    token: { token: 't0k3n', expires_in: 3600 },
    headers: { 'x-artifactory-docker-registry': 'true', 'x-jfrog-version': 'Artifactory/7.90.0', etag: 'b0f1c3' },
    missing: { type: JSON_TYPE, body: error('MANIFEST_UNKNOWN', 'The named manifest is not known to the registry.') },
    hidden: { by: 'registry', status: 403, body: error('DENIED', 'The client does not have permission') },
  },
  Nexus: {
    challenge: (host) =>
      `BASIC realm="Sonatype Nexus Repository Manager", Bearer realm="http://${host}/v2/token",service="http://${host}/v2/token"`,
    tokenPath: '/v2/token',
    token: { token: 't0k3n' },
    headers: { server: 'Nexus/3.70.0 (OSS)', 'docker-distribution-api-version': 'registry/2.0' },
    missing: { type: `${JSON_TYPE};charset=utf-8`, body: error('MANIFEST_UNKNOWN', 'manifest unknown') },
    hidden: { by: 'registry', status: 401, body: error('UNAUTHORIZED', 'access to the requested resource is not authorized') },
  },
  Gitea: {
    challenge: (host) => `Bearer realm="http://${host}/v2/token",service="container_registry",scope="*",Basic realm="http://${host}/v2"`,
    tokenPath: '/v2/token',
    token: { token: 't0k3n' },
    headers: { 'docker-distribution-api-version': 'registry/2.0' },
    missing: { type: JSON_TYPE, body: error('MANIFEST_UNKNOWN', '') },
    hidden: { by: 'registry', status: 401, body: error('UNAUTHORIZED', '') },
  },
};

function shaped({ challenge, tokenPath, token, headers, missing, hidden }: Shape): Script {
  return (request, response, url) => {
    const isHidden = request.url?.includes('private') === true;
    if (url.pathname === tokenPath) {
      const refuses = isHidden && hidden.by === 'token server';
      response.writeHead(refuses ? hidden.status : 200, { 'content-type': JSON_TYPE });
      return void response.end(refuses ? hidden.body : JSON.stringify(token));
    }
    const [, repository = '', reference = ''] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(url.pathname) ?? [];
    const isAllowed = request.headers.authorization === 'Bearer t0k3n';
    const wanted = { 'content-type': JSON_TYPE, 'www-authenticate': challenge(request.headers.host ?? '', repository) };
    if (!isAllowed) return void response.writeHead(401, wanted).end(error('UNAUTHORIZED', 'authentication required'));
    if (isHidden) return void response.writeHead(hidden.status, hidden.status === 401 ? wanted : {}).end(hidden.body);
    const body = request.method === 'HEAD' ? undefined : missing.body;
    if (reference === 'nope' || reference === MISSING) return void response.writeHead(404, { 'content-type': missing.type }).end(body);
    response.writeHead(200, { ...headers, 'content-type': INDEX, 'content-length': 1609, 'docker-content-digest': DIGEST }).end();
  };
}

describe('answers shaped like those of', () => {
  for (const [name, shape] of Object.entries(SHAPES)) {
    it(name, async () => {
      const { host, seen } = await start(shaped(shape));
      const images = client();
      assert.deepEqual(await images.tag(host, 'team/app', '1'), known({ digest: DIGEST, mediaType: INDEX }));
      assert.equal(seen.length, 3);
      assert.deepEqual(await images.manifest(host, 'team/app', DIGEST), known({ digest: DIGEST, mediaType: INDEX }));
      assert.equal(seen.length, 4);
      assert.deepEqual(await images.tag(host, 'team/app', 'nope'), ABSENT);
      assert.deepEqual(await images.manifest(host, 'team/app', MISSING), ABSENT);
      assertUnknown(await images.tag(host, 'team/private', '1'), 'denied');
      assertUnknown(await images.manifest(host, 'team/private', DIGEST), 'denied');
      images.close();
    });
  }
});

describe('credentials of every kind', () => {
  const bearer: Script = (request, response, url) => {
    const { authorization, host } = request.headers;
    if (url.pathname === '/token') return void response.end('{"access_token":"t0k3n","expires_in":60}');
    if (authorization?.startsWith('Bearer '))
      return void response.writeHead(200, { 'content-type': INDEX, 'docker-content-digest': DIGEST }).end();
    response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${host}/token",service="s v"` }).end();
  };
  const lookUp = async (host: string, credential: Credential) => {
    const images = client({ credentials: () => Promise.resolve(credential) });
    const answer = await images.tag(host, 'a/b', '1');
    images.close();
    return answer;
  };

  it('trades an identity token for a short one', async () => {
    let form = '';
    const { host, seen } = await start((request, response, url) => {
      if (url.pathname === '/token') {
        request.on('data', (chunk: Buffer) => {
          form += chunk.toString();
        });
        request.on('end', () => bearer(request, response, url));
      } else bearer(request, response, url);
    });
    assert.deepEqual(await lookUp(host, { kind: 'identity-token', token: 'r3fr&sh' }), known({ digest: DIGEST, mediaType: INDEX }));
    assert.deepEqual(seen, ['HEAD /v2/a/b/manifests/1', 'POST /token', 'HEAD /v2/a/b/manifests/1 Bearer t0k3n']);
    assert.equal(form, 'grant_type=refresh_token&client_id=waybill&scope=repository%3Aa%2Fb%3Apull&service=s+v&refresh_token=r3fr%26sh');
  });

  it('sends a registry token as it is', async () => {
    const { host, seen } = await start(bearer);
    assert.equal((await lookUp(host, { kind: 'registry-token', token: 'own' })).state, 'known');
    assert.deepEqual(seen, ['HEAD /v2/a/b/manifests/1', 'HEAD /v2/a/b/manifests/1 Bearer own']);
  });

  it('sends no token of any kind to a token server elsewhere, nor where a redirect leads', async () => {
    const elsewhere = await start((_, response) => response.writeHead(401, { 'www-authenticate': 'Bearer realm="/token"' }).end('{}'));
    const other = await start((_, response) =>
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${elsewhere.url}/token"` }).end(),
    );
    const away = await start((_, response) => response.writeHead(307, { location: `${elsewhere.url}/v2/` }).end());
    for (const credential of [
      { kind: 'password', username: 'me', password: 's3cr3t' },
      { kind: 'identity-token', token: 's3cr3t' },
    ] as const) {
      assertUnknown(await lookUp(other.host, credential), 'denied', /is another host than .* does not get its credential/);
      assertUnknown(await lookUp(away.host, credential), 'denied');
    }
    assert.ok(elsewhere.seen.length >= 4);
    assert.ok(
      elsewhere.seen.every((line) => line.startsWith('GET ') || line.startsWith('HEAD ')),
      elsewhere.seen.join('\n'),
    );
    assert.ok(![...elsewhere.seen, ...other.seen, ...away.seen].some((line) => /Basic|Bearer|s3cr3t/.test(line)));
  });

  it('never repeats a credential in what it says', async () => {
    const { host } = await start((_, response, url) =>
      url.pathname === '/token'
        ? response.writeHead(401).end()
        : response.writeHead(401, { 'www-authenticate': 'Bearer realm="/token"' }).end(),
    );
    const answer = await lookUp(host, { kind: 'password', username: 'alice', password: 'hunter2' });
    assertUnknown(answer, 'denied', /refuses the stored credential/);
    assert.doesNotMatch(JSON.stringify(answer), /alice|hunter2/);
  });
});

describe('faults: no crash, no verdict, the right reason, in bounded time', () => {
  /** Shorter than the real limit: what is tested is that it holds for all that a server can do. */
  const LIMIT_MS = 300;
  const hurried = (http: Http): Http => ({
    ...http,
    request: (request: HttpRequest, by) => http.request({ ...request, timeoutMs: LIMIT_MS }, by),
  });
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [] }));
  const digestOf = (body: Buffer) => `sha256:${createHash('sha256').update(body).digest('hex')}`;

  const assertFault = async (host: string, why: string, detail: RegExp, wrap?: (http: Http) => Http) => {
    // Each question on its own: a host that failed is left alone for a while.
    for (const ask of ['tag', 'manifest', 'content'] as const) {
      // A server that answers may take its time on a busy machine.
      const images = client({}, wrap ?? (why === 'timeout' ? hurried : (http) => http));
      assertUnknown(await images[ask](host, 'a/b', ask === 'tag' ? '1' : digestOf(bytes)), why, detail);
      images.close();
    }
  };

  const onGet =
    (script: Script): Script =>
    (request, response, url) => {
      if (request.method === 'HEAD') response.writeHead(405).end();
      else script(request, response, url);
    };

  for (const [name, script, why, detail] of [
    [
      'reset half-way',
      onGet((_, response) =>
        response.writeHead(200, { 'content-type': INDEX, 'content-length': 999 }).write('{', () => response.destroy()),
      ),
      'error',
      /reset|closed|failed/,
    ],
    [
      'slow bytes',
      onGet((_, response) => void response.writeHead(200, { 'content-type': INDEX, 'content-length': 999 }).write('{')),
      'timeout',
      /no complete answer/,
    ],
    ['no answer', () => undefined, 'timeout', /did not answer|no complete answer/],
    [
      'a huge body',
      onGet((_, response) => flood(response.writeHead(200, { 'content-type': INDEX }), 'x'.repeat(1_000_000))),
      'too-large',
      /longer than/,
    ],
    [
      'a huge body that says so',
      onGet((_, response) => void response.writeHead(200, { 'content-type': INDEX, 'content-length': 1e9 }).write('{')),
      'too-large',
      /longer than/,
    ],
    [
      'another media type',
      (_, response) => void response.writeHead(200, { 'content-type': JSON_TYPE }).end(bytes),
      'error',
      /instead of a manifest/,
    ],
    [
      'a login page',
      (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      'error',
      /instead of a manifest/,
    ],
    ['401', (_, response) => void response.writeHead(401).end(), 'denied', /HTTP 401/],
    ['403', (_, response) => void response.writeHead(403).end(), 'denied', /HTTP 403/],
    [
      '404 of a web server',
      (_, response) => void response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>'),
      'error',
      /does not answer as a registry/,
    ],
    ['404 that means no access', (_, response) => void response.writeHead(404).end(error('DENIED', 'no')), 'denied', /HTTP 404/],
    ['429', (_, response) => void response.writeHead(429, { 'retry-after': '7' }).end(), 'error', /HTTP 429\); it asks to wait 7 s/],
    ['500', (_, response) => void response.writeHead(500).end(), 'error', /HTTP 500/],
    ['503', (_, response) => void response.writeHead(503).end(), 'error', /HTTP 503/],
    ['304 that nobody asked for', (_, response) => void response.writeHead(304).end(), 'error', /HTTP 304/],
    ['a redirect loop', (request, response) => void response.writeHead(307, { location: request.url ?? '/' }).end(), 'error', /redirects/],
    [
      'a redirect to another network',
      (_, response) => void response.writeHead(302, { location: 'http://192.0.2.1/' }).end(),
      'denied',
      /plain http/,
    ],
    ['not HTTP', (request) => void request.socket.end('SSH-2.0-OpenSSH_9.2\r\n'), 'error', /not HTTP/],
  ] as const satisfies readonly (readonly [string, Script, string, RegExp])[]) {
    it(name, async () => {
      const { host } = await start(script);
      await assertFault(host, why, detail);
    });
  }

  it('refused', async () => {
    const server = await start(() => undefined);
    await server.close();
    await assertFault(server.host, 'error', /refused/);
  });

  it('a host name that does not exist', () => assertFault('no-such-registry.invalid', 'error', /host name/));

  it('a certificate that nobody trusts', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'waybill-tls-'));
    try {
      const server = await serveTls(createKeyPair(directory), (_, response) => response.end());
      servers.push(server);
      // Loopback is asked without encryption; a registry out there is not.
      await assertFault(server.host, 'error', /certificate is not trusted/, (http) => ({
        ...http,
        request: (request, by) => http.request({ ...request, url: request.url.replace(/^http:/, 'https:') }, by),
      }));
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  for (const [name, body, mediaType, detail] of [
    ['truncated JSON', Buffer.from('{"schemaVersion":2,'), INDEX, /no JSON object/],
    ['a list', Buffer.from('[]'), INDEX, /no JSON object/],
    ['two kinds at once', bytes, MANIFEST, /two kinds/],
  ] as const) {
    it(`content that is ${name}`, async () => {
      const { host } = await start((_, response) => response.writeHead(200, { 'content-type': mediaType }).end(body));
      const images = client();
      assertUnknown(await images.content(host, 'a/b', digestOf(body)), 'unparsable', detail);
      images.close();
    });
  }

  it('content other than what the digest names is believed nowhere', async () => {
    const { host } = await start((_, response) =>
      response.writeHead(200, { 'content-type': INDEX, 'docker-content-digest': DIGEST }).end(bytes),
    );
    const images = client();
    assertUnknown(await images.content(host, 'a/b', MISSING), 'error', /other content than the digest names/);
    assertUnknown(await images.manifest(host, 'a/b', MISSING), 'error', /other content than the digest names/);
    images.close();
  });

  for (const [name, type, body] of [
    ['an empty answer', '', ''],
    ['plain text', 'text/plain; charset=utf-8', '404 page not found\n'],
    ['JSON of somebody else', JSON_TYPE, '{"error":"not found"}'],
    ['no list of errors', JSON_TYPE, '{"errors":{"code":"MANIFEST_UNKNOWN"}}'],
    ['errors without a code', JSON_TYPE, '{"errors":[null,{"code":5}]}'],
  ] as const) {
    it(`404 with ${name} does not mean that a digest is gone`, async () => {
      const { host } = await start((_, response) => response.writeHead(404, type === '' ? {} : { 'content-type': type }).end(body));
      const images = client();
      assertUnknown(await images.manifest(host, 'a/b', DIGEST), 'error', /does not answer as a registry/);
      assertUnknown(await images.content(host, 'a/b', DIGEST), 'error', /does not answer as a registry/);
      images.close();
    });
  }

  it('an authorization that did not help, or that somebody else asked for, is not used again', async () => {
    const useless = await start((_, response, url) =>
      url.pathname === '/token'
        ? response.end('{"token":"useless"}')
        : response.writeHead(401, { 'www-authenticate': 'Bearer realm="/token"' }).end(),
    );
    const elsewhere = await start((request, response, url) => {
      if (url.pathname === '/token') response.end('{"token":"elsewhere"}');
      else if (request.headers.authorization === undefined) response.writeHead(401, { 'www-authenticate': 'Bearer realm="/token"' }).end();
      else response.writeHead(200, { 'content-type': INDEX, 'docker-content-digest': DIGEST }).end();
    });
    // Only the first request is led astray.
    const astray = await start((request, response) => {
      if (astray.seen.length === 1) response.writeHead(307, { location: `${elsewhere.url}${request.url}` }).end();
      else response.writeHead(200, { 'content-type': INDEX, 'docker-content-digest': DIGEST }).end();
    });
    const images = client();
    for (let i = 0; i < 2; i++) assertUnknown(await images.tag(useless.host, 'a', '1'), 'denied');
    assert.deepEqual(
      useless.seen.filter((line) => line.startsWith('HEAD')),
      [
        'HEAD /v2/a/manifests/1',
        'HEAD /v2/a/manifests/1 Bearer useless',
        'HEAD /v2/a/manifests/1',
        'HEAD /v2/a/manifests/1 Bearer useless',
      ],
    );
    for (let i = 0; i < 2; i++) assert.equal((await images.tag(astray.host, 'a', '1')).state, 'known');
    assert.doesNotMatch(astray.seen.at(-1) ?? '', /Bearer/);
    images.close();
  });

  it('entries of an index that are none are passed over', async () => {
    const odd = Buffer.from(
      JSON.stringify({
        manifests: [
          null,
          {},
          { digest: DIGEST },
          { digest: DIGEST, platform: { os: 'unknown', architecture: 'unknown' } },
          { digest: 'sha256:abc', platform: { os: 'linux', architecture: 'amd64' } },
          { digest: DIGEST, platform: { os: 'linux', architecture: '<b>x</b>' } },
          { digest: DIGEST, platform: { os: 'linux', architecture: 1 } },
          {
            digest: DIGEST,
            platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
            annotations: { 'org.opencontainers.image.version': '../1' },
          },
        ],
      }),
    );
    const { host } = await start((_, response) => response.writeHead(200, { 'content-type': INDEX }).end(odd));
    const images = client();
    const answer = await images.content(host, 'a/b', digestOf(odd));
    assert.deepEqual(answer, known({ mediaType: INDEX, manifests: [{ digest: DIGEST, platform: 'linux/arm/v7' }] }));
    images.close();
  });
});

describe('what may be kept beyond the session', () => {
  const key = { registry: 'reg.example.test', repository: 'a/b', digest: DIGEST };
  const place = (options: OciRegistryOptions) => createOciRegistrySources(options).content.keepUnder?.(key, signal);

  it('is what everybody may see, and nothing that an account was used for', async () => {
    const id = `reg.example.test/a/b@${DIGEST}`;
    assert.deepEqual(await place({}), { id, isLocal: false });
    assert.deepEqual(await place({ credentials: () => Promise.resolve({ kind: 'unavailable', reason: 'x' }) }), { id, isLocal: false });
    assert.equal(await place({ credentials: () => Promise.resolve({ kind: 'registry-token', token: 'x' }) }), undefined);
    const local = await createOciRegistrySources().digest.keepUnder?.({ registry: 'localhost:5000', repository: 'a', tag: '1' }, signal);
    assert.deepEqual(local, { id: 'localhost:5000/a:1', isLocal: true });
    assert.equal(await createOciRegistrySources().digest.keepUnder?.({ registry: 'a b', repository: 'a', tag: '1' }, signal), undefined);
  });

  it('is read back only where it is what was kept', () => {
    const { digest, content } = createOciRegistrySources();
    const manifest = { digest: DIGEST, mediaType: INDEX };
    assert.deepEqual(digest.read?.(manifest), manifest);
    for (const value of [
      null,
      5,
      [],
      {},
      { ...manifest, digest: 'sha256:abc' },
      { ...manifest, mediaType: 'text/html' },
      { digest: DIGEST },
    ]) {
      assert.equal(digest.read?.(value), undefined);
    }
    const index = { mediaType: INDEX, manifests: [{ digest: DIGEST, platform: 'linux/arm/v7' }], version: '1.2' };
    assert.deepEqual(content.read?.(index), index);
    for (const value of [
      null,
      {},
      { ...index, manifests: {} },
      { ...index, manifests: [null] },
      { ...index, manifests: [{ digest: DIGEST, platform: '<b>' }] },
    ]) {
      assert.equal(content.read?.(value), undefined);
    }
    assert.deepEqual(content.read?.({ ...index, version: '../x' }), { mediaType: INDEX, manifests: index.manifests });
  });
});
