import { formats } from '../../../server/src/formats/index.ts';
import { type CorpusEntry, readCorpus } from './corpus.ts';
import { faultOf, type Input } from './judge.ts';
import { mutate } from './mutate.ts';
import { type Random, seeded } from './random.ts';

/** How far a run goes. */
export interface FuzzLimits {
  readonly seed: number;
  readonly inputs: number;
  /** The run ends after so many seconds even if it has judged fewer inputs. */
  readonly seconds: number;
}

/** Something that went wrong, as small as it could be made. */
export interface Failure {
  /** Gives the same input again: `--seed`, with `--inputs 1`. */
  readonly seed: number;
  readonly origin: string;
  readonly fault: string;
  readonly input: Input;
}

/** What came of a run. */
export interface FuzzReport {
  readonly inputs: number;
  readonly failures: readonly Failure[];
}

/** How many failures of different kinds end a run. */
const MAX_FAILURES = 10;

/** Judges mutated fixtures until the inputs or the time are used up. The input number `i` depends on `seed + i` alone. */
export async function fuzz({ seed, inputs, seconds }: FuzzLimits, corpus = readCorpus()): Promise<FuzzReport> {
  const deadline = performance.now() + seconds * 1000;
  const failures = new Map<string, Failure>();
  let done = 0;
  while (done < inputs && performance.now() < deadline && failures.size < MAX_FAILURES) {
    const own = seed + done++;
    const { input, origin } = inputOf(seeded(own), corpus);
    const fault = await faultOf(input);
    if (fault === undefined || failures.has(kindOf(fault))) continue;
    const text = await minimised(input, kindOf(fault));
    const smallest = { ...input, text };
    failures.set(kindOf(fault), { seed: own, origin, fault: (await faultOf(smallest)) ?? fault, input: smallest });
  }
  return { inputs: done, failures: [...failures.values()] };
}

function inputOf(random: Random, corpus: readonly [CorpusEntry, ...CorpusEntry[]]): { readonly input: Input; readonly origin: string } {
  const { path, files, facts, origin } = random.pick(corpus);
  const { files: otherFiles, path: otherPath } = random.pick(corpus);
  const before = files[path] ?? '';
  const text = mutate(random, before, [before, otherFiles[otherPath] ?? '']);
  const madeUp = random.pick<Input['madeUp']>(['known', 'absent', 'offline']);
  // Now and then a document gets to a format that it is not meant for.
  const read = random.oneIn(10) ? random.pick(PATHS) : path;
  return { origin, input: { path: read, text, files, facts, madeUp } };
}

/** A path that each format reads. */
const PATHS: readonly [string, ...string[]] = [
  '.github/workflows/fuzz.yml',
  ...formats
    .flatMap(({ globs }) => globs.map((glob) => glob.replaceAll('**/', '').replaceAll('*', 'fuzz')))
    .filter((path) => /^[\w./-]+$/.test(path)),
];

/** The first line without numbers and titles: failures of one kind are shown once. */
function kindOf(fault: string): string {
  return (fault.split('\n', 1)[0] ?? '').replace(/"[^"]*"/g, '""').replace(/\d+/g, '0');
}

/** Longest time for making one failure's document smaller, in ms. */
const MINIMISE_LIMIT_MS = 5_000;

/** A smaller text with a fault of the same kind: stretches are taken out, long ones first, as long as it stays. */
async function minimised(input: Input, kind: string): Promise<string> {
  const deadline = performance.now() + MINIMISE_LIMIT_MS;
  let { text } = input;
  for (let size = text.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < text.length && performance.now() < deadline; ) {
      const shorter = text.slice(0, at) + text.slice(at + size);
      const fault = await faultOf({ ...input, text: shorter });
      if (fault !== undefined && kindOf(fault) === kind) text = shorter;
      else at += size;
    }
  }
  return text;
}
