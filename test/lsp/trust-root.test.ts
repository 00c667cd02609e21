import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Hover } from 'vscode-languageserver-protocol';
import { TARGETS } from '../../server/src/sources/trust-root.ts';
import { type NpmServer, startNpmServer } from '../sources/support/npm-server.ts';
import { startTufServer, type TufServer } from '../sources/support/tuf-server.ts';
import { withFolder } from '../support/folder.ts';
import { type Session, uriOf, withSession } from '../support/lsp-client.ts';
import { bundlesFor, FAR_EXPIRES, today } from '../support/own-repository.ts';
import { INTEGRITY, NAME, VERSION } from '../support/provenance.ts';
import { goodSet, keysPaper, listed } from '../support/registry-papers.ts';
import { makeSigstore } from '../support/sigstore.ts';
import { makeTuf } from '../support/tuf-repository.ts';
import { until } from '../support/until.ts';

const sigstore = makeSigstore();
const MANIFEST = `{ "dependencies": { "${NAME}": "^1.0.0" } }\n`;
const LOCK = JSON.stringify({
  lockfileVersion: 3,
  packages: { '': { dependencies: { [NAME]: '^1.0.0' } }, [`node_modules/${NAME}`]: { version: VERSION, integrity: INTEGRITY } },
});

let registry: NpmServer;
let repository: TufServer;
before(async () => {
  const papers = new Map([
    [`npm/v1/attestations/${NAME}@${VERSION}`, { body: goodSet(sigstore) }],
    ['npm/v1/keys', keysPaper(sigstore)],
  ]);
  registry = await startNpmServer({ [NAME]: listed(sigstore) }, { papers });
  repository = await startTufServer(makeTuf({ [TARGETS[0]]: JSON.stringify(sigstore.trust.root) }, { expires: FAR_EXPIRES }));
});
after(async () => {
  await registry.close();
  await repository.close();
});

/** Looks at the dependency until nothing of its hover is being checked any more. */
function visit(network: string, trusted: boolean, look: (hover: () => Promise<string>, session: Session) => Promise<void>): Promise<void> {
  return withFolder({}, async (folder) => {
    const server = `${bundlesFor(repository, folder)}/server.js`;
    repository.asked.length = 0;
    const open = async (session: Session, root: string): Promise<void> => {
      const uri = uriOf(root, 'package.json');
      await session.open(uri, MANIFEST, 'json');
      await session.diagnostics(uri);
      const hover = async (): Promise<string> => textOf(await session.hover(uri, 0, MANIFEST.indexOf(NAME)));
      await until('it is being checked', async () => !/: checking$/m.test(await hover()));
      await look(hover, session);
    };
    await withSession({ 'package.json': MANIFEST, 'package-lock.json': LOCK }, open, {
      server,
      settings: { network },
      initializationOptions: { trusted, cacheFolder: `${folder}/cache` },
      env: { NPM_CONFIG_REGISTRY: registry.registry },
    });
  });
}

function textOf(hover: Hover | null): string {
  return typeof hover?.contents === 'object' && 'value' in hover.contents ? hover.contents.value.replaceAll('\\', '') : '';
}

describe('the trust root in the editor', () => {
  it('is refreshed with the first look-up of provenance, and the hover names its day', () =>
    visit('onDemand', true, async (hover, session) => {
      const wanted = new RegExp(`^- Provenance: proven here, by the trust root of ${today()}$`, 'm');
      await until('the hover does not name it', async () => {
        if (wanted.test(await hover())) return true;
        // On a slow machine the verdict came before the trust root.
        await session.connection.sendRequest('waybill/refreshLookUps');
        return false;
      });
      assert.equal(repository.asked[0], '2.root.json');
      assert.equal(repository.asked.length, 6);
    }));

  for (const [network, trusted] of [
    ['off', true],
    ['onDemand', false],
    ['background', false],
  ] as const) {
    it(`is not refreshed with the network ${network}, ${trusted ? 'trusted' : 'not trusted'}`, () =>
      visit(network, trusted, async (hover) => {
        assert.doesNotMatch(await hover(), /proven here/);
        assert.deepEqual(repository.asked, []);
      }));
  }
});
