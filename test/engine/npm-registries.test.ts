// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is what variables look like in an .npmrc.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PUBLIC_NPM_REGISTRY_URL } from '../../server/src/core/public-npm-registry.ts';
import { MAX_SETTINGS_UNITS, type RegistrySettings, registryFor } from '../../server/src/engine/npm-registries.ts';

const PUBLIC = PUBLIC_NPM_REGISTRY_URL;

function ask(
  name: string,
  settings: Partial<Omit<RegistrySettings, 'project'>> & { readonly npmrc?: string; readonly project?: RegistrySettings['project'] } = {},
) {
  const { npmrc, project = [], ...rest } = settings;
  const files = npmrc === undefined ? project : [{ name: '.npmrc', text: npmrc }, ...project];
  return registryFor({ name }, { env: {}, user: [], trusted: true, ...rest, project: files });
}

function found(...args: Parameters<typeof ask>) {
  const result = ask(...args);
  assert.ok(result.ok, result.ok ? '' : result.error.detail);
  return result.value;
}

function refused(...args: Parameters<typeof ask>) {
  const result = ask(...args);
  assert.ok(!result.ok, 'it is asked for');
  return result.error;
}

describe('which registry serves a name', () => {
  it('the public one, where nothing is said', () => {
    assert.deepEqual(found('a'), { url: PUBLIC, isMapped: false });
    assert.deepEqual(found('@acme/a'), { url: PUBLIC, isMapped: false });
  });

  it('the environment before the project, the project before the user', () => {
    const user = ['registry=https://user.example.test'];
    const npmrc = 'registry = "https://project.example.test/npm"';
    assert.equal(found('a', { user }).url, 'https://user.example.test/');
    assert.equal(found('a', { user, npmrc }).url, 'https://project.example.test/npm/');
    for (const key of ['NPM_CONFIG_REGISTRY', 'npm_config_registry']) {
      assert.equal(found('a', { user, npmrc, env: { [key]: 'https://env.example.test/' } }).url, 'https://env.example.test/');
    }
    assert.equal(
      found('a', { npmrc, project: [{ name: '.npmrc', text: 'registry=https://above.example.test' }] }).url,
      'https://project.example.test/npm/',
    );
  });

  it('a scope has its own, also where the environment names one for all names', () => {
    const npmrc = '@acme:registry=https://acme.example.test/\nregistry=https://all.example.test/';
    assert.deepEqual(found('@acme/a', { npmrc, env: { NPM_CONFIG_REGISTRY: 'https://env.example.test/' } }), {
      url: 'https://acme.example.test/',
      isMapped: true,
    });
    assert.equal(found('@acmes/a', { npmrc }).url, 'https://all.example.test/');
    assert.equal(found('acme', { npmrc }).url, 'https://all.example.test/');
  });

  it('audit=false switches advisories off, where whoever says so may', () => {
    assert.equal(found('a').isAuditOff, undefined);
    assert.equal(found('a', { user: ['audit=false'] }).isAuditOff, true);
    assert.equal(found('a', { user: ['audit=false'], trusted: false }).isAuditOff, true);
    assert.equal(found('a', { user: ['audit=false'], npmrc: 'audit=true' }).isAuditOff, undefined);
    assert.equal(found('a', { env: { NPM_CONFIG_AUDIT: 'false' } }).isAuditOff, true);
    assert.equal(found('a', { npmrc: 'audit=false' }).isAuditOff, true);
    assert.equal(
      found('a', { npmrc: 'audit=false', trusted: false }).isAuditOff,
      undefined,
      'a project cannot hide what is known against it',
    );
    for (const npmrc of ['audit=true', 'audit=', 'audit-level=high']) assert.equal(found('a', { npmrc }).isAuditOff, undefined, npmrc);
  });

  it('npm reads no settings from sections, and the last of two lines counts', () => {
    assert.equal(
      found('a', {
        npmrc: 'registry=https://one.example.test\nregistry=https://two.example.test\n[x]\nregistry=https://three.example.test',
      }).url,
      'https://two.example.test/',
    );
  });

  it('variables are expanded; without one that is not set nothing is asked', () => {
    const npmrc = 'registry=https://${HOST}/${PATH_OF?}';
    assert.equal(found('a', { npmrc, env: { HOST: 'h.example.test', PATH_OF: 'p' } }).url, 'https://h.example.test/p/');
    assert.equal(found('a', { npmrc, env: { HOST: 'h.example.test' } }).url, 'https://h.example.test/');
    const { why, detail } = refused('a', { npmrc });
    assert.equal(why, 'unparsable');
    assert.match(detail, /variable HOST/);
    assert.equal(refused('a', { npmrc: 'registry=https://${constructor}/' }).why, 'unparsable', 'no member of every object');
  });
});

