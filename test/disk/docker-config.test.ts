import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { Credential } from '../../server/src/core/image-credential.ts';
import { askCredentialHelper, MAX_HELPER_BYTES } from '../../server/src/disk/credential-helper.ts';
import { dockerCredentials } from '../../server/src/disk/docker-config.ts';
import { writeCredentialHelper } from '../support/credential-helper.ts';
import { withFolder } from '../support/folder.ts';

const signal = new AbortController().signal;
const base64 = (text: string) => Buffer.from(text).toString('base64');
const ALICE = { auth: base64('alice:s3:cret') };
const alice: Credential = { kind: 'password', username: 'alice', password: 's3:cret' };

/** What a configuration gives for an image, with helpers off. */
function stored(config: unknown, image: string): Promise<Credential | undefined> {
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  return withFolder({ 'config.json': text }, (folder) => {
    const slash = image.indexOf('/');
    const key = { registry: image.slice(0, slash), repository: image.slice(slash + 1) };
    return dockerCredentials({ env: { DOCKER_CONFIG: folder }, helpers: false })(key, signal);
  });
}

describe('credentials that stand in the configuration', () => {
  for (const [key, image] of [
    ['reg.example.test', 'reg.example.test/a'],
    ['reg.example.test:5000', 'reg.example.test:5000/a'],
    ['https://reg.example.test', 'reg.example.test/a'],
    ['https://reg.example.test/v1/', 'reg.example.test/a'],
    ['https://reg.example.test/v2/', 'reg.example.test/a/b'],
    ['http://localhost:5000', 'localhost:5000/a'],
    ['REG.example.test', 'reg.Example.test/a'],
    ['reg.example.test/team', 'reg.example.test/team/app'],
    ['reg.example.test/team/app', 'reg.example.test/team/app'],
    ['https://index.docker.io/v1/', 'docker.io/library/node'],
    ['docker.io', 'index.docker.io/library/node'],
    ['index.docker.io', 'docker.io/team/app'],
    ['registry-1.docker.io', 'docker.io/team/app'],
  ] as const) {
    test(`${key} is for ${image}`, async () => assert.deepEqual(await stored({ auths: { [key]: ALICE } }, image), alice));
  }

  for (const [key, image] of [
    ['reg.example.test', 'reg.example.test.evil.test/a'],
    ['reg.example.test', 'evil-reg.example.test/a'],
    ['reg.example.test', 'example.test/a'],
    ['example.test', 'reg.example.test/a'],
    ['reg.example.test', 'reg.example.test:5000/a'],
    ['reg.example.test:5000', 'reg.example.test/a'],
    ['reg.example.test/team', 'reg.example.test/teamwork/app'],
    ['reg.example.test/team/app', 'reg.example.test/team/application'],
    ['https://index.docker.io/v1/access-token', 'docker.io/library/node'],
    ['docker.io.evil.test', 'docker.io/library/node'],
    ['', 'reg.example.test/a'],
    ['*', 'reg.example.test/a'],
  ] as const) {
    test(`${key} is not for ${image}`, async () => assert.equal(await stored({ auths: { [key]: ALICE } }, image), undefined));
  }

  test('the longest path wins, whatever stands first', async () => {
    const auths = {
      'reg.example.test/team': { username: 'team', password: 'x' },
      'reg.example.test/team/app': { username: 'app', password: 'x' },
      'reg.example.test': { username: 'all', password: 'x' },
    };
    const user = async (image: string) => {
      const found = await stored({ auths }, image);
      return found?.kind === 'password' && found.username;
    };
    assert.equal(await user('reg.example.test/team/app'), 'app');
    assert.equal(await user('reg.example.test/team/other'), 'team');
    assert.equal(await user('reg.example.test/x'), 'all');
  });

  for (const [name, entry, expected] of [
    ['user and password', { username: 'a', password: 'b' }, { kind: 'password', username: 'a', password: 'b' }],
    ['a password with padding', { auth: base64('a:b\0\0') }, { kind: 'password', username: 'a', password: 'b' }],
    [
      'an identity token',
      { auth: base64('00000000-0000-0000-0000-000000000000:'), identitytoken: 'id' },
      { kind: 'identity-token', token: 'id' },
    ],
    ['an identity token as password', { auth: base64('<token>:id') }, { kind: 'identity-token', token: 'id' }],
    ['a registry token', { registrytoken: 'reg' }, { kind: 'registry-token', token: 'reg' }],
    ['a registry token that is no header', { registrytoken: 'a\r\nb: c' }, undefined],
    ['an empty entry', {}, undefined],
    ['no password', { auth: base64('alice:') }, undefined],
    ['no colon', { auth: base64('alice') }, undefined],
    ['no user', { auth: base64(':x') }, undefined],
    ['no base64', { auth: '%%%' }, undefined],
    ['a number', { auth: 5, username: 6 }, undefined],
    ['no object', 'alice', undefined],
  ] as const satisfies readonly (readonly [string, unknown, Credential | undefined])[]) {
    test(name, async () => assert.deepEqual(await stored({ auths: { 'reg.example.test': entry } }, 'reg.example.test/a'), expected));
  }

  for (const text of [
    '',
    '{',
    '[]',
    'null',
    '{"auths": []}',
    '{"auths": null, "credHelpers": 5}',
    '{"auths": {"reg.example.test": null}}',
  ]) {
    test(`a configuration of no use: ${text}`, async () => assert.equal(await stored(text, 'reg.example.test/a'), undefined));
  }

  test('no file, no folder, a relative folder', async () => {
    for (const folder of ['/nonexistent/docker', 'relative/docker', '.']) {
      const ask = dockerCredentials({ env: { DOCKER_CONFIG: folder }, helpers: false });
      assert.equal(await ask({ registry: 'reg.example.test', repository: 'a' }, signal), undefined);
    }
  });

  test('a login between two questions counts', () =>
    withFolder({ 'config.json': '{}' }, async (folder) => {
      const ask = dockerCredentials({ env: { DOCKER_CONFIG: folder }, helpers: false });
      const key = { registry: 'reg.example.test', repository: 'a' };
      assert.equal(await ask(key, signal), undefined);
      await import('node:fs/promises').then((fs) =>
        fs.writeFile(path.join(folder, 'config.json'), JSON.stringify({ auths: { 'reg.example.test': ALICE } })),
      );
      assert.deepEqual(await ask(key, signal), alice);
    }));
});

