import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { ClientCapabilities, Hover } from 'vscode-languageserver-protocol';
import { type NpmServer, type NpmServerOptions, type Paper, type Published, startNpmServer } from '../sources/support/npm-server.ts';
import { withFolder } from '../support/folder.ts';
import { MODERN, type Session, type SessionOptions, uriOf, withSession } from '../support/lsp-client.ts';
import { INTEGRITY, NAME, VERSION } from '../support/provenance.ts';
import { goodSet, keysPaper, listed, signatureOf } from '../support/registry-papers.ts';
import { makeSigstore } from '../support/sigstore.ts';
import { until } from '../support/until.ts';

const sigstore = makeSigstore();
const ATTESTATIONS = `npm/v1/attestations/${NAME}@${VERSION}`;
const MANIFEST = `{\n  "dependencies": { "${NAME}": "^1.0.0" }\n}\n`;
const LOCK = JSON.stringify(
  {
    lockfileVersion: 3,
    packages: { '': { dependencies: { [NAME]: '^1.0.0' } }, [`node_modules/${NAME}`]: { version: VERSION, integrity: INTEGRITY } },
  },
  null,
  2,
);

/** All that the registry has of the test package, signed by authorities that nobody but the test knows. */
const papers = new Map<string, Paper>([
  [ATTESTATIONS, { body: goodSet(sigstore) }],
  ['npm/v1/keys', keysPaper(sigstore)],
]);

/** A package that the registry signed, and that has no provenance. */
const signed: Published = {
  versions: {
    '1.0.0': {
      dist: { integrity: INTEGRITY, signatures: [signatureOf(sigstore.registryKey, sigstore.keyId, `plain@1.0.0:${INTEGRITY}`)] },
    },
  },
  tags: { latest: '1.0.0' },
};

/** A release of this very hour. */
const fresh: Published = {
  versions: {
    '0.9.0': { _npmUser: { name: 'kim' } },
    '1.0.0': { _npmUser: { name: 'kim' } },
  },
  tags: { latest: '1.0.0' },
  time: { '0.9.0': '2024-01-01T00:00:00Z', '1.0.0': new Date(Date.now() - 600_000).toISOString() },
};

async function withRegistry(
  published: Readonly<Record<string, Published>>,
  options: NpmServerOptions,
  work: (registry: NpmServer) => Promise<void>,
): Promise<void> {
  const registry = await startNpmServer(published, options);
  try {
    await work(registry);
  } finally {
    await registry.close();
  }
}

const optionsFor = ({ registry }: Pick<NpmServer, 'registry'>, more: SessionOptions = {}): SessionOptions => ({
  settings: { network: 'onDemand' },
  env: { NPM_CONFIG_REGISTRY: registry },
  ...more,
  initializationOptions: { trusted: true, ...(more.initializationOptions ?? {}) },
});

const textOf = (hover: Hover | null): string =>
  typeof hover?.contents === 'object' && 'value' in hover.contents ? hover.contents.value : '';

/** The hover over a text of an open file, as soon as nothing in it is being checked any more. */
async function settled(lsp: Session, uri: string, text: string, over: string): Promise<string> {
  const before = text.slice(0, text.indexOf(over) + 1).split('\n');
  const endsAt = Date.now() + 30_000;
  for (;;) {
    const value = textOf(await lsp.hover(uri, before.length - 1, (before.at(-1) ?? '').length));
    if (!/: checking$/m.test(value)) return value;
    assert.ok(Date.now() < endsAt, value);
  }
}

async function open(lsp: Session, folder: string, file: string, text: string): Promise<string> {
  const uri = uriOf(folder, file);
  await lsp.open(uri, text);
  return uri;
}