describe('a project that is not trusted', () => {
  const untrusted = { trusted: false, env: { TOKEN: 'secret', HOST: 'evil.example.test' } };

  it('chooses no registry: what it maps may be private, so it is asked for nowhere', () => {
    for (const npmrc of [
      'registry=https://evil.example.test/',
      'registry=https://${HOST}/',
      'registry=https://evil.example.test/?t=${TOKEN}',
    ]) {
      const { why, detail } = refused('a', { ...untrusted, npmrc });
      assert.equal(why, 'untrusted');
      assert.doesNotMatch(detail, /secret/);
    }
    assert.equal(refused('@acme/a', { ...untrusted, npmrc: '@acme:registry=https://acme.example.test/' }).why, 'untrusted');
  });

  it('says nothing new where it names what the user has', () => {
    const user = ['@acme:registry=https://acme.example.test/\n//acme.example.test/:_authToken=t'];
    assert.deepEqual(found('@acme/a', { ...untrusted, user, npmrc: '@acme:registry=https://acme.example.test' }), {
      url: 'https://acme.example.test/',
      isMapped: true,
    });
    assert.equal(found('a', { ...untrusted, npmrc: `registry=${PUBLIC}` }).url, PUBLIC);
  });

  it("gets no credential used, not even the user's own", () => {
    const user = ['registry=https://user.example.test/\n//user.example.test/:_authToken=t'];
    assert.equal(found('a', { ...untrusted, user }).authorization, undefined);
    assert.equal(found('a', { ...untrusted, trusted: true, user }).authorization, 'Bearer t');
  });
});

describe('credentials', () => {
  const at = (lines: string, registry = 'https://r.example.test/npm/all/') =>
    found('a', { npmrc: `registry=${registry}\n${lines}`, env: { TOKEN: 'from-env' } }).authorization;
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

  for (const [what, lines, expected] of [
    ['a token', '//r.example.test/npm/all/:_authToken=t', 'Bearer t'],
    ['a token from the environment', '//r.example.test/npm/all/:_authToken=${TOKEN}', 'Bearer from-env'],
    ['user and password as one', `//r.example.test/npm/all/:_auth=${Buffer.from('u:p').toString('base64')}`, basic('u:p')],
    [
      'user and password',
      `//r.example.test/npm/all/:username=u\n//r.example.test/npm/all/:_password=${Buffer.from('p').toString('base64')}`,
      basic('u:p'),
    ],
    ['one of a path above', '//r.example.test/:_authToken=root', 'Bearer root'],
    ['the nearest of two', '//r.example.test/:_authToken=root\n//r.example.test/npm/:_authToken=npm', 'Bearer npm'],
    ['a key without a slash at its end', '//r.example.test/npm:_authToken=t', 'Bearer t'],
    ["another host's", '//other.example.test/:_authToken=t', undefined],
    ["another port's", '//r.example.test:8443/:_authToken=t', undefined],
    ['a path below', '//r.example.test/npm/all/team/:_authToken=t', undefined],
    ['a host that only begins alike', '//r.example.test.evil.test/:_authToken=t', undefined],
    ['one without a host', '_authToken=t\n_auth=dTpw', undefined],
    ['a variable that is not set', '//r.example.test/:_authToken=${NOT_SET}', undefined],
    ['half of one', '//r.example.test/:username=u', undefined],
    ['a password that is no base64', '//r.example.test/:username=u\n//r.example.test/:_password=%%%', undefined],
  ] as const) {
    it(`${what}: ${expected === undefined ? 'nothing is sent' : expected.slice(0, 6)}`, () => assert.equal(at(lines), expected));
  }

  it('are found with a port', () => {
    assert.equal(at('//127.0.0.1:4873/:_authToken=t', 'http://127.0.0.1:4873'), 'Bearer t');
  });
});

