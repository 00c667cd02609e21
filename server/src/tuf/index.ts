import type { Metadata, Root } from '@tufjs/models';
import { type Before, collect } from './collect.ts';
import { keptDocuments, remoteDocuments, textOf } from './documents.ts';
import { MAX_METADATA_BYTES, readSnapshot, readTimestamp, refuseExpired } from './metadata.ts';
import { TUF_ROOT } from './repository.generated.ts';
import { firstRoot, hasNewOnlineKeys, keptRoots, nextRoot } from './roots.ts';
import { EMPTY_SET, type TufGet, type TufRepository, type TufSet, type TufState } from './state.ts';

export { keptText, readKept } from './kept.ts';

/** How many new roots one update follows; the next one goes on from there. */
const MAX_NEW_ROOTS = 64;

/** By how much clocks may differ, in milliseconds. */
const CLOCK_TOLERANCE_MS = 5 * 60 * 1000;

/** What an update came to. */
export interface Updated {
  /** What is known now; without a problem, `good` is of this update. */
  readonly state: TufState;
  /** Why it did not come to its end, as a sentence that may hold foreign text. */
  readonly problem?: string;
}

/** A state of which everything holds that is said of it. */
export interface Opened {
  readonly state: TufState;
  /** The newest root that is known. */
  readonly root: Metadata<Root>;
}

/**
 * What still holds of a state that was kept: the chain of roots from the one that travels along, and the last good update as it was at
 * its time. It is younger than what travels along, of no time to come, and signed with the keys of today. Never rejects.
 */
export async function reopen({ roots: texts, good, seen }: TufState, repository: TufRepository, now: number): Promise<Opened> {
  const { root, roots } = keptRoots(firstRoot(repository.root ?? TUF_ROOT), texts);
  const isOfUse = good !== undefined && good.at >= repository.since && good.at <= now + CLOCK_TOLERANCE_MS;
  const isGood =
    isOfUse &&
    (await collect(keptDocuments(good), { root, at: good.at, before: {}, files: repository.files }).then(
      () => true,
      () => false,
    ));
  // What is too old to be used still tells what was there.
  return { state: isGood ? { roots, good, seen } : { roots, seen: joined(good ?? EMPTY_SET, seen) }, root };
}

/**
 * Brings a state up to date, as The Update Framework prescribes (specification 1.0, section 5). Never rejects: where something is missing
 * or wrong, the last good update stays, and what was verified so far is kept against a rollback.
 */
export async function update(
  opened: Opened,
  { repository, now, get }: { readonly repository: TufRepository; readonly now: number; readonly get: TufGet },
): Promise<Updated> {
  let { state, root } = opened;
  try {
    const first = root;
    const roots = [...state.roots];
    for (let rest = MAX_NEW_ROOTS; rest > 0; rest--) {
      const text = await textOf(get, `${root.signed.version + 1}.root.json`, MAX_METADATA_BYTES.root);
      if (text === undefined) break;
      const next = nextRoot(root, text);
      roots.push(text);
      // Whoever had the old keys may have signed versions that nobody can reach: nothing is compared with them (section 5.3.11).
      const before = hasNewOnlineKeys(root, next) ? { seen: EMPTY_SET } : state;
      state = { ...before, roots: [...roots] };
      root = next;
    }
    if (root !== first) state = (await reopen(state, repository, now)).state;
    refuseExpired(root, now);
    const known = state;
    const documents = remoteDocuments(get, root, [known.seen, known.good ?? EMPTY_SET]);
    const note = (set: TufSet): void => {
      state = { ...known, seen: joined(known.seen, set) };
    };
    const good = await collect(documents, { root, at: now, before: beforeOf(known, root), files: repository.files, note });
    return { state: { roots, good: { ...good, at: now }, seen: EMPTY_SET } };
  } catch (error) {
    return { state, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** One set with all that a later one has instead. */
function joined(before: TufSet, { roles, files, ...metadata }: TufSet): TufSet {
  return {
    ...(before.timestamp === undefined ? {} : { timestamp: before.timestamp }),
    ...(before.snapshot === undefined ? {} : { snapshot: before.snapshot }),
    ...metadata,
    roles: roles.length > 0 ? roles : before.roles,
    files: files.length > 0 ? files : before.files,
  };
}

/** The newest of what was verified, as far as it is signed with today's keys. */
function beforeOf({ good, seen }: TufState, root: Metadata<Root>): Before {
  const sets = [seen, good ?? EMPTY_SET];
  const timestamp = newest(sets.flatMap(({ timestamp: text }) => signed(text, 'timestamp', root, readTimestamp)));
  const snapshot = newest(sets.flatMap(({ snapshot: text }) => signed(text, 'snapshot', root, readSnapshot)));
  return { ...(timestamp === undefined ? {} : { timestamp }), ...(snapshot === undefined ? {} : { snapshot: snapshot.metadata }) };
}

interface Signed<M> {
  readonly text: string;
  readonly metadata: M;
}

type SignedMetadata = ReturnType<typeof readTimestamp> | ReturnType<typeof readSnapshot>;

function signed<M extends SignedMetadata>(
  text: string | undefined,
  role: string,
  root: Metadata<Root>,
  read: (text: string) => M,
): Signed<M>[] {
  if (text === undefined) return [];
  try {
    const metadata = read(text);
    root.verifyDelegate(role, metadata);
    return [{ text, metadata }];
  } catch {
    return [];
  }
}

function newest<M extends SignedMetadata>(all: readonly Signed<M>[]): Signed<M> | undefined {
  return all.toSorted((a, b) => b.metadata.signed.version - a.metadata.signed.version)[0];
}
