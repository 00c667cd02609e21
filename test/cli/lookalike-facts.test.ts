import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { type Published, startNpmServer } from '../sources/support/npm-server.ts';
import { waybill } from '../support/cli.ts';
import { withFolder } from '../support/folder.ts';

interface Report {
  readonly findings: readonly { readonly rule: string; readonly severity: string; readonly message: string; readonly path: string }[];
  readonly unknown: readonly { readonly subject: string; readonly why: string; readonly count: number; readonly detail?: string }[];
}

const DAY = 24 * 60 * 60 * 1000;

/** A package as the registry has it: how many days ago it was created, and by whom. */
function published(days: readonly number[], people: readonly string[], repository?: string): Published {
  const at = (ago: number): string => new Date(Date.now() - ago * DAY).toISOString();
  const versions = days.map((ago, nth) => [`1.0.${nth}`, ago] as const);
  return {
    versions: Object.fromEntries(versions.map(([version]) => [version, { _npmUser: { name: people[0] } }])),
    tags: { latest: versions.at(-1)?.[0] ?? '' },
    time: { created: at(days[0] ?? 0), ...Object.fromEntries(versions.map(([version, ago]) => [version, at(ago)])) },
    maintainers: people.map((name) => ({ name })),
    ...(repository === undefined ? {} : { repository: { type: 'git', url: repository } }),
  };
}

const OLD = [2000, 1500, 1000, 500, 100];
const PACKAGES = {
  axios: published(OLD, ['axios-team'], 'git+https://github.com/axios/axios.git'),
  chalk: published(OLD, ['chalk-team'], 'git+https://github.com/chalk/chalk.git'),
  typescript: published(OLD, ['ts-team'], 'git+https://github.com/microsoft/TypeScript.git'),
  'axios-harbor': published([3], ['mallory']),
  'chalk-harbor': published([2], ['chalk-team']),
  typescrxpt: published(OLD, ['someone'], 'git+https://github.com/someone/typescrxpt.git'),
};
const DEPENDENCIES = { 'axios-harbor': '^1.0.0', 'chalk-harbor': '^1.0.0', typescrxpt: '^1.0.0', exprses: '^1.0.0' };

function manifest(dependencies: Readonly<Record<string, string>>): string {
  return JSON.stringify({ name: 'shop', dependencies });
}

/** The registry is that of the user's own settings, which those of a project come before. */
async function check(folder: string, registry: string, ...options: readonly string[]): Promise<Report> {
  const args = ['check', path.join(folder, 'project'), '--format', 'json', '--fail-on', 'never', ...options];
  const userconfig = path.join(folder, 'user-npmrc');
  writeFileSync(userconfig, `registry=${registry}\n`);
  const { stdout } = await waybill(args, { env: { NPM_CONFIG_USERCONFIG: userconfig } });
  const report = JSON.parse(stdout) as Report;
  return {
    ...report,
    findings: report.findings.filter(({ rule }) => /^npm\/(?:lookalike|not-in-registry|dependency-confusion)$/.test(rule)),
  };
}

