import assert from 'node:assert/strict';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { clockTime } from '../../server/src/sources/retry-after.ts';
import { serve, serveTls } from '../sources/support/loopback.ts';
import { type NpmServer, startNpmServer } from '../sources/support/npm-server.ts';
import { createKeyPair } from '../sources/support/token-server.ts';
import { waybill } from '../support/cli.ts';
import { withFolder, writeFiles } from '../support/folder.ts';
import { hostileRepository, SECRET } from '../support/hostile-repository.ts';
import { socketSpy } from '../support/socket-spy.ts';

interface Report {
  readonly findings: readonly { readonly rule: string; readonly path: string }[];
  readonly unknown: readonly { readonly subject: string; readonly why: string; readonly detail?: string }[];
}

/** Runs the command line over a hostile repository; `seen` is what reached the server that it points at. */
async function visit(...args: string[]) {
  const seen: { url: string; authorization: string | undefined }[] = [];
  const trap = await serve((request, response) => {
    seen.push({ url: request.url ?? '', authorization: request.headers.authorization });
    request.resume();
    response.writeHead(404).end();
  });
  try {
    return await withFolder(hostileRepository(trap.host), async (folder) =>
      withFolder({}, async (spyFolder) => {
        const spy = socketSpy(spyFolder);
        // Nobody listens there: the public GitHub is not for tests.
        const env = { ...spy.env, TOKEN: SECRET, GITHUB_SERVER_URL: 'http://127.0.0.1:1' };
        const run = await waybill(['check', '--format', 'json', ...args, folder], { env });
        const report: Report = JSON.parse(run.stdout);
        return { run, report, seen, attempts: spy.attempts() };
      }),
    );
  } finally {
    await trap.close();
  }
}

describe('a hostile repository on the command line', () => {
  it('sends nothing without --online', async () => {
    const { seen, attempts, run } = await visit();
    assert.deepEqual({ seen, attempts }, { seen: [], attempts: [] });
    assert.doesNotMatch(run.stdout + run.stderr, /secretsecret/);
  });

  it('fixes nothing over the network without --online', async () => {
    const { seen, attempts } = await visit('--fix', '--trust');
    assert.deepEqual({ seen, attempts }, { seen: [], attempts: [] });
  });

  it('gets no package name and no token with --online alone; what it maps is unknown (untrusted)', async () => {
    const { seen, report, run } = await visit('--online');
    for (const { url, authorization } of seen) {
      assert.equal(authorization, undefined);
      assert.doesNotMatch(url, /left-pad|acme|secret/);
    }
    const { why, detail } = report.unknown.find(({ subject }) => subject === 'pkg:npm/left-pad') ?? assert.fail(run.stdout);
    assert.equal(why, 'untrusted');
    assert.match(detail ?? '', /used only where the user trusts the project/);
    assert.doesNotMatch(run.stdout + run.stderr, /secretsecret/);
  });

  it('chooses the registry with --trust: the trap works', async () => {
    const { seen, report } = await visit('--online', '--trust');
    assert.ok(
      seen.some(({ url, authorization }) => url === '/left-pad' && authorization === `Bearer ${SECRET}`),
      JSON.stringify(seen),
    );
    assert.ok(report.findings.some(({ rule }) => rule === 'npm/not-in-registry'));
  });
});

describe('private names', () => {
  for (const [file, textFor] of [
    ['.npmrc', (url) => `@acme:registry=${url}\n`],
    ['.yarnrc.yml', (url) => `npmScopes:\n  acme:\n    npmRegistryServer: "${url}"\n`],
    ['.yarnrc', (url) => `"@acme:registry" "${url}"\n`],
    ['bunfig.toml', (url) => `[install.scopes]\nacme = { url = "${url}" }\n`],
    ['pnpm-workspace.yaml', (url) => `registries:\n  "@acme": ${url}\n`],
  ] satisfies [string, (url: string) => string][]) {
    it(`go to the registry that ${file} names for their scope, and to none where the project is not trusted`, async () => {
      const [everybody, ours] = [
        await startNpmServer({}, { advisories: {} }),
        await startNpmServer(
          { '@acme/ui': { versions: { '1.0.0': { deprecated: 'old' } }, tags: { latest: '1.0.0' } } },
          { advisories: {} },
        ),
      ];
      const files = {
        'package.json': JSON.stringify({ name: 'shop', dependencies: { '@acme/ui': '^1.0.0', 'no-such-name': '1.0.0' } }),
        [file]: textFor(ours.registry),
      };
      try {
        await withFolder(files, async (folder) => {
          const check = async (...args: string[]): Promise<Report> => {
            const run = await waybill(['check', '--online', '--format', 'json', ...args, folder], {
              env: { NPM_CONFIG_REGISTRY: everybody.registry },
            });
            return JSON.parse(run.stdout);
          };
          const strange = await check();
          assert.deepEqual(ours.requests, []);
          assert.equal(strange.unknown.find(({ subject }) => subject === 'pkg:npm/%40acme/ui')?.why, 'untrusted');
          assert.ok(strange.findings.some(({ rule }) => rule === 'npm/not-in-registry'));
          const trusted = await check('--trust');
          assert.ok(trusted.findings.some(({ rule }) => rule === 'npm/deprecated'));
          const urlsOf = ({ requests }: NpmServer): string[] => [...new Set(requests.map(({ url }) => url))].sort();
          assert.deepEqual(urlsOf(everybody), ['/-/npm/v1/security/advisories/bulk', '/no-such-name']);
          assert.deepEqual(urlsOf(ours), ['/-/npm/v1/security/advisories/bulk', '/@acme%2fui']);
          // The lists of names in the bodies are no less private than those in the paths.
          for (const { body } of everybody.asked) assert.deepEqual(body, { 'no-such-name': ['1.0.0'] });
          assert.deepEqual(
            ours.asked.map(({ body }) => body),
            [{ '@acme/ui': ['1.0.0'] }],
          );
        });
      } finally {
        await Promise.all([everybody.close(), ours.close()]);
      }
    });
  }
});

