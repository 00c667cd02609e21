import { createHash } from 'node:crypto';
import { type Answer, known, unknown } from '../core/answer.ts';
import { type ImageKey, type ImageManifest, imageDigest } from '../core/facts.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { plain } from '../core/untrusted.ts';
import { isLoopback, parseAddress, parseForeignAddress } from './address.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { Http, HttpFailure, HttpResponse } from './http.ts';
import { answerFailure, answerStatus, LOOKUP_TIMEOUT_MS, mediaTypeOf, type Source } from './source.ts';

/** The longest manifest that is read, in bytes: the limit that the distribution specification asks registries for. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** The longest answer of a token server that is read, in bytes. */
export const MAX_TOKEN_BYTES = 64 * 1024;

/** How long a tag's digest may be used without asking again, in milliseconds. */
export const DIGEST_TTL_MS = 10 * 60 * 1000;

/** All kinds of manifests. With fewer of them registries answer 404 for tags that exist. */
export const MANIFEST_TYPES: readonly string[] = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

/** A user name and its password or access token. */
export interface Credential {
  readonly username: string;
  readonly password: string;
}

/** Looks up the user's credential for a registry, by the name in the image reference. Exact match only. */
export type CredentialProvider = (registry: string, signal: AbortSignal) => Promise<Credential | undefined>;

/** How registries are asked. */
export interface OciRegistryOptions {
  /** Without it every request is anonymous. */
  readonly credentials?: CredentialProvider | undefined;
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number;
}

/**
 * The digest of a tag, straight from the registry (OCI distribution specification). HEAD first: Docker Hub counts a
 * manifest GET as a pull, and HEAD is free.
 */
export function createOciRegistrySource(options: OciRegistryOptions = {}): Source<ImageKey, ImageManifest> {
  const now = options.now ?? Date.now;
  return {
    id: imageDigest.id,
    hosts: [
      { host: 'registry-1.docker.io', reason: 'The digest of an image on Docker Hub. The host learns the name of the image and its tag.' },
      { host: 'auth.docker.io', reason: 'The anonymous token that Docker Hub asks for. The host learns the name of the image.' },
      {
        host: "an image's own registry, and the token server that it names",
        reason: 'The digest of an image of that registry. The host learns the name of the image and its tag.',
      },
    ],
    ttlMs: DIGEST_TTL_MS,
    // What an account may see is remembered for the session only.
    keepUnder: async (key, signal) => {
      const target = parseTarget(key);
      if (!target.ok || (await options.credentials?.(key.registry, signal)) !== undefined) return undefined;
      return { id: imageDigest.key(key), isLocal: isLoopback(target.value.url.hostname) };
    },
    read: keptManifest,
    fetch: async (key, http, signal) => {
      const target = parseTarget(key);
      if (!target.ok) return unknown('unparsable', target.error);
      const credential = await options.credentials?.(key.registry, signal);
      return lookUp({ ...target.value, credential, http, now: now() }, signal);
    },
  };
}

/** A manifest that was kept, checked as if it came from the network. */
function keptManifest(value: unknown): ImageManifest | undefined {
  const { digest, mediaType }: Record<string, unknown> = { ...(typeof value === 'object' ? value : {}) };
  if (typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest) || typeof mediaType !== 'string') return undefined;
  return { digest, mediaType };
}

/** Where a manifest is. */
interface Target {
  readonly repository: string;
  readonly url: URL;
}

/** One look-up. */
interface LookUp extends Target {
  readonly credential: Credential | undefined;
  readonly http: Http;
  readonly now: number;
}

const DOCKER_HUB_NAMES: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);
const DOCKER_HUB_HOST = 'registry-1.docker.io';

/** Docker Hub's token server: the one case in which a credential belongs to another host than the registry's. */
const DOCKER_HUB_REALM = 'https://auth.docker.io';

