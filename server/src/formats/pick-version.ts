import { gt, maxSatisfying, satisfies, valid } from 'semver';
import { type FetchFact, unknown } from '../core/answer.ts';
import type { FixFailure, FixIo } from '../core/finding.ts';
import { npmVersions, type PackageKey, type PackageVersions, type PublishedVersion } from '../core/npm-facts.ts';
import { plain } from '../core/untrusted.ts';
import { parseSpec } from './npm-spec.ts';

/**
 * The version that npm installs for a requirement where nothing is locked (npm-pick-manifest): a tag's version; of a range the one that
 * `latest` names where it fits, else the newest that is not deprecated, else the newest. Undefined where nothing fits.
 */
export function pickVersion(facts: PackageVersions, requirement: string): PublishedVersion | undefined {
  // Rules ask again with every key, and a package may have thousands of versions.
  const known = picked.get(facts) ?? new Map<string, PublishedVersion | undefined>();
  picked.set(facts, known);
  if (!known.has(requirement)) known.set(requirement, pick(facts, requirement));
  return known.get(requirement);
}

const picked = new WeakMap<PackageVersions, Map<string, PublishedVersion | undefined>>();

function pick({ versions, distTags }: PackageVersions, requirement: string): PublishedVersion | undefined {
  const named = (version: string | undefined): PublishedVersion | undefined => versions.find((one) => one.version === version);
  const spec = parseSpec(requirement.trim() === '' ? 'latest' : requirement);
  switch (spec.kind) {
    case 'tag':
      return named(distTags[spec.tag]);
    case 'version':
      return named(valid(spec.version, { loose: true }) ?? undefined);
    case 'range': {
      const latest = named(distTags.latest);
      const options = { loose: true };
      if (latest !== undefined && (satisfies(latest.version, spec.range, options) || spec.range === '*')) return latest;
      // What is newer than `latest` was not meant for everybody yet.
      const released = versions.filter(({ version }) => latest === undefined || !isNewer(version, latest.version));
      const newest = (among: readonly PublishedVersion[]): PublishedVersion | undefined =>
        named(
          maxSatisfying(
            among.map(({ version }) => version),
            spec.range,
            options,
          ) ?? undefined,
        );
      const current = (among: readonly PublishedVersion[]): readonly PublishedVersion[] =>
        among.filter((one) => one.deprecated === undefined);
      return newest(current(released)) ?? newest(current(versions)) ?? newest(versions);
    }
    default:
      return undefined;
  }
}

function isNewer(version: string, than: string): boolean {
  return valid(version, { loose: true }) !== null && valid(than, { loose: true }) !== null && gt(version, than, { loose: true });
}

/** What is to be resolved. */
export interface VersionQuestion {
  readonly key: PackageKey;
  /** A range, a dist-tag or a version; empty for the newest release. */
  readonly requirement: string;
}

/** The exact version that a requirement stands for today, or a sentence that says why there is none. Asks the registry. */
export async function resolveVersion(
  io: FixIo,
  { key, requirement }: VersionQuestion,
  signal: AbortSignal,
): Promise<PublishedVersion | FixFailure> {
  const answer = await ask(io.fetch, key, signal);
  const name = plain(key.name);
  switch (answer.state) {
    case 'unknown':
      return { failed: `what versions ${name} has is unknown: ${answer.detail ?? answer.why}` };
    case 'absent':
      return { failed: `the registry has no package ${name}` };
    case 'known': {
      const picked = pickVersion(answer.value, requirement);
      return picked ?? { failed: `the registry has no version of ${name} for ${plain(requirement === '' ? 'latest' : requirement)}` };
    }
  }
}

async function ask(fetch: FetchFact, key: PackageKey, signal: AbortSignal): ReturnType<typeof fetch<PackageKey, PackageVersions>> {
  return signal.aborted ? unknown('pending', 'cancelled') : await fetch(npmVersions, key, signal);
}
