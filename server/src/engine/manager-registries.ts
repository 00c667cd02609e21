import type { SourceFile } from '../core/source-file.ts';
import { format as bunfig } from '../formats/bunfig.ts';
import { format as pnpmWorkspace } from '../formats/pnpm-workspace.ts';
import { type SettingsFile as Settings, textOfSetting } from '../formats/settings-file.ts';
import { format as yarnrc } from '../formats/yarnrc.ts';

/** A file with settings. */
export interface SettingsText {
  /** The file's name without its folder. */
  readonly name: string;
  readonly text: string;
}

/** What the settings of another manager than npm say of a name's registry. */
export interface SaidRegistry {
  /** As it is written, environment references replaced. */
  readonly url: string;
  /** Whether it is said for the name's scope, and not for all names. */
  readonly isMapped: boolean;
  /** Whether the manager reads no .npmrc beside it. */
  readonly isAlone: boolean;
  /** The `authorization` header that the same file gives for it. */
  readonly authorization?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The registry that a settings file of Yarn, Bun or pnpm names for a scope, or for all names. Undefined where it names none; `'unreadable'`
 * where it seems to name one and cannot be read, or needs a variable that is not set.
 */
export function saidRegistry(file: SettingsText, scope: string | undefined, env: Environment): SaidRegistry | 'unreadable' | undefined {
  // The files are read for every name, and few of them say anything: only those are parsed.
  if (!WORDS[file.name]?.test(file.text)) return undefined;
  const said = read(file, scope, env);
  return typeof said === 'object' && /\$\{?\w/.test(said.url) ? 'unreadable' : said;
}

/** What the text of a file has in it that names a registry. */
const WORDS: Readonly<Record<string, RegExp>> = {
  '.yarnrc.yml': /npmRegistryServer/,
  '.yarnrc': /registry/,
  'bunfig.toml': /registry|scopes/,
  'pnpm-workspace.yaml': /registry|registries/,
};

function read(file: SettingsText, scope: string | undefined, env: Environment): SaidRegistry | 'unreadable' | undefined {
  if (file.name === '.yarnrc') return ofOldYarn(file.text, scope);
  const settings = parsed(file);
  if (settings === undefined) return 'unreadable';
  switch (settings.kind) {
    case 'yarnrc':
      return ofYarn(settings, scope, env);
    case 'bunfig':
      return ofBun(settings, scope, env);
    default:
      return ofPnpm(settings, scope, env);
  }
}

/** How many texts stay parsed: the files of a project are asked about again with every name. */
const MAX_PARSED = 8;

const PARSED = new Map<string, Settings | undefined>();

function parsed({ name, text }: SettingsText): Settings | undefined {
  const id = `${name} ${text}`;
  if (PARSED.has(id)) return PARSED.get(id);
  const source: SourceFile = { uri: '', path: name, text, version: 0 };
  const { model, problems } = (name === 'bunfig.toml' ? bunfig : name === '.yarnrc.yml' ? yarnrc : pnpmWorkspace).parse(source);
  const settings = problems.length === 0 ? model : undefined;
  if (PARSED.size >= MAX_PARSED) PARSED.clear();
  PARSED.set(id, settings);
  return settings;
}

function textAt(settings: Settings, ...path: readonly string[]): string | undefined {
  const found = settings.settings.findLast(
    (setting) => setting.path.length === path.length && setting.path.every((key, nth) => key === path[nth]),
  );
  return found && textOfSetting(found);
}

/**
 * Yarn documentation, "npmScopes", "npmRegistryServer", "npmRegistries"; credentials: @yarnpkg/plugin-npm, `getAuthenticationHeader`
 * (`npmAuthToken`, and `npmAuthIdent`, which is `user:password` or that in base64).
 */
function ofYarn(settings: Settings, scope: string | undefined, env: Environment): SaidRegistry | undefined {
  const inScope = scope === undefined ? undefined : ['npmScopes', scope.slice(1)];
  const mapped = inScope && textAt(settings, ...inScope, 'npmRegistryServer');
  const written = mapped ?? textAt(settings, 'npmRegistryServer');
  if (written === undefined) return undefined;
  const url = yarnExpand(written, env);
  const isMapped = mapped !== undefined;
  const bare = url.replace(/\/+$/, '');
  const addresses = [bare, `${bare}/`].flatMap((address) => [address, address.replace(/^https?:/, '')]);
  const general = addresses.map((address) => ['npmRegistries', address]);
  // What stands at the top goes with the registry that stands there.
  const places = isMapped && inScope !== undefined ? [inScope, ...general] : [...general, []];
  for (const place of places) {
    const token = secret(textAt(settings, ...place, 'npmAuthToken'), env);
    const ident = secret(textAt(settings, ...place, 'npmAuthIdent'), env);
    if (token !== undefined) return { url, isMapped, isAlone: true, authorization: `Bearer ${token}` };
    if (ident !== undefined) return { url, isMapped, isAlone: true, authorization: `Basic ${ident.includes(':') ? base64(ident) : ident}` };
  }
  return { url, isMapped, isAlone: true };
}

/** Yarn documentation, "Settings": `${NAME}`, `${NAME-otherwise}`, `${NAME:-otherwise}`. */
function yarnExpand(text: string, env: Environment): string {
  return text.replace(/\$\{(\w+)(?:(:)?-([^{}]*))?\}/g, (whole, name: string, colon: string | undefined, otherwise: string | undefined) => {
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value !== undefined && (value !== '' || colon === undefined)) return value;
    return otherwise ?? whole;
  });
}

function secret(text: string | undefined, env: Environment): string | undefined {
  const value = text && yarnExpand(text, env);
  return value === undefined || value === '' || /\$\{|[\r\n]/.test(value) ? undefined : value;
}

/** Base64 of a text's UTF-8. */
function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** Yarn 1: a key and a value on each line, in quotes where they need them. Its credentials are those of the .npmrc. */
function ofOldYarn(text: string, scope: string | undefined): SaidRegistry | undefined {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, quotedKey, key, quoted, value] = /^\s*(?:"([^"\s]+)"|([^\s"#]+))\s+(?:"([^"]*)"|([^\s"]+))\s*$/.exec(line) ?? [];
    const name = quotedKey ?? key;
    if (name !== undefined) values.set(name, quoted ?? value ?? '');
  }
  const mapped = scope && values.get(`${scope}:registry`);
  const url = mapped || values.get('registry');
  return url === undefined || url === '' ? undefined : { url, isMapped: Boolean(mapped), isAlone: false };
}

