import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type NpmServer, startNpmServer } from '../sources/support/npm-server.ts';
import { type Session, type SessionOptions, uriOf, withSession } from '../support/lsp-client.ts';
import { actionsAt, untilNamed } from './support/names.ts';

const TEXT = '{ "dependencies": { "raect": "^19.0.0", "crossenv": "1.0.0" } }\n';

interface Answer {
  readonly title?: string;
  readonly document?: string;
  readonly failed?: string;
}

async function withNames(work: (lsp: Session, uri: string, npm: NpmServer) => Promise<void>, options: SessionOptions = {}): Promise<void> {
  const npm = await startNpmServer({
    react: { versions: { '19.2.0': { license: 'MIT' } }, tags: { latest: '19.2.0' }, time: { created: '2011-10-26T17:46:21.942Z' } },
  });
  try {
    await withSession(
      { 'package.json': TEXT },
      async (lsp, folder) => {
        const uri = uriOf(folder, 'package.json');
        await lsp.open(uri, TEXT, 'json');
        await untilNamed(lsp, uri, 2);
        await work(lsp, uri, npm);
      },
      { env: { NPM_CONFIG_REGISTRY: npm.registry }, ...options },
    );
  } finally {
    await npm.close();
  }
}

function compare(lsp: Session, uri: string, name: unknown, ecosystem = 'npm'): Promise<Answer> {
  return lsp.connection.sendRequest('waybill/compareNames', { textDocument: { uri }, ecosystem, name });
}

describe('comparing two names', () => {
  test('is offered where the client runs our commands, and asks nobody before it is chosen', () =>
    withNames(
      async (lsp, uri, npm) => {
        const action = (await actionsAt(lsp, uri, { text: TEXT, at: 'raect' })).find(({ title }) => title === 'Compare raect with react');
        const argument = { textDocument: { uri }, ecosystem: 'npm', name: 'raect' };
        assert.deepEqual(action?.command, { title: 'Compare', command: 'waybill.compareNames', arguments: [argument] });
        assert.equal(npm.requests.length, 0);
        const { title, document } = await compare(lsp, uri, 'raect');
        assert.equal(title, 'raect beside react');
        assert.match(document ?? '', /^\| Exists \| no\\: anybody can register it \| yes \|$/m);
        assert.match(document ?? '', /^\| First published \| *\| 2011\\-10\\-26 \\\(\d+ years ago\\\) \|$/m);
        assert.match(document ?? '', /^\| Licence \| *\| MIT \|$/m);
        assert.equal(npm.requests.length, 2);
      },
      { initializationOptions: { commands: true } },
    ));

  test('makes no connection where the network is off, and says so', () =>
    withNames(
      async (lsp, uri, npm) => {
        const { document } = await compare(lsp, uri, 'raect');
        assert.match(document ?? '', /^\| Exists \| unknown \\\(offline\\: waybill\\\.network is off\\\) \| unknown /m);
        assert.equal(npm.requests.length, 0);
      },
      { settings: { network: 'off' } },
    ));

  test('of a name that is like no other, or is none, has no page', () =>
    withNames(async (lsp, uri, npm) => {
      assert.match(
        (await compare(lsp, uri, 'react')).failed ?? '',
        /^react looks like no well-known name of the list of \d{4}-\d\d\. That proves nothing about it\.$/,
      );
      assert.deepEqual(await compare(lsp, uri, 'x'.repeat(301)), { failed: 'That is no name.' });
      assert.deepEqual(await compare(lsp, uri, 7), { failed: 'That is no name.' });
      assert.deepEqual(await compare(lsp, uri, 'raect', 'maven'), { failed: 'That is no name.' });
      assert.equal(npm.requests.length, 0);
      const titles = (await actionsAt(lsp, uri, { text: TEXT, at: 'raect' })).map(({ title }) => title);
      assert.ok(!titles.some((title) => title.startsWith('Compare')), 'another client does not run our commands');
    }));
});