describe("names that are none of the public registry's business", () => {
  it('what the lockfile has from another host', () => {
    const settings = { env: {}, project: [], user: [], trusted: true };
    const result = registryFor({ name: 'a', isElsewhere: true }, settings);
    assert.equal(!result.ok && result.error.why, 'untrusted');
    const mirror = registryFor({ name: 'a', isElsewhere: true }, { ...settings, user: ['registry=https://mirror.example.test'] });
    assert.equal(mirror.ok && mirror.value.url, 'https://mirror.example.test/');
  });
});

describe('what other managers than npm say', () => {
  const R = 'https://r.example.test/';
  for (const [name, text, names, others] of [
    ['.yarnrc.yml', 'npmScopes:\n  acme:\n    npmRegistryServer: "https://r.example.test"\n', ['@acme/a'], ['a', '@other/a']],
    ['.yarnrc.yml', '{"npmScopes": {"acme": {"npmRegistryServer": "https://r.example.test"}}}', ['@acme/a'], ['a', '@other/a']],
    ['.yarnrc.yml', 'npmRegistryServer: "https://r.example.test"\n', ['a', '@acme/a'], []],
    ['.yarnrc.yml', '# npmRegistryServer: "https://r.example.test"\nnodeLinker: node-modules\n', [], ['a', '@acme/a']],
    ['.yarnrc', '"@acme:registry" "https://r.example.test"\n', ['@acme/a'], ['a']],
    ['.yarnrc', 'registry "https://r.example.test"\r\n', ['a'], []],
    ['.yarnrc', '# registry "https://r.example.test"\nlastUpdateCheck 1\n', [], ['a']],
    ['bunfig.toml', '[install]\nregistry = "https://r.example.test"\n', ['a'], []],
    ['bunfig.toml', 'install.registry = { url = "https://r.example.test" }\n', ['a'], []],
    ['bunfig.toml', '[install.registry]\nurl = "https://r.example.test"\n', ['a'], []],
    ['bunfig.toml', '[install.scopes]\n"@acme" = "https://r.example.test"\n', ['@acme/a'], ['a', '@other/a']],
    ['bunfig.toml', '[install.scopes.acme]\nurl = "https://r.example.test"\n', ['@acme/a'], ['a', '@other/a']],
    ['pnpm-workspace.yaml', 'packages:\n  - a\nregistries:\n  "@acme": https://r.example.test\n', ['@acme/a'], ['a']],
    ['pnpm-workspace.yaml', 'registries:\n  default: https://r.example.test\n', ['a', '@acme/a'], []],
    ['pnpm-workspace.yaml', 'registry: https://r.example.test\n', ['a', '@acme/a'], []],
    ['pnpm-workspace.yaml', 'packages:\n  - registry/*\ncatalog:\n  "@acme/a": ^1.0.0\n', [], ['a', '@acme/a']],
  ] as const) {
    it(`${name}: ${JSON.stringify(text)}`, () => {
      const project = [{ name, text }];
      for (const one of names) {
        assert.equal(found(one, { project }).url, R, one);
        const refusal = refused(one, { project, trusted: false });
        assert.equal(refusal.why, 'untrusted', one);
        assert.match(refusal.detail, new RegExp(`^the ${name.replaceAll('.', '\\.')} of the project names a registry, `));
        assert.equal(found(one, { project, trusted: false, user: [`registry=${R}`] }).url, R, 'what the user has anyway');
      }
      for (const one of others) assert.equal(found(one, { project }).url, PUBLIC, one);
    });
  }

  it('a broken file is no answer, and neither is a variable that is not set', () => {
    for (const [name, text] of [
      ['.yarnrc.yml', 'npmRegistryServer: "https://r.example.test\n'],
      ['.yarnrc.yml', 'npmRegistryServer: "${R}"\n'],
      ['bunfig.toml', '[install]\nregistry = "https://r.example.test\n'],
      ['bunfig.toml', '[install]\nregistry = "$R"\n'],
      ['pnpm-workspace.yaml', 'registries: {default: https://r.example.test\n'],
      ['pnpm-workspace.yaml', 'registries: {default: "https://${R}"}\n'],
    ] as const) {
      assert.equal(refused('a', { project: [{ name, text }] }).why, 'unparsable', text);
      assert.equal(refused('a', { project: [{ name, text }], trusted: false, env: { R } }).why, 'untrusted', text);
    }
  });

  it('variables are replaced as each manager does, and only where the project is trusted', () => {
    const yarn = (text: string) => [{ name: '.yarnrc.yml', text: `npmRegistryServer: "${text}"\n` }];
    const env = { R: 'https://r.example.test', EMPTY: '' };
    assert.equal(found('a', { project: yarn('${R}'), env }).url, R);
    assert.equal(found('a', { project: yarn('${NONE-https://r.example.test}'), env }).url, R);
    assert.equal(found('a', { project: yarn('${EMPTY:-https://r.example.test}'), env }).url, R);
    assert.equal(found('a', { project: [{ name: 'bunfig.toml', text: 'install.registry = "$R"\n' }], env }).url, R);
    assert.equal(found('a', { project: [{ name: 'pnpm-workspace.yaml', text: 'registry: ${R}\n' }], env }).url, R);
    assert.equal(refused('a', { project: yarn('${R}'), env, trusted: false, user: [`registry=${R}`] }).why, 'untrusted');
  });

  it("Yarn reads no .npmrc; of the others' files a scope counts more than all names, then their own word", () => {
    const npmrc = '@acme:registry=https://scope.example.test/\nregistry=https://all.example.test/';
    const ask = (name: string, text: string, wanted: string) => found(wanted, { npmrc, project: [{ name, text }] }).url;
    assert.equal(ask('.yarnrc.yml', 'npmRegistryServer: https://r.example.test\n', '@acme/a'), R);
    assert.equal(ask('.yarnrc.yml', 'npmScopes: {other: {npmRegistryServer: https://r.example.test}}\n', 'a'), 'https://all.example.test/');
    assert.equal(ask('pnpm-workspace.yaml', 'registry: https://r.example.test\n', 'a'), R);
    assert.equal(ask('pnpm-workspace.yaml', 'registry: https://r.example.test\n', '@acme/a'), 'https://scope.example.test/');
    assert.equal(ask('pnpm-workspace.yaml', 'registries: {"@acme": https://r.example.test}\n', '@acme/a'), R);
    assert.equal(ask('bunfig.toml', 'install.registry = "https://r.example.test"\n', '@acme/a'), 'https://scope.example.test/');
  });

  it('the nearest file counts', () => {
    const project = [1, 2].map((nth) => ({ name: 'pnpm-workspace.yaml', text: `registry: https://r${nth}.example.test\n` }));
    assert.equal(found('a', { project }).url, 'https://r1.example.test/');
  });

  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  for (const [what, name, text, wanted, expected] of [
    [
      'of a scope',
      '.yarnrc.yml',
      'npmScopes: {acme: {npmRegistryServer: "https://r.example.test", npmAuthToken: t}}',
      '@acme/a',
      'Bearer t',
    ],
    [
      'of an address',
      '.yarnrc.yml',
      'npmRegistryServer: "https://r.example.test"\nnpmRegistries:\n  "//r.example.test": {npmAuthToken: "${TOKEN}"}',
      'a',
      'Bearer of-env',
    ],
    [
      'of an address with a protocol and a slash',
      '.yarnrc.yml',
      'npmRegistryServer: "https://r.example.test"\nnpmRegistries:\n  "https://r.example.test/": {npmAuthIdent: "u:p"}',
      'a',
      basic('u:p'),
    ],
    [
      'in base64 already',
      '.yarnrc.yml',
      `npmRegistryServer: "https://r.example.test"\nnpmAuthIdent: ${Buffer.from('u:p').toString('base64')}`,
      'a',
      basic('u:p'),
    ],
    [
      'at the top, of the registry at the top',
      '.yarnrc.yml',
      'npmRegistryServer: "https://r.example.test"\nnpmAuthToken: t',
      'a',
      'Bearer t',
    ],
    [
      'at the top, and a registry of a scope',
      '.yarnrc.yml',
      'npmScopes: {acme: {npmRegistryServer: "https://r.example.test"}}\nnpmAuthToken: t',
      '@acme/a',
      undefined,
    ],
    [
      "another address's",
      '.yarnrc.yml',
      'npmRegistryServer: "https://r.example.test"\nnpmRegistries: {"//r.example.test.evil.test": {npmAuthToken: t}}',
      'a',
      undefined,
    ],
    ['a variable that is not set', '.yarnrc.yml', 'npmRegistryServer: "https://r.example.test"\nnpmAuthToken: "${NONE}"', 'a', undefined],
    ['one with a line end', '.yarnrc.yml', 'npmRegistryServer: "https://r.example.test"\nnpmAuthToken: "a\\nb: c"', 'a', undefined],
    ['a token', 'bunfig.toml', '[install.scopes]\nacme = { url = "https://r.example.test", token = "$TOKEN" }', '@acme/a', 'Bearer of-env'],
    [
      'user and password',
      'bunfig.toml',
      '[install.registry]\nurl = "https://r.example.test"\nusername = "u"\npassword = "$TOKEN"',
      'a',
      basic('u:of-env'),
    ],
    ['a user alone', 'bunfig.toml', '[install.registry]\nurl = "https://r.example.test"\nusername = "u"', 'a', undefined],
  ] as const) {
    it(`credentials: ${what}`, () => {
      const settings = { project: [{ name, text }], env: { TOKEN: 'of-env' } };
      assert.equal(found(wanted, settings).authorization, expected);
      assert.equal(refused(wanted, { ...settings, trusted: false }).why, 'untrusted');
      assert.equal(found(wanted, { ...settings, trusted: false, user: [`registry=${R}`] }).authorization, undefined, 'none without trust');
    });
  }

  it("the .npmrc's credential goes to the address that another manager's file names", () => {
    const user = ['//r.example.test/:_authToken=mine'];
    assert.equal(
      found('a', { user, project: [{ name: 'pnpm-workspace.yaml', text: 'registry: https://r.example.test\n' }] }).authorization,
      'Bearer mine',
    );
  });
});

