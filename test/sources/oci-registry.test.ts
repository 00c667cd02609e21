import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Answer } from '../../server/src/core/answer.ts';
import type { ImageManifest } from '../../server/src/core/facts.ts';
import type { CredentialProvider } from '../../server/src/core/image-credential.ts';
import { createHttp, type Http, type HttpRequest, type HttpResponse } from '../../server/src/sources/http.ts';
import { createOciRegistrySources, type OciRegistryOptions } from '../../server/src/sources/oci-registry.ts';
import { flood, type Loopback, serve } from './support/loopback.ts';
import { type Registry, startRegistry } from './support/registry.ts';

const signal = new AbortController().signal;
const NOW = 1_700_000_000_000;
const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const DIGEST = `sha256:${'a'.repeat(64)}`;

async function ask(registry: string, image: string, options: OciRegistryOptions = {}): Promise<Answer<ImageManifest>> {
  const colon = image.lastIndexOf(':');
  const key = { registry, repository: image.slice(0, colon), tag: image.slice(colon + 1) };
  const http = createHttp({ online: true, env: {} });
  const answer = await createOciRegistrySources({ now: () => NOW, ...options }).digest.fetch(key, http, signal);
  http.close();
  return answer;
}

function known(digest: string, mediaType: string): Answer<ImageManifest> {
  return { state: 'known', value: { digest, mediaType }, asOf: NOW };
}

function assertUnknown(answer: Answer<ImageManifest>, why: string, detail: RegExp = /./): void {
  assert.ok(answer.state === 'unknown', JSON.stringify(answer));
  assert.equal(answer.why, why, answer.detail);
  assert.match(answer.detail ?? '', detail);
}

describe('against a registry', () => {
  let registry: Registry;
  before(async () => {
    registry = await startRegistry({
      'team/app:1.0': { kind: 'manifest' },
      'team/app:multi': { kind: 'index' },
      'node:20': { kind: 'index' },
    });
  });
  after(() => registry.close());

  it('gives the digest of the index', async () => {
    assert.deepEqual(await ask(registry.host, 'team/app:multi'), known(registry.digest('team/app:multi'), INDEX));
  });

  it('gives the digest of a manifest, with one HEAD', async () => {
    const before = registry.requests.length;
    assert.deepEqual(await ask(registry.host, 'team/app:1.0'), known(registry.digest('team/app:1.0'), MANIFEST));
    assert.deepEqual(registry.requests.slice(before), [{ method: 'HEAD', path: '/v2/team/app/manifests/1.0', authorization: undefined }]);
  });

  it('leaves a one-part name alone outside Docker Hub, and takes localhost', async () => {
    const local = registry.host.replace('127.0.0.1', 'localhost');
    assert.deepEqual(await ask(local, 'node:20'), known(registry.digest('node:20'), INDEX));
  });

  it('knows a missing tag and a missing repository', async () => {
    assert.deepEqual(await ask(registry.host, 'team/app:nope'), { state: 'absent', asOf: NOW });
    assert.deepEqual(await ask(registry.host, 'team/none:1'), { state: 'absent', asOf: NOW });
  });

  it('sees a tag move', async () => {
    const first = await registry.push('moving:1', { kind: 'manifest', seed: 'one' });
    assert.deepEqual(await ask(registry.host, 'moving:1'), known(first, MANIFEST));
    const second = await registry.push('moving:1', { kind: 'index', seed: 'two' });
    assert.notEqual(first, second);
    assert.deepEqual(await ask(registry.host, 'moving:1'), known(second, INDEX));
  });

  it('asks nobody about what cannot be an image', async () => {
    const before = registry.requests.length;
    for (const image of [
      'Team/app:1',
      'team//app:1',
      '../x:1',
      'team/app:-1',
      `team/app:${'a'.repeat(129)}`,
      `${'a'.repeat(256)}:1`,
      ':1',
      'a:',
      'a?b:1',
      'a/b%2f:1',
    ]) {
      assertUnknown(await ask(registry.host, image), 'unparsable');
    }
    for (const host of ['', 'a b', 'a/b', 'user@host', 'host:99999', 'host:', 'ex ample', '[::1', 'http://x', 'a..:1:2']) {
      assertUnknown(await ask(host, 'a:1'), 'unparsable');
    }
    assert.equal(registry.requests.length, before);
  });
});