// distribution/reference. Registries answer a malformed name or tag with anything between 404 and 500, so it is not asked.
const REPOSITORY = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const MAX_REPOSITORY_UNITS = 255;
const TAG = /^\w[\w.-]{0,127}$/;
const REGISTRY = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?$/;

function parseTarget({ registry, repository, tag }: ImageKey): Result<Target> {
  const isHub = DOCKER_HUB_NAMES.has(registry.toLowerCase());
  const name = isHub && !repository.includes('/') ? `library/${repository}` : repository;
  if (!REGISTRY.test(registry)) return fail('not the name of a registry');
  if (name.length > MAX_REPOSITORY_UNITS || !REPOSITORY.test(name)) return fail('not the name of an image');
  if (!TAG.test(tag)) return fail('not a tag');
  const host = isHub ? DOCKER_HUB_HOST : registry;
  const https = parseAddress(`https://${host}/v2/${name}/manifests/${tag}`);
  if (!https.ok) return https;
  // As Docker does it, a registry on this machine is asked without encryption.
  const url = isLoopback(https.value.hostname) ? parseAddress(`http://${host}/v2/${name}/manifests/${tag}`) : https;
  return url.ok ? ok({ repository: name, url: url.value }) : url;
}

async function lookUp(look: LookUp, signal: AbortSignal): Promise<Answer<ImageManifest>> {
  const first = await askManifest(look, { method: 'HEAD', authorization: undefined }, signal);
  if (!first.ok) return answerFailure(first.error);
  if (first.value.status !== 401) return conclude(look, { head: first.value, authorization: undefined }, signal);
  const authorization = await authorize(look, first.value, signal);
  if (!authorization.ok) return authorization.error;
  const second = await askManifest(look, { method: 'HEAD', authorization: authorization.value }, signal);
  if (!second.ok) return answerFailure(second.error);
  return conclude(look, { head: second.value, authorization: authorization.value }, signal);
}

function askManifest(
  { url, http }: LookUp,
  { method, authorization }: { readonly method: 'HEAD' | 'GET'; readonly authorization: string | undefined },
  signal: AbortSignal,
): Promise<Result<HttpResponse, HttpFailure>> {
  const headers = { accept: MANIFEST_TYPES.join(', '), ...(authorization === undefined ? {} : { authorization }) };
  return http.request({ method, url: url.href, headers, maxBytes: MAX_MANIFEST_BYTES, timeoutMs: LOOKUP_TIMEOUT_MS }, signal);
}

async function conclude(
  look: LookUp,
  { head, authorization }: { readonly head: HttpResponse; readonly authorization: string | undefined },
  signal: AbortSignal,
): Promise<Answer<ImageManifest>> {
  const digest = head.headers.get('docker-content-digest') ?? '';
  const mediaType = mediaTypeOf(head);
  if (head.status === 200 && isDigest(digest) && MANIFEST_TYPES.includes(mediaType)) return known({ digest, mediaType }, look.now);
  if (head.status !== 200 && head.status !== 405) return answerOther(look, head);
  // No digest that can be trusted, or no HEAD at all: read the manifest and hash it.
  const got = await askManifest(look, { method: 'GET', authorization }, signal);
  if (!got.ok) return answerFailure(got.error);
  return got.value.status === 200 ? hashed(look, got.value) : answerOther(look, got.value);
}

function answerOther(look: LookUp, response: HttpResponse): Answer<never> {
  const isWebPage = response.status === 404 && mediaTypeOf(response) === 'text/html';
  return isWebPage ? unknown('error', `${hostOf(response.url)} is not a registry`) : answerStatus(response, look.now);
}

function hashed({ now }: LookUp, response: HttpResponse): Answer<ImageManifest> {
  const mediaType = mediaTypeOf(response);
  if (!MANIFEST_TYPES.includes(mediaType)) {
    return unknown('error', `${hostOf(response.url)} answered with ${plain(mediaType, 80) || 'no media type'} instead of a manifest`);
  }
  return known({ digest: `sha256:${createHash('sha256').update(response.body).digest('hex')}`, mediaType }, now);
}

