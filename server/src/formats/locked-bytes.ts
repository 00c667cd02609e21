import type { LockEntry, LockFile } from './lock-model.ts';
import { isPublicAddress } from './registry-settings.ts';

/**
 * What a lockfile binds the bytes of an entry to: its integrity. Undefined where it has none and leaves it to the registry, whose
 * version it is then; `''` where it has none and names an address of its own: whatever lies there would be installed.
 */
export function lockedBytes({ integrity, checksum, resolved, name, version }: LockEntry): string | undefined {
  if (integrity !== undefined || checksum !== undefined || resolved === undefined) return integrity;
  const archive = `/${name}/-/${name.slice(name.indexOf('/') + 1)}-${version ?? ''}.tgz`;
  const isRegistrys =
    isPublicAddress(resolved) &&
    resolved
      .replace(/[?#].*$/s, '')
      .replace(/%2f/i, '/')
      .endsWith(archive);
  return isRegistrys ? undefined : '';
}

/** Why a lockfile that could be read may lock more than was found in it; undefined where it does not. */
export function unseenIn({ manager, lockfileVersion, entries }: LockFile): string | undefined {
  const isOther = ({ source }: LockEntry): boolean => source === 'root' || source === 'workspace' || source === 'link';
  if (manager === 'npm' && !['1', '2', '3'].includes(lockfileVersion ?? '') && entries.every(isOther))
    return `version ${lockfileVersion ?? 'none'} of the format is not known, and nothing was found in it`;
  const odd = entries.find(({ source, version, name }) => source === 'tarball' && (version === undefined || name === ''));
  return odd === undefined ? undefined : `the entry ${odd.key} has no ${odd.name === '' ? 'name' : 'version'}`;
}
