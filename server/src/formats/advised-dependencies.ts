import type { Answer } from '../core/answer.ts';
import { npmAdvisories, type PackageAdvisory } from '../core/npm-advisories.ts';
import type { PackageKey } from '../core/npm-facts.ts';
import type { RuleContext, Surroundings } from '../core/rule.ts';
import { versionInUse } from './installed-version.ts';
import type { Dependency } from './package-json.ts';
import { isPlaceholderVersion } from './package-record.ts';
import { packageKeys, type RegistryDependency, registryDependencies } from './registry-settings.ts';

/** A direct dependency, the version of it that is in use, and what its registry says against that. */
export interface AdvisedDependency {
  readonly dependency: Dependency;
  readonly wanted: RegistryDependency;
  readonly key: PackageKey;
  readonly version: string;
  /** Not asked for where the version is the registry's own placeholder. */
  readonly answer: Answer<readonly PackageAdvisory[]> | undefined;
}

/**
 * The dependencies of a package.json whose version can be told, with the advisories about it. Peers count where they are locked. Two
 * rules ask in each analysis, which has surroundings of its own: it is found out once for both.
 */
export function advisedDependencies(context: RuleContext): readonly AdvisedDependency[] {
  const { manifest, surroundings } = context;
  const known = KEPT.get(surroundings);
  if (known?.manifest === manifest) return known.found;
  const keys = packageKeys(manifest.file, surroundings);
  const found: AdvisedDependency[] = [];
  for (const [dependency, wanted] of registryDependencies(manifest, surroundings)) {
    if (dependency.group === 'peerDependencies' && wanted.locked === undefined) continue;
    const key = keys.of(wanted);
    const version = versionInUse(context, [dependency, wanted], key);
    if (version === undefined) continue;
    const answer = isPlaceholderVersion(version) ? undefined : context.fact(npmAdvisories, { ...key, version });
    found.push({ dependency, wanted, key, version, answer });
  }
  KEPT.set(surroundings, { manifest, found });
  return found;
}

const KEPT = new WeakMap<Surroundings, { readonly manifest: RuleContext['manifest']; readonly found: readonly AdvisedDependency[] }>();