function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

function hostOf(url: URL): string {
  return plain(url.host, 100);
}

/** The Authorization header that a 401 asks for, or the answer that remains without one. */
async function authorize(look: LookUp, response: HttpResponse, signal: AbortSignal): Promise<Result<string, Answer<never>>> {
  const challenges = parseChallenges(response.headers.get('www-authenticate') ?? '');
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
  if (bearer !== undefined) return fetchToken(look, { bearer, from: response.url }, signal);
  const wantsBasic = challenges.some(({ scheme }) => scheme === 'basic');
  if (wantsBasic && look.credential !== undefined && response.url.origin === look.url.origin) return ok(basic(look.credential));
  return fail(answerStatus(response, look.now));
}

function basic({ username, password }: Credential): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** The token flow of the distribution project ("Docker Registry v2 authentication via central service"). */
async function fetchToken(
  look: LookUp,
  { bearer, from }: { readonly bearer: Challenge; readonly from: URL },
  signal: AbortSignal,
): Promise<Result<string, Answer<never>>> {
  const realm = parseForeignAddress(bearer.parameters.get('realm') ?? '', from);
  if (!realm.ok || !bearer.parameters.has('realm')) {
    return fail(unknown('denied', `${hostOf(from)} names no token server that can be asked${realm.ok ? '' : `: ${realm.error}`}`));
  }
  const url = tokenUrl(realm.value, bearer, look.repository);
  const authorization = look.credential !== undefined && ownsRealm(look.url, url) ? { authorization: basic(look.credential) } : {};
  const sent = await look.http.request(
    {
      method: 'GET',
      url: url.href,
      headers: { accept: 'application/json', ...authorization },
      maxBytes: MAX_TOKEN_BYTES,
      timeoutMs: LOOKUP_TIMEOUT_MS,
    },
    signal,
  );
  if (!sent.ok) return fail(answerFailure(sent.error));
  // A token server that knows nothing about the image says nothing about the image: 404 is no verdict here.
  if (sent.value.status === 404) return fail(unknown('denied', `${hostOf(sent.value.url)} has no tokens for this (HTTP 404)`));
  if (sent.value.status !== 200) return fail(answerStatus(sent.value, look.now));
  const token = parseToken(sent.value.body);
  return token.ok ? ok(`Bearer ${token.value}`) : fail(unknown('error', `${hostOf(sent.value.url)}: ${token.error}`));
}

/** The longest service or scope that is passed on, in UTF-16 units. */
const MAX_PARAMETER_UNITS = 1024;

function tokenUrl(realm: URL, bearer: Challenge, repository: string): URL {
  const url = new URL(realm);
  const service = bearer.parameters.get('service');
  if (service !== undefined) url.searchParams.set('service', service.slice(0, MAX_PARAMETER_UNITS));
  const scopes = (bearer.parameters.get('scope') ?? '').slice(0, MAX_PARAMETER_UNITS).split(' ').filter(Boolean);
  for (const scope of scopes.length > 0 ? scopes : [`repository:${repository}:pull`]) url.searchParams.append('scope', scope);
  return url;
}

function ownsRealm(registry: URL, realm: URL): boolean {
  return realm.origin === registry.origin || (registry.host === DOCKER_HUB_HOST && realm.origin === DOCKER_HUB_REALM);
}

function parseToken(body: Uint8Array): Result<string> {
  const parsed = parseJson(Buffer.from(body).toString('utf8'));
  if (typeof parsed !== 'object' || parsed === null) return fail('the token server did not answer with JSON');
  const token = 'token' in parsed && parsed.token ? parsed.token : 'access_token' in parsed ? parsed.access_token : undefined;
  return typeof token === 'string' && TOKEN.test(token) ? ok(token) : fail('the token server gave no usable token');
}

// What fits into a header line: Node refuses headers above 16 KB in total.
const TOKEN = /^[\x21-\x7e]{1,12288}$/;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
