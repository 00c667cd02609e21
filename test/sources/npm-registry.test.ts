import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { afterEach, describe, it } from 'node:test';
import type { Answer } from '../../server/src/core/answer.ts';
import {
  type NpmRegistry,
  npmPackument,
  npmVersions,
  type PackageKey,
  type PackageVersions,
  type Packument,
} from '../../server/src/core/npm-facts.ts';
import { PUBLIC_NPM_REGISTRY_URL } from '../../server/src/core/public-npm-registry.ts';
import { ok } from '../../server/src/core/result.ts';
import { pickVersion, resolveVersion } from '../../server/src/formats/pick-version.ts';
import { createHttp } from '../../server/src/sources/http.ts';
import { createNpmPackumentSource, createNpmVersionsSource, MAX_PACKUMENT_BYTES } from '../../server/src/sources/npm-registry.ts';
import { type Loopback, serve } from './support/loopback.ts';
import { type NpmServer, type NpmServerOptions, type Published, startNpmServer } from './support/npm-server.ts';

const signal = new AbortController().signal;
const NOW = 1_700_000_000_000;
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

function keep<T extends { close(): unknown }>(thing: T): T {
  open.push(thing);
  return thing;
}

async function start(packages: Readonly<Record<string, Published>>, options?: NpmServerOptions): Promise<NpmServer> {
  return keep(await startNpmServer(packages, options));
}

async function odd(handler: RequestListener): Promise<Loopback> {
  return keep(await serve(handler));
}

function sourceOptions(registry: Partial<NpmRegistry>) {
  return { registryOf: async () => ok({ url: '', isMapped: false, ...registry }), now: () => NOW };
}

async function versions(registry: Partial<NpmRegistry>, name: string, stale?: PackageVersions): Promise<Answer<PackageVersions>> {
  const http = keep(createHttp({ online: true, env: {} }));
  return createNpmVersionsSource(sourceOptions(registry)).fetch({ name }, http, signal, stale);
}

async function packument(registry: Partial<NpmRegistry>, name: string): Promise<Answer<Packument>> {
  const http = keep(createHttp({ online: true, env: {} }));
  return createNpmPackumentSource(sourceOptions(registry)).fetch({ name }, http, signal);
}

function knownValue<V>(answer: Answer<V>): V {
  assert.equal(answer.state, 'known', JSON.stringify(answer));
  return answer.state === 'known' ? answer.value : assert.fail();
}

const LEFT_PAD: Published = {
  versions: {
    '1.2.0': { dist: { integrity: 'sha512-AA==', shasum: 'aa', tarball: 'https://npm.example.test/left-pad/-/left-pad-1.2.0.tgz' } },
    '1.3.0': {
      deprecated: 'use String.prototype.padStart()',
      hasInstallScript: true,
      dependencies: { a: '^1.0.0' },
      optionalDependencies: { b: '*' },
      _npmUser: { name: 'robot', email: 'r@example.test', trustedPublisher: { id: 'github' } },
      repository: { type: 'git', url: 'git+https://github.com/left-pad/left-pad.git' },
      dist: {
        integrity: 'sha512-BB==',
        signatures: [{ keyid: 'SHA256:x', sig: 'MEUC' }],
        attestations: {
          url: 'https://npm.example.test/-/npm/v1/attestations/left-pad@1.3.0',
          provenance: { predicateType: 'https://slsa.dev/provenance/v1' },
        },
      },
    },
  },
  tags: { latest: '1.3.0', gone: '9.9.9' },
  time: { created: '2014-03-15T00:00:00.000Z', '1.2.0': '2017-12-01T10:00:00+02:00', '1.3.0': 'yesterday' },
  maintainers: [{ name: 'stevemao', email: 's@example.test' }],
  repository: 'https://github.com/left-pad/left-pad',
};

