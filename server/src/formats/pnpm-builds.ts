import type { Surroundings } from '../core/rule.ts';
import { joinPath } from '../core/source-file.ts';
import { type SettingsFile, settingNamed, textOfSetting, textsOf } from './settings-file.ts';
import { settingsOf } from './settings-of.ts';

/** The lists of pnpm that say yes or no to install scripts, but for `allowBuilds` (pnpm documentation, "Build Settings" of 10.x). */
const LISTS = ['onlyBuiltDependencies', 'neverBuiltDependencies', 'ignoredBuiltDependencies'];

/**
 * The packages that pnpm's lists in a folder say yes or no to, as keys like those of `allowScripts`; `unknown` where a file that is not
 * read here holds the list, or no script or every script runs anyway.
 */
export function reviewedBuilds(surroundings: Surroundings, folder: string): readonly string[] | 'unknown' {
  const keys: string[] = [];
  for (const [name, prefix] of [
    ['pnpm-workspace.yaml', ''],
    ['package.json', 'pnpm.'],
  ] as const) {
    const manifest = surroundings.manifest(joinPath(folder, name) ?? '');
    const file = manifest && settingsOf(manifest);
    if (file === undefined) continue;
    const elsewhere = ['onlyBuiltDependenciesFile', 'dangerouslyAllowAllBuilds', 'ignoreDepScripts', 'ignoreScripts'];
    if (elsewhere.some((setting) => isOn(file, `${prefix}${setting}`))) return 'unknown';
    for (const list of LISTS) {
      const setting = settingNamed(file, `${prefix}${list}`);
      if (setting !== undefined) keys.push(...textsOf(setting).map(({ text }) => text));
    }
    const map = `${prefix}allowBuilds`.split('.');
    for (const { path, value } of file.settings)
      if (path.length === map.length + 1 && map.every((part, i) => part === path[i]) && value !== undefined) keys.push(path.at(-1) ?? '');
  }
  return keys;
}

function isOn(file: SettingsFile, name: string): boolean {
  const setting = settingNamed(file, name);
  return setting !== undefined && textOfSetting(setting) !== 'false';
}
