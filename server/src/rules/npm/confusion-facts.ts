import { gt, minVersion, parse, type SemVer, sort, valid } from 'semver';
import { isSuspect } from '../../core/lookalike.ts';
import { npmPackument, npmVersions, type PackageVersions } from '../../core/npm-facts.ts';
import type { RuleContext } from '../../core/rule.ts';
import type { Dependency } from '../../formats/package-json.ts';
import {
  asOfText,
  hasFewVersions,
  isPlaceholder,
  isYoung,
  type PackageRecord,
  recordOf,
  recordText,
} from '../../formats/package-record.ts';
import { pickVersion } from '../../formats/pick-version.ts';
import type { PackageKeys, RegistryDependency } from '../../formats/registry-settings.ts';
import { NOT_TOLD } from './lookalike-facts.ts';

/** So many major versions above the locked one, without one in between, is no later version of the same package. */
const FAR = 10;

/** A first version like this is made to be higher than any other: `99.99.99`. Years and dates are not. */
const BAIT = 90;

/** How the registry that would be asked contradicts what is locked or required, with the arguments of the message. */
export interface Confusion {
  readonly messageId: 'young' | 'higher' | 'placeholder' | 'bait';
  readonly args: Readonly<Record<string, string>>;
}

/**
 * Whether what the registry has under the name of a dependency is another package than the one meant: it has not the version that is
 * locked or required, and is new, begins far above, or is a placeholder; or it is new and begins at a version that only wants to win.
 * Undefined where that is unknown, and where the name is a slip that `npm/lookalike` tells of.
 */
export function confusionOf(
  context: RuleContext,
  keys: PackageKeys,
  [dependency, wanted]: readonly [Dependency, RegistryDependency],
): Confusion | undefined {
  // A peer is the host's choice; what belongs to another registry is not asked for at this one.
  const key = keys.of(wanted);
  if (dependency.group === 'peerDependencies' || keys.isMapped(wanted.name) || key.isElsewhere === true) return undefined;
  const asked = requirementOf(dependency, wanted);
  const answer = asked === undefined ? undefined : context.fact(npmVersions, key);
  if (asked === undefined || answer?.state !== 'known') return undefined;
  const picked = pickVersion(answer.value, asked.requirement);
  const isLocked = wanted.locked !== undefined;
  if (picked !== undefined && !isBait(picked.version, answer.value)) return undefined;
  if (isSuspect(context.lookalike('npm', wanted.name))) return undefined;
  const { name } = wanted;
  const base = { name, version: asked.requirement, from: isLocked ? 'locked' : 'required' };
  if (isPlaceholder(answer.value)) {
    // Nobody can have installed what was never there: half-typed, a requirement says nothing.
    return isLocked ? { messageId: 'placeholder', args: { ...base, asOf: asOfText(answer.asOf) } } : undefined;
  }
  const record = youngRecord(context, keys, wanted);
  const evidence = record && `${recordText(record)} (${asOfText(record.asOf)})`;
  if (picked !== undefined) {
    return evidence === undefined ? undefined : { messageId: 'bait', args: { ...base, version: picked.version, evidence } };
  }
  const first = lowestOf(answer.value);
  const least = minVersion(asked.requirement, { loose: true });
  // Where older versions are there, it is the package itself, and its author took one back.
  if (first === undefined || least === null || !gt(first, least)) return undefined;
  const args = { ...base, lowest: first.version };
  if (evidence !== undefined) return { messageId: 'young', args: { ...args, evidence } };
  const isFar = isLocked && first.major >= least.major + FAR;
  return isFar ? { messageId: 'higher', args: { ...args, asOf: asOfText(answer.asOf) } } : undefined;
}

/** The locked version, else what is required where that is a version or a range. A catalog's requirement is not in this file. */
function requirementOf({ parsed, spec }: Dependency, { locked }: RegistryDependency): { readonly requirement: string } | undefined {
  if (locked !== undefined) {
    const version = valid(locked.entry.version ?? null);
    return version === null ? undefined : { requirement: version };
  }
  const meant = parsed.kind === 'alias' ? parsed.spec : parsed;
  if (meant.kind !== 'version' && meant.kind !== 'range') return undefined;
  return { requirement: parsed.kind === 'alias' ? parsed.specPart.text : spec };
}

/** The record of a package that is young; undefined for every other one, and where that is unknown. */
function youngRecord(context: RuleContext, keys: PackageKeys, wanted: RegistryDependency): PackageRecord | undefined {
  const key = keys.of(wanted);
  const answer = context.fact(npmPackument, key);
  if (answer.state !== 'known') return undefined;
  const record = recordOf(answer.value, answer.asOf);
  if (record === undefined) context.lacking(npmPackument, key, NOT_TOLD);
  return record !== undefined && isYoung(record) ? record : undefined;
}

function isBait(version: string, { versions }: PackageVersions): boolean {
  const first = parse(version, { loose: true })?.major ?? 0;
  const isDate = (first >= 1900 && first <= 2999) || (first >= 19000101 && first <= 29991231);
  return first >= BAIT && !isDate && hasFewVersions({ versions: versions.length });
}

/** The lowest version that is listed; found once for each answer, because rules ask with every key. */
function lowestOf(facts: PackageVersions): SemVer | undefined {
  if (!lowest.has(facts)) lowest.set(facts, sort(facts.versions.flatMap(({ version }) => parse(version) ?? []))[0]);
  return lowest.get(facts);
}

const lowest = new WeakMap<PackageVersions, SemVer | undefined>();
