import { intersects, satisfies, validRange } from 'semver';
import type { Surroundings } from '../core/rule.ts';
import { joinPath } from '../core/source-file.ts';
import { type Manager, type ManagerInUse, managerInUse } from './manager-in-use.ts';
import { DAY_MINUTES, releaseAge } from './release-age.ts';
import { SETTINGS_FORMATS, type SettingsFile, type SettingsKind, settingNamed, textOfSetting, textsOf } from './settings-file.ts';
import { settingsOf } from './settings-of.ts';

/** How one manager calls its release age, and its default. */
export interface GateSettings {
  /** Its dotted name by the file it may stand in. */
  readonly names: Readonly<Partial<Record<SettingsKind, string>>>;
  /** The lists of what it does not hold back. */
  readonly excludes: Readonly<Partial<Record<SettingsKind, string>>>;
  /** The versions that wait by themselves, and for how many minutes (data/manager-settings.ts). */
  readonly byDefault?: { readonly range: string; readonly minutes: number };
}

/** The release ages of the managers that have one. */
export const GATE_SETTINGS: Readonly<Record<Exclude<Manager, 'yarn-classic'>, GateSettings>> = {
  npm: { names: { npmrc: 'min-release-age' }, excludes: { npmrc: 'min-release-age-exclude' } },
  pnpm: {
    names: { 'pnpm-workspace': 'minimumReleaseAge', npmrc: 'minimum-release-age', 'package-json': 'pnpm.minimumReleaseAge' },
    excludes: { 'pnpm-workspace': 'minimumReleaseAgeExclude', 'package-json': 'pnpm.minimumReleaseAgeExclude' },
    byDefault: { range: '>=11.0.0-0', minutes: DAY_MINUTES },
  },
  yarn: {
    names: { yarnrc: 'npmMinimalAgeGate' },
    excludes: { yarnrc: 'npmPreapprovedPackages' },
    byDefault: { range: '>=4.15.0-0', minutes: DAY_MINUTES },
  },
  bun: { names: { bunfig: 'install.minimumReleaseAge' }, excludes: { bunfig: 'install.minimumReleaseAgeExcludes' } },
};

/** Where no manager waits, a release is called new for so many days: what `config/release-age` proposes. */
export const SUGGESTED_DAYS = 3;

/** How long a project waits until it takes a release. */
export interface ReleaseGate {
  /** `set` in a file of the project, the manager's `default`, or `suggested` where neither says anything. */
  readonly source: 'set' | 'default' | 'suggested';
  /** `pnpm 11.2.0`; undefined where nothing says which manager is used. */
  readonly manager?: string;
  /** The dotted name of the setting, where it is set. */
  readonly setting?: string;
  /** For a package, in minutes; undefined where it may be as new as it likes. */
  minutesFor(name: string, version: string): number | undefined;
}

/**
 * The release age that holds for a file of a project, by the project's own settings. Undefined where it cannot be told: the value is no
 * time (an environment variable decides), or npm's `before` sets a day. Settings outside of the project are not seen.
 */
export function releaseGate(surroundings: Surroundings, path: string): ReleaseGate | undefined {
  const inUse = managerInUse(surroundings, path);
  if (inUse === undefined) return suggested();
  const { manager, label, root } = inUse;
  if (manager === 'yarn-classic') return suggested(label);
  const gate = GATE_SETTINGS[manager];
  const files = settingsFiles(surroundings, root);
  const isExcluded = exclusions(gate, files);
  const scopes = manager === 'yarn' ? scopeGates(files) : [];
  const wait = (minutes: number) => (name: string, version: string) => {
    if (isExcluded(name, version)) return undefined;
    return scopes.find(({ scope }) => name.startsWith(`@${scope}/`))?.minutes ?? minutes;
  };
  for (const file of files) {
    const setting = gate.names[file.kind];
    const written = setting === undefined ? undefined : settingNamed(file, setting);
    if (manager === 'npm' && file.kind === 'npmrc' && settingNamed(file, 'before') !== undefined) return undefined;
    if (setting === undefined || written === undefined) continue;
    const age = releaseAge(manager, textOfSetting(written) ?? '');
    return age === undefined ? undefined : { source: 'set', manager: label, setting, minutesFor: wait(age.minutes) };
  }
  if (gate.byDefault !== undefined && mayBe(inUse, gate.byDefault.range)) {
    return { source: 'default', manager: label, minutesFor: wait(gate.byDefault.minutes) };
  }
  return { source: 'suggested', manager: label, minutesFor: wait(SUGGESTED_DAYS * DAY_MINUTES) };
}

