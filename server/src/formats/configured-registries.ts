import type { Surroundings } from '../core/rule.ts';
import { folderOf, foldersUp, joinPath } from '../core/source-file.ts';
import { asNpmrc } from './npmrc.ts';

/** A registry that the checked folder's own settings name. */
export interface ConfiguredRegistry {
  /** In lower case, with the port where one is written. */
  readonly host: string;
  /** The scope (`@acme`) that it is for; undefined for the default registry, and for one that is only given a token. */
  readonly scope: string | undefined;
  /** The settings file, relative to the checked root. */
  readonly path: string;
}

/**
 * The registries that the settings of a folder and of those above it name. Only what is in the repository is read: settings of a
 * person or a machine are not visible here. The one place that says what counts as configured; further managers' settings files
 * go in here.
 */
export function configuredRegistries(surroundings: Surroundings, folder: string): ConfiguredRegistry[] {
  return foldersUp(folder).flatMap((one) => {
    const path = joinPath(one, '.npmrc');
    const manifest = path === undefined ? undefined : surroundings.manifest(path);
    return path === undefined || manifest === undefined ? [] : npmrcRegistries(path, asNpmrc(manifest)?.entries ?? []);
  });
}

type Entries = NonNullable<ReturnType<typeof asNpmrc>>['entries'];

/** `registry=`, `@scope:registry=`, and the host of `//host/:_authToken=`: who is given a token is meant to be asked. */
function npmrcRegistries(path: string, entries: Entries): ConfiguredRegistry[] {
  return entries.flatMap(({ key, name, value, host, section }): ConfiguredRegistry[] => {
    if (section !== undefined) return [];
    if (host !== undefined) return [{ host, scope: undefined, path }];
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
