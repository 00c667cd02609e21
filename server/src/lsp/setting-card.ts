import { contains, type Span, span } from '../core/span.ts';
import type { KnownSetting } from '../data/manager-settings.ts';
import type { Analysis } from '../engine/analyse.ts';
import type { Project } from '../engine/project.ts';
import { isCertainly, MANAGER_TITLES, type ManagerInUse, managerInUse } from '../formats/manager-in-use.ts';
import { ageInWords, BARE_UNITS, releaseAge } from '../formats/release-age.ts';
import { type Setting, type SettingsKind, textOfSetting } from '../formats/settings-file.ts';
import { settingsOf } from '../formats/settings-of.ts';
import { knownSettings } from '../rules/config/settings-table.ts';
import { type CardLine, textLine } from './card.ts';

/** What is said of a setting of a package manager. */
export interface SettingCard {
  readonly title: string;
  readonly span: Span;
  readonly lines: readonly CardLine[];
}

/** The explanation of the protective setting under the pointer; undefined where there is none that the table knows. */
export function settingCard({ manifest }: Analysis, project: Project, offset: number): SettingCard | undefined {
  const file = settingsOf(manifest);
  // The innermost one: of a map's entries, not the map.
  const setting = file?.settings.findLast((candidate) => holds(candidate, offset));
  if (file === undefined || setting === undefined) return undefined;
  const known = knownSettings(file.kind, setting.name);
  if (known.length === 0) return undefined;
  const inUse = managerInUse(project, manifest.file.path);
  // What npm and pnpm both know is explained for the one in use.
  const wanted = known.find(({ manager }) => manager === inUse?.manager) ?? known[0];
  if (wanted === undefined) return undefined;
  return { title: setting.name, span: wholeOf(setting), lines: [...linesOf(wanted, { setting, kind: file.kind, inUse })] };
}

function wholeOf({ keySpan, value }: Setting): Span {
  return value === undefined || value.kind === 'map' ? keySpan : span(keySpan.start, Math.max(keySpan.end, value.span.end));
}

function holds(setting: Setting, offset: number): boolean {
  return contains(wholeOf(setting), span(offset, offset));
}

function* linesOf(known: KnownSetting, { setting, kind, inUse }: Shown): Generator<CardLine> {
  const { manager, about, since, defaults, removed, leftFile, unit, source } = known;
  const title = MANAGER_TITLES[manager];
  yield textLine('Does', about);
  const written = textOfSetting(setting);
  const age = unit === 'age' && written !== undefined ? releaseAge(manager, written) : undefined;
  if (age !== undefined) yield textLine('Here', inUnits(manager, age));
  const readable = (value: string) => (unit === 'age' ? ageText(manager, value) : value);
  if (defaults.length > 0) yield textLine('Default', defaults.map(([from, value]) => withVersion(readable(value), from, since)).join(', '));
  if (since !== undefined) yield textLine('Known', `since ${title} ${since}`);
  if (removed !== undefined) yield textLine('Gone', `since ${title} ${removed.in}: use ${removed.instead.replaceAll('`', '')}`);
  if (leftFile !== undefined && leftFile.kind === kind)
    yield textLine('Place', `since ${title} ${leftFile.in} in ${leftFile.now.replaceAll('`', '')} alone`);
  yield textLine('In use', usedOf(known, inUse));
  yield { ...textLine('Documentation', source.replace(/^https:\/\//, '')), link: source };
}

interface Shown {
  readonly setting: Setting;
  readonly kind: SettingsKind;
  readonly inUse: ManagerInUse | undefined;
}

/** `10,080 minutes = 7 days`. */
function inUnits(manager: ManagerInUse['manager'], { minutes, bare }: { readonly minutes: number; readonly bare?: number }): string {
  if (bare === undefined) return ageInWords(minutes);
  const [one, several] = BARE_UNITS[manager];
  const amount = `${bare.toLocaleString('en-US')} ${bare === 1 ? one : several}`;
  const words = ageInWords(minutes);
  return words === amount ? words : `${amount} = ${words}`;
}

/** A default as people read it: no age is no limit. */
function ageText(manager: ManagerInUse['manager'], value: string): string {
  const age = releaseAge(manager, value);
  if (age === undefined) return value;
  return age.minutes === 0 ? 'no limit' : inUnits(manager, age);
}

function withVersion(value: string, from: string, since: string | undefined): string {
  // What a setting began with needs no version.
  return from === since || (since === undefined && /^[0-2]\.0\.0$/.test(from)) ? value : `${value} since ${from}`;
}

function usedOf({ manager, since, removed }: KnownSetting, inUse: ManagerInUse | undefined): string {
  if (inUse === undefined) return 'unknown (nothing here says which package manager installs this)';
  if (inUse.manager !== manager) return `${inUse.label}, whose setting this is not`;
  if (since !== undefined && isCertainly(inUse, `<${since}`)) return `${inUse.label}, which does not know it yet`;
  if (removed !== undefined && isCertainly(inUse, `>=${removed.in}-0`)) return `${inUse.label}, which no longer knows it`;
  if (inUse.range === '*') return `${inUse.label}, in a version that nothing here names`;
  return inUse.label;
}
