import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { serve } from '../sources/support/loopback.ts';
import { startNpmServer } from '../sources/support/npm-server.ts';
import { withFolder } from '../support/folder.ts';
import { hostileRepository, SECRET } from '../support/hostile-repository.ts';
import { MODERN, type Session, type SessionOptions, uriOf, withSession } from '../support/lsp-client.ts';
import { socketSpy } from '../support/socket-spy.ts';
import { until } from '../support/until.ts';

interface Outcome {
  readonly requests: readonly { readonly url: string; readonly authorization: string | undefined }[];
  readonly attempts: readonly string[];
}

/** What the user does besides opening files, asking for diagnostics and looking at the offered fixes. */
interface Demands {
  readonly hovers?: true;
  readonly fixes?: true;
}

/** Visits a hostile repository. */
async function visit(settings: object, trusted: boolean, demands: Demands = {}): Promise<Outcome> {
  const requests: { url: string; authorization: string | undefined }[] = [];
  const trap = await serve((request, response) => {
    requests.push({ url: request.url ?? '', authorization: request.headers.authorization });
    request.resume();
    response.writeHead(404).end();
  });
  try {
    return await withFolder({}, async (spyFolder) => {
      const spy = socketSpy(spyFolder);
      const files = hostileRepository(trap.host);
      const options: SessionOptions = {
        settings: { github: { serverUrl: trap.url }, policy: 'waybill.json', ...settings },
        initializationOptions: { trusted, commands: true, status: true, cacheFolder: path.join(spyFolder, 'cache') },
        env: { ...spy.env, TOKEN: SECRET, NPM_CONFIG_REGISTRY: '' },
      };
      await withSession(
        files,
        async (session, folder) => {
          for (const [name, text] of Object.entries(files)) await look(session, uriOf(folder, name), text, demands);
          await session.connection.sendRequest('waybill/scanWorkspace');
          // A look-up in the background begins after the answer; its first connection shows before the next answers are there.
          for (const name of Object.keys(files)) await session.diagnostics(uriOf(folder, name));
          await session.connection.sendRequest('waybill/refreshLookUps');
        },
        options,
      );
      return { requests, attempts: spy.attempts() };
    });
  } finally {
    await trap.close();
  }
}

async function look(session: Session, uri: string, text: string, { hovers, fixes }: Demands): Promise<void> {
  await session.open(uri, text);
  await session.diagnostics(uri);
  const lines = text.split('\n');
  if (hovers === true) for (const line of lines.keys()) await session.hover(uri, line, 12);
  const whole = { start: { line: 0, character: 0 }, end: { line: lines.length, character: 0 } };
  await session.connection.sendRequest('textDocument/inlayHint', { textDocument: { uri }, range: whole });
  await session.connection.sendRequest('textDocument/documentLink', { textDocument: { uri } });
  await session.connection.sendRequest('waybill/documentStatus', { textDocument: { uri } });
  const actions = await session.actions(uri, whole);
  await session.actions(uri, whole, { only: ['source.fixAll'], triggerKind: 2 });
  if (fixes === true) for (const action of actions) if (action.data !== undefined) await session.resolve(action);
}

describe('a hostile repository in the editor', () => {
  it('sends nothing where the network is off, whatever the user chooses', async () => {
    assert.deepEqual(await visit({ network: 'off' }, true, { hovers: true, fixes: true }), { requests: [], attempts: [] });
  });

  it('sends nothing where it is not trusted, also with look-ups in the background', async () => {
    assert.deepEqual(await visit({ network: 'background' }, false, { hovers: true }), { requests: [], attempts: [] });
  });

  it('sends nothing on demand before something is demanded, also where it is trusted', async () => {
    assert.deepEqual(await visit({ network: 'onDemand' }, true), { requests: [], attempts: [] });
  });

  it('gets no token and no package name where it is not trusted and the user chooses every fix', async () => {
    const { requests } = await visit({ network: 'onDemand' }, false, { hovers: true, fixes: true });
    assert.ok(requests.length > 0, 'the images and actions themselves are asked for: the user chose that');
    for (const { url, authorization } of requests) {
      assert.equal(authorization, undefined);
      assert.doesNotMatch(url, /left-pad|acme|secret/);
    }
  });

  it('is looked up in the background where it is trusted: the trap works', async () => {
    const { requests, attempts } = await visit({ network: 'background' }, true);
    assert.ok(
      requests.some(({ url, authorization }) => url === '/left-pad' && authorization === `Bearer ${SECRET}`),
      JSON.stringify(requests),
    );
    assert.ok(attempts.length > 0);
  });
});