const ANSWER = `echo '{"ServerURL":"x","Username":"alice","Secret":"s3:cret"}'`;

describe('credential helpers', () => {
  const withHelper = (config: unknown, script: string, work: (folder: string, env: NodeJS.ProcessEnv) => Promise<void>) =>
    withFolder({ 'config.json': JSON.stringify(config) }, (folder) => {
      const bin = writeCredentialHelper(path.join(folder, 'bin'), 'test', script);
      return work(bin, { ...process.env, DOCKER_CONFIG: folder, PATH: `${bin}${path.delimiter}${process.env.PATH}` });
    });
  const log = (bin: string) => readFileSync(path.join(bin, 'test.log'), 'utf8');

  test('are not run unless allowed, and the reason says so', () =>
    withHelper(
      { credsStore: 'test', auths: { 'reg.example.test': {} }, credHelpers: { 'other.example.test': 'test' } },
      ANSWER,
      async (bin, env) => {
        const ask = dockerCredentials({ env, helpers: false });
        for (const registry of ['reg.example.test', 'other.example.test']) {
          const found = await ask({ registry, repository: 'a' }, signal);
          assert.ok(found?.kind === 'unavailable');
          assert.match(found.reason, /docker-credential-test.*waybill\.images\.credentialHelpers/);
        }
        assert.equal(await ask({ registry: 'unknown.example.test', repository: 'a' }, signal), undefined);
        assert.ok(!existsSync(path.join(bin, 'test.log')));
      },
    ));

  test('get the address on standard input, outside of the folder that is checked, once', () =>
    withHelper({ credsStore: 'test' }, ANSWER, async (bin, env) => {
      const ask = dockerCredentials({ env, helpers: true });
      for (const registry of ['reg.example.test:5000', 'reg.example.test:5000', 'docker.io']) {
        assert.deepEqual(await ask({ registry, repository: 'a' }, signal), alice);
      }
      assert.equal(log(bin), `1 get\n${bin}\nreg.example.test:5000\n1 get\n${bin}\nhttps://index.docker.io/v1/\n`);
    }));

  test("a registry's own helper goes before the one for all, and what the file has after a helper that has nothing", () =>
    withHelper(
      { credsStore: 'none', credHelpers: { 'reg.example.test': 'test' }, auths: { 'third.example.test': ALICE } },
      ANSWER,
      async (bin, env) => {
        writeCredentialHelper(bin, 'none', 'echo "credentials not found in native keychain"; exit 1');
        const ask = dockerCredentials({ env, helpers: true });
        assert.deepEqual(await ask({ registry: 'reg.example.test', repository: 'a' }, signal), alice);
        assert.equal(await ask({ registry: 'second.example.test', repository: 'a' }, signal), undefined);
        assert.deepEqual(await ask({ registry: 'third.example.test', repository: 'a' }, signal), alice);
      },
    ));

  test('an identity token of a helper', () =>
    withHelper({ credsStore: 'test' }, `echo '{"Username":"<token>","Secret":"id"}'`, async (_, env) => {
      const found = await dockerCredentials({ env, helpers: true })({ registry: 'reg.example.test', repository: 'a' }, signal);
      assert.deepEqual(found, { kind: 'identity-token', token: 'id' });
    }));

  for (const [name, script, reason] of [
    ['no JSON', 'echo hello s3cret', /did not answer with a user name/],
    ['no secret', `echo '{"Username":"alice"}'`, /did not answer with a user name/],
    ['a flood', `head -c ${MAX_HELPER_BYTES * 4} /dev/zero; exec sleep 60`, /wrote more than/],
    ['silence', 'exec sleep 60', /did not answer in 300 ms/],
    ['a helper that closes its input', `exec 0<&-; ${ANSWER.replace('s3:cret', '')}`, /did not answer with a user name/],
  ] as const) {
    test(`${name} is no credential, and nothing of it is repeated`, () =>
      withHelper({}, script, async (_, env) => {
        const asked = await askCredentialHelper('test', 'reg.example.test', { env, signal, timeoutMs: 300 });
        assert.ok(!asked.ok, 'it fails');
        assert.match(asked.error, reason);
        assert.doesNotMatch(asked.error, /s3cret|alice/);
      }));
  }

  test('is ended when nobody waits any more', () =>
    withHelper({}, 'exec sleep 60', async (_, env) => {
      const abort = new AbortController();
      const asked = askCredentialHelper('test', 'reg.example.test', { env, signal: abort.signal });
      abort.abort();
      assert.deepEqual(await asked, { ok: false, error: 'docker-credential-test was cancelled' });
    }));

  for (const name of ['', '../test', 'a/b', '-x', 'a b', 'test;id', '$(id)', 'a\nb', 'x'.repeat(65), 'C:\\x']) {
    test(`a name that is none: ${JSON.stringify(name)}`, async () => {
      const asked = await askCredentialHelper(name, 'x', { env: process.env, signal });
      assert.deepEqual(asked, { ok: false, error: 'the name of the credential helper is malformed' });
    });
  }

  test('is found in absolute folders of PATH only, and only a program', () =>
    withHelper({}, ANSWER, async (bin) => {
      const relative = path.relative(process.cwd(), bin);
      mkdirSync(path.join(bin, 'sub', 'docker-credential-test'), { recursive: true });
      for (const PATH of [relative, '', '.', path.join(bin, 'sub'), `.${path.delimiter}${relative}`]) {
        const asked = await askCredentialHelper('test', 'x', { env: { PATH }, signal });
        assert.deepEqual(asked, { ok: false, error: 'docker-credential-test is not in the PATH' }, PATH);
      }
      assert.ok(!existsSync(path.join(bin, 'test.log')));
    }));

  test('is run without a home folder, and one that cannot be started is no defect of ours', () =>
    withHelper({ credsStore: 'test' }, ANSWER, async (bin, env) => {
      const homeless = { ...env, HOME: path.join(bin, 'docker-credential-test', 'home') };
      assert.deepEqual(
        await dockerCredentials({ env: homeless, helpers: true })({ registry: 'reg.example.test', repository: 'a' }, signal),
        alice,
      );
      const tooLarge = { ...env, HUGE: 'x'.repeat(4_000_000) };
      const asked = await askCredentialHelper('test', 'x', { env: tooLarge, signal });
      assert.deepEqual(asked, { ok: false, error: 'docker-credential-test cannot be started' });
    }));

  test('a helper that is missing is said to be', () =>
    withHelper({ credsStore: 'missing' }, ANSWER, async (_, env) => {
      const found = await dockerCredentials({ env, helpers: true })({ registry: 'reg.example.test', repository: 'a' }, signal);
      assert.deepEqual(found, { kind: 'unavailable', reason: 'docker-credential-missing is not in the PATH' });
    }));
});
