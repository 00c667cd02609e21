import type { NoRegistry, NpmRegistry, PackageKey } from '../core/npm-facts.ts';
import { PUBLIC_NPM_REGISTRY_URL } from '../core/public-npm-registry.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { asNpmrc, format } from '../formats/npmrc.ts';
import { type SaidRegistry, type SettingsText, saidRegistry } from './manager-registries.ts';

/** The longest file of a project's settings that is read, in UTF-16 units: they are read for every name. */
export const MAX_SETTINGS_UNITS = 256 * 1024;

/** Everything that has a say in which registry serves a name. */
export interface RegistrySettings {
  /** `process.env` has this shape. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The project's files, nearest first. */
  readonly project: readonly SettingsText[];
  /** The texts of the user's and the machine's .npmrc, the one that counts more first. */
  readonly user: readonly string[];
  /** Whether the project's own settings hold, and credentials may be used. */
  readonly trusted: boolean;
}

/**
 * The registry that the project's package manager would ask for a package, and with which credential (npm documentation, "npmrc" and
 * "config"; npm-registry-fetch, "getAuth"; for the others `saidRegistry`). A project that is not trusted chooses no registry, and no
 * credential is used in it: where it names another registry than the user has, the name is not asked for anywhere, because it may be a
 * private one.
 */
export function registryFor(
  { name, isElsewhere }: Pick<PackageKey, 'name' | 'isElsewhere'>,
  settings: RegistrySettings,
): Result<NpmRegistry, NoRegistry> {
  const { project, trusted, env } = settings;
  if (project.some(({ text }) => text.length > MAX_SETTINGS_UNITS)) {
    return fail({ why: trusted ? 'unparsable' : 'untrusted', detail: 'the settings of the project are too long to be read' });
  }
  const scope = /^(@[^/]+)\//.exec(name)?.[1];
  const layers = layersOf.get(settings) ?? readLayers(settings);
  layersOf.set(settings, layers);
  const ofNpmrc = find(layers, scope);
  const other = saidByOthers(project, scope, trusted ? env : {}, ofNpmrc);
  if (other?.said === 'unreadable') {
    const detail = `${other.file} of the project names a registry that cannot be told: it is broken, or needs a variable that is not set`;
    return fail({ why: trusted ? 'unparsable' : 'untrusted', detail });
  }
  const own: Found = other === undefined ? ofNpmrc : { url: asRegistryUrl(other.said.url), isMapped: other.said.isMapped };
  const without = find(
    layers.filter(({ isProject }) => !isProject),
    scope,
  );
  if (!trusted && own.url !== without.url) {
    const detail = `the ${other?.file ?? '.npmrc'} of the project names a registry, which is used only where the user trusts the project`;
    return fail({ why: 'untrusted', detail });
  }
  if (own.isUnset !== undefined)
    return fail({ why: 'unparsable', detail: `the registry's address needs the variable ${own.isUnset}, which is not set` });
  const { url, isMapped } = trusted ? own : { ...without, isMapped: own.isMapped };
  if (isElsewhere === true && url === PUBLIC_NPM_REGISTRY_URL) {
    return fail({ why: 'untrusted', detail: 'the lockfile has it from another registry than the public one, which is not told of it' });
  }
  const authorization = trusted ? (other?.said.authorization ?? authorizationFor(url, layers)) : undefined;
  // What an untrusted project switches off stays on, like all else that it says.
  const isAuditOff = settingOf(trusted ? layers : layers.filter(({ isProject }) => !isProject), 'audit') === 'false';
  return ok({
    url,
    isMapped,
    ...(authorization === undefined ? {} : { authorization }),
    ...(isAuditOff ? { isAuditOff } : {}),
  });
}

/**
 * What the nearest file of another manager says, where it counts more than the .npmrc: Yarn 2 and later reads none; beside it the others'
 * own files count more, and a scope's registry more than the one for all names.
 */
function saidByOthers(
  project: readonly SettingsText[],
  scope: string | undefined,
  env: RegistrySettings['env'],
  ofNpmrc: Found,
): { readonly file: string; readonly said: SaidRegistry } | { readonly file: string; readonly said: 'unreadable' } | undefined {
  for (const file of project) {
    const said = saidRegistry(file, scope, env);
    if (said === undefined) continue;
    if (said === 'unreadable') return { file: file.name, said };
    if (said.isAlone || said.isMapped || !ofNpmrc.isMapped) return { file: file.name, said };
  }
  return undefined;
}

/** One source of settings: full key to value, environment references replaced. */
interface Layer {
  readonly isProject: boolean;
  readonly values: ReadonlyMap<string, string>;
}

// Of settings that serve many names.
const layersOf = new WeakMap<RegistrySettings, readonly Layer[]>();

