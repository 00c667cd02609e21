import { homedir } from 'node:os';
import path from 'node:path';
import type { Credential, CredentialProvider } from '../core/image-credential.ts';
import type { ImageRepositoryKey } from '../core/image-facts.ts';
import { askCredentialHelper } from './credential-helper.ts';
import { readTextFile } from './files.ts';

/** How long a helper's answer is used again, in milliseconds: a key ring should not be asked for every image. */
export const HELPER_TTL_MS = 5 * 60 * 1000;

/** How Docker's configuration is used. */
export interface DockerConfigOptions {
  /** Where DOCKER_CONFIG and, for helpers, PATH are read from. */
  readonly env: NodeJS.ProcessEnv;
  /** Whether credential helpers may be run. */
  readonly helpers: boolean;
}

/**
 * The user's own credentials for registries, as `docker login` left them: `config.json` of DOCKER_CONFIG or `~/.docker`. The
 * file is read with each question: it is small, asked for only after a 401, and a login in between counts.
 */
export function dockerCredentials({ env, helpers }: DockerConfigOptions): CredentialProvider {
  const asked = new Map<string, { readonly answer: Promise<Credential | undefined>; readonly until: number }>();

  function askHelper(name: string, address: string, signal: AbortSignal): Promise<Credential | undefined> {
    const id = `${name} ${address}`;
    const known = asked.get(id);
    if (known !== undefined && known.until > Date.now()) return known.answer;
    const answer = credentialOfHelper(name, address, { env, signal });
    asked.set(id, { answer, until: Date.now() + HELPER_TTL_MS });
    // What failed, or was given up, is asked again.
    void answer.then((found) => {
      if (found?.kind === 'unavailable') asked.delete(id);
    });
    return answer;
  }

  return async (key, signal) => {
    const config = readConfig(env);
    if (config === undefined) return undefined;
    const helper = helperFor(config, key.registry);
    const own = bestEntry(config, key);
    if (helper === undefined || !helpers) {
      const stored = own === undefined ? undefined : credentialOf(own.entry);
      const isElsewhere = helper !== undefined && (helper.isNamed || own !== undefined);
      if (stored !== undefined || !isElsewhere) return stored;
      return {
        kind: 'unavailable',
        reason: `its credential is with docker-credential-${shown(helper.name)}, which is run only with waybill.images.credentialHelpers`,
      };
    }
    return (await askHelper(helper.name, helperAddress(key.registry), signal)) ?? (own === undefined ? undefined : credentialOf(own.entry));
  };
}

type Fields = Readonly<Record<string, unknown>>;

function readConfig(env: NodeJS.ProcessEnv): Fields | undefined {
  const folder = env.DOCKER_CONFIG || path.join(homedir(), '.docker');
  // A relative one would be found in the folder that is checked.
  if (!path.isAbsolute(folder)) return undefined;
  const text = readTextFile(path.join(folder, 'config.json'));
  return text.ok ? asRecord(parseJson(text.value)) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function asRecord(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

const DOCKER_HUB_NAMES: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/** Registries have many names in Docker Hub's case, and no case in any. */
function canonical(registry: string): string {
  const host = registry.toLowerCase();
  return DOCKER_HUB_NAMES.has(host) ? 'docker.io' : host;
}

/** What Docker Hub's credential is stored under since the first version of the registry. */
const DOCKER_HUB_ADDRESS = 'https://index.docker.io/v1/';

function helperAddress(registry: string): string {
  return canonical(registry) === 'docker.io' ? DOCKER_HUB_ADDRESS : registry;
}

/** The helper of a registry, or the one for all of them. */
function helperFor(config: Fields, registry: string): { readonly name: string; readonly isNamed: boolean } | undefined {
  const wanted = canonical(registry);
  for (const [key, name] of Object.entries(asRecord(config.credHelpers) ?? {})) {
    if (typeof name === 'string' && name !== '' && keyParts(key).host === wanted && keyParts(key).folder === '')
      return { name, isNamed: true };
  }
  return typeof config.credsStore === 'string' && config.credsStore !== '' ? { name: config.credsStore, isNamed: false } : undefined;
}

/** `https://index.docker.io/v1/`, `ghcr.io`, `host:5000`, `https://host/v2/`; Podman's also `host/team/app`, for these repositories only. */
function keyParts(key: string): { readonly host: string; readonly folder: string } {
  const [host = '', ...parts] = key.replace(/^https?:\/\//i, '').split('/');
  const folder = parts.filter((part) => part !== '').join('/');
  return { host: canonical(host), folder: folder === 'v1' || folder === 'v2' ? '' : folder };
}

/** The entry of `auths` for a repository. The exact host, and the longest path wins; never a part of a host name. */
function bestEntry(config: Fields, { registry, repository }: ImageRepositoryKey): { readonly entry: Fields } | undefined {
  let best: { readonly entry: Fields; readonly folder: string } | undefined;
  for (const [key, value] of Object.entries(asRecord(config.auths) ?? {})) {
    const { host, folder } = keyParts(key);
    const entry = asRecord(value);
    const covers = folder === '' || repository === folder || repository.startsWith(`${folder}/`);
    if (entry === undefined || host !== canonical(registry) || !covers) continue;
    if (best === undefined || folder.length > best.folder.length) best = { entry, folder };
  }
  return best;
}

function credentialOf({ auth, username, password, identitytoken, registrytoken }: Fields): Credential | undefined {
  if (isText(identitytoken)) return { kind: 'identity-token', token: identitytoken };
  if (isText(registrytoken) && /^[\x21-\x7e]+$/.test(registrytoken)) return { kind: 'registry-token', token: registrytoken };
  if (isText(auth)) {
    const decoded = Buffer.from(auth, 'base64').toString('utf8');
    const colon = decoded.indexOf(':');
    // Docker pads passwords with NUL.
    return colon <= 0 ? undefined : passwordOrToken(decoded.slice(0, colon), decoded.slice(colon + 1).replace(/\0+$/, ''));
  }
  return isText(username) && isText(password) ? passwordOrToken(username, password) : undefined;
}

/** `<token>` is the user name of an identity token. */
function passwordOrToken(username: string, password: string): Credential | undefined {
  if (password === '') return undefined;
  return username === '<token>' ? { kind: 'identity-token', token: password } : { kind: 'password', username, password };
}

async function credentialOfHelper(
  name: string,
  address: string,
  options: { readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<Credential | undefined> {
  const found = await askCredentialHelper(name, address, options);
  if (!found.ok) return { kind: 'unavailable', reason: found.error };
  return found.value && passwordOrToken(found.value.username, found.value.secret);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function shown(name: string): string {
  return /^[\w.-]{1,64}$/.test(name) ? name : '?';
}
