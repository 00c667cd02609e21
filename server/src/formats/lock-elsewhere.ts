import type { LockEntry } from './lock-model.ts';

/** Where entries come from that no registry can say anything of; the project's own folders do not count. */
export type Elsewhere = 'git' | 'file' | 'bundled' | 'address';

/** Where an entry comes from that no registry serves; undefined for one that a registry does, and for the project's own folders. */
export function elsewhereOf({ source, resolved, integrity, name, version }: LockEntry): Elsewhere | undefined {
  if (source === 'git' || source === 'file') return source;
  // What the project itself bundles is fetched like all else, and locked with a hash; what others bundle is inside of their archives.
  if (source === 'bundled' && (resolved === undefined || integrity === undefined)) return source;
  if ((source !== 'tarball' && source !== 'bundled') || resolved === undefined) return undefined;
  // Registries have `/-/` in front of an archive's name, GitHub's has this; an address without either was required as it stands.
  return resolved.includes('/-/') || resolved.includes(`/download/${name}/${version}/`) ? undefined : 'address';
}
