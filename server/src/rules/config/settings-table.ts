import { KNOWN_SETTINGS, type KnownSetting } from '../../data/manager-settings.ts';
import type { Manager } from '../../formats/manager-in-use.ts';
import type { SettingsKind } from '../../formats/settings-file.ts';

let byPlace: Map<string, KnownSetting[]> | undefined;

/** Made when first asked for: a bundle of its own holds the table. */
function index(): Map<string, KnownSetting[]> {
  if (byPlace !== undefined) return byPlace;
  byPlace = new Map();
  for (const setting of KNOWN_SETTINGS) {
    for (const [kind, name] of Object.entries(setting.names)) {
      const key = `${kind} ${name}`;
      byPlace.set(key, [...(byPlace.get(key) ?? []), setting]);
    }
  }
  return byPlace;
}

/** What the managers that read a kind of file make of a name there; several for what npm and pnpm both know. */
export function knownSettings(kind: SettingsKind, name: string): readonly KnownSetting[] {
  return index().get(`${kind} ${name}`) ?? [];
}

/** The setting of one manager, by its name in one kind of file. */
export function knownSetting(manager: Manager, kind: SettingsKind, name: string): KnownSetting | undefined {
  return knownSettings(kind, name).find((setting) => setting.manager === manager);
}

/** The manager whose file it is; undefined for an .npmrc and a package.json, which several read. */
export const OWNER: Readonly<Partial<Record<SettingsKind, Manager>>> = { 'pnpm-workspace': 'pnpm', yarnrc: 'yarn', bunfig: 'bun' };
