import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PUBLIC_NPM_REGISTRY_URL } from '../../server/src/core/public-npm-registry.ts';
import { configuredRegistries } from '../../server/src/formats/configured-registries.ts';
import { analyseFiles, type Files, memoryProject } from '../support/memory-project.ts';

function registries(files: Files, folder = ''): string[] {
  return configuredRegistries(memoryProject(files), folder).map(({ host, scope = '-', path }) => `${path} ${scope} ${host}`);
}

describe('configuredRegistries', () => {
  const cases: Readonly<Record<string, readonly [name: string, text: string, expected: readonly string[]]>> = {
    'an address without a scheme, a path, nothing': ['.yarnrc.yml', 'npmRegistryServer: npm.example.test\nnpmScopes: {a: {}, b: 1}\n', []],
    'Yarn: default, scopes, servers with settings of their own': [
      '.yarnrc.yml',
      'npmRegistryServer: "https://A.example.test:8443/x"\nnpmScopes: {acme: {npmRegistryServer: "https://b.example.test"}}\nnpmRegistries: {"https://c.example.test/": {npmAuthToken: "$T"}, "//d.example.test": {}}\n',
      ['- a.example.test:8443', '@acme b.example.test', '- c.example.test', '- d.example.test'],
    ],
    'Bun: addresses and tables, scopes with and without @': [
      'bunfig.toml',
      '[install]\nregistry = "https://a.example.test"\nscopes = {"@one" = "https://b.example.test", two = {url = "https://c.example.test", token = "$T"}}\n[test]\nregistry = "https://x.example.test"\n',
      ['- a.example.test', '@one b.example.test', '@two c.example.test'],
    ],
    'pnpm: default and scopes': [
      'pnpm-workspace.yaml',
      'registry: https://a.example.test\nregistries:\n  default: https://b.example.test\n  "@acme": https://c.example.test\npackages: ["https://x.example.test"]\n',
      ['- a.example.test', '- b.example.test', '@acme c.example.test'],
    ],
    'package.json: where it is published': [
      'package.json',
      '{"publishConfig": {"registry": "https://a.example.test", "@acme:registry": "https://b.example.test", "access": "https://x.example.test"}, "registry": "https://x.example.test"}',
      ['- a.example.test', '- b.example.test'],
    ],
    'npm: default, scopes, tokens': [
      '.npmrc',
      'registry=https://a.example.test\n@acme:registry=https://b.example.test\n//c.example.test/:_authToken=$T\n',
      ['- a.example.test', '@acme b.example.test', '- c.example.test'],
    ],
  };
  for (const [title, [name, text, expected]] of Object.entries(cases))
    it(title, () =>
      assert.deepEqual(
        registries({ [name]: text }),
        expected.map((one) => `${name} ${one}`),
      ),
    );

  it('those above a folder too, the nearest first, and none beside it', () => {
    const files = { '.npmrc': 'registry=https://a.example.test', 'x/bunfig.toml': '[install]\nregistry = "https://b.example.test"' };
    assert.deepEqual(registries(files, 'x/y'), ['x/bunfig.toml - b.example.test', '.npmrc - a.example.test']);
    assert.deepEqual(registries(files, 'y'), ['.npmrc - a.example.test']);
  });
});

/** What `lock/resolved-host` says of one package from a host beside eight from another. */
function strangers(name: string, entry: (name: string, host: string) => string, hosts: readonly [main: string, other: string]): number {
  const entries = Array.from({ length: 8 }, (_, index) => entry(`pad-${index}`, hosts[0]));
  const body = [...entries, entry('other', hosts[1])];
  const text =
    name === 'yarn.lock'
      ? `# yarn lockfile v1\n\n\n${body.join('\n')}`
      : `{"lockfileVersion": 3, "packages": {"": {}, ${body.join(', ')}}}`;
  return analyseFiles({ [name]: text }).flatMap(({ findings }) => findings.filter(({ rule }) => rule === 'lock/resolved-host')).length;
}

describe('the public registry in a lockfile', () => {
  const hash = `sha512-${'A'.repeat(86)}==`;
  const npm = (name: string, host: string) =>
    `"node_modules/${name}": {"version": "1.0.0", "resolved": "https://${host}/${name}/-/${name}-1.0.0.tgz", "integrity": "${hash}"}`;
  const yarn = (name: string, host: string) =>
    `${name}@^1.0.0:\n  version "1.0.0"\n  resolved "https://${host}/${name}/-/${name}-1.0.0.tgz#${'a'.repeat(40)}"\n  integrity ${hash}\n`;
  const publicHost = new URL(PUBLIC_NPM_REGISTRY_URL).host;

  it('is never a stranger, and others beside it are', () => {
    assert.equal(strangers('package-lock.json', npm, ['npm.example.test', publicHost]), 0);
    assert.equal(strangers('package-lock.json', npm, [publicHost, 'npm.example.test']), 1);
    assert.equal(strangers('yarn.lock', yarn, ['npm.example.test', publicHost]), 0);
  });

  it('has had another name with Yarn 1, and only there', () => {
    assert.equal(strangers('yarn.lock', yarn, ['registry.yarn.test', publicHost]), 0);
    assert.equal(strangers('yarn.lock', yarn, [publicHost, 'registry.yarn.test']), 0);
    assert.equal(strangers('package-lock.json', npm, [publicHost, 'registry.yarn.test']), 1);
    for (const host of ['registry.other.test', 'registry.yarn.evil.example.test', 'xregistry.yarn.test'])
      assert.equal(strangers('yarn.lock', yarn, [publicHost, host]), 1, host);
    assert.equal(strangers('yarn.lock', yarn, ['npm.example.test', 'registry.yarn.test']), 1);
  });
});
