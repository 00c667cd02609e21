import { resolveRef, stableReleases } from '../../core/git-versions.ts';
import { type ChooseTarget, type Pinnable, pinNewest, pinSeasoned } from './pin-edit.ts';

/** Which release an upgrade looks for: the newest that has been out for a while, or the newest. */
export type UpgradeKind = 'seasoned' | 'newest';

/** The release to upgrade to, only where it is newer than what is used now. */
export function upgradeTo(action: Pinnable, kind: UpgradeKind): ChooseTarget {
  const choose = kind === 'seasoned' ? pinSeasoned(action) : pinNewest(action);
  return async (refs, look) => {
    const target = await choose(refs, look);
    if ('failed' in target) return target;
    const resolved = resolveRef(refs, action.ref);
    const now = resolved.kind === 'none' ? undefined : resolved.commit;
    const commits = stableReleases(refs, action).map(({ commit }) => commit);
    // Newest first: a place further down is an older release. What is no release has no place, and may be newer or older.
    const used = now === undefined ? -1 : commits.indexOf(now);
    const wanted = commits.indexOf(target.commit);
    const isPinned = action.ref.toLowerCase() === now;
    return used >= 0 && (wanted > used || (wanted === used && isPinned)) ? NOTHING_NEWER : target;
  };
}

const NOTHING_NEWER = { failed: 'there is no newer release that could be used' };