/** Bun documentation, "install.registry", "install.scopes": an address, or a table with `url` and `token`, or `username` and `password`. */
function ofBun(settings: Settings, scope: string | undefined, env: Environment): SaidRegistry | undefined {
  const scopes = scope === undefined ? [] : [scope, scope.slice(1)].map((name) => ['install', 'scopes', name]);
  for (const place of [...scopes, ['install', 'registry']]) {
    const written = textAt(settings, ...place) ?? textAt(settings, ...place, 'url');
    if (written === undefined) continue;
    const value = (key: string): string | undefined => {
      const text = textAt(settings, ...place, key);
      const expanded = text === undefined ? '' : bunExpand(text, env);
      return expanded === '' || /\$\{?\w|[\r\n]/.test(expanded) ? undefined : expanded;
    };
    const [token, username, password] = [value('token'), value('username'), value('password')];
    const basic = username !== undefined && password !== undefined ? `Basic ${base64(`${username}:${password}`)}` : undefined;
    const authorization = token === undefined ? basic : `Bearer ${token}`;
    const isMapped = place[1] === 'scopes';
    return { url: bunExpand(written, env), isMapped, isAlone: false, ...(authorization === undefined ? {} : { authorization }) };
  }
  return undefined;
}

/** `$NAME` and `${NAME}`. */
function bunExpand(text: string, env: Environment): string {
  return text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced: string | undefined, bare: string | undefined) => {
    const name = braced ?? bare ?? '';
    return (Object.hasOwn(env, name) ? env[name] : undefined) ?? whole;
  });
}

/** pnpm documentation, "registries"; its credentials are those of the .npmrc. */
function ofPnpm(settings: Settings, scope: string | undefined, env: Environment): SaidRegistry | undefined {
  const mapped = scope === undefined ? undefined : textAt(settings, 'registries', scope);
  const url = mapped ?? textAt(settings, 'registries', 'default') ?? textAt(settings, 'registry');
  return url === undefined ? undefined : { url: bunExpand(url, env), isMapped: mapped !== undefined, isAlone: false };
}
