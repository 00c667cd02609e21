import { npmVersions } from '../../core/npm-facts.ts';
import type { RuleContext } from '../../core/rule.ts';
import { asPackageJson, type Dependency } from '../../formats/package-json.ts';
import type { PackageKeys, RegistryDependency } from '../../formats/registry-settings.ts';

/**
 * Whether `npm/not-in-registry` says of a dependency that nobody has published it; other rules then have nothing to add. False where
 * that is unknown, and where a registry of the project's own is the only one that could tell.
 */
export function isMissing(
  context: RuleContext,
  keys: PackageKeys,
  [dependency, found]: readonly [Dependency, RegistryDependency],
): boolean {
  const model = asPackageJson(context.manifest);
  if (dependency.group === 'peerDependencies' && model?.optionalPeers.includes(dependency.name)) return false;
  if (found.name === model?.name || keys.isMapped(found.name)) return false;
  // Somebody installed it: a scoped one that is hidden is private, and its scope is taken.
  if (found.name.startsWith('@') && found.locked !== undefined) return false;
  return context.fact(npmVersions, keys.of(found)).state === 'absent';
}
