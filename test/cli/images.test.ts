import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BASIC_USER, type Registry, startRegistry } from '../sources/support/registry.ts';
import { waybill } from '../support/cli.ts';
import { writeCredentialHelper } from '../support/credential-helper.ts';
import { withFolder } from '../support/folder.ts';
import { uriOf, withSession } from '../support/lsp-client.ts';

const auth = Buffer.from(`${BASIC_USER.username}:${BASIC_USER.password}`).toString('base64');

describe('images of a registry that asks for a password', () => {
  let registry: Registry;
  before(async () => {
    registry = await startRegistry({ 'team/app:1': { kind: 'index' } }, { auth: 'basic' });
  });
  after(() => registry.close());

  const files = () => ({
    'work/Dockerfile': `FROM ${registry.host}/team/app:1\n`,
    'docker/config.json': JSON.stringify({ auths: { [registry.host]: { auth } } }),
    // What a checked folder brings along is never anybody's configuration.
    'work/.docker/config.json': JSON.stringify({ auths: { [registry.host]: { auth } } }),
  });
  const sent = (from: number) => registry.requests.slice(from).filter(({ authorization }) => authorization !== undefined).length;

  test('the command line uses the configuration only with --trust', () =>
    withFolder(files(), async (folder) => {
      const work = path.join(folder, 'work');
      const env = { DOCKER_CONFIG: path.join(folder, 'docker') };
      const from = registry.requests.length;
      const refused = await waybill(['check', work, '--fix', '--online', '--format', 'json'], { env });
      assert.equal(sent(from), 0);
      assert.match(refused.stderr, /HTTP 401.*no credential is used, because --trust is not given/);
      assert.equal(JSON.parse(refused.stdout).unknown[0].why, 'denied');
      assert.equal(readFileSync(path.join(work, 'Dockerfile'), 'utf8'), files()['work/Dockerfile']);

      const trusted = await waybill(['check', work, '--fix', '--online', '--trust', '--format', 'json'], { env });
      assert.equal(trusted.status, 0, trusted.stderr);
      const pinned = `FROM ${registry.host}/team/app:1@${registry.digest('team/app:1')}\n`;
      assert.equal(readFileSync(path.join(work, 'Dockerfile'), 'utf8'), pinned);
      assert.ok(sent(from) > 0);
      assert.doesNotMatch(trusted.stdout + trusted.stderr + refused.stdout + refused.stderr, new RegExp(`${BASIC_USER.password}|${auth}`));
    }));

  test("the editor's server uses the configuration only in a trusted workspace, and a helper only with the setting", () =>
    withFolder(
      { ...files(), 'helped/config.json': JSON.stringify({ credsStore: 'test', auths: { [registry.host]: {} } }) },
      async (folder) => {
        const { username, password } = BASIC_USER;
        const bin = writeCredentialHelper(path.join(folder, 'bin'), 'test', `echo '{"Username":"${username}","Secret":"${password}"}'`);
        const PATH = `${bin}${path.delimiter}${process.env.PATH}`;
        for (const [config, trusted, credentialHelpers, isPinned] of [
          ['docker', false, true, false],
          ['docker', true, false, true],
          ['helped', true, false, false],
          ['helped', false, true, false],
          ['helped', true, true, true],
        ] as const) {
          const name = `${config}, ${trusted ? 'trusted' : 'untrusted'}, ${credentialHelpers ? 'with' : 'without'} helpers`;
          const from = registry.requests.length;
          await withSession(
            {},
            async (lsp, workspace) => {
              const uri = uriOf(workspace, 'Dockerfile');
              await lsp.open(uri, files()['work/Dockerfile']);
              const at = { line: 0, character: 6 };
              const [pin] = await lsp.actions(uri, { start: at, end: at });
              assert.ok(pin, name);
              const resolved = await lsp.resolve(pin);
              assert.equal(resolved.edit !== undefined, isPinned, name);
              if (!isPinned) assert.match(lsp.shown.join('\n'), trusted ? /docker-credential-test/ : /the workspace is not trusted/, name);
            },
            {
              env: { DOCKER_CONFIG: path.join(folder, config), PATH },
              initializationOptions: { trusted },
              settings: { images: { credentialHelpers } },
            },
          );
          assert.equal(sent(from) > 0, isPinned, name);
        }
      },
    ));
});

