import type { Surroundings } from '../core/rule.ts';
import { joinPath } from '../core/source-file.ts';
import type { Setting, SettingsKind } from './settings-file.ts';
import { settingsOf } from './settings-of.ts';

/** Whether a setting tells its manager to write and read no lockfile: `package-lock` of npm, `lockfile` of pnpm. */
export function turnsLockfileOff(kind: SettingsKind, { name, value }: Pick<Setting, 'name' | 'value'>): boolean {
  const isLockfile = kind === 'npmrc' ? name === 'package-lock' || name === 'lockfile' : kind === 'pnpm-workspace' && name === 'lockfile';
  return isLockfile && value?.kind === 'text' && value.text === 'false';
}

/** Whether a settings file in this folder turns the lockfile off, which config/checksum-behaviour tells there. */
export function isLockfileOff(folder: string, surroundings: Surroundings): boolean {
  return ['.npmrc', 'pnpm-workspace.yaml'].some((name) => {
    const manifest = surroundings.manifest(joinPath(folder, name) ?? name);
    const file = manifest && settingsOf(manifest);
    return file?.settings.some((setting) => turnsLockfileOff(file.kind, setting)) === true;
  });
}
