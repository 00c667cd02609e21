import type { Manifest } from '../core/manifest.ts';
import type { Span } from '../core/span.ts';
import { asLockFile, type LockEntry, type LockField, type LockFile } from './lock-model.ts';

/** An entry of a lockfile and the text of it that an offset is in. */
export interface EntryAt {
  readonly lock: LockFile;
  readonly entry: LockEntry;
  readonly span: Span;
  /** All texts of the entry. */
  readonly about: readonly Span[];
}

const FIELDS: readonly LockField[] = ['key', 'version', 'resolved', 'integrity'];

/** The entry whose key, version, address or hash stands at an offset; undefined elsewhere, and in what is no lockfile. */
export function lockEntryAt(manifest: Manifest, offset: number): EntryAt | undefined {
  const lock = asLockFile(manifest);
  if (lock === undefined) return undefined;
  const nearest = lastBefore(lock, offset);
  const found = nearest && entryWith(lock, nearest, offset);
  // What is left of a broken file need not be in order, and some of it stands nowhere.
  if (found !== undefined || manifest.problems.length === 0) return found;
  for (const entry of lock.entries) {
    const other = entryWith(lock, entry, offset);
    if (other !== undefined) return other;
  }
  return undefined;
}

/** The last entry that begins at or before an offset: entries are in document order, so that a few of ten thousand are looked at. */
function lastBefore(lock: LockFile, offset: number): LockEntry | undefined {
  const { entries } = lock;
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = entries[middle];
    if (entry !== undefined && lock.spanOf(entry, 'key').start <= offset) low = middle + 1;
    else high = middle;
  }
  return entries[low - 1];
}

function entryWith(lock: LockFile, entry: LockEntry, offset: number): EntryAt | undefined {
  const about = FIELDS.map((field) => lock.spanOf(entry, field)).filter(({ start, end }) => start < end);
  const span = about.find(({ start, end }) => start <= offset && offset <= end);
  return span && { lock, entry, span, about };
}