describe('against a registry that wants a token', () => {
  let registry: Registry;
  before(async () => {
    registry = await startRegistry(
      { 'team/app:1': { kind: 'index' }, 'team/private:1': { kind: 'index' } },
      { auth: 'token', denied: ['team/private'] },
    );
  });
  after(() => registry.close());

  it('fetches an anonymous one', async () => {
    assert.deepEqual(await ask(registry.host, 'team/app:1'), known(registry.digest('team/app:1'), INDEX));
    assert.deepEqual(registry.tokenServer?.requests.at(-1), {
      service: 'waybill-test-registry',
      scopes: ['repository:team/app:pull'],
      authorization: undefined,
    });
    assert.deepEqual(registry.requests.map(({ method }) => method).slice(-2), ['HEAD', 'HEAD']);
  });

  it('says absent only with a token that may look', async () => {
    assert.deepEqual(await ask(registry.host, 'team/app:nope'), { state: 'absent', asOf: NOW });
    assertUnknown(await ask(registry.host, 'team/private:1'), 'denied');
  });
});

/** What a fake registry says to each request. */
type Script = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

describe('against an odd registry', () => {
  const servers: Loopback[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });
  const start = async (script: Script): Promise<Loopback & { readonly seen: string[] }> => {
    const seen: string[] = [];
    const handler: RequestListener = (request, response) => {
      seen.push(
        `${request.method} ${request.url}${request.headers.authorization === undefined ? '' : ` ${request.headers.authorization}`}`,
      );
      script(request, response, new URL(request.url ?? '', 'http://loopback'));
    };
    const server = await serve(handler);
    servers.push(server);
    return { ...server, seen };
  };
  const found = (response: ServerResponse): ServerResponse =>
    response.writeHead(200, { 'content-type': INDEX, 'docker-content-digest': DIGEST }).end();

  it('sends all four media types', async () => {
    let accept: string | undefined;
    const { host } = await start((request, response) => {
      accept = request.headers.accept;
      found(response);
    });
    assert.deepEqual(await ask(host, 'a/b:1'), known(DIGEST, INDEX));
    assert.deepEqual(accept?.split(', ').length, 4);
  });

  const body = Buffer.from('{"schemaVersion":2}');
  const bodyDigest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
  for (const [name, digest] of [
    ['no digest', undefined],
    ['a malformed digest', 'sha256:abc'],
    ['upper case', DIGEST.toUpperCase()],
    ['another algorithm', `sha512:${'a'.repeat(128)}`],
    ['two digests', `${DIGEST}, ${DIGEST}`],
  ] as const) {
    it(`hashes the manifest itself: ${name}`, async () => {
      const { host, seen } = await start((_, response) => {
        response.writeHead(200, {
          'content-type': `${MANIFEST}; charset=utf-8`,
          ...(digest === undefined ? {} : { 'docker-content-digest': digest }),
        });
        response.end(body);
      });
      assert.deepEqual(await ask(host, 'a:1'), known(bodyDigest, MANIFEST));
      assert.deepEqual(seen, ['HEAD /v2/a/manifests/1', 'GET /v2/a/manifests/1']);
    });
  }

  it('hashes the manifest where HEAD is not allowed', async () => {
    const { host } = await start((request, response) => {
      if (request.method === 'HEAD') response.writeHead(405).end();
      else response.writeHead(200, { 'content-type': MANIFEST }).end(body);
    });
    assert.deepEqual(await ask(host, 'a:1'), known(bodyDigest, MANIFEST));
  });

  for (const [name, script, why, detail] of [
    [
      'a web site',
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      'error',
      /text\/html instead of a manifest/,
    ],
    [
      'a web site without the page',
      (_, response) => response.writeHead(404, { 'content-type': 'text/html' }).end(),
      'error',
      /does not answer as a registry/,
    ],
    [
      'the old manifest',
      (_, response) =>
        response
          .writeHead(200, { 'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws', 'docker-content-digest': DIGEST })
          .end('{}'),
      'error',
      /instead of a manifest/,
    ],
    ['no media type', (_, response) => response.writeHead(200, { 'docker-content-digest': DIGEST }).end('{}'), 'error', /no media type/],
    ['401 without a challenge', (_, response) => response.writeHead(401).end(), 'denied', /HTTP 401/],
    ['Basic only', (_, response) => response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(), 'denied', /HTTP 401/],
    ['403', (_, response) => response.writeHead(403).end(), 'denied', /HTTP 403/],
    [
      '429',
      (_, response) => response.writeHead(429, { 'retry-after': '120' }).end(),
      'error',
      /limits look-ups \(HTTP 429\); it asks to wait 120 s/,
    ],
    ['500', (_, response) => response.writeHead(500).end(), 'error', /HTTP 500/],
    ['503', (_, response) => response.writeHead(503, { 'retry-after': '5' }).end(), 'error', /HTTP 503; it asks to wait 5 s/],
    [
      'a manifest without an end',
      (request, response) => {
        response.writeHead(200, { 'content-type': MANIFEST });
        if (request.method === 'HEAD') return void response.end();
        flood(response, 'x'.repeat(1_000_000));
      },
      'too-large',
      /longer than/,
    ],
    [
      'a redirect into another network',
      (_, response) => response.writeHead(307, { location: 'http://169.254.169.254/' }).end(),
      'denied',
      /plain http/,
    ],
  ] as const satisfies readonly (readonly [string, Script, string, RegExp])[]) {
    it(name, async () => {
      const { host } = await start(script);
      assertUnknown(await ask(host, 'a/b:1'), why, detail);
    });
  }

  it('believes a bare 404', async () => {
    const { host } = await start((_, response) => response.writeHead(404).end());
    assert.deepEqual(await ask(host, 'a:1'), { state: 'absent', asOf: NOW });
  });

  const withRealm = (challenge: (host: string) => string, tokenBody: string, status = 200): Script => {
    return (request, response, url) => {
      if (url.pathname === '/token') response.writeHead(status, { 'content-type': 'application/json' }).end(tokenBody);
      else if (request.headers.authorization === 'Bearer t0k3n') found(response);
      else response.writeHead(401, { 'www-authenticate': challenge(request.headers.host ?? '') }).end();
    };
  };

  for (const [name, challenge, query] of [
    [
      'service and scope',
      (host: string) => `Bearer realm="http://${host}/token",service="a b",scope="repository:x:pull"`,
      '?service=a+b&scope=repository%3Ax%3Apull',
    ],
    ['no scope', (host: string) => `Bearer realm="http://${host}/token",service="s"`, '?service=s&scope=repository%3Aa%2Fb%3Apull'],
    ['a relative realm', () => 'Bearer realm="/token"', '?scope=repository%3Aa%2Fb%3Apull'],
    [
      'a realm with a query',
      (host: string) => `Bearer realm="http://${host}/token?x=1&service=old",service="s"`,
      '?x=1&service=s&scope=repository%3Aa%2Fb%3Apull',
    ],
    [
      'two scopes',
      (host: string) => `Bearer realm="http://${host}/token",scope="repository:a:pull repository:b:pull"`,
      '?scope=repository%3Aa%3Apull&scope=repository%3Ab%3Apull',
    ],
    ['Basic first', (host: string) => `Basic realm="x",Bearer realm="http://${host}/token"`, '?scope=repository%3Aa%2Fb%3Apull'],
  ] as const) {
    it(`token: ${name}`, async () => {
      const { host, seen } = await start(withRealm(challenge, '{"token":"t0k3n"}'));
      assert.deepEqual(await ask(host, 'a/b:1'), known(DIGEST, INDEX));
      assert.deepEqual(seen, ['HEAD /v2/a/b/manifests/1', `GET /token${query}`, 'HEAD /v2/a/b/manifests/1 Bearer t0k3n']);
    });
  }

  for (const [name, tokenBody] of [
    ['token', '{"token":"t0k3n"}'],
    ['access_token', '{"access_token":"t0k3n"}'],
    ['an empty token', '{"token":"","access_token":"t0k3n"}'],
  ] as const) {
    it(`token in ${name}`, async () => {
      const { host } = await start(withRealm(() => 'Bearer realm="/token"', tokenBody));
      assert.deepEqual(await ask(host, 'a:1'), known(DIGEST, INDEX));
    });
  }

  for (const [name, tokenBody, status, why] of [
    ['no JSON', '<html>', 200, 'error'],
    ['null', 'null', 200, 'error'],
    ['no token', '{}', 200, 'error'],
    ['a token that is no text', '{"token":1}', 200, 'error'],
    ['a token with a line end', '{"token":"a\\r\\nb"}', 200, 'error'],
    ['a token that does not fit', JSON.stringify({ token: 'a'.repeat(20_000) }), 200, 'error'],
    ['a body that is too long', JSON.stringify({ x: 'a'.repeat(100_000), token: 't0k3n' }), 200, 'too-large'],
    ['a token that does not help', '{"token":"other"}', 200, 'denied'],
    ['401', '{}', 401, 'denied'],
    ['403', '{}', 403, 'denied'],
    ['404', '{}', 404, 'denied'],
    ['429', '{}', 429, 'error'],
    ['500', '{}', 500, 'error'],
  ] as const) {
    it(`no token: ${name}`, async () => {
      const { host } = await start(withRealm(() => 'Bearer realm="/token"', tokenBody, status));
      assertUnknown(await ask(host, 'a:1'), why);
    });
  }

  for (const realm of [
    'http://auth.example/token',
    'http://169.254.169.254/',
    'file:///etc/passwd',
    'https://u:p@auth.example/',
    'http://[',
    '',
  ]) {
    it(`asks no token of '${realm}'`, async () => {
      const { host } = await start((_, response) => response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end());
      assertUnknown(await ask(host, 'a:1'), 'denied');
    });
  }

  it('asks no token where the realm is missing', async () => {
    const { host, seen } = await start((_, response) => response.writeHead(401, { 'www-authenticate': 'Bearer service="s"' }).end());
    assertUnknown(await ask(host, 'a:1'), 'denied', /names no token server/);
    assert.equal(seen.length, 1);
  });

  it('takes no second challenge', async () => {
    const { host, seen } = await start((_, response, url) => {
      if (url.pathname === '/token') response.end('{"token":"x"}');
      else response.writeHead(401, { 'www-authenticate': 'Bearer realm="/token"' }).end();
    });
    assertUnknown(await ask(host, 'a:1'), 'denied');
    assert.equal(seen.length, 3);
  });

  describe('with a credential', () => {
    const credentials: CredentialProvider = ({ registry }) =>
      Promise.resolve(registry.startsWith('127.') ? { kind: 'password', username: 'me', password: 'secret' } : undefined);
    const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`;

    it('sends it to the registry that asks for it, and not before', async () => {
      const { host, seen } = await start((request, response) => {
        if (request.headers.authorization === basic) found(response);
        else response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      });
      assert.deepEqual(await ask(host, 'a:1', { credentials }), known(DIGEST, INDEX));
      assert.deepEqual(seen, ['HEAD /v2/a/manifests/1', `HEAD /v2/a/manifests/1 ${basic}`]);
    });

    it("sends it to the registry's own token server", async () => {
      const { host, seen } = await start(withRealm(() => 'Bearer realm="/token"', '{"token":"t0k3n"}'));
      assert.deepEqual(await ask(host, 'a:1', { credentials }), known(DIGEST, INDEX));
      assert.ok(seen[1]?.endsWith(basic));
    });

    it('never sends it to a token server elsewhere', async () => {
      const elsewhere = await start((_, response) => response.end('{"token":"t0k3n"}'));
      const { host } = await start(withRealm(() => `Bearer realm="${elsewhere.url}/token"`, ''));
      assert.deepEqual(await ask(host, 'a:1', { credentials }), known(DIGEST, INDEX));
      assert.deepEqual(elsewhere.seen, ['GET /token?scope=repository%3Aa%3Apull']);
    });

    it('never sends it where a redirect leads', async () => {
      const elsewhere = await start((_, response) => response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end());
      const { host } = await start((_, response) => response.writeHead(307, { location: `${elsewhere.url}/v2/a/manifests/1` }).end());
      assertUnknown(await ask(host, 'a:1', { credentials }), 'denied');
      assert.deepEqual(elsewhere.seen, ['HEAD /v2/a/manifests/1']);
    });
  });
});

describe('names and hosts', () => {
  /** Notes requests and answers none of them: these hosts are never contacted in a test. */
  const asked = async (registry: string, repository: string): Promise<readonly string[]> => {
    const urls: string[] = [];
    const http: Http = {
      request: ({ url }: HttpRequest) => {
        urls.push(url);
        return Promise.resolve({ ok: false, error: { why: 'timeout', detail: 'test' } });
      },
      close: () => {},
    };
    assertUnknown(await createOciRegistrySources().digest.fetch({ registry, repository, tag: '1' }, http, signal), 'timeout');
    return urls;
  };

  for (const [registry, repository, url] of [
    ['docker.io', 'library/node', 'https://registry-1.docker.io/v2/library/node/manifests/1'],
    ['docker.io', 'node', 'https://registry-1.docker.io/v2/library/node/manifests/1'],
    ['index.docker.io', 'a/b', 'https://registry-1.docker.io/v2/a/b/manifests/1'],
    ['ghcr.io', 'o/r/s', 'https://ghcr.io/v2/o/r/s/manifests/1'],
    ['Reg.Example:5000', 'a', 'https://reg.example:5000/v2/a/manifests/1'],
    ['localhost:5000', 'a', 'http://localhost:5000/v2/a/manifests/1'],
    ['[::1]:5000', 'a', 'http://[::1]:5000/v2/a/manifests/1'],
    ['10.0.0.1', 'a', 'https://10.0.0.1/v2/a/manifests/1'],
  ] as const) {
    it(`${registry}/${repository}`, async () => assert.deepEqual(await asked(registry, repository), [url]));
  }

  it("sends a Docker Hub credential to Docker Hub's token server, and a realm elsewhere none", async () => {
    for (const [realm, expected] of [
      ['https://auth.docker.io/token', true],
      ['https://auth.docker.io.evil.example/token', false],
      ['https://evil.example/token', false],
    ] as const) {
      const requests: HttpRequest[] = [];
      const http: Http = {
        request: (request: HttpRequest) => {
          requests.push(request);
          const url = new URL(request.url);
          const challenge = new Map([['www-authenticate', `Bearer realm="${realm}"`]]);
          const value: HttpResponse = { status: 401, headers: challenge, body: new Uint8Array(), url };
          return Promise.resolve({ ok: true, value });
        },
        close: () => {},
      };
      const credentials: CredentialProvider = () => Promise.resolve({ kind: 'password', username: 'me', password: 'secret' });
      await createOciRegistrySources({ credentials }).digest.fetch({ registry: 'docker.io', repository: 'node', tag: '1' }, http, signal);
      assert.equal(requests[1]?.headers?.authorization !== undefined, expected, realm);
    }
  });
});
