/** What `check --online` says of advisories, end to end: the shipped bundle, registries on loopback. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { advisory, type BulkAnswer } from '../sources/support/bulk-server.ts';
import { type NpmServer, type Published, startNpmServer } from '../sources/support/npm-server.ts';
import { waybill } from '../support/cli.ts';
import { withFolder } from '../support/folder.ts';

interface Report {
  readonly findings: readonly { readonly rule: string; readonly severity: string; readonly message: string; readonly path: string }[];
  readonly unknown: readonly { readonly path: string; readonly subject: string; readonly why: string; readonly detail?: string }[];
}

const BULK = '/-/npm/v1/security/advisories/bulk';
const deep = Array.from({ length: 150 }, (_, nth) => `deep-${nth}`);
const FILES = {
  'package.json': JSON.stringify({ name: 'shop', dependencies: { 'left-pad': '1.0.0', '@acme/ui': '^1.0.0', other: 'npm:real@^1.0.0' } }),
  'package-lock.json': JSON.stringify({
    name: 'shop',
    lockfileVersion: 3,
    packages: {
      '': { name: 'shop', dependencies: { 'left-pad': '1.0.0', '@acme/ui': '^1.0.0', other: 'npm:real@^1.0.0' } },
      'node_modules/left-pad': { version: '1.0.0', dependencies: Object.fromEntries(deep.map((name) => [name, '^1.0.0'])) },
      'node_modules/@acme/ui': { version: '1.0.0' },
      'node_modules/other': { name: 'real', version: '1.0.0' },
      ...Object.fromEntries(deep.map((name) => [`node_modules/${name}`, { version: '1.0.0' }])),
    },
  }),
};
const published = (...versions: readonly string[]): Published => ({
  versions: Object.fromEntries(versions.map((version) => [version, { _npmUser: { name: 'ann' } }])),
  tags: { latest: versions.at(-1) ?? '' },
  time: Object.fromEntries(versions.map((version) => [version, '2024-01-01T00:00:00Z'])),
});
const PACKAGES = {
  'left-pad': published('1.0.0', '1.0.1', '1.1.0'),
  real: published('1.0.0', '1.2.0'),
  'deep-7': published('1.0.0', '1.0.1'),
};

async function withRegistries(all: BulkAnswer | undefined, work: (all: NpmServer, acme: NpmServer) => Promise<void>): Promise<void> {
  const servers = [
    await startNpmServer(PACKAGES, all === undefined ? {} : { advisories: all }),
    await startNpmServer(
      { '@acme/ui': published('1.0.0') },
      { path: '/npm', advisories: { '@acme/ui': [advisory('GHSA-2222-3333-4444')] } },
    ),
  ] as const;
  try {
    await work(...servers);
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

async function check(
  folder: string,
  { registry }: NpmServer,
  ...options: readonly string[]
): Promise<Report & { readonly status: number | null }> {
  const run = await waybill(['check', folder, '--format', 'json', ...options], { env: { NPM_CONFIG_REGISTRY: registry } });
  return { ...(JSON.parse(run.stdout) as Report), status: run.status };
}

const about = ({ findings }: Report): string[] =>
  findings
    .filter(({ rule }) => rule === 'npm/vulnerable' || rule === 'npm/malicious')
    .map(({ rule, severity, path, message }) => `${path} ${rule} ${severity}: ${message.replace(/\. .*/s, '')}`)
    .sort();

describe('advisories on the command line', () => {
  const told: BulkAnswer = {
    'left-pad': [
      advisory('GHSA-2222-3333-4444', { title: 'Denial of service', severity: 'moderate', vulnerable_versions: '<1.0.1' }),
      advisory('GHSA-5555-6666-7777', { title: 'Of another version', vulnerable_versions: '>=2.0.0' }),
    ],
    real: [advisory('GHSA-mmmm-mmmm-mmmm', { title: 'Malware in real', severity: 'critical', vulnerable_versions: '=1.0.0' })],
    'deep-7': [advisory('GHSA-7777-7777-7777', { title: 'Open redirect', severity: 'critical', vulnerable_versions: '<1.0.1' })],
    '@acme/ui': [advisory('GHSA-5555-6666-7777', { title: 'What the wrong registry says' })],
  };

  test('are asked for at each registry, in few requests, and told where they belong', () =>
    withRegistries(told, async (all, acme) => {
      await withFolder({ ...FILES, '.npmrc': `@acme:registry=${acme.registry}\n` }, async (folder) => {
        const offline = await check(folder, all);
        assert.deepEqual([all.requests.length, acme.requests.length], [0, 0], 'nothing is asked without --online');
        assert.deepEqual(about(offline), []);
        assert.ok(offline.unknown.some(({ subject, why }) => subject === 'npm-advisories' && why === 'offline'));

        const online = await check(folder, all, '--online', '--trust');
        assert.deepEqual(about(online), [
          'package-lock.json npm/vulnerable error: `deep-7` 1.0.0, which comes with `left-pad`, has a known vulnerability (critical): Open redirect (GHSA-7777-7777-7777)',
          'package.json npm/malicious error: `real` 1.0.0 is malware: Malware in real (GHSA-mmmm-mmmm-mmmm)',
          'package.json npm/vulnerable error: `@acme/ui` 1.0.0 has a known vulnerability (high): About GHSA-2222-3333-4444 (GHSA-2222-3333-4444)',
          'package.json npm/vulnerable warning: `left-pad` 1.0.0 has a known vulnerability (moderate): Denial of service (GHSA-2222-3333-4444)',
        ]);
        assert.equal(online.status, 1);
        assert.match(
          online.findings.find(({ message }) => message.includes('`left-pad` 1.0.0'))?.message ?? '',
          /Require 1\.0\.1, the lowest/,
        );
        // 153 packages, and the versions that the first answer made worth asking about.
        const names = all.asked.flatMap(({ body }) => Object.keys(body));
        assert.ok(all.asked.length <= 6, `${all.asked.length} requests`);
        assert.deepEqual([...new Set(names)].sort(), ['left-pad', 'real', ...deep].sort(), 'real names only, and none of another registry');
        for (const { body } of all.asked) assert.ok(Object.values(body).flat().length <= 64);
        for (const { url, body } of acme.asked) {
          assert.equal(url, `/npm${BULK}`);
          assert.deepEqual(Object.keys(body), ['@acme/ui']);
        }
      });
    }));

  test('of a registry that does not serve them are unknown: nothing is told, and it is asked no more than twice', () =>
    withRegistries({ status: 405 }, async (all) => {
      await withFolder(FILES, async (folder) => {
        const online = await check(folder, all, '--online', '--fail-on', 'error');
        assert.deepEqual(about(online), []);
        const denied = online.unknown.filter(({ detail }) => /does not serve advisories \(HTTP 405\)/.test(detail ?? ''));
        assert.deepEqual(denied.map(({ path, subject, why }) => `${path} ${subject} ${why}`).sort(), [
          'package-lock.json npm-advisories denied',
          'package-lock.json npm-lock-advisories denied',
          'package.json npm-advisories denied',
        ]);
        assert.ok(all.asked.length <= 2, `${all.asked.length} requests`);
        assert.equal((await check(folder, all, '--online', '--strict', '--fail-on', 'never')).status, 2);
      });
    }));

  test('that a registry fails to tell are 2, and not a clean result', () =>
    withRegistries({ status: 500 }, async (all) => {
      await withFolder(
        { 'package.json': '{"dependencies":{"left-pad":"1.0.0"}}', 'package-lock.json': '{"lockfileVersion":3,"packages":{}}' },
        async (folder) => {
          const { status, unknown } = await check(folder, all, '--online', '--fail-on', 'never');
          assert.equal(status, 2);
          assert.ok(unknown.some(({ subject, why }) => subject === 'pkg:npm/left-pad@1.0.0' && why === 'error'));
        },
      );
    }));

  test('are not asked for where audit=false says so', () =>
    withRegistries(told, async (all) => {
      await withFolder({ ...FILES, '.npmrc': 'audit=false\n' }, async (folder) => {
        const online = await check(folder, all, '--online', '--trust');
        assert.deepEqual([all.asked.length, about(online)], [0, []]);
        assert.ok(online.unknown.some(({ detail }) => /audit=false/.test(detail ?? '')));
      });
    }));
});
