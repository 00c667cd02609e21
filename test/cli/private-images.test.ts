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