describe('the hover of a package, over a registry', () => {
  it('says the same on package.json and in the lockfile, and asks once', () =>
    withRegistry({ [NAME]: listed(sigstore) }, { papers }, async (registry) => {
      await withSession(
        { 'package.json': MANIFEST, 'package-lock.json': LOCK },
        async (lsp, folder) => {
          const manifest = await settled(lsp, await open(lsp, folder, 'package.json', MANIFEST), MANIFEST, `"${NAME}`);
          assert.match(
            manifest,
            /^\*\*Waybill\*\* `@acme\/widget@1\.2\.3`: provenance unknown, \d+ findings?$|provenance unknown, no findings$/m,
          );
          // Nobody here believes the test's authorities.
          assert.match(manifest, /^- Provenance: unknown \\\(.+\\\)$/m);
          assert.match(manifest, /^- Integrity: lockfile and registry agree$/m);
          assert.match(manifest, new RegExp(`^- Locked: \\[\`1\\.2\\.3\`\\]\\(${uriOf(folder, 'package-lock.json')}#L\\d+\\) by`, 'm'));
          assert.match(manifest, /^- Published: 2026\\-03\\-01 12\\:00 UTC/m);
          const asked = registry.requests.length;
          assert.deepEqual(registry.requests.map(({ url }) => url).sort(), [
            '/-/npm/v1/attestations/@acme%2fwidget@1.2.3',
            '/-/npm/v1/keys',
            '/-/npm/v1/security/advisories/bulk',
            '/@acme%2fwidget',
          ]);
          const lock = await settled(lsp, await open(lsp, folder, 'package-lock.json', LOCK), LOCK, `node_modules/${NAME}`);
          const line = (text: string, label: string) => text.split('\n').find((one) => one.startsWith(`- ${label}:`));
          for (const label of ['Provenance', 'Registry signature', 'Integrity', 'Published', 'Advisories', 'As of'])
            assert.equal(line(lock, label), line(manifest, label), label);
          assert.equal(registry.requests.length, asked);
        },
        optionsFor(registry),
      );
    }));

  it('says the same of a package that a command names, which nothing locks', () =>
    withRegistry({ [NAME]: listed(sigstore) }, { papers }, async (registry) => {
      const dockerfile = `FROM scratch\nRUN npx --yes ${NAME}@${VERSION} --help\n`;
      const workflow = `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: pnpm dlx ${NAME}@1\n`;
      await withSession(
        { 'package.json': MANIFEST },
        async (lsp, folder) => {
          const manifest = await settled(lsp, await open(lsp, folder, 'package.json', MANIFEST), MANIFEST, `"${NAME}`);
          const asked = registry.requests.length;
          const line = (text: string, label: string) => text.split('\n').find((one) => one.startsWith(`- ${label}:`));
          for (const [file, text] of [
            ['Dockerfile', dockerfile],
            ['.github/workflows/ci.yml', workflow],
          ] as const) {
            const card = await settled(lsp, await open(lsp, folder, file, text), text, NAME);
            assert.match(card, /^\*\*Waybill\*\* `@acme\/widget@1\.2\.3`: provenance unknown, 1 finding$/m);
            assert.match(card, /^- Locked: nothing; /m);
            for (const label of ['Provenance', 'Registry signature', 'Integrity', 'Published', 'Licence', 'As of'])
              assert.equal(line(card, label), line(manifest, label), label);
            assert.match(card, /run\/adhoc-package/);
          }
          assert.equal(registry.requests.length, asked);
        },
        optionsFor(registry),
      );
    }));

  it('asks nothing twice where rules look up in the background as well', () =>
    withRegistry({ [NAME]: listed(sigstore) }, { papers }, async (registry) => {
      await withSession(
        { 'package.json': MANIFEST, 'package-lock.json': LOCK },
        async (lsp, folder) => {
          const uri = await open(lsp, folder, 'package.json', MANIFEST);
          await lsp.diagnostics(uri);
          await settled(lsp, uri, MANIFEST, `"${NAME}`);
          await lsp.diagnostics(uri);
          await settled(lsp, await open(lsp, folder, 'package-lock.json', LOCK), LOCK, `node_modules/${NAME}`);
          assert.deepEqual(registry.requests.map(({ url }) => url).sort(), [
            '/-/npm/v1/attestations/@acme%2fwidget@1.2.3',
            '/-/npm/v1/keys',
            '/-/npm/v1/security/advisories/bulk',
            '/@acme%2fwidget',
          ]);
        },
        optionsFor(registry, { settings: { network: 'background' } }),
      );
    }));

  it('tells the findings that its own look-up brings about, and the editor asks for them again', () =>
    withRegistry({ old: fresh }, {}, async (registry) => {
      const manifest = '{\n  "dependencies": { "old": "1.0.0" }\n}\n';
      await withSession(
        { 'package.json': manifest },
        async (lsp, folder) => {
          const uri = await open(lsp, folder, 'package.json', manifest);
          const before = (await lsp.diagnostics(uri)).map(({ code }) => code);
          assert.ok(!before.includes('npm/too-new'), before.join());
          const value = await settled(lsp, uri, manifest, '"old');
          assert.match(value, /npm\/too-new/);
          const endsAt = Date.now() + 20_000;
          while (lsp.refreshes === 0 && Date.now() < endsAt) await new Promise((resolve) => setTimeout(resolve, 20));
          assert.ok(lsp.refreshes > 0);
          const after = (await lsp.diagnostics(uri)).map(({ code }) => code);
          assert.ok(after.includes('npm/too-new'), after.join());
        },
        optionsFor(registry),
      );
    }));

  it('says whether the policy is met, with the finding, and again when the policy changes', () =>
    withRegistry({ plain: signed }, { papers }, async (registry) => {
      const manifest = '{\n  "dependencies": { "plain": "1.0.0" }\n}\n';
      const policy = (match: string) => `{ "version": 1, "npm": { "provenance": [{ "match": "${match}", "reason": "built by us" }] } }`;
      const required = async (lsp: Session, uri: string) =>
        (await lsp.diagnostics(uri)).filter(({ code }) => code === 'npm/provenance-required');
      await withSession(
        { 'package.json': manifest, 'waybill.json': policy('plain') },
        async (lsp, folder) => {
          const uri = await open(lsp, folder, 'package.json', manifest);
          assert.deepEqual(await required(lsp, uri), []);
          const value = await settled(lsp, uri, manifest, '"plain');
          assert.match(value, /^- Policy: requires provenance of plain\\: not met$/m);
          assert.match(value, /npm\/provenance-required/);
          await until('the finding of the look-up', async () => (await required(lsp, uri)).length === 1);
          const [found] = await required(lsp, uri);
          assert.equal(found?.severity, 1);
          assert.deepEqual(found?.range, { start: { line: 1, character: 30 }, end: { line: 1, character: 35 } });
          assert.match(
            String(found?.message),
            /^The policy \(`plain`: built by us\) asks for provenance of `plain`, and that of 1\.0\.0 is not proven: /,
          );
          writeFileSync(path.join(folder, 'waybill.json'), policy('plain2'));
          await lsp.watched({ uri: uriOf(folder, 'waybill.json'), type: 2 });
          await until('no finding, because the policy is about another package', async () => (await required(lsp, uri)).length === 0);
          assert.doesNotMatch(await settled(lsp, uri, manifest, '"plain'), /Policy/);
        },
        optionsFor(registry, { settings: { network: 'onDemand', policy: 'waybill.json' } }),
      );
    }));

  it('sees other bytes than the lockfile has', () =>
    withRegistry({ [NAME]: listed(sigstore, { dist: { integrity: `sha512-${'x'.repeat(86)}==` } }) }, { papers }, async (registry) => {
      await withSession(
        { 'package.json': MANIFEST, 'package-lock.json': LOCK },
        async (lsp, folder) => {
          const value = await settled(lsp, await open(lsp, folder, 'package.json', MANIFEST), MANIFEST, `"${NAME}`);
          assert.match(value, /: provenance contradicted, /);
          assert.match(value, /^- Integrity: contradicted, the registry is of other bytes$/m);
        },
        optionsFor(registry),
      );
    }));

  it('opens before a slow registry answers, says so, and has the answer the next time', async () => {
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await withRegistry({ [NAME]: listed(sigstore) }, { papers, until: held }, async (registry) => {
      await withSession(
        { 'package.json': MANIFEST, 'package-lock.json': LOCK },
        async (lsp, folder) => {
          const uri = await open(lsp, folder, 'package.json', MANIFEST);
          const first = textOf(await lsp.hover(uri, 1, 25));
          assert.match(first, /: checking its provenance, /);
          assert.match(first, /^The look\\-up has not finished\\: point here again in a moment\\\.$/m);
          assert.match(first, /^- Locked: .*1\.2\.3/m);
          assert.match(first, /^- Provenance: checking$/m);
          answer();
          const next = await settled(lsp, uri, MANIFEST, `"${NAME}`);
          assert.match(next, /^- Published: 2026/m);
          assert.doesNotMatch(next, /checking/);
        },
        optionsFor(registry),
      );
    });
  });

  it('is plain text for clients without Markdown', () =>
    withRegistry({ [NAME]: listed(sigstore, { deprecated: '[use](command:evil) <b>that</b>\u202e' }) }, { papers }, async (registry) => {
      const { hover: _, ...textDocument } = MODERN.textDocument ?? {};
      const capabilities: ClientCapabilities = { ...MODERN, textDocument: { ...textDocument, hover: { contentFormat: ['plaintext'] } } };
      await withSession(
        { 'package.json': MANIFEST, 'package-lock.json': LOCK },
        async (lsp, folder) => {
          const value = await settled(lsp, await open(lsp, folder, 'package.json', MANIFEST), MANIFEST, `"${NAME}`);
          assert.match(value, /^Waybill @acme\/widget@1\.2\.3: provenance unknown, /);
          assert.match(value, /^Deprecated: yes, "\[use\]\(command:evil\) <b>that<\/b>\ufffd"$/m);
          assert.doesNotMatch(value, /[\\`]|\*\*/);
        },
        optionsFor(registry, { capabilities }),
      );
    }));

  it('shows what an earlier session knew, with its age, where the registry is gone', () =>
    withFolder({}, async (cacheFolder) => {
      const files = { 'package.json': MANIFEST, 'package-lock.json': LOCK };
      const more = { initializationOptions: { cacheFolder } };
      let address = '';
      await withRegistry({ [NAME]: listed(sigstore) }, { papers }, async (registry) => {
        address = registry.registry;
        await withSession(
          files,
          async (lsp, folder) => {
            await settled(lsp, await open(lsp, folder, 'package.json', MANIFEST), MANIFEST, `"${NAME}`);
          },
          optionsFor(registry, more),
        );
      });
      await withSession(
        files,
        async (lsp, folder) => {
          const value = await settled(lsp, await open(lsp, folder, 'package.json', MANIFEST), MANIFEST, `"${NAME}`);
          assert.match(value, /^- Published: 2026/m);
          assert.match(value, /^- As of: 20/m);
        },
        optionsFor({ registry: address }, more),
      );
    }));

  const FOLDER = process.env.WAYBILL_ATTESTATIONS ?? path.resolve('..', 'shared', 'data', 'attestations');
  const skip = existsSync(FOLDER) ? false : 'set WAYBILL_ATTESTATIONS to a folder with real attestations';
  const SHA512 =
    '282c0c5fa936d264321643581b65d3de5c0af6ed4fdfac12f5851115df39cc25cfaf0ad22d908487bfef30114d61c25746206d1834be4f8fd1659178f77cc004';

  it('proves real attestations by the real trust root, and says who and where', { skip }, async () => {
    const integrity = `sha512-${Buffer.from(SHA512, 'hex').toString('base64')}`;
    const manifest = '{\n  "dependencies": { "sigstore": "0.4.0" }\n}\n';
    const lock = JSON.stringify({
      lockfileVersion: 3,
      packages: { '': { dependencies: { sigstore: '0.4.0' } }, 'node_modules/sigstore': { version: '0.4.0', integrity } },
    });
    const dist = { integrity, attestations: { url: 'https://npm.example.test/-/npm/v1/attestations/sigstore@0.4.0' } };
    const versions = { '0.4.0': { repository: 'git+https://github.com/sigstore/sigstore-js.git', dist } };
    for (const [file, headline] of [
      ['valid.json', /^\*\*Waybill\*\* `sigstore@0\.4\.0`: provenance proven, /],
      ['mismatched-subject-digest.json', /^\*\*Waybill\*\* `sigstore@0\.4\.0`: provenance contradicted, /],
    ] as const) {
      const real = new Map<string, Paper>([
        ['npm/v1/attestations/sigstore@0.4.0', { body: readFileSync(path.join(FOLDER, file), 'utf8') }],
      ]);
      await withRegistry({ sigstore: { versions } }, { papers: real }, async (registry) => {
        await withSession(
          { 'package.json': manifest, 'package-lock.json': lock },
          async (lsp, folder) => {
            const value = await settled(lsp, await open(lsp, folder, 'package.json', manifest), manifest, '"sigstore');
            assert.match(value, headline);
            assert.match(
              value,
              /^ {2}- Repository: \[`https:\/\/github\.com\/sigstore\/sigstore-js`\]\(https:\/\/github\.com\/sigstore\/sigstore-js\)$/m,
            );
            assert.match(
              value,
              /^ {2}- Commit: \[`[0-9a-f]{40}`\]\(https:\/\/github\.com\/sigstore\/sigstore-js\/commit\/[0-9a-f]{40}\)$/m,
            );
            if (file === 'valid.json') assert.match(value, /^- Integrity: lockfile, registry and attestation agree$/m);
          },
          optionsFor(registry),
        );
      });
    }
  });
});
