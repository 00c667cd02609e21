import { minuteOf } from '../../core/as-of.ts';
import { npmAdvisories, type PackageAdvisory } from '../../core/npm-advisories.ts';
import { type FullVersion, npmPackument, type PackageKey } from '../../core/npm-facts.ts';
import type { RuleContext } from '../../core/rule.ts';
import { advisedDependencies } from '../../formats/advised-dependencies.ts';
import { freeVersions, updateCommand } from '../../formats/advised-versions.ts';
import { requirementOf, requireVersion } from '../../formats/installed-version.ts';
import { managerInUse } from '../../formats/manager-in-use.ts';
import { asPackageJson, type Dependency } from '../../formats/package-json.ts';
import { pickVersion } from '../../formats/pick-version.ts';
import { DAY_MINUTES } from '../../formats/release-age.ts';
import { type ReleaseGate, releaseGate } from '../../formats/release-gate.ts';
import { DAY_MS } from '../../formats/version-history.ts';
import { fitsRequirement } from '../../formats/version-order.ts';
import { advisoryDraft } from './advisory-finding.ts';

/** How many versions are asked about to find one without advisories of its own. */
const MAX_CANDIDATES = 3;

/** The direct dependencies of a package.json. A peer counts where it is locked and nothing else in the file asks for it. */
export function checkManifest(context: RuleContext): void {
  const { manifest, surroundings } = context;
  const others = new Set(
    (asPackageJson(manifest)?.dependencies ?? []).flatMap(({ group, name }) => (group === 'peerDependencies' ? [] : [name])),
  );
  let gate: ReleaseGate | undefined | 'unread' = 'unread';
  for (const { dependency, key, version, answer } of advisedDependencies(context)) {
    const advisories = answer?.state === 'known' ? answer.value.filter(({ isMalware }) => !isMalware) : [];
    const isPeer = dependency.group === 'peerDependencies';
    if (advisories.length === 0 || (isPeer && others.has(dependency.name))) continue;
    if (gate === 'unread') gate = releaseGate(surroundings, manifest.file.path);
    tell(context, { dependency, key, version, advisories, gate, isPeer });
  }
}

interface Advised {
  readonly dependency: Dependency;
  readonly key: PackageKey;
  readonly version: string;
  readonly advisories: readonly PackageAdvisory[];
  readonly gate: ReleaseGate | undefined;
  readonly isPeer: boolean;
}

function tell(context: RuleContext, advised: Advised): void {
  const { dependency, key, version, advisories, isPeer } = advised;
  const { messageId, args, target } = wayOut(context, advised);
  const draft = advisoryDraft(advisories, { file: context.manifest.file, span: dependency.specSpan });
  const wanted = { dependency, version: { version } };
  context.report({
    ...draft,
    messageId,
    args: { name: key.name, version, ...draft.args, ...args },
    span: dependency.specSpan,
    identity: `${dependency.group} ${dependency.name}`,
    // What a peer may be is the host's choice.
    fixes: target === undefined || isPeer ? [] : requireVersion(context, wanted, { target, what: 'the lowest that is free of this' }),
  });
}

interface WayOut {
  readonly messageId: string;
  readonly args: Readonly<Record<string, string>>;
  /** What to require instead. */
  readonly target?: FullVersion;
}

function wayOut(context: RuleContext, { dependency, key, version, advisories, gate }: Advised): WayOut {
  const answer = context.fact(npmPackument, key);
  if (answer.state !== 'known') return { messageId: 'unknown', args: {} };
  const { value, asOf } = answer;
  const { sameMajor, higher } = freeVersions(value.versions, version, advisories);
  const free = withoutAdvisories(context, key, sameMajor);
  const [lowest] = free;
  if (lowest === undefined) {
    const [next] = withoutAdvisories(context, key, higher);
    return next === undefined ? { messageId: 'none', args: {} } : { messageId: 'major', args: { fixed: next.version } };
  }
  const hiddenUntil = value.isStripped || gate === undefined ? () => undefined : hiddenBy(gate, key.name, asOf);
  const requirement = requirementOf(dependency);
  const admits = ({ version: one }: FullVersion): boolean =>
    requirement !== undefined && (fitsRequirement(one, requirement) || pickVersion(value, requirement)?.version === one);
  const visible = free.filter((one) => hiddenUntil(one) === undefined);
  const target = visible.find(admits) ?? visible[0];
  if (target === undefined) {
    const date = minuteOf(hiddenUntil(lowest) ?? asOf);
    return { messageId: 'hidden', args: { fixed: lowest.version, date, setting: gate?.setting ?? gate?.manager ?? 'the release age' } };
  }
  if (!admits(target)) return { messageId: 'required', args: { fixed: target.version }, target };
  const manager = managerInUse(context.surroundings, context.manifest.file.path)?.manager;
  const command = manager && updateCommand(manager, dependency.name, true);
  return { messageId: 'locked', args: { fixed: target.version, command: command === undefined ? 'an update' : `\`${command}\`` } };
}

/** The candidates that have no advisories of their own, as far as that is known; the lowest few and the newest are asked about. */
function withoutAdvisories(context: RuleContext, key: PackageKey, candidates: readonly FullVersion[]): readonly FullVersion[] {
  const asked = new Set([...candidates.slice(0, MAX_CANDIDATES), ...candidates.slice(-1)]);
  return [...asked].filter(({ version }) => {
    const answer = context.fact(npmAdvisories, { ...key, version });
    return answer.state !== 'known' || answer.value.length === 0;
  });
}

/** Until when the project's own release age keeps a version away, in milliseconds since the epoch; undefined where it does not. */
function hiddenBy(gate: ReleaseGate, name: string, asOf: number): (version: FullVersion) => number | undefined {
  // What nobody set keeps nothing away.
  if (gate.source === 'suggested') return () => undefined;
  return ({ version, publishedAt }) => {
    const minutes = gate.minutesFor(name, version);
    if (minutes === undefined || publishedAt === undefined) return undefined;
    const until = publishedAt + (minutes / DAY_MINUTES) * DAY_MS;
    return until > asOf ? until : undefined;
  };
}