describe('versions of a package', () => {
  it('come from the short document', async () => {
    const server = await start({ 'left-pad': LEFT_PAD });
    const value = knownValue(await versions({ url: server.registry }, 'left-pad'));
    assert.deepEqual(value.versions, [
      {
        version: '1.2.0',
        integrity: 'sha512-AA==',
        shasum: 'aa',
        tarball: 'https://npm.example.test/left-pad/-/left-pad-1.2.0.tgz',
      },
      {
        version: '1.3.0',
        deprecated: 'use String.prototype.padStart()',
        hasInstallScript: true,
        integrity: 'sha512-BB==',
        attestations: {
          url: 'https://npm.example.test/-/npm/v1/attestations/left-pad@1.3.0',
          predicateType: 'https://slsa.dev/provenance/v1',
        },
      },
    ]);
    assert.deepEqual(value.distTags, { latest: '1.3.0' });
    assert.equal(value.isStripped, false);
    assert.match(server.requests[0]?.accept ?? '', /^application\/vnd\.npm\.install-v1\+json/);
    assert.equal(server.requests[0]?.authorization, undefined);
  });

  it('scoped names are one part of the path, and the registry may have a path itself', async () => {
    const server = await start({ '@acme/ui': { versions: { '1.0.0': {} } } }, { path: '/artifactory/api/npm/all' });
    for (const url of [server.registry, server.registry.slice(0, -1)]) {
      assert.equal(knownValue(await versions({ url }, '@acme/ui')).versions.length, 1);
    }
    assert.equal(server.requests[0]?.url, '/artifactory/api/npm/all/@acme%2fui');
  });

  it('an unchanged document is not sent again', async () => {
    const server = await start({ 'left-pad': LEFT_PAD });
    const first = knownValue(await versions({ url: server.registry }, 'left-pad'));
    const again = await versions({ url: server.registry }, 'left-pad', first);
    assert.deepEqual(again, { state: 'known', value: first, asOf: NOW });
    assert.deepEqual(
      server.requests.map(({ status }) => status),
      [200, 304],
    );
    server.packages.set('left-pad', { versions: { '2.0.0': {} } });
    assert.equal(knownValue(await versions({ url: server.registry }, 'left-pad', first)).versions[0]?.version, '2.0.0');
  });

  it('a mirror that strips is not taken for one that knows of no deprecation', async () => {
    const server = await start(
      { bcrypt: { versions: { '1.0.0': { deprecated: 'x', scripts: { install: 'node-gyp' } } } } },
      { isMirror: true },
    );
    const value = knownValue(await versions({ url: server.registry }, 'bcrypt'));
    assert.deepEqual(value.versions, [{ version: '1.0.0', hasInstallScript: true }]);
    assert.equal(value.isStripped, true);
  });
});

describe('the whole document', () => {
  it('has times, publishers, maintainers, dependencies and signatures', async () => {
    const server = await start({ 'left-pad': LEFT_PAD });
    const value = knownValue(await packument({ url: server.registry }, 'left-pad'));
    const [old, current] = value.versions;
    assert.equal(old?.publishedAt, Date.UTC(2017, 11, 1, 8));
    assert.equal(current?.publishedAt, undefined);
    assert.deepEqual(current?.publisher, { name: 'robot', email: 'r@example.test', isTrustedPublisher: true });
    assert.deepEqual(current?.dependencies, { a: '^1.0.0', b: '*' });
    assert.deepEqual(current?.signatures, [{ keyid: 'SHA256:x', sig: 'MEUC' }]);
    assert.equal(current?.repository, 'git+https://github.com/left-pad/left-pad.git');
    assert.equal(value.createdAt, Date.UTC(2014, 2, 15));
    assert.equal(value.repository, 'https://github.com/left-pad/left-pad');
    assert.deepEqual(value.maintainers, [{ name: 'stevemao', email: 's@example.test' }]);
    // It must be the same after it was kept as JSON.
    assert.deepEqual(createNpmPackumentSource().read?.(JSON.parse(JSON.stringify(value))), value);
  });

  it('of a mirror says of nothing that there is none', async () => {
    const server = await start({ 'left-pad': LEFT_PAD }, { isMirror: true });
    const value = knownValue(await packument({ url: server.registry }, 'left-pad'));
    assert.equal(value.maintainers, undefined);
    assert.equal(value.isStripped, false, 'signatures are what only registries keep');
    for (const version of value.versions) assert.equal(version.publisher, undefined);
  });
});

