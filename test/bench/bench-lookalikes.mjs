// What the list of well-known names costs: reading it, its tables' memory, a name, and the names of a lockfile.

import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { loadSource } from '../../scripts/load-sources.mjs';
import { median } from './statistics.mjs';

/** Each figure is the median of so many rounds. */
const ROUNDS = 15;
const LOCKED_NAMES = 2_000;

/** Index build, memory, time per name, and a lockfile of 2,000 names, first seen and at the next key. */
export async function benchLookalikes({ isWanted }) {
  const title = 'lookalikes: the list of well-known names';
  if (!isWanted('lookalikes')) return { title, rows: [] };
  const { readData } = await loadSource('server/src/lookalikes/data.ts');
  const { NpmNames } = await loadSource('server/src/lookalikes/npm.ts');
  const { createJudge } = await loadSource('server/src/lookalikes/judge.ts');
  const { manifestLookalikes } = await loadSource('test/bench/lookalike-lock.ts');
  const file = new Uint8Array(readFileSync('server/src/data/lookalikes.bin'));
  const data = readData(file);
  const targets = data.npm.names;
  const heapBefore = usedBytes();
  const names = new NpmNames(data);
  const heap = usedBytes() - heapBefore;
  const builds = rounds(() => new NpmNames(readData(file)));
  // Every second one with a typing error; a swap looks for all that is near.
  const asked = targets.filter((_, nth) => nth % 5 === 0).map((name, nth) => (nth % 2 === 0 ? name : swapped(name)));
  const judged = rounds(() => judgeAll(names, asked));
  const errors = asked.filter((_, nth) => nth % 2 === 1);
  const judgedErrors = rounds(() => judgeAll(names, errors));
  const locked = Array.from({ length: LOCKED_NAMES }, (_, nth) => targets[(nth * 9) % targets.length] ?? '');
  const first = rounds(() => manifestLookalikes(locked, createWarm(createJudge, file)));
  const warm = createWarm(createJudge, file);
  const again = rounds(() => manifestLookalikes(locked, warm));
  const row = (what, value, unit, goal) => ({ what, unit, value, 'goal at most': goal, held: value <= goal ? 'yes' : 'NO' });
  return {
    title,
    rows: [
      row('npm tables made from the file', median(builds), 'ms', 150),
      row('their memory', heap / 1e6, 'MB', 12),
      row('a name, half of them mistyped', (1000 * median(judged)) / asked.length, 'us', 15),
      row('a mistyped name', (1000 * median(judgedErrors)) / errors.length, 'us', 15),
      row('npm/lookalike, lockfile of 2,000 names, first time', median(first), 'ms', 40),
      row('npm/lookalike, the same at the next key', median(again), 'ms', 40),
    ],
  };
}

function judgeAll(judge, names) {
  for (const name of names) judge.judge(name);
}

/** A judge whose tables are there and that was asked nothing yet. */
function createWarm(createJudge, file) {
  const judge = createJudge(file);
  judge.judge('npm', '');
  return judge;
}

function rounds(work) {
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    const result = work();
    times.push(result?.ms ?? performance.now() - started);
  }
  return times;
}

/** Heap and array buffers after a collection. */
function usedBytes() {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function swapped(name) {
  const at = name.length >> 1;
  return name.slice(0, at) + (name[at + 1] ?? '') + (name[at] ?? '') + name.slice(at + 2);
}