function suggested(manager?: string): ReleaseGate {
  return { source: 'suggested', ...(manager === undefined ? {} : { manager }), minutesFor: () => SUGGESTED_DAYS * DAY_MINUTES };
}

/** Whether the version in use may be one of a range. Where only a lockfile tells of it, the shorter default counts. */
function mayBe({ range }: ManagerInUse, wanted: string): boolean {
  return intersects(range, wanted, { includePrerelease: true });
}

/** In the order in which managers read them: the workspace's own file before package.json before .npmrc. */
const PLACES: Readonly<Record<SettingsKind, string>> = {
  'pnpm-workspace': 'pnpm-workspace.yaml',
  yarnrc: '.yarnrc.yml',
  bunfig: 'bunfig.toml',
  'package-json': 'package.json',
  npmrc: '.npmrc',
};

function settingsFiles(surroundings: Surroundings, root: string): SettingsFile[] {
  const order = (Object.keys(PLACES) as SettingsKind[]).filter((kind) => SETTINGS_FORMATS.includes(kind)); // The keys are the kinds.
  return order.flatMap((kind) => {
    const manifest = surroundings.manifest(joinPath(root, PLACES[kind]) ?? '');
    return (manifest && settingsOf(manifest)) ?? [];
  });
}

/** Yarn's `npmScopes.<scope>.npmMinimalAgeGate`. */
function scopeGates(files: readonly SettingsFile[]): { readonly scope: string; readonly minutes: number }[] {
  return files
    .filter(({ kind }) => kind === 'yarnrc')
    .flatMap(({ settings }) =>
      settings.flatMap((setting) => {
        const [top, scope, name] = setting.path;
        if (top !== 'npmScopes' || scope === undefined || name !== 'npmMinimalAgeGate') return [];
        const minutes = releaseAge('yarn', textOfSetting(setting) ?? '')?.minutes;
        return minutes === undefined ? [] : [{ scope, minutes }];
      }),
    );
}

type Exclusion = (name: string, version: string) => boolean;

/** The packages that may be new: names, patterns with `*`, and versions behind an `@` (pnpm: several, with `||`). */
function exclusions({ excludes }: GateSettings, files: readonly SettingsFile[]): Exclusion {
  const rules = files
    .flatMap(({ kind, settings }) => {
      const list = excludes[kind];
      return list === undefined ? [] : settings.filter(({ name }) => name === list || name === `${list}[]`).flatMap(textsOf);
    })
    .flatMap(({ text }) => text.split(','))
    .map((text) => exclusion(text.trim()));
  return (name, version) => rules.some((isExcluded) => isExcluded(name, version));
}

function exclusion(text: string): Exclusion {
  const at = text.indexOf('@', 1);
  const pattern = at < 0 ? text : text.slice(0, at);
  const range = at < 0 ? '' : text.slice(at + 1).replace(/^npm:/, '');
  const isVersion = (version: string): boolean =>
    range === '' || (validRange(range, { loose: true }) !== null && satisfies(version, range, { loose: true, includePrerelease: true }));
  return (name, version) => pattern !== '' && matches(pattern, name) && isVersion(version);
}

/** Whether a name fits a pattern in which `*` stands for any text; without backtracking. */
function matches(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split(/\*+/);
  const last = rest.pop();
  if (last === undefined) return pattern === name;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}