it('reads hostile settings in a time that nobody notices, and none that are endless', () => {
  for (const unit of ['\n', ' ', '"', '${', '\\', 'registries\n', 'acme ', 'registry', '@acme', '[install]\n', '//h/:_auth=${', '#']) {
    const text = unit.repeat(Math.floor(MAX_SETTINGS_UNITS / unit.length));
    for (const name of ['.npmrc', '.yarnrc.yml', '.yarnrc', 'bunfig.toml', 'pnpm-workspace.yaml']) {
      const startedAt = process.cpuUsage().user;
      ask('@acme/a', { project: [{ name, text }] });
      assert.ok(process.cpuUsage().user - startedAt < 10_000_000, `${name} of ${JSON.stringify(unit)}`);
      assert.equal(refused('@acme/a', { project: [{ name, text: `${text}${' '.repeat(unit.length)} ` }] }).why, 'unparsable');
    }
  }
});

it('gives an answer for every prefix of every kind of settings', () => {
  for (const [name, text] of [
    ['.npmrc', '@acme:registry=https://${HOST}/x\n//r.example.test/:_authToken=${TOKEN}\nregistry="https://r.example.test"\n'],
    [
      '.yarnrc.yml',
      'npmScopes:\n  acme: {npmRegistryServer: "https://${HOST:-r}/", npmAuthIdent: "u:p"}\nnpmRegistryServer: "https://r.example.test"\n',
    ],
    ['.yarnrc', '"@acme:registry" "https://r.example.test"\nregistry https://r.example.test\n'],
    [
      'bunfig.toml',
      '[install.scopes]\n"@acme" = { url = "https://$HOST/", token = "${TOKEN}" }\n[install]\nregistry = "https://r.example.test"\n',
    ],
    ['pnpm-workspace.yaml', 'registries:\n  "@acme": https://${HOST}/\n  default: "https://r.example.test"\nregistry: x\n'],
  ] as const) {
    for (let end = 0; end <= text.length; end++) {
      for (const trusted of [true, false]) ask('@acme/a', { project: [{ name, text: text.slice(0, end) }], trusted });
    }
  }
});
