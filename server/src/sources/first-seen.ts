import { known, unknown } from '../core/answer.ts';
import { type FirstSeen, type FirstSeenKey, firstSeen } from '../core/facts.ts';
import type { SharedStorage } from './fact-cache.ts';
import type { Source } from './source.ts';

/** How many tags are remembered. The ones seen first go first: about 2 MB. */
export const MAX_TAGS = 20_000;

/** The name under which the ledger is kept. */
const NAME = 'first-seen';

/** Where the ledger is kept, and for which server. */
export interface FirstSeenOptions {
  /** Memory for this session only unless given. */
  readonly storage?: SharedStorage | undefined;
  /** The server's address: the same name on another server is another repository. */
  readonly server: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * The ledger of what tags stood for when they were first asked about here. It makes no connection. A tag that moves after it
 * was used is how tj-actions/changed-files was turned against everybody (CVE-2025-30066); nobody else remembers.
 */
export function createFirstSeenSource({ storage, server, now }: FirstSeenOptions): Source<FirstSeenKey, FirstSeen> {
  let tags: Map<string, FirstSeen> | undefined;
  let last: Promise<void> = Promise.resolve();
  let queued: Promise<void> | undefined;

  /** Another session may have written meanwhile: whoever saw a tag first is right. */
  function merge(text: string | undefined): Map<string, FirstSeen> {
    const kept = parseLedger(text ?? '');
    for (const [id, seen] of tags ?? []) {
      const other = kept.get(id);
      if (other === undefined || other.seen > seen.seen) kept.set(id, seen);
    }
    tags = kept;
    return kept;
  }

  /** Writes are one after the other, and one for all that was noted while the one before was under way. */
  function save(): Promise<void> {
    queued ??= last.then(async () => {
      queued = undefined;
      await storage?.update(NAME, (text) => ledgerText(merge(text)));
    });
    last = queued;
    return queued;
  }

  return {
    id: firstSeen.id,
    hosts: [],
    isLedger: true,
    // It has a memory of its own.
    ttlMs: 0,
    fetch: async (key) => {
      if (!COMMIT.test(key.commit)) return unknown('unparsable', 'not a commit');
      const id = `${server} ${firstSeen.key(key)}`;
      const noted = (tags ?? merge(await storage?.read(NAME))).get(id);
      if (noted !== undefined) return known(noted, now());
      const fresh = { commit: key.commit, seen: now() };
      tags?.set(id, fresh);
      await save();
      return known(tags?.get(id) ?? fresh, now());
    },
  };
}

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

function ledgerText(tags: ReadonlyMap<string, FirstSeen>): string {
  const kept = [...tags].sort(([, a], [, b]) => a.seen - b.seen).slice(-MAX_TAGS);
  return JSON.stringify({ version: 1, tags: kept.map(([id, { commit, seen }]) => [id, commit, seen]) });
}

/** The entries that make sense; a ledger that cannot be read is an empty one. */
function parseLedger(text: string): Map<string, FirstSeen> {
  const tags = new Map<string, FirstSeen>();
  const parsed = parseJson(text);
  if (typeof parsed !== 'object' || parsed === null || !('tags' in parsed) || !Array.isArray(parsed.tags)) return tags;
  for (const entry of parsed.tags as readonly unknown[]) {
    if (!Array.isArray(entry)) continue;
    const [id, commit, seen]: readonly unknown[] = entry;
    if (typeof id !== 'string' || typeof commit !== 'string' || !COMMIT.test(commit) || !Number.isSafeInteger(seen)) continue;
    tags.set(id, { commit, seen: Number(seen) });
  }
  return tags;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
