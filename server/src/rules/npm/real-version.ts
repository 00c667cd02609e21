import { valid } from 'semver';
import type { FixFailure, FixIo } from '../../core/finding.ts';
import type { PackageKey } from '../../core/npm-facts.ts';
import type { RuleContext } from '../../core/rule.ts';
import { plain } from '../../core/untrusted.ts';
import { managerInUse } from '../../formats/manager-in-use.ts';
import { parseSpec } from '../../formats/npm-spec.ts';
import { resolveVersion } from '../../formats/pick-version.ts';

/** A requirement that was written for one package and is to hold for another. */
export interface CarriedRequirement {
  readonly key: PackageKey;
  readonly requirement: string;
  /** Another version than the written one is put in as it is: in a command, which no lockfile holds to anything. */
  readonly isCommand?: boolean;
}

/**
 * A requirement that the package at `key` has a version for: the written one where it does, else the newest release in the same
 * style (exact, `~` or `^`; exact in a command). Asks the registry; gives a sentence where that says nothing.
 */
export async function realRequirement(
  io: FixIo,
  { key, requirement, isCommand = false }: CarriedRequirement,
  signal: AbortSignal,
): Promise<string | FixFailure> {
  const carried = await resolveVersion(io, { key, requirement }, signal);
  if (!('failed' in carried)) return requirement;
  const newest = await resolveVersion(io, { key, requirement: '' }, signal);
  if ('failed' in newest) return newest;
  // What a registry says is written into a manifest or a command.
  if (valid(newest.version) !== newest.version) return { failed: `the registry names no proper version of ${plain(key.name)}` };
  if (isCommand || parseSpec(requirement).kind === 'version') return newest.version;
  return `${requirement.trim().startsWith('~') ? '~' : '^'}${newest.version}`;
}

/** What brings the lockfile in step after a package.json was edited, as the end of a fix's title: `then run npm install`. */
export function thenInstall({ manifest, surroundings }: Pick<RuleContext, 'manifest' | 'surroundings'>): string {
  const manager = managerInUse(surroundings, manifest.file.path)?.manager;
  return manager === undefined ? 'then install again' : `then run ${manager === 'yarn-classic' ? 'yarn' : manager} install`;
}
