// What each rule costs for a key, as a share of the parse of its document: of the bare parser's or of our own, whichever takes
// longer. JSON.parse of a package.json is over in no time, and so is the key in a lockfile that is read in runs.

import { loadSource } from '../../scripts/load-sources.mjs';
import { rivalsOf } from './bench-servers.mjs';
import { benchDocuments } from './documents.mjs';
import { median } from './statistics.mjs';

/** Analyses of each document, of which the first ones do not count. */
const ROUNDS = 60;
const WARM_UP_ROUNDS = 20;

/** How long a document's bare parser may take in all, in ms: a slow one takes part in fewer rounds. */
const BARE_LIMIT_MS = 5_000;

/** No rule may cost more than this share of the parse: it runs for each key. */
const GOAL = 0.1;

/** Every rule of the index on every document that it reads, the dearest first. A rule that is added later is in by itself. */
export async function benchRules({ peers, isWanted }) {
  const title = 'rules: ms for one analysis, as a share of the parse of its document, bare or our own';
  if (!isWanted('rules')) return { title, rows: [] };
  const { ruleCosts } = await loadSource('test/bench/rule-costs.ts');
  const documents = benchDocuments();
  const around = Object.fromEntries(documents.map(({ path, text }) => [path, text]));
  const rows = [];
  for (const document of documents) {
    const { bare } = rivalsOf(document, peers);
    const { text, edit } = document;
    const typed = text.slice(0, edit.at) + edit.insert + text.slice(edit.at);
    const { once, costs, parses } = ruleCosts(document.path, around);
    const bareTimes = [];
    let spentMs = 0;
    for (let round = 0; round < ROUNDS; round++) {
      once(round % 2 === 0 ? typed : text);
      if (spentMs > (BARE_LIMIT_MS * round) / ROUNDS) continue;
      const started = performance.now();
      bare.parse(document.sound ?? text);
      bareTimes.push(performance.now() - started);
      spentMs += bareTimes.at(-1);
    }
    const bareMs = median(bareTimes.slice(Math.min(WARM_UP_ROUNDS, bareTimes.length >> 2)));
    const ownMs = median(parses.slice(WARM_UP_ROUNDS));
    // Rules that are off unless a policy asks for them do not run.
    const ofDocument = costs
      .filter(({ samples }) => samples.length > 0)
      .map(({ rule, samples, findings }) => {
        const ms = median(samples.slice(WARM_UP_ROUNDS));
        const share = ms / Math.max(bareMs, ownMs);
        return { document: document.name, rule, ms, share, findings, 'goal at most': GOAL, held: share <= GOAL ? 'yes' : 'NO' };
      });
    rows.push(...ofDocument.sort((a, b) => b.share - a.share));
    rows.push(
      { document: document.name, rule: `(${bare.name})`, ms: bareMs },
      { document: document.name, rule: '(our own parse)', ms: ownMs },
    );
  }
  return { title, rows };
}