/** Asks for diagnostics until a rule fires. Throws where it does not. */
async function untilFound(session: Session, uri: string, rule: string): Promise<void> {
  let found: unknown[] = [];
  await until(
    () => `${rule} is not among ${found.join(', ')}; ${session.logged.join('\n')}`,
    async () => {
      found = (await session.diagnostics(uri)).map(({ code }) => code);
      return found.includes(rule);
    },
  );
}

const MANIFEST = '{ "dependencies": { "nobody-has-this": "1.0.0" } }\n';

/** The card of the package on the second line of a package.json with one dependency. */
async function cardOf(name: string, options: SessionOptions): Promise<string> {
  const text = `{ "dependencies": {\n"${name}": "^1.0.0" } }\n`;
  let card = '';
  await withSession(
    { 'package.json': text },
    async (session, folder) => {
      await session.open(uriOf(folder, 'package.json'), text);
      // However slow the machine is: the next hover has what this one did not wait for.
      for (let tries = 0; tries < 20 && (card === '' || card.includes(': checking')); tries++)
        card = JSON.stringify((await session.hover(uriOf(folder, 'package.json'), 1, 3))?.contents);
    },
    options,
  );
  return card;
}

describe('a hover over a package', () => {
  it('says what the registry says, with the time, and asks for that package alone', async () => {
    const versions = { '1.0.0': { deprecated: 'use [that](command:evil) <b>one</b>' }, '2.0.0': {} };
    const registry = await startNpmServer({ old: { versions, tags: { latest: '2.0.0' } }, other: { versions } });
    try {
      const options = (trusted: boolean) => ({
        settings: { network: 'onDemand' },
        initializationOptions: { trusted },
        env: { NPM_CONFIG_REGISTRY: registry.registry },
      });
      const card = await cardOf('old', options(true));
      assert.match(card, /Newest release: `2\.0\.0` of 2 versions/);
      assert.match(card, /Deprecated: yes, \\"use \\\\\[that\\\\\]/);
      assert.match(card, /As of: \d{4}/);
      assert.deepEqual(registry.requests.map(({ url }) => url).sort(), [
        '/-/npm/v1/attestations/old@1.0.0',
        '/-/npm/v1/keys',
        '/-/npm/v1/security/advisories/bulk',
        '/old',
      ]);
      const { length } = registry.requests;
      assert.match(await cardOf('nobody-has-this', options(true)), /Registry: has no such package/);
      assert.match(await cardOf('old', options(false)), /Provenance: unknown .*untrusted.*Registry: unknown/);
      assert.deepEqual(
        registry.requests.slice(length).map(({ url }) => url),
        ['/nobody-has-this'],
      );
    } finally {
      await registry.close();
    }
  });

  it('says until when a registry wants to be left alone', async () => {
    const limited = await serve((_, response) => response.writeHead(429, { 'retry-after': '600' }).end());
    try {
      const settings = { settings: { network: 'onDemand' }, initializationOptions: { trusted: true } };
      const card = await cardOf('old', { ...settings, env: { NPM_CONFIG_REGISTRY: limited.url } });
      assert.match(card, /Provenance: unknown .*HTTP 429.*until \d\d.{0,3}:\d\d/);
    } finally {
      await limited.close();
    }
  });
});

it('a deprecated version is tagged, for clients that strike such text through', async () => {
  const lock = {
    lockfileVersion: 3,
    packages: { '': { dependencies: { a: '1' } }, 'node_modules/a': { version: '1.0.0', deprecated: 'old' } },
  };
  const files = { 'package.json': '{ "dependencies": { "a": "1" } }', 'package-lock.json': JSON.stringify(lock) };
  for (const [tagSupport, expected] of [
    [{ valueSet: [1, 2] }, [2]],
    [{ valueSet: [1] }, undefined],
  ] as const) {
    const textDocument = { ...MODERN.textDocument, publishDiagnostics: { tagSupport: { valueSet: [...tagSupport.valueSet] } } };
    await withSession(
      files,
      async (session, folder) => {
        await session.open(uriOf(folder, 'package.json'), files['package.json']);
        const found = (await session.diagnostics(uriOf(folder, 'package.json'))).find(({ code }) => code === 'npm/deprecated');
        assert.deepEqual(found?.tags, expected);
      },
      { capabilities: { ...MODERN, textDocument } },
    );
  }
});

describe('what was looked up', () => {
  it('is there in the next session, without a connection, and gone when it is refreshed', async () => {
    await withFolder({}, async (base) => {
      const registry = await startNpmServer({}, { advisories: {} });
      const cache = path.join(base, 'cache');
      const spy = socketSpy(base);
      const session = (network: string, env: Readonly<Record<string, string>> = {}): SessionOptions => ({
        settings: { network },
        initializationOptions: { trusted: true, cacheFolder: cache },
        env: { NPM_CONFIG_REGISTRY: registry.registry, ...env },
      });
      const files = { 'package.json': MANIFEST };
      try {
        await withSession(
          files,
          async (first, folder) => {
            await first.open(uriOf(folder, 'package.json'), MANIFEST);
            await untilFound(first, uriOf(folder, 'package.json'), 'npm/not-in-registry');
          },
          session('background'),
        );
        assert.equal(registry.requests.length, 2);
        // The whole document, by which versions are compared, answers for the short one; and what is known against the version.
        assert.deepEqual(readdirSync(cache).sort(), ['npm-advisories.json', 'npm-packument.json']);

        await withSession(
          files,
          async (second, folder) => {
            const uri = uriOf(folder, 'package.json');
            await second.open(uri, MANIFEST);
            await untilFound(second, uri, 'npm/not-in-registry');
            assert.deepEqual(spy.attempts(), []);
            assert.equal(registry.requests.length, 2);
            registry.packages.set('nobody-has-this', { versions: { '1.0.0': {} }, tags: { latest: '1.0.0' } });
            assert.deepEqual(await second.connection.sendRequest('waybill/refreshLookUps'), { asked: 2, unknown: 0 });
            assert.equal(registry.requests.length, 4);
            const codes = (await second.diagnostics(uri)).map(({ code }) => code);
            assert.ok(!codes.includes('npm/not-in-registry'), codes.join());
          },
          session('onDemand', spy.env),
        );

        await withSession(
          files,
          async (third, folder) => {
            await third.open(uriOf(folder, 'package.json'), MANIFEST);
            await third.diagnostics(uriOf(folder, 'package.json'));
            assert.deepEqual(await third.connection.sendRequest('waybill/refreshLookUps'), { asked: 0, unknown: 0 });
          },
          session('off'),
        );
        assert.equal(existsSync(path.join(cache, 'npm-packument.json')), false, 'refreshing with the network off forgets');
        assert.equal(registry.requests.length, 4);
      } finally {
        await registry.close();
      }
    });
  });

  it('that one registry said does not hold for another one', async () => {
    const [one, two] = [await startNpmServer({}), await startNpmServer({ 'nobody-has-this': { versions: { '1.0.0': {} } } })];
    try {
      await withSession(
        { 'package.json': MANIFEST, '.npmrc': `registry=${one.registry}\n` },
        async (session, folder) => {
          const uri = uriOf(folder, 'package.json');
          await session.open(uri, MANIFEST);
          await untilFound(session, uri, 'npm/not-in-registry');
          const npmrc = uriOf(folder, '.npmrc');
          writeFileSync(path.join(folder, '.npmrc'), `registry=${two.registry}\n`);
          await session.watched({ uri: npmrc, type: 2 });
          await until('the other registry is not asked', async () => {
            await session.diagnostics(uri);
            return two.requests.length > 0;
          });
        },
        { settings: { network: 'background' }, initializationOptions: { trusted: true } },
      );
    } finally {
      await Promise.all([one.close(), two.close()]);
    }
  });
});
