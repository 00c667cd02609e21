import { span } from '../core/span.ts';
import { holdsToken, isPlaceholder, passwordsInUrls } from './credential.ts';
import { isLoopback } from './https-hosts.ts';
import type { Credential } from './npmrc.ts';
import { type Setting, type SettingsFile, type SettingText, textsOf } from './settings-file.ts';

/** A password or token that is written out in a settings file. */
export interface SettingCredential extends Credential {
  readonly setting: Setting;
  readonly value: SettingText;
}

/** The last keys whose value is secret, whatever it looks like. */
const SECRET_KEYS: ReadonlyMap<string, Credential['kind']> = new Map([
  // Yarn 2 and later.
  ['npmAuthToken', 'token'],
  ['npmAuthIdent', 'auth'],
  // Bun: `install.registry` and `install.scopes.NAME`.
  ['token', 'token'],
  ['password', 'password'],
]);

/**
 * The credentials in a file of settings but an .npmrc, whose reader finds them itself: tokens that can be told by their form, literal
 * passwords in URLs, and what stands under a key that holds a secret.
 */
export function credentialsIn(file: SettingsFile): SettingCredential[] {
  if (file.kind === 'npmrc') return [];
  return file.settings.flatMap((setting) =>
    textsOf(setting).flatMap((value): SettingCredential[] => {
      const found = credentialIn(file, setting, value);
      return found === undefined ? [] : [{ ...found, setting, value }];
    }),
  );
}

function credentialIn({ kind: file, settings }: SettingsFile, setting: Setting, value: SettingText): Credential | undefined {
  const { text, span: whole, isVerbatim } = value;
  if (text.includes('PRIVATE KEY-----')) return { span: whole, kind: 'key' };
  const [inUrl] = passwordsInUrls(text);
  if (inUrl !== undefined && !isLoopback(hostOf(text.slice(inUrl.end + 1))))
    return { span: isVerbatim ? span(whole.start + inUrl.start, whole.start + inUrl.end) : whole, kind: 'password' };
  const key = setting.path.at(-1) ?? '';
  const own =
    (file === 'yarnrc' && key.startsWith('npmAuth')) || (file === 'bunfig' && setting.path[0] === 'install')
      ? SECRET_KEYS.get(key)
      : undefined;
  if (holdsToken(text)) return { span: whole, kind: own ?? 'token' };
  if (own === undefined || isPlaceholder(text) || /\$(?:\{|[A-Za-z_])/.test(text)) return undefined;
  return isLocal(settings, setting) ? undefined : { span: whole, kind: own };
}

/** Whether a secret is for a registry on this machine: made up for tests. */
function isLocal(settings: readonly Setting[], { path }: Setting): boolean {
  const parent = path.slice(0, -1);
  const urls = settings.filter(
    (other) =>
      other.path.length === path.length && parent.every((part, i) => other.path[i] === part) && URL_KEYS.has(other.path.at(-1) ?? ''),
  );
  const hosts = [...parent.slice(-1), ...urls.flatMap((url) => textsOf(url).map(({ text }) => text))];
  return hosts.some((url) => /^(?:https?:)?\/\//.test(url) && isLoopback(hostOf(url.replace(/^(?:https?:)?\/\/(?:[^/@]*@)?/, ''))));
}

const URL_KEYS: ReadonlySet<string> = new Set(['npmRegistryServer', 'url']);

function hostOf(authority: string): string {
  return (/^(?:\[[^\]]*\]|[^/:?#]*)/.exec(authority)?.[0] ?? '').toLowerCase();
}