describe('whether a name exists', () => {
  it('404 is absent at a registry that serves all names', async () => {
    const server = await start({});
    assert.deepEqual(await versions({ url: server.registry }, 'nothing'), { state: 'absent', asOf: NOW });
  });

  it('404 is nothing at a registry that a scope is mapped to: it hides what an account may not see', async () => {
    const server = await start({});
    for (const authorization of [undefined, 'Bearer t']) {
      const answer = await versions({ url: server.registry, isMapped: true, ...(authorization && { authorization }) }, '@acme/ui');
      assert.equal(answer.state === 'unknown' && answer.why, 'denied');
    }
  });

  it('404 of a host that the registry sent us to is nothing', async () => {
    const other = await start({});
    const { url } = await odd((_, response) => response.writeHead(302, { location: `${other.url}/x` }).end());
    const answer = await versions({ url }, 'nothing');
    assert.equal(answer.state === 'unknown' && answer.why, 'denied');
  });

  for (const [what, body, state] of [
    ['empty versions', { name: 'x', versions: {} }, 'absent'],
    ['an unpublished package', { name: 'x', time: { unpublished: { name: 'me' } } }, 'absent'],
    ['an error with status 200', { error: 'not_found' }, 'absent'],
    ['another object', { hello: 'world' }, 'unknown'],
    ['an array', [], 'unknown'],
    ['another package', { name: 'y', versions: { '1.0.0': {} } }, 'unknown'],
    ['versions that are a list', { name: 'x', versions: ['1.0.0'] }, 'unknown'],
    ['only versions that are none', { name: 'x', versions: { latest: {}, '1.0.0': null, __proto__: {} } }, 'absent'],
  ] as const) {
    it(`200 with ${what} is ${state}`, async () => {
      const { url } = await odd((_, response) => response.end(JSON.stringify(body)));
      assert.equal((await versions({ url }, 'x')).state, state);
    });
  }

  for (const status of [401, 403]) {
    it(`${status} is denied, never absent`, async () => {
      const { url } = await odd((_, response) => response.writeHead(status).end('blocked'));
      const answer = await versions({ url }, 'plain-crypto-js');
      assert.equal(answer.state === 'unknown' && answer.why, 'denied');
    });
  }

  for (const name of ['../../-/whoami', 'a b', 'a?b', 'a#b', '@a/b/c', '.hidden', '', 'x'.repeat(215), '@/x', 'a%2fb']) {
    it(`is not asked for ${JSON.stringify(name.slice(0, 20))}`, async () => {
      const server = await start({});
      const answer = await versions({ url: server.registry }, name);
      assert.equal(answer.state === 'unknown' && answer.why, 'unparsable');
      assert.deepEqual(server.requests, []);
    });
  }
});

describe('hostile documents', () => {
  it('members of the wrong type are left out', async () => {
    const strange = {
      '1.0.0': { deprecated: 7, dist: 'x', hasInstallScript: 'yes', scripts: [] },
      '1.0.1': { deprecated: true, dist: { integrity: 7 } },
    };
    const { url } = await odd((_, response) =>
      response.end(JSON.stringify({ name: 'x', versions: strange, 'dist-tags': { latest: {}, old: '1.0.0' } })),
    );
    const value = knownValue(await versions({ url }, 'x'));
    assert.deepEqual(value.versions, [{ version: '1.0.0' }, { version: '1.0.1', deprecated: '' }]);
    assert.deepEqual(value.distTags, { old: '1.0.0' });
  });

  it('a body that is too large is not read to its end', async () => {
    const { url } = await odd((_, response) => response.writeHead(200, { 'content-length': MAX_PACKUMENT_BYTES + 1 }).write('{'));
    const answer = await versions({ url }, 'x');
    assert.equal(answer.state === 'unknown' && answer.why, 'too-large');
  });

  it('10,000 versions are read, long notices are cut', async () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`1.0.${i}`, { deprecated: 'x'.repeat(600) }]));
    const { url } = await odd((_, response) => response.end(JSON.stringify({ name: 'x', versions: many })));
    const value = knownValue(await versions({ url }, 'x'));
    assert.equal(value.versions.length, 10_000);
    assert.equal(value.versions[0]?.deprecated?.length, 500);
  });
});

