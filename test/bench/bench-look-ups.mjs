// What look-ups cost: requests, bytes, and time against the same requests without Waybill.

import { loadSource } from '../../scripts/load-sources.mjs';

/** Look-ups of actions and images, cold and warm, the cache's file, hovers and keys; against servers on loopback. */
export async function benchLookUps({ isWanted }) {
  const title = 'look-ups: against servers on loopback, by turns with the same requests bare';
  if (!isWanted('look-ups')) return { title, rows: [] };
  const { lookUpRows } = await loadSource('test/bench/look-ups.ts');
  return { title, rows: await lookUpRows() };
}