/** In the order in which npm asks them: environment, project, user, machine. */
function readLayers({ env, project, user, trusted }: RegistrySettings): readonly Layer[] {
  const fromEnvironment = new Map<string, string>();
  for (const [variable, value] of Object.entries(env)) {
    const key = /^npm_config_(.+)$/i.exec(variable)?.[1];
    if (key === undefined || value === undefined || value === '') continue;
    // Keys of scopes and registries stand as they are; all others are written in any case.
    fromEnvironment.set(/^[@/]/.test(key) ? key : key.toLowerCase(), value);
  }
  const npmrcs = project.filter((file) => file.name === '.npmrc');
  return [
    { isProject: false, values: fromEnvironment },
    ...npmrcs.map(({ text }) => ({ isProject: true, values: readNpmrc(text, trusted ? env : {}) })),
    ...user.map((text) => ({ isProject: false, values: readNpmrc(text, env) })),
  ];
}

function readNpmrc(text: string, env: RegistrySettings['env']): Map<string, string> {
  const values = new Map<string, string>();
  const npmrc = asNpmrc(format.parse({ uri: '', path: '.npmrc', text, version: 0 }));
  for (const { key, value, section } of npmrc?.entries ?? []) {
    if (section === undefined && value !== undefined) values.set(expand(key.text, env), expand(value.text, env));
  }
  return values;
}

/** `${NAME}`, and `${NAME?}` for one that may be unset; one that is not set stays as it stands (npm's `env-replace`). */
function expand(text: string, env: RegistrySettings['env']): string {
  return text.replace(/(?<!\\)(\\*)\$\{([^${}?]+)(\??)\}/g, (whole, escapes: string, variable: string, optional: string) => {
    if (escapes.length % 2 === 1) return whole.slice((escapes.length + 1) / 2);
    const value = Object.hasOwn(env, variable) ? env[variable] : undefined;
    return escapes.slice(escapes.length / 2) + (value ?? (optional === '' ? `\${${variable}}` : ''));
  });
}

interface Found {
  readonly url: string;
  readonly isMapped: boolean;
  /** The variable that the address needs and that is not set. */
  readonly isUnset?: string;
}

/** The first layer's word counts; a scope's registry counts more than the one for all names. */
function find(layers: readonly Layer[], scope: string | undefined): Found {
  const mapped = scope && settingOf(layers, `${scope}:registry`);
  const written = mapped || settingOf(layers, 'registry') || PUBLIC_NPM_REGISTRY_URL;
  const isUnset = /\$\{([^${}?]+)\??\}/.exec(written)?.[1];
  return { url: asRegistryUrl(written), isMapped: Boolean(mapped), ...(isUnset === undefined ? {} : { isUnset }) };
}

/** An address with a slash at its end, in the form in which two can be compared. */
function asRegistryUrl(written: string): string {
  const url = URL.canParse(written) ? new URL(written).href : written;
  return url.endsWith('/') ? url : `${url}/`;
}

function settingOf(layers: readonly Layer[], key: string): string | undefined {
  for (const { values } of layers) {
    const value = values.get(key);
    if (value !== undefined && value !== '') return value;
  }
  return undefined;
}

/** The credential of the registry's own path, or else of the nearest one above that has any; only keys with a host count. */
function authorizationFor(url: string, layers: readonly Layer[]): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { host, pathname } = new URL(url);
  const parts = pathname.split('/').filter((part) => part !== '');
  for (let length = parts.length; length >= 0; length--) {
    const path = `//${host}/${parts
      .slice(0, length)
      .map((part) => `${part}/`)
      .join('')}`;
    // npm writes the keys with a slash at their end; older versions and people leave it out.
    for (const place of [path, path.slice(0, -1)]) {
      const get = (name: string): string | undefined => settingOf(layers, `${place}:${name}`);
      const header = authorization({ token: get('_authToken'), auth: get('_auth'), username: get('username'), password: get('_password') });
      if (header !== undefined) return header;
    }
  }
  return undefined;
}

interface CredentialSettings {
  readonly token: string | undefined;
  readonly auth: string | undefined;
  readonly username: string | undefined;
  /** Base64, as npm keeps it. */
  readonly password: string | undefined;
}

function authorization({ token, auth, username, password }: CredentialSettings): string | undefined {
  // A variable that is not set is no secret: npm sends its name, and so tells it to the registry.
  const isSecret = (value: string | undefined): value is string => value !== undefined && !/\$\{[^}]*\}|[\r\n]/.test(value);
  if (isSecret(token)) return `Bearer ${token}`;
  if (isSecret(auth)) return `Basic ${auth}`;
  if (!isSecret(username) || !isSecret(password)) return undefined;
  try {
    return `Basic ${btoa(`${username}:${atob(password)}`)}`;
  } catch {
    return undefined;
  }
}
