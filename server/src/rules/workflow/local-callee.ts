import type { Manifest } from '../../core/manifest.ts';
import type { ActionReference } from '../../core/reference.ts';
import type { Surroundings } from '../../core/rule.ts';
import { joinPath } from '../../core/source-file.ts';

/**
 * The document of an action or reusable workflow of the same repository (`./x`); undefined where there is none. A path counts
 * from the repository's root, which of a workflow is above `.github`, and of anything else is taken to be the checked root.
 */
export function localCallee(
  { requested, verdict, level }: ActionReference,
  { file }: Manifest,
  surroundings: Surroundings,
): Manifest | undefined {
  if (verdict !== 'local') return undefined;
  const at = file.path.lastIndexOf('.github/workflows/');
  const path = joinPath(at <= 0 ? '' : file.path.slice(0, at - 1), requested.replace(/^\$\//, './').replaceAll('\\', '/'));
  if (path === undefined) return undefined;
  if (level === 'job') return surroundings.manifest(path);
  return surroundings.manifest(joinPath(path, 'action.yml') ?? '') ?? surroundings.manifest(joinPath(path, 'action.yaml') ?? '');
}
