/** Advisories in an editor: the real server over stdio, a registry on loopback. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { advisory } from '../sources/support/bulk-server.ts';
import { type NpmServer, startNpmServer } from '../sources/support/npm-server.ts';
import { type Session, type SessionOptions, uriOf, withSession } from '../support/lsp-client.ts';
import { until } from '../support/until.ts';

const MANIFEST = '{\n  "dependencies": { "left-pad": "1.0.0" }\n}\n';
const LOCK = `${JSON.stringify(
  {
    lockfileVersion: 3,
    packages: {
      '': { dependencies: { 'left-pad': '1.0.0' } },
      'node_modules/left-pad': { version: '1.0.0', dependencies: { deep: '^1.0.0' } },
      'node_modules/deep': { version: '1.0.0' },
    },
  },
  null,
  2,
)}\n`;
const FILES = { 'package.json': MANIFEST, 'package-lock.json': LOCK };
const published = { versions: { '1.0.0': {}, '1.0.1': {} }, tags: { latest: '1.0.1' }, maintainers: [{ name: 'ann' }] };
const told = {
  'left-pad': [
    advisory('GHSA-2222-3333-4444', { title: 'Denial [x](command:evil)', vulnerable_versions: '<1.0.1' }),
    advisory('GHSA-5555-6666-7777', { title: 'Open redirect', severity: 'low', vulnerable_versions: '<1.0.1' }),
  ],
  deep: [advisory('GHSA-7777-7777-7777', { vulnerable_versions: '<1.0.1' })],
};

async function withRegistry(work: (registry: NpmServer) => Promise<void>): Promise<void> {
  const registry = await startNpmServer({ 'left-pad': published, deep: published }, { advisories: told });
  try {
    await work(registry);
  } finally {
    await registry.close();
  }
}

const optionsFor = ({ registry }: NpmServer, network: string): SessionOptions => ({
  settings: { network },
  env: { NPM_CONFIG_REGISTRY: registry },
  initializationOptions: { trusted: true },
});

/** What is answered as soon as it is what was waited for. */
async function eventually<T>(ask: () => Promise<T>, isIt: (value: T) => boolean): Promise<T> {
  let value = await ask();
  await until(
    () => JSON.stringify(value),
    async () => {
      if (!isIt(value)) value = await ask();
      return isIt(value);
    },
  );
  return value;
}

/** The card over a text of an open file, when all of it is there. */
async function card(lsp: Session, uri: string, text: string, over: string): Promise<string> {
  const before = text.slice(0, text.indexOf(over) + 1).split('\n');
  const ask = async (): Promise<string> => {
    const { contents } = (await lsp.hover(uri, before.length - 1, (before.at(-1) ?? '').length)) ?? {};
    return typeof contents === 'object' && 'value' in contents ? contents.value : '';
  };
  return await eventually(ask, (value) => value !== '' && !/: checking$/m.test(value));
}

const rulesIn = async (lsp: Session, uri: string): Promise<string[]> => (await lsp.diagnostics(uri)).map(({ code }) => String(code));

describe('advisories in an editor', () => {
  it('stand in the hover of a dependency and of a lockfile, with their pages; the finding follows', () =>
    withRegistry(async (registry) => {
      await withSession(
        FILES,
        async (lsp, folder) => {
          const [manifest, lock] = [uriOf(folder, 'package.json'), uriOf(folder, 'package-lock.json')];
          await lsp.open(manifest, MANIFEST);
          assert.ok(!(await rulesIn(lsp, manifest)).includes('npm/vulnerable'), 'nothing is asked before somebody points at it');
          assert.equal(registry.requests.length, 0);
          const value = await card(lsp, manifest, MANIFEST, '"left-pad');
          assert.match(value, /^- Advisories: 2, the worst high; fixed in 1\\\.0\\\.1$/m);
          assert.match(
            value,
            /^ {2}- GHSA\\-2222\\-3333\\-4444: \[Denial \\\[x\\\]\\\(command\\:evil\\\)\]\(https:\/\/github\.com\/advisories\/GHSA-2222-3333-4444\) \\\(high, versions &lt;1\\\.0\\\.1\\\)$/m,
          );
          assert.match(value, /npm\/vulnerable/);
          // The version under the pointer, and, since there is something, the one that would be better.
          const asked = new Set(
            registry.asked.flatMap(({ body }) => Object.entries(body).map(([name, versions]) => `${name} ${versions}`)),
          );
          assert.ok(
            [...asked].every((one) => one.startsWith('left-pad ')),
            [...asked].join(),
          );
          await eventually(
            () => rulesIn(lsp, manifest),
            (rules) => rules.includes('npm/vulnerable'),
          );
          await lsp.open(lock, LOCK);
          assert.match(await card(lsp, lock, LOCK, 'node_modules/deep'), /^- Advisories: 1, high; fixed in 1\\\.0\\\.1$/m);
        },
        optionsFor(registry, 'onDemand'),
      );
    }));

  it('are found in the background, for what the lockfile brings in as well, and asked for once', () =>
    withRegistry(async (registry) => {
      await withSession(
        FILES,
        async (lsp, folder) => {
          const [manifest, lock] = [uriOf(folder, 'package.json'), uriOf(folder, 'package-lock.json')];
          await lsp.open(manifest, MANIFEST);
          await lsp.open(lock, LOCK);
          for (const uri of [manifest, lock])
            await eventually(
              () => rulesIn(lsp, uri),
              (rules) => rules.filter((rule) => rule === 'npm/vulnerable').length === 1,
            );
          const found = (await lsp.diagnostics(lock)).find(({ code }) => code === 'npm/vulnerable');
          assert.match(String(found?.message), /^`deep` 1\.0\.0, which comes with `left-pad`, has a known vulnerability \(high\): /);
          assert.equal(found?.relatedInformation?.length, 1);
          // Once everything is known, looking again asks nothing.
          const { length } = registry.asked;
          for (let pull = 0; pull < 5; pull++) for (const uri of [manifest, lock]) await rulesIn(lsp, uri);
          assert.equal(registry.asked.length, length);
          const asked = registry.asked.flatMap(({ body }) =>
            Object.entries(body).flatMap(([name, all]) => all.map((one) => `${name}@${one}`)),
          );
          assert.deepEqual(asked.sort(), ['deep@1.0.0', 'left-pad@1.0.0', 'left-pad@1.0.1'], 'each version once, for whoever wants it');
        },
        optionsFor(registry, 'background'),
      );
    }));
});
