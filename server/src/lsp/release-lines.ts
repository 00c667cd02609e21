import { minuteOf } from '../core/as-of.ts';
import type { FullVersion, Packument } from '../core/npm-facts.ts';
import type { Project } from '../engine/project.ts';
import type { Locked } from '../formats/locked.ts';
import { ageInWords, DAY_MINUTES } from '../formats/release-age.ts';
import { releaseGate } from '../formats/release-gate.ts';
import { ageInDays, compareVersion, type PublisherChange, type VersionComparison } from '../formats/version-history.ts';
import { scriptPermission } from '../rules/npm/script-permission.ts';
import { type CardLine, codeLine, STRIPPED, textLine, unknownLine } from './card.ts';
import { licenceLine } from './licence-line.ts';
import { listOf } from './provenance-lines.ts';

/** How many new dependencies are named. */
const MAX_DEPENDENCIES = 6;

/** A version that a registry lists, and where it is used. */
export interface Release {
  readonly packument: Packument;
  readonly version: FullVersion;
  /** When the registry said so, in milliseconds since the epoch. */
  readonly asOf: number;
  readonly locked: Locked | undefined;
  /** The document that asks for it, relative to the checked root. */
  readonly path: string;
  readonly project: Project;
  /** What the registry knows against it. */
  readonly advisories: readonly CardLine[];
}

/** When and by whom it was released, and what it does that the version before did not. */
export function releaseLines(release: Release): CardLine[] {
  const { packument, version } = release;
  const comparison = compareVersion(packument, version.version);
  return [
    publishedLine(release),
    publisherLine(version, comparison),
    scriptsLine(version, release, comparison),
    dependenciesLine(version, comparison),
    ...release.advisories,
    deprecatedLine(version, packument, release.locked),
    licenceLine(version, packument, release.locked),
  ];
}

function publishedLine({ packument, version, asOf, path, project }: Release): CardLine {
  const label = 'Published';
  if (packument.isStripped) return unknownLine(label, 'this registry may tell when it fetched a version');
  const days = ageInDays(version, asOf);
  if (version.publishedAt === undefined || days === undefined) return unknownLine(label, 'the registry does not say');
  const minutes = days * DAY_MINUTES;
  return textLine(
    label,
    `${minuteOf(version.publishedAt)}, ${ageInWords(minutes)} ago${gateWords({ version, minutes, name: packument.name, path, project })}`,
  );
}

interface Aged {
  readonly version: FullVersion;
  readonly name: string;
  /** Its age. */
  readonly minutes: number;
  readonly path: string;
  readonly project: Project;
}

/** How the age stands to the one that the project waits for. */
function gateWords({ version, name, minutes, path, project }: Aged): string {
  const gate = releaseGate(project, path);
  const wanted = gate?.minutesFor(name, version.version);
  if (gate === undefined) return '; whether that is old enough is unknown (the setting is no time that can be read)';
  if (wanted === undefined) return '; the project lets it be as new as it likes';
  const { source, setting = 'the setting', manager = 'the manager' } = gate;
  const by = {
    set: `that ${setting} wants (${manager})`,
    default: `that ${manager} waits by default`,
    suggested: 'that Waybill suggests (nothing is set)',
  }[source];
  return `; ${minutes < wanted ? 'younger' : 'older'} than the ${ageInWords(wanted)} ${by}`;
}

function publisherLine({ publisher }: FullVersion, comparison: VersionComparison | undefined): CardLine {
  const label = 'Publisher';
  if (publisher === undefined) return unknownLine(label, STRIPPED);
  const how = publisher.isTrustedPublisher === true ? ', by a workflow of the project (trusted publishing)' : '';
  const name = publisher.name;
  const since = publisherWords(comparison?.publisher);
  return name === undefined ? textLine(label, `without a name${how}${since}`) : codeLine(label, name, `${how}${since}`);
}

const CHANGES: Readonly<Record<PublisherChange['kind'], string>> = {
  new: 'who never published this package before',
  person: 'a person, where earlier versions came from a workflow',
  address: 'with an e-mail address that was never seen before',
};

function publisherWords(compared: VersionComparison['publisher'] | undefined): string {
  switch (compared?.state) {
    case 'changed':
      return `; changed: ${CHANGES[compared.change.kind]}`;
    case 'same':
      return '; as before';
    case 'nothing-earlier':
      return '; no earlier version to compare with';
    default:
      return '; whether that changed is unknown';
  }
}

function scriptsLine(version: FullVersion, { locked, project }: Release, comparison: VersionComparison | undefined): CardLine {
  const label = 'Install scripts';
  const has = version.hasInstallScript ?? (locked?.entry.hasInstallScript === true ? true : undefined);
  if (has === undefined && version.signatures === undefined && version.publisher === undefined) return unknownLine(label, STRIPPED);
  if (has !== true) return textLine(label, 'none');
  const since = comparison?.script.state === 'changed' ? `, new since ${comparison.script.change.previous.version}` : '';
  const details = (version.installScripts ?? []).map(({ name, command }) => codeLine(name, command));
  return { ...textLine(label, `yes${since}; ${permissionWords(locked, project)}`), details };
}

/** Which list lets a package's scripts run. */
export function permissionWords(locked: Locked | undefined, project: Project): string {
  if (locked === undefined) return 'whether they are allowed is unknown (nothing is locked)';
  const { state, by } = scriptPermission(project, locked);
  return state === 'unlisted' ? `neither allowed nor denied (${by})` : `${state} by ${by}`;
}

function dependenciesLine({ dependencies }: FullVersion, comparison: VersionComparison | undefined): CardLine {
  const label = 'New dependencies';
  const previous = comparison?.previous;
  if (previous === undefined) return textLine(label, 'no earlier version to compare with');
  const added = Object.keys(dependencies ?? {}).filter((name) => !Object.hasOwn(previous.dependencies ?? {}, name));
  if (added.length === 0) return textLine(label, `none since ${previous.version}`);
  const more = added.length > MAX_DEPENDENCIES ? ` and ${added.length - MAX_DEPENDENCIES} more` : '';
  const first = added.slice(0, MAX_DEPENDENCIES);
  return codeLine(label, more === '' ? listOf(first) : `${first.join(', ')}${more}`, `since ${previous.version}`);
}

/** The lockfile's record counts as well: some lockfiles keep the notice. */
export function deprecatedLine(version: FullVersion | undefined, packument: Packument | undefined, locked: Locked | undefined): CardLine {
  const label = 'Deprecated';
  const notice = version?.deprecated ?? locked?.entry.deprecated;
  if (notice !== undefined) return textLine(label, notice.trim() === '' ? 'yes' : `yes, "${notice}"`);
  return packument === undefined || packument.isStripped ? unknownLine(label, STRIPPED) : textLine(label, 'no');
}
