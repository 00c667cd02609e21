import { lstatSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NoRegistry, RegistryOf } from '../core/npm-facts.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { SettingsText } from '../engine/manager-registries.ts';
import { type RegistrySettings, registryFor } from '../engine/npm-registries.ts';
import { readTextFile } from './files.ts';

/** What decides about registries besides the files. */
export interface NpmRegistriesOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether the project's own settings hold, and credentials may be used. */
  readonly trusted: boolean;
}

/**
 * Which registry serves a name, by the settings on this machine. Files are read with every question, so that a changed one
 * holds at once: a question takes a request over the network anyway. Questions of one moment share a reading: a run asks hundreds.
 * Of the machine's own files only those count that the environment names, because where npm is installed is npm's own secret.
 */
export function npmRegistries({ env, trusted }: NpmRegistriesOptions): RegistryOf {
  const moment = new Map<string, Result<RegistrySettings, NoRegistry>>();
  return async (key) => {
    const id = JSON.stringify(key.settings ?? []);
    if (moment.size === 0) setImmediate(() => moment.clear());
    const settings = moment.get(id) ?? readSettings(key.settings ?? [], { env, trusted });
    moment.set(id, settings);
    return settings.ok ? registryFor(key, settings.value) : settings;
  };
}

function readSettings(uris: readonly string[], { env, trusted }: NpmRegistriesOptions): Result<RegistrySettings, NoRegistry> {
  const project: SettingsText[] = [];
  for (const uri of uris) {
    const file = readProjectFile(uri, trusted);
    if (!file.ok) return file;
    if (file.value !== undefined) project.push(file.value);
  }
  const user = userFiles(env).flatMap((file) => {
    const text = readTextFile(file);
    return text.ok ? [text.value] : [];
  });
  return ok({ env, project, user, trusted });
}

function userFiles(env: NpmRegistriesOptions['env']): string[] {
  const variable = (name: string): string | undefined => env[`npm_config_${name}`] || env[`NPM_CONFIG_${name.toUpperCase()}`] || undefined;
  const home = env.HOME || env.USERPROFILE;
  const prefix = variable('prefix');
  return [
    variable('userconfig') ?? (home && path.join(home, '.npmrc')),
    variable('globalconfig') ?? (prefix && path.join(prefix, 'etc', 'npmrc')),
  ].flatMap((file) => (file !== undefined && path.isAbsolute(file) ? [file] : []));
}

/** A file of the project; undefined where it is not there any more. What cannot be read may name a registry, so nothing is asked then. */
function readProjectFile(uri: string, trusted: boolean): Result<SettingsText | undefined, NoRegistry> {
  const name = uri.slice(uri.lastIndexOf('/') + 1);
  if (!URL.canParse(uri) || new URL(uri).protocol !== 'file:') {
    return fail({
      why: trusted ? 'unparsable' : 'untrusted',
      detail: `${name} of the project may name a registry, and is not on this machine's disk`,
    });
  }
  const file = fileURLToPath(uri);
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) return ok(undefined);
  if (found.isSymbolicLink() && !trusted)
    return fail({ why: 'untrusted', detail: `${name} of the project is a link, which is followed only where the user trusts the project` });
  const text = readTextFile(file);
  return text.ok ? ok({ name, text: text.value }) : fail({ why: 'unparsable', detail: `${name} of the project cannot be read` });
}
