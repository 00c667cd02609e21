import type { Surroundings } from '../core/rule.ts';
import { folderOf, foldersUp, joinPath } from '../core/source-file.ts';
import { asNpmrc } from './npmrc.ts';
import { type SettingsFile, textOfSetting } from './settings-file.ts';
import { settingsOf } from './settings-of.ts';

/** A registry that the checked folder's own settings name. */
export interface ConfiguredRegistry {
  /** In lower case, with the port where one is written. */
  readonly host: string;
  /** The scope (`@acme`) that it is for; undefined for the default registry, and for one that is only given a token. */
  readonly scope: string | undefined;
  /** The settings file, relative to the checked root. */
  readonly path: string;
  /** It is only given a token: which names come from it is said elsewhere. */
  readonly hasTokenOnly?: true;
}

/** The files that name registries, the ones that only one manager reads first. */
const SETTINGS_FILES = ['.yarnrc.yml', 'bunfig.toml', 'pnpm-workspace.yaml', '.npmrc', 'package.json'] as const;

/**
 * The registries that the settings of a folder and of those above it name. Only what is in the repository is read: settings of a
 * person or a machine are not visible here. The one place that says what counts as configured.
 */
export function configuredRegistries(surroundings: Surroundings, folder: string): ConfiguredRegistry[] {
  return foldersUp(folder).flatMap((one) =>
    SETTINGS_FILES.flatMap((name) => {
      const path = joinPath(one, name);
      const manifest = path === undefined ? undefined : surroundings.manifest(path);
      if (path === undefined || manifest === undefined) return [];
      if (name === '.npmrc') return npmrcRegistries(path, asNpmrc(manifest)?.entries ?? []);
      const settings = settingsOf(manifest);
      return settings === undefined ? [] : settingsRegistries(path, settings);
    }),
  );
}

/** The registries in the settings of the other managers. */
function settingsRegistries(path: string, { kind, settings }: SettingsFile): ConfiguredRegistry[] {
  return settings.flatMap((setting): ConfiguredRegistry[] => {
    const place = placeIn(kind, setting.path);
    if (place === undefined) return [];
    const host = hostOfUrl(place.address ?? textOfSetting(setting) ?? '');
    return host === undefined ? [] : [{ host, scope: place.scope, path }];
  });
}

interface RegistryPlace {
  readonly scope: string | undefined;
  /** Where the key is the address. */
  readonly address?: string;
}

const DEFAULT_REGISTRY: RegistryPlace = { scope: undefined };

/** What a setting says of a registry, by its path; undefined where it is about something else. */
function placeIn(kind: SettingsFile['kind'], [first, second, third, fourth]: readonly string[]): RegistryPlace | undefined {
  switch (kind) {
    // Yarn documentation, "npmRegistryServer", "npmScopes", "npmRegistries" (whose keys are addresses, also without `https:`).
    case 'yarnrc':
      if (first === 'npmRegistryServer' && second === undefined) return DEFAULT_REGISTRY;
      if (first === 'npmScopes' && third === 'npmRegistryServer') return { scope: asScope(second) };
      if (first !== 'npmRegistries' || second === undefined || third !== undefined) return undefined;
      return { scope: undefined, address: second.replace(/^\/\//, 'https://') };
    // Bun documentation, "install.registry" and "install.scopes": an address, or a table with `url`.
    case 'bunfig':
      if (first !== 'install') return undefined;
      if (second === 'registry' && (third === undefined || third === 'url')) return DEFAULT_REGISTRY;
      return second === 'scopes' && third !== undefined && (fourth === undefined || fourth === 'url')
        ? { scope: asScope(third) }
        : undefined;
    // pnpm documentation, "registries".
    case 'pnpm-workspace':
      if (first === 'registry' && second === undefined) return DEFAULT_REGISTRY;
      if (first !== 'registries' || second === undefined || third !== undefined) return undefined;
      return second.startsWith('@') ? { scope: second } : DEFAULT_REGISTRY;
    // Who publishes to a registry knows it. That says nothing about where a scope is installed from.
    case 'package-json':
      return first === 'publishConfig' && second !== undefined && /^(?:@[^/:]+:)?registry$/.test(second) ? DEFAULT_REGISTRY : undefined;
    case 'npmrc':
      return undefined;
  }
}

/** Yarn writes scopes without the `@`, Bun with or without it. */
function asScope(name: string | undefined): string | undefined {
  return name === undefined || name.startsWith('@') ? name : `@${name}`;
}

type Entries = NonNullable<ReturnType<typeof asNpmrc>>['entries'];

/** `registry=`, `@scope:registry=`, and the host of `//host/:_authToken=`: who is given a token is meant to be asked. */
function npmrcRegistries(path: string, entries: Entries): ConfiguredRegistry[] {
  return entries.flatMap(({ key, name, value, host, section }): ConfiguredRegistry[] => {
    if (section !== undefined) return [];
    if (host !== undefined) return [{ host, scope: undefined, path, hasTokenOnly: true }];
    const address = name === 'registry' ? hostOfUrl(value?.text ?? '') : undefined;
    if (address === undefined) return [];
    const scope = /^(@[^/:]+):registry$/.exec(key.text)?.[1];
    return [{ host: address, scope, path }];
  });
}

/** The host of an http(s) address, in lower case and with its port; undefined for every other text. */
export function hostOfUrl(address: string): string | undefined {
  return /^(?:git\+)?https?:\/\/(?:[^/@?#]*@)?([^/?#\s]+)/i.exec(address)?.[1]?.toLowerCase();
}

/** The configured registries that go with a lockfile or manifest at a path. */
export function registriesFor(surroundings: Surroundings, path: string): ConfiguredRegistry[] {
  return configuredRegistries(surroundings, folderOf(path));
}
