import { isEmptyChange, lockChange } from '../formats/lock-change.ts';
import type { LockFile } from '../formats/lock-model.ts';
import { type ChangeTitle, changeDocument, changeSummary } from './lock-change-text.ts';
import type { LockfileChange } from './protocol.ts';

/** What an open lockfile changes, worded. A module of its own, because it is read with the first question alone. */
export function reportChange(before: LockFile | undefined, after: LockFile, title: ChangeTitle): LockfileChange {
  const change = lockChange(before, after);
  return {
    state: 'known',
    isEmpty: isEmptyChange(change),
    commit: title.commit,
    summary: changeSummary(change, title),
    document: changeDocument(change, title),
  };
}