function named({ findings }: Report): string[] {
  return findings.map(({ rule, severity, message }) => `${/`([^`]+)`/.exec(message)?.[1]} ${rule} ${severity}`).sort();
}

test('a registry confirms, takes back and misses names; offline nothing is asked', async () => {
  const npm = await startNpmServer(PACKAGES, { advisories: {} });
  try {
    await withFolder({ 'project/package.json': manifest(DEPENDENCIES) }, async (folder) => {
      assert.deepEqual(named(await check(folder, npm.registry)), [
        'axios-harbor npm/lookalike hint',
        'chalk-harbor npm/lookalike hint',
        'exprses npm/lookalike warning',
        'typescrxpt npm/lookalike warning',
      ]);
      assert.equal(npm.requests.length, 0);
      const online = await check(folder, npm.registry, '--online');
      assert.deepEqual(named(online), ['axios-harbor npm/lookalike warning', 'exprses npm/not-in-registry error']);
      const confirmed = online.findings.find(({ rule }) => rule === 'npm/lookalike');
      assert.match(
        confirmed?.message ?? '',
        /created 3 days ago, and has one version, one maintainer and no repository \(as of \d{4}-\d\d-\d\d \d\d:\d\d UTC\)/,
      );
      assert.deepEqual(online.unknown, []);
      const asked = npm.requests.map(({ url }) => url.slice(1)).sort();
      // Names by themselves, once for their versions and once as a whole, and the targets of those that were in doubt.
      assert.deepEqual(
        [...new Set(asked)],
        ['-/npm/v1/security/advisories/bulk', 'axios', 'axios-harbor', 'chalk', 'chalk-harbor', 'exprses', 'typescrxpt'],
      );
    });
  } finally {
    await npm.close();
  }
});

test('a mirror that leaves out who may publish decides nothing, and that is unknown', async () => {
  const npm = await startNpmServer(PACKAGES, { isMirror: true, advisories: {} });
  try {
    await withFolder({ 'project/package.json': manifest({ 'axios-harbor': '^1.0.0', typescrxpt: '^1.0.0' }) }, async (folder) => {
      const report = await check(folder, npm.registry, '--online');
      assert.deepEqual(named(report), ['axios-harbor npm/lookalike hint', 'typescrxpt npm/lookalike warning']);
      assert.deepEqual(
        report.unknown.map(({ subject, why, count, detail }) => [subject, why, count, detail]),
        [['npm-packument', 'denied', 2, 'the registry leaves out when the package was created, or who may publish it']],
      );
    });
  } finally {
    await npm.close();
  }
});

test('no registry but its own is told a private name', async () => {
  const npm = await startNpmServer(PACKAGES);
  const files = {
    'project/mapped/.npmrc': 'registry=https://npm.acme.test/\n',
    'project/mapped/package.json': manifest({ 'axios-harbor': '^1.0.0' }),
    'project/scoped/.npmrc': '@bable:registry=https://npm.acme.test/\n',
    'project/scoped/package.json': manifest({ '@bable/core': '^1.0.0' }),
    'project/yarn/.yarnrc.yml': 'npmRegistryServer: "https://npm.acme.test"\n',
    'project/yarn/package.json': manifest({ 'axios-harbor': '^1.0.0' }),
    'project/command/Dockerfile': 'FROM scratch\nRUN npm i --registry https://npm.acme.test/ axios-harbor@1.0.0 typescrxpt@1.0.0\n',
    'project/variable/Dockerfile':
      'FROM scratch\nENV NPM_CONFIG_REGISTRY=https://npm.acme.test/\nRUN npx axios-harbor@1.0.0 && npx typescrxpt@1.0.0\n',
  };
  try {
    await withFolder(files, async (folder) => {
      const report = await check(folder, npm.registry, '--online');
      assert.deepEqual(npm.requests, []);
      const warned = report.findings.filter(({ severity }) => severity !== 'hint').map(({ path }) => path);
      assert.deepEqual(warned.sort(), ['command/Dockerfile', 'scoped/package.json', 'variable/Dockerfile'], 'what the names say stays');
      assert.ok(report.unknown.length > 0);
    });
  } finally {
    await npm.close();
  }
});

test('a package of the registry that is another than the locked one is told, once', async () => {
  const npm = await startNpmServer({
    'acme-utils': {
      ...published([3], ['mallory']),
      versions: { '99.10.9': { _npmUser: { name: 'mallory' } } },
      tags: { latest: '99.10.9' },
    },
    'axios-acmeforms': {
      ...published([3], ['mallory']),
      versions: { '99.10.9': { _npmUser: { name: 'mallory' } } },
      tags: { latest: '99.10.9' },
    },
  });
  const dependencies = { 'acme-utils': '^1.4.0', 'axios-acmeforms': '^1.4.0', 'acme-nowhere': '^1.4.0', '@acme/ui': '^1.4.0' };
  const lock = {
    lockfileVersion: 3,
    packages: {
      '': { dependencies },
      ...Object.fromEntries(Object.keys(dependencies).map((name) => [`node_modules/${name}`, { version: '1.4.0' }])),
    },
  };
  const files = {
    'project/package.json': manifest(dependencies),
    'project/package-lock.json': JSON.stringify(lock),
    'project/.npmrc': '@acme:registry=https://npm.acme.test/\n',
  };
  try {
    await withFolder(files, async (folder) => {
      const offline = await check(folder, npm.registry);
      assert.deepEqual(named(offline), ['axios-acmeforms npm/lookalike hint']);
      assert.equal(npm.requests.length, 0);
      const online = await check(folder, npm.registry, '--online');
      assert.deepEqual(named(online), [
        'acme-nowhere npm/not-in-registry error',
        'acme-utils npm/dependency-confusion warning',
        'axios-acmeforms npm/dependency-confusion warning',
      ]);
      assert.match(
        online.findings.find(({ rule }) => rule === 'npm/dependency-confusion')?.message ?? '',
        /begins at 99\.10\.9, was created 3 days ago/,
      );
      assert.ok(!npm.requests.some(({ url }) => url.includes('@acme')), 'a scope that is mapped is asked for nowhere else');
    });
  } finally {
    await npm.close();
  }
});