/** The rule and the line of every finding about a digest. */
function digestFindings(stdout: string): [string, number][] {
  const { findings }: { findings: { rule: string; range: { start: { line: number } } }[] } = JSON.parse(stdout);
  return findings.flatMap(({ rule, range }) => (rule.startsWith('image/digest-') ? [[rule, range.start.line] as [string, number]] : []));
}

describe('what a registry says of pinned images', () => {
  for (const auth of ['none', 'token'] as const) {
    test(`behind, gone, one platform; and current ones cost one request (auth: ${auth})`, async () => {
      const registry = await startRegistry({ 'app:current': { kind: 'index' }, 'app:one': { kind: 'manifest' } }, { auth });
      try {
        const moved = await registry.push('app:moved', { kind: 'index', seed: 'old' });
        await registry.push('app:moved', { kind: 'index', seed: 'new' });
        const deleted = await registry.push('app:deleted', { kind: 'index', seed: 'deleted' });
        await registry.push('app:deleted', { kind: 'index', seed: 'after' });
        await registry.remove('app', deleted);
        const current = registry.digest('app:current');
        const platform = await registry.platform('app', current);
        const app = `${registry.host}/app`;
        const files = {
          Dockerfile: `${[
            `${app}:current@${current}`,
            `${app}:moved@${moved}`,
            `${app}:deleted@${deleted}`,
            `${app}:current@${platform}`,
            `${app}:one@${registry.digest('app:one')}`,
            `${app}@${current}`,
            `${app}@${deleted}`,
          ]
            .map((image) => `FROM ${image}`)
            .join('\n')}\n`,
        };
        await withFolder(files, async (folder) => {
          const offline = await waybill(['check', folder, '--format', 'json']);
          assert.deepEqual(digestFindings(offline.stdout), []);
          assert.equal(registry.requests.length, 0);
          assert.ok(JSON.parse(offline.stdout).unknown.some(({ subject }: { subject: string }) => subject === 'oci-registry'));

          const online = await waybill(['check', folder, '--online', '--fix', '--format', 'json']);
          assert.equal(online.status, 1);
          assert.deepEqual(digestFindings(online.stdout), [
            ['image/digest-behind', 1],
            ['image/digest-gone', 2],
            ['image/digest-single-platform', 3],
            ['image/digest-gone', 6],
          ]);
          assert.deepEqual(JSON.parse(online.stdout).unknown, []);
          assert.equal(
            readFileSync(path.join(folder, 'Dockerfile'), 'utf8'),
            files.Dockerfile,
            'an update changes what is built: never by itself',
          );
          // Four tags and four digests, each once; a GET for the one that is gone and for the index.
          const methods = registry.requests.map(({ method }) => method);
          assert.equal(methods.filter((method) => method === 'HEAD').length, 8 + (auth === 'token' ? 1 : 0));
          assert.equal(methods.filter((method) => method === 'GET').length, 2);
          assert.equal(registry.tokenServer?.requests.length ?? 1, 1);
        });
      } finally {
        await registry.close();
      }
    });
  }

  test('thirty images of one repository: one token, one HEAD each, pinned in one go', async () => {
    const tags = Array.from({ length: 30 }, (_, i) => `1.${i}`);
    const registry = await startRegistry(Object.fromEntries(tags.map((tag) => [`team/app:${tag}`, { kind: 'index', seed: tag }])), {
      auth: 'token',
    });
    try {
      const from = (tag: string) => `FROM ${registry.host}/team/app:${tag}`;
      await withFolder({ Dockerfile: `${tags.map(from).join('\n')}\n` }, async (folder) => {
        const run = await waybill(['check', folder, '--online', '--fix']);
        assert.equal(run.status, 0, run.stdout);
        assert.doesNotMatch(run.stderr, /Warning/);
        const pinned = `${tags.map((tag) => `${from(tag)}@${registry.digest(`team/app:${tag}`)}`).join('\n')}\n`;
        assert.equal(readFileSync(path.join(folder, 'Dockerfile'), 'utf8'), pinned);
        assert.equal(registry.requests.length, 31);
        assert.equal(registry.tokenServer?.requests.length, 1);
      });
    } finally {
      await registry.close();
    }
  });
});