describe('credentials', () => {
  it('go to the registry, and to no host that it sends us to', async () => {
    const other = await start({ x: { versions: { '1.0.0': {} } } });
    const seen: (string | undefined)[] = [];
    const { url } = await odd((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(302, { location: `${other.url}/x` }).end();
    });
    await versions({ url, authorization: 'Bearer secret' }, 'x');
    assert.deepEqual(seen, ['Bearer secret']);
    assert.deepEqual(
      other.requests.map(({ authorization }) => authorization),
      [undefined],
    );
  });

  it('show what is private, and what they show is kept nowhere', async () => {
    const server = await start({ '@acme/ui': { versions: { '1.0.0': {} }, only: 'Bearer t' } });
    const mapped = { url: server.registry, isMapped: true };
    assert.equal((await versions(mapped, '@acme/ui')).state, 'unknown');
    assert.equal((await versions({ ...mapped, authorization: 'Bearer t' }, '@acme/ui')).state, 'known');
    const placeOf = (registry: Partial<NpmRegistry>) =>
      createNpmVersionsSource(sourceOptions(registry)).keepUnder?.({ name: '@acme/ui' }, signal);
    assert.equal(await placeOf({ ...mapped, authorization: 'Bearer t' }), undefined);
    assert.deepEqual(await placeOf(mapped), { id: `${server.registry} @acme/ui`, isLocal: true });
    assert.deepEqual(await placeOf({ url: 'https://npm.example.test' }), { id: 'https://npm.example.test/ @acme/ui', isLocal: false });
  });
});

it('the public registry is an https address', () => {
  const { protocol, pathname } = new URL(PUBLIC_NPM_REGISTRY_URL);
  assert.deepEqual({ protocol, pathname }, { protocol: 'https:', pathname: '/' });
});

describe('the version that a requirement stands for', () => {
  const facts = (distTags: Record<string, string>, ...all: (string | [string, string])[]): PackageVersions => ({
    name: 'x',
    versions: all.map((one) => (typeof one === 'string' ? { version: one } : { version: one[0], deprecated: one[1] })),
    distTags,
    isStripped: false,
  });
  const X = facts(
    { latest: '2.1.0', next: '3.0.0-rc.1', old: '1.0.0' },
    '1.0.0',
    '1.9.0',
    ['1.9.1', 'broken'],
    '2.0.0',
    '2.1.0',
    '2.2.0',
    '3.0.0-rc.1',
  );
  for (const [requirement, version] of [
    ['', '2.1.0'],
    ['latest', '2.1.0'],
    ['*', '2.1.0'],
    ['^2', '2.1.0'],
    ['>=1', '2.1.0'],
    ['~2.2.0', '2.2.0'],
    ['^1.0.0', '1.9.0'],
    ['1.9.1', '1.9.1'],
    ['v2.0.0', '2.0.0'],
    ['next', '3.0.0-rc.1'],
    ['old', '1.0.0'],
    ['nightly', undefined],
    ['^4', undefined],
    ['^3.0.0', undefined],
    ['github:a/b', undefined],
  ] as const) {
    it(`${JSON.stringify(requirement)} is ${version}`, () => {
      assert.equal(pickVersion(X, requirement)?.version, version);
    });
  }

  it('a deprecated one where there is no other, and prereleases where `*` finds nothing else', () => {
    assert.equal(pickVersion(facts({}, ['1.0.0', 'x']), '^1')?.version, '1.0.0');
    assert.equal(pickVersion(facts({ latest: '1.0.0-beta.1' }, '1.0.0-beta.1'), '*')?.version, '1.0.0-beta.1');
  });

  it('is asked for, and every failure is a sentence', async () => {
    const key: PackageKey = { name: 'x' };
    const asking = (answer: Answer<PackageVersions>) => ({ fetch: async () => answer as Answer<never> });
    const resolve = (answer: Answer<PackageVersions>, requirement: string) => resolveVersion(asking(answer), { key, requirement }, signal);
    assert.deepEqual(await resolve({ state: 'known', value: X, asOf: 0 }, '^2'), { version: '2.1.0' });
    assert.deepEqual(await resolve({ state: 'known', value: X, asOf: 0 }, '^9'), { failed: 'the registry has no version of x for ^9' });
    assert.deepEqual(await resolve({ state: 'absent', asOf: 0 }, ''), { failed: 'the registry has no package x' });
    const slow = await resolve({ state: 'unknown', why: 'error', detail: 'npm.example.test: rate limited until 14:05' }, '');
    assert.deepEqual(slow, { failed: 'what versions x has is unknown: npm.example.test: rate limited until 14:05' });
  });
});

it('kinds have keys that tell settings apart, and package URLs', () => {
  assert.equal(npmVersions.key({ name: '@a/b', settings: ['file:///x/.npmrc'] }), '@a/b file:///x/.npmrc');
  assert.notEqual(npmVersions.key({ name: 'a' }), npmVersions.key({ name: 'a', isElsewhere: true }));
  assert.equal(npmPackument.purl({ name: '@a/b' }), 'pkg:npm/%40a/b');
});
