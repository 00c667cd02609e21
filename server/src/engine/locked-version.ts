import type { Manifest } from '../core/manifest.ts';
import type { PackageReference } from '../core/reference.ts';
import type { Project } from './project.ts';

/** What the nearest lockfile says of a dependency. */
export type Locked =
  | { readonly state: 'locked'; readonly version: string; readonly integrity?: string; readonly path: string }
  | { readonly state: 'unknown'; readonly why: string };

/** The version that the nearest lockfile, here or above, gives a dependency of a manifest. */
export function lockedVersion(_reference: PackageReference, _manifest: Manifest, _project: Project): Locked {
  return { state: 'unknown', why: 'unknown (no lockfile was read)' };
}
