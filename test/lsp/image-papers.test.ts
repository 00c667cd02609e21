import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Diagnostic, DocumentLink, Hover, InlayHint } from 'vscode-languageserver-protocol';
import { serve } from '../sources/support/loopback.ts';
import { type Registry, startRegistry } from '../sources/support/registry.ts';
import { afterAction, type Session, uriOf, withSession } from '../support/lsp-client.ts';
import { until } from '../support/until.ts';

const TRUSTED = { initializationOptions: { trusted: true } };

/** The text of a hover. */
function textOf(hover: Hover | null): string {
  return typeof hover?.contents === 'object' && 'value' in hover.contents ? hover.contents.value : '';
}

async function hoverOver(lsp: Session, folder: string, image: string, name = 'Dockerfile', waits = true): Promise<string> {
  const uri = uriOf(folder, name);
  await lsp.open(uri, `FROM ${image}\n`);
  let text = textOf(await lsp.hover(uri, 0, 8));
  // However slow the machine is: the next hover has what this one did not wait for.
  for (let tries = 0; waits && tries < 20 && text.includes(': checking'); tries++) text = textOf(await lsp.hover(uri, 0, 8));
  await lsp.close(uri);
  return text;
}

describe('the papers of an image', () => {
  let registry: Registry;
  let index: string;
  let manifest: string;
  let older: string;
  before(async () => {
    registry = await startRegistry({ 'team/app:multi': { kind: 'index', version: '1.2.3' }, 'team/app:one': { kind: 'manifest' } });
    older = await registry.push('team/app:moved', { kind: 'manifest', seed: 'old' });
    await registry.push('team/app:moved', { kind: 'manifest', seed: 'new' });
    [index, manifest] = [registry.digest('team/app:multi'), registry.digest('team/app:one')];
  });
  after(() => registry.close());
  const image = (rest: string) => `${registry.host}/team/app${rest}`;

  test('of a tag: digest, kind, platforms, version, when', () =>
    withSession(
      {},
      async (lsp, folder) => {
        const text = await hoverOver(lsp, folder, image(':multi'));
        assert.match(text, new RegExp(`^- Digest today: \`${index}\`$`, 'm'));
        assert.match(text, /^- As of: \d{4}\\-\d\d\\-\d\d \d\d\\?:\d\d UTC$/m);
        assert.match(text, /^- Media type: `application\/vnd\.oci\.image\.index\.v1\+json`$/m);
        assert.match(text, /^- Platforms: linux\\\/amd64, linux\\\/arm64$/m);
        assert.match(text, /^- Version: 1\\\.2\\\.3, by its own account$/m);
        assert.match(await hoverOver(lsp, folder, image(':one'), 'b.Dockerfile'), /^- Platforms: one$/m);
        assert.match(await hoverOver(lsp, folder, image(':nope'), 'c.Dockerfile'), /^- Digest today: the registry has no such tag$/m);
        const requests = registry.requests.length;
        assert.equal(await hoverOver(lsp, folder, image(':multi')), text);
        assert.equal(registry.requests.length, requests, 'a second hover asks nobody');
      },
      TRUSTED,
    ));

  test('of a digest: whether it is there, and what its tag means today', () =>
    withSession(
      {},
      async (lsp, folder) => {
        const same = await hoverOver(lsp, folder, image(`:multi@${index}`));
        assert.match(same, /^- In the registry: yes$/m);
        assert.match(same, /^- multi today: this digest$/m);
        const moved = await hoverOver(lsp, folder, image(`:moved@${older}`), 'b.Dockerfile');
        assert.match(moved, new RegExp(`^- moved today: another digest, sha256\\\\:${registry.digest('team/app:moved').slice(7)}$`, 'm'));
        const gone = await hoverOver(lsp, folder, image(`@sha256:${'f'.repeat(64)}`), 'c.Dockerfile');
        assert.match(gone, /^- In the registry: no, nothing can be pulled by this digest$/m);
        assert.doesNotMatch(gone, /today/);
        const other = await hoverOver(lsp, folder, image(`@sha512:${'f'.repeat(128)}`), 'd.Dockerfile');
        assert.match(other, /unknown \\\(registries are asked for sha256 digests only/);
        assert.match(await hoverOver(lsp, folder, image(`:one@${manifest}`), 'e.Dockerfile'), /^- Platforms: one$/m);
      },
      TRUSTED,
    ));

  test('nothing is looked up before the workspace is trusted, or with the network off, and the card says why', async () => {
    for (const [options, why] of [
      [{ initializationOptions: { trusted: false } }, /^- Digest today: unknown \\\(untrusted\\?: nothing is looked up/m],
      [{ ...TRUSTED, settings: { network: 'off' } }, /^- Digest today: unknown \\\(offline\\?: waybill\\\.network is off\\\)$/m],
    ] as const) {
      const requests = registry.requests.length;
      await withSession({}, async (lsp, folder) => assert.match(await hoverOver(lsp, folder, image(':multi')), why), options);
      assert.equal(registry.requests.length, requests);
    }
  });

  test('the version stands beside a bare digest once it is known, and nothing is looked up for it', () =>
    withSession(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, 'Dockerfile');
        const text = `FROM ${image(`@${index}`)} AS a\nFROM ${image(`:multi@${index}`)}\nFROM ${image(`@${manifest}`)}\n`;
        await lsp.open(uri, text);
        const range = { start: { line: 0, character: 0 }, end: { line: 9, character: 0 } };
        const hints = () => lsp.connection.sendRequest<InlayHint[]>('textDocument/inlayHint', { textDocument: { uri }, range });
        const requests = registry.requests.length;
        assert.deepEqual(await hints(), []);
        assert.equal(registry.requests.length, requests);
        await lsp.hover(uri, 0, 8);
        await lsp.hover(uri, 2, 8);
        assert.deepEqual(
          (await hints()).map(({ label, position, tooltip }) => [label, position, tooltip]),
          [
            [
              '1.2.3',
              { line: 0, character: `FROM ${image(`@${index}`)}`.length },
              'The image of this digest says that it is version 1.2.3.',
            ],
          ],
        );
      },
      TRUSTED,
    ));

  test('an image whose registry is slow: the card comes in time and says so, and the next one has the answer', async () => {
    let answer = (): void => undefined;
    const slow = await serve((_, response) => {
      answer = () =>
        response.writeHead(200, { 'content-type': 'application/vnd.oci.image.manifest.v1+json', 'docker-content-digest': older }).end();
    });
    try {
      await withSession(
        {},
        async (lsp, folder) => {
          const early = await hoverOver(lsp, folder, `${slow.host}/a:1`, 'Dockerfile', false);
          assert.match(early, /^The look\\-up has not finished\\: point here again in a moment\\\.$[\s\S]*^- Digest today: checking$/m);
          answer();
          for (let i = 0; ; i++) {
            const text = await hoverOver(lsp, folder, `${slow.host}/a:1`);
            if (text.includes(older)) break;
            assert.ok(i < 5, text);
          }
        },
        TRUSTED,
      );
    } finally {
      await slow.close();
    }
  });

  test('background look-ups find a tag that moved on, only in a trusted workspace, and the fix updates the digest', async () => {
    const background = { network: 'background' };
    const text = () => `FROM ${image(`:moved@${older}`)}\n`;
    const digestRules = (found: readonly Diagnostic[]) =>
      found.map(({ code }) => String(code)).filter((code) => code.startsWith('image/digest-'));
    const requests = registry.requests.length;
    await withSession(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, 'Dockerfile');
        await lsp.open(uri, text());
        assert.deepEqual(digestRules(await lsp.diagnostics(uri)), []);
      },
      { settings: background, initializationOptions: { trusted: false } },
    );
    assert.equal(registry.requests.length, requests);
    await withSession(
      {},
      async (lsp, folder) => {
        const uri = uriOf(folder, 'Dockerfile');
        await lsp.open(uri, text());
        let found: string[] = [];
        // Each refresh of the server makes a client pull again.
        while (found.length === 0) {
          const { refreshes } = lsp;
          found = digestRules(await lsp.diagnostics(uri));
          if (found.length === 0) await until('it never came', () => lsp.refreshes > refreshes);
        }
        assert.deepEqual(found, ['image/digest-behind']);
        const at = { line: 0, character: 8 };
        await lsp.change(uri, 2, { text: `${text()}RUN true\n` });
        const update = (await lsp.actions(uri, { start: at, end: at })).find(({ title }) => title.startsWith('Update to the digest'));
        assert.ok(update);
        assert.equal(update.isPreferred, undefined);
        const after = afterAction(`${text()}RUN true\n`, await lsp.resolve(update));
        assert.equal(after, `FROM ${image(`:moved@${registry.digest('team/app:moved')}`)}\nRUN true\n`);
      },
      { ...TRUSTED, settings: background },
    );
  });

  test('what a registry says cannot become markup', async () => {
    const evil = await serve((_, response) => response.writeHead(200, { 'content-type': '[x](command:evil)<img src=x>`' }).end('{}'));
    try {
      await withSession(
        {},
        async (lsp, folder) => {
          const text = await hoverOver(lsp, folder, `${evil.host}/a:1`);
          assert.match(text, /Digest today: unknown \\\(/);
          assert.match(text, /\\\[x\\\]\\\(command\\:evil\\\)&lt;img/);
          assert.doesNotMatch(text, /(?<!\\)\[x/);
        },
        TRUSTED,
      );
    } finally {
      await evil.close();
    }
  });
});

test('links lead to the page of an image where its registry has one', () =>
  withSession({}, async (lsp, folder) => {
    const uri = uriOf(folder, 'Dockerfile');
    const digest = `sha256:${'a'.repeat(64)}`;
    const names = [
      `quay.io/a/b:1@${digest}`,
      'public.ecr.aws/docker/library/node:20',
      'mcr.microsoft.com/dotnet/sdk:8.0',
      'reg.example.test/a:1',
    ];
    await lsp.open(uri, names.map((name) => `FROM ${name}\n`).join(''));
    const found = await lsp.connection.sendRequest<DocumentLink[]>('textDocument/documentLink', { textDocument: { uri } });
    assert.deepEqual(
      found.map(({ target }) => target),
      [
        `https://quay.io/repository/a/b/manifest/${digest}`,
        'https://gallery.ecr.aws/docker/library/node',
        'https://mcr.microsoft.com/artifact/mar/dotnet/sdk',
      ],
    );
  }));
