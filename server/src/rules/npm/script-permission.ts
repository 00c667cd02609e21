import type { Surroundings } from '../../core/rule.ts';
import { folderOf, joinPath } from '../../core/source-file.ts';
import { BUN_TRUSTED } from '../../data/bun-trusted.ts';
import { isKeyOf } from '../../formats/allow-scripts.ts';
import type { LockEntry } from '../../formats/lock-model.ts';
import type { Locked } from '../../formats/locked.ts';
import { type SettingsFile, settingNamed, textOfSetting, textsOf } from '../../formats/settings-file.ts';
import { settingsOf } from '../../formats/settings-of.ts';

/** Whether a package's install scripts run, and by which list. */
export interface ScriptPermission {
  /** `unlisted`: no list is about it, so that the manager's version decides. */
  readonly state: 'allowed' | 'denied' | 'unlisted';
  /** The list or setting that says so; of `unlisted` the one that could. */
  readonly by: string;
}

/** What the project's own settings say of the install scripts of a locked package. Settings outside of the project are not seen. */
export function scriptPermission(surroundings: Surroundings, { lock, entry, path }: Locked): ScriptPermission {
  const files = filesIn(surroundings, folderOf(path));
  if (lock.manager !== 'bun' && isOn(files.npmrc, 'ignore-scripts')) return { state: 'denied', by: 'ignore-scripts in .npmrc' };
  switch (lock.manager) {
    case 'npm':
      return byNpm(files, entry);
    case 'pnpm':
      return byPnpm(files, entry);
    case 'yarn':
      return byYarn(files, entry);
    case 'bun':
      return byBun(files, entry);
  }
}

/** The files beside a lockfile that say something of scripts. */
type Files = Readonly<Record<'npmrc' | 'package' | 'pnpm' | 'yarnrc' | 'bunfig', SettingsFile | undefined>>;

function filesIn(surroundings: Surroundings, folder: string): Files {
  const read = (name: string): SettingsFile | undefined => {
    const manifest = surroundings.manifest(joinPath(folder, name) ?? '');
    return manifest && settingsOf(manifest);
  };
  return {
    npmrc: read('.npmrc'),
    package: read('package.json'),
    pnpm: read('pnpm-workspace.yaml'),
    yarnrc: read('.yarnrc.yml'),
    bunfig: read('bunfig.toml'),
  };
}

/** A key alone in an .npmrc means `true`. */
function isOn(file: SettingsFile | undefined, name: string): boolean {
  const setting = file && settingNamed(file, name);
  return setting !== undefined && (textOfSetting(setting) ?? (file?.kind === 'npmrc' ? 'true' : '')) === 'true';
}

/** The entries of a map of settings below `prefix` that say `true` or `false`. */
function verdictsBelow(file: SettingsFile | undefined, prefix: readonly string[]): { readonly key: string; readonly allows: boolean }[] {
  return (file?.settings ?? []).flatMap((setting) => {
    const { path } = setting;
    const text = textOfSetting(setting);
    if (path.length !== prefix.length + 1 || !prefix.every((part, i) => path[i] === part)) return [];
    return text === 'true' || text === 'false' ? [{ key: path.at(-1) ?? '', allows: text === 'true' }] : [];
  });
}

/** Of several keys about one package a denial counts, as in npm and pnpm. */
function listed(by: string, verdicts: readonly { readonly key: string; readonly allows: boolean }[], entry: LockEntry): ScriptPermission {
  const own = verdicts.filter(({ key }) => isKeyOf(key, entry));
  if (own.length === 0) return { state: 'unlisted', by };
  return { state: own.every(({ allows }) => allows) ? 'allowed' : 'denied', by };
}

function byNpm(files: Files, entry: LockEntry): ScriptPermission {
  if (isOn(files.npmrc, 'dangerously-allow-all-scripts')) return { state: 'allowed', by: 'dangerously-allow-all-scripts in .npmrc' };
  return listed('allowScripts in package.json', verdictsBelow(files.package, ['allowScripts']), entry);
}

const PNPM_LISTS: readonly (readonly [string, boolean])[] = [
  ['onlyBuiltDependencies', true],
  ['neverBuiltDependencies', false],
  ['ignoredBuiltDependencies', false],
];

function byPnpm(files: Files, entry: LockEntry): ScriptPermission {
  for (const [file, prefix, name] of [
    [files.pnpm, [], 'pnpm-workspace.yaml'],
    [files.package, ['pnpm'], 'package.json'],
  ] as const) {
    const dotted = (setting: string) => [...prefix, setting].join('.');
    if (isOn(file, dotted('dangerouslyAllowAllBuilds'))) return { state: 'allowed', by: `dangerouslyAllowAllBuilds in ${name}` };
    if (isOn(file, dotted('ignoreScripts'))) return { state: 'denied', by: `ignoreScripts in ${name}` };
    const builds = listed(`allowBuilds in ${name}`, verdictsBelow(file, [...prefix, 'allowBuilds']), entry);
    if (builds.state !== 'unlisted') return builds;
    for (const [list, allows] of PNPM_LISTS) {
      const setting = file && settingNamed(file, dotted(list));
      const keys = setting === undefined ? [] : textsOf(setting).map(({ text }) => ({ key: text, allows }));
      const found = listed(`${list} in ${name}`, keys, entry);
      if (found.state !== 'unlisted') return found;
    }
  }
  return { state: 'unlisted', by: 'allowBuilds in pnpm-workspace.yaml' };
}

/** `dependenciesMeta` can only deny where scripts run anyway, and allow where they do not. */
function byYarn(files: Files, entry: LockEntry): ScriptPermission {
  const built = (files.package?.settings ?? []).findLast(
    ({ path }) => path.length === 3 && path[0] === 'dependenciesMeta' && path[2] === 'built' && isKeyOf(path[1] ?? '', entry),
  );
  const text = built && textOfSetting(built);
  if (text === 'true' || text === 'false') return { state: text === 'true' ? 'allowed' : 'denied', by: 'dependenciesMeta in package.json' };
  const enabled = files.yarnrc && settingNamed(files.yarnrc, 'enableScripts');
  if (enabled === undefined) return { state: 'unlisted', by: 'dependenciesMeta in package.json' };
  return { state: isOn(files.yarnrc, 'enableScripts') ? 'allowed' : 'denied', by: 'enableScripts in .yarnrc.yml' };
}

/** The list of a project replaces the one that comes with Bun. */
function byBun(files: Files, entry: LockEntry): ScriptPermission {
  if (isOn(files.bunfig, 'install.ignoreScripts')) return { state: 'denied', by: 'ignoreScripts in bunfig.toml' };
  const setting = files.package && settingNamed(files.package, 'trustedDependencies');
  if (setting === undefined)
    return BUN_TRUSTED.has(entry.name)
      ? { state: 'allowed', by: 'the list that comes with Bun' }
      : { state: 'denied', by: 'the list that comes with Bun, where it is not' };
  const names = textsOf(setting).map(({ text }) => text);
  const by = 'trustedDependencies in package.json';
  return names.includes(entry.alias ?? entry.name) || names.includes(entry.name) ? { state: 'allowed', by } : { state: 'denied', by };
}
