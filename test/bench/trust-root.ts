// What it costs to refresh the trust root from a repository on loopback, and to read it again as it was kept.
import { createRequire } from 'node:module';
import path from 'node:path';
import { trustRoot } from '../../server/src/core/trust-root.ts';
import type { SharedStorage } from '../../server/src/sources/fact-cache.ts';
import { createSources } from '../../server/src/sources/index.ts';
import { REFRESH_MS, TARGETS } from '../../server/src/sources/trust-root.ts';
import { startTufServer } from '../sources/support/tuf-server.ts';
import { makeSigstore } from '../support/sigstore.ts';
import { makeTuf, NOW } from '../support/tuf-repository.ts';
import { storageOf } from './storage.ts';

/** How often each is done; the median counts. */
const ROUNDS = 15;

/** A row of the bench. */
interface Row {
  readonly kind: string;
  readonly [column: string]: string | number;
}

/** Processor time of a first refresh, of one a day later that finds nothing new, and of what was kept; the server's own is in the first two. */
export async function trustRootRows(median: (times: readonly number[]) => number): Promise<Row[]> {
  const started = process.cpuUsage();
  createRequire(path.resolve('package.json'))(path.resolve('dist/tuf.js'));
  const loaded = cpuMs(started);
  const { trust } = makeSigstore();
  const server = await startTufServer(makeTuf({ [TARGETS[0]]: JSON.stringify(trust.root), [TARGETS[1]]: '{"keys":[]}' }));
  const ask = async (storage: SharedStorage, now: number): Promise<number> => {
    const sources = createSources({ online: true, env: {}, trustRootFrom: server.place, storage, now: () => now });
    const before = process.cpuUsage();
    const answer = await sources.fetchFact(trustRoot, { address: server.place.address }, new AbortController().signal);
    const ms = cpuMs(before);
    if (answer.state !== 'known') throw new Error(`no trust root: ${JSON.stringify(answer)}`);
    await sources.close();
    return ms;
  };
  const times: { first: number[]; later: number[]; kept: number[] } = { first: [], later: [], kept: [] };
  try {
    // The first round warms up, and does not count.
    for (let round = 0; round <= ROUNDS; round++) {
      const storage = storageOf(new Map());
      const one = { first: await ask(storage, NOW), kept: await ask(storage, NOW + 1), later: await ask(storage, NOW + REFRESH_MS) };
      if (round > 0) for (const kind of ['first', 'later', 'kept'] as const) times[kind].push(one[kind]);
    }
  } finally {
    await server.close();
  }
  return [
    { kind: 'trust root: reading dist/tuf.js', p50: loaded },
    { kind: 'trust root: the first refresh from loopback, 7 requests', p50: median(times.first) },
    { kind: 'trust root: a day later, nothing new, 2 requests', p50: median(times.later) },
    { kind: 'trust root: as it was kept, verified again', p50: median(times.kept) },
  ];
}

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}
