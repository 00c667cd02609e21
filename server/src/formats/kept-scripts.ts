import type { Script } from '../core/script.ts';

/** Longer scripts are read anew: a few of them would fill what is kept. In UTF-16 units. */
const MAX_SCRIPT_UNITS = 8_192;

/** How much text may be kept in each of two generations, of which the older one goes when the younger one is full. */
const MAX_GENERATION_UNITS = 100_000;

/**
 * A script as it is kept: its text, its dialect, and how its characters lie to one another, at the place where a script like it was
 * read first. Nothing else may be asked of it.
 */
export type KeptScript = Pick<Script, 'source' | 'dialect'>;

let recent = new Map<string, KeptScript>();
let older: ReadonlyMap<string, KeptScript> = new Map();
let recentUnits = 0;

const keptFor = new WeakMap<KeptScript, KeptScript>();

/** The kept script that says the same as one of a document; the script itself where none is kept. */
function keptOf(script: KeptScript): KeptScript {
  const known = keptFor.get(script);
  if (known !== undefined) return known;
  const kept = keptLike(script) ?? script;
  keptFor.set(script, kept);
  return kept;
}

/** The kept script that says the same, perhaps elsewhere in a document, in another version of it or in another document. */
function keptLike({ source, dialect }: KeptScript): KeptScript | undefined {
  if (source.text.length > MAX_SCRIPT_UNITS) return undefined;
  const head = `${dialect} ${source.end - source.start} ${source.breaks.join()}\n`;
  const key = head + source.text;
  const found = recent.get(key);
  if (found !== undefined) return found;
  const kept = older.get(key) ?? { dialect, source: { ...source, text: ownCopy(key, head.length) } };
  recentUnits += key.length;
  if (recentUnits > MAX_GENERATION_UNITS) {
    older = recent;
    recent = new Map();
    recentUnits = key.length;
  }
  recent.set(key, kept);
  return kept;
}

/** A part of a document holds on to the whole of it, in V8; a part of the key, which is a text of its own, only to that. */
function ownCopy(key: string, from: number): string {
  return key.slice(from);
}

/**
 * A function of a script's text that keeps its answers, per script and beyond it: a key in an editor changes one of many scripts,
 * and the others say the same as before, some of them further down. `find` gets nothing but what the answer may depend on, and
 * `move` makes the answer for the same text at another place, so many characters further down.
 */
export function keptPerScript<T>(find: (script: KeptScript) => T, move: (found: T, by: number) => T): (script: KeptScript) => T {
  const answers = new WeakMap<KeptScript, { readonly answer: T }>();
  return (script) => {
    const known = answers.get(script);
    if (known !== undefined) return known.answer;
    const kept = keptOf(script);
    const there = answers.get(kept) ?? { answer: find(kept) };
    answers.set(kept, there);
    const by = script.source.start - kept.source.start;
    const here = by === 0 ? there : { answer: move(there.answer, by) };
    answers.set(script, here);
    return here.answer;
  };
}
