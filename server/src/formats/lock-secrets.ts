import type { Manifest } from '../core/manifest.ts';
import type { Span } from '../core/span.ts';
import { passwordsInUrls } from './credential.ts';

/**
 * A lockfile's manifest, with the passwords in its addresses. They are looked for when somebody reports something, so that a
 * file without findings costs nothing.
 */
export function withSecrets<M>(manifest: Manifest<M>): Manifest<M> {
  let secrets: readonly Span[] | undefined;
  return {
    ...manifest,
    get secrets() {
      secrets ??= passwordsInUrls(manifest.file.text);
      return secrets;
    },
  };
}