describe('answers on the disk', () => {
  const files = { 'package.json': JSON.stringify({ name: 'shop', dependencies: { 'no-such-name': '1.0.0' } }) };

  it('are for their owner alone, survive a damaged file, and are merged', async () => {
    const registry = await startNpmServer({}, { advisories: {} });
    try {
      await withFolder(files, async (folder) => {
        await withFolder({}, async (base) => {
          const env = { NPM_CONFIG_REGISTRY: registry.registry, XDG_CACHE_HOME: path.join(base, 'cache') };
          const check = () => waybill(['check', '--online', '--format', 'json', folder], { env });
          assert.equal((await check()).status, 1);
          const cache = path.join(base, 'cache', 'waybill');
          assert.deepEqual(readdirSync(cache).sort(), ['npm-advisories.json', 'npm-packument.json']);
          if (process.platform !== 'win32') {
            assert.equal(statSync(cache).mode & 0o777, 0o700);
            assert.equal(statSync(path.join(cache, 'npm-packument.json')).mode & 0o777, 0o600);
          }
          const before = registry.requests.length;
          for (const damaged of ['{"version":1,"entries":[[', '', '{"version":99}', '\u0000']) {
            writeFileSync(path.join(cache, 'npm-packument.json'), damaged);
            const run = await check();
            assert.equal(run.status, 1, run.stderr);
            assert.ok((JSON.parse(run.stdout) as Report).findings.some(({ rule }) => rule === 'npm/not-in-registry'));
          }
          // Each run asks for the document, and for advisories: what a server on this machine said spares no look-up.
          assert.equal(registry.requests.length, before + 8);
          assert.ok(statSync(path.join(cache, 'npm-packument.json')).size > 40);
        });
      });
    } finally {
      await registry.close();
    }
  });

  it('a folder that cannot be written is no error', async () => {
    const registry = await startNpmServer({});
    try {
      await withFolder({ ...files, cache: 'a file' }, async (folder) => {
        const env = { NPM_CONFIG_REGISTRY: registry.registry, XDG_CACHE_HOME: path.join(folder, 'cache') };
        const run = await waybill(['check', '--online', folder], { env });
        assert.equal(run.status, 1);
        assert.equal(run.stderr, '');
      });
    } finally {
      await registry.close();
    }
  });
});

describe('a registry with a certificate of its own authority', () => {
  it('is asked with NODE_EXTRA_CA_CERTS, and says why without', async () => {
    await withFolder({ 'package.json': '{ "dependencies": { "no-such-name": "1.0.0" } }' }, async (folder) => {
      const keys = createKeyPair(folder, ['localhost']);
      const registry = await serveTls(keys, (_, response) => response.writeHead(404).end());
      const NPM_CONFIG_REGISTRY = `https://localhost:${registry.port}/`;
      const check = async (env: Readonly<Record<string, string>>): Promise<Report> =>
        JSON.parse((await waybill(['check', '--online', '--format', 'json', folder], { env: { NPM_CONFIG_REGISTRY, ...env } })).stdout);
      try {
        const trusting = await check({ NODE_EXTRA_CA_CERTS: keys.certFile });
        assert.ok(trusting.findings.some(({ rule }) => rule === 'npm/not-in-registry'));
        const { unknown, findings } = await check({});
        assert.ok(findings.every(({ rule }) => rule !== 'npm/not-in-registry'));
        assert.match(unknown.find(({ why }) => why === 'error')?.detail ?? '', /certificate is not trusted .*NODE_EXTRA_CA_CERTS/);
      } finally {
        await registry.close();
      }
    });
  });
});

describe('a registry that limits look-ups', () => {
  it('is asked once, the reason with the time reaches every report, and the exit status is 2', async () => {
    let requests = 0;
    const limited = await serve((_, response) => {
      requests++;
      response.writeHead(429, { 'retry-after': '600' }).end();
    });
    try {
      await withFolder({}, async (folder) => {
        const names = Array.from({ length: 12 }, (_, i) => [`name-${i}`, '1.0.0']);
        writeFiles(folder, { 'package.json': JSON.stringify({ name: 'shop', dependencies: Object.fromEntries(names) }) });
        const env = { NPM_CONFIG_REGISTRY: limited.url };
        const json = await waybill(['check', '--online', '--fail-on', 'error', '--format', 'json', folder], { env });
        assert.equal(json.status, 2, json.stdout);
        const { unknown }: Report = JSON.parse(json.stdout);
        // Of each name its document, and the advisories about the version.
        assert.equal(unknown.filter(({ why }) => why === 'error').length, 24);
        const times = [0, 60_000].map((later) => clockTime(Date.now() + 600_000 - later)).join('|');
        assert.ok(
          unknown.some(({ detail }) => new RegExp(`rate limited until (${times})$`).test(detail ?? '')),
          json.stdout,
        );
        assert.ok(requests <= 4, `${requests} requests: those that were under way, and none after`);
        const text = await waybill(['check', '--online', '--fail-on', 'error', folder], { env });
        assert.match(text.stdout, /Unknown, error: .*(HTTP 429|rate limited)/);
        const sarif = await waybill(['check', '--online', '--format', 'sarif', folder], { env });
        assert.match(sarif.stdout, /rate limited until/);
      });
    } finally {
      await limited.close();
    }
  });
});
