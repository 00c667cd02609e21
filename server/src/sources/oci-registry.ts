import { createHash } from 'node:crypto';
import { type Answer, known, unknown } from '../core/answer.ts';
import { type ImageKey, type ImageManifest, imageDigest } from '../core/facts.ts';
import type { CredentialProvider } from '../core/image-credential.ts';
import { type ImageContent, type ImageDigestKey, type ImageRepositoryKey, imageContent, imageManifest } from '../core/image-facts.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { plain } from '../core/untrusted.ts';
import { isLoopback, parseAddress } from './address.ts';
import type { Http, HttpResponse } from './http.ts';
import { DOCKER_HUB_HOST, hostOf, OciAuthorization, type OciPlace, parseJson } from './oci-authorization.ts';
import { keptContent, readContent } from './oci-content.ts';
import { answerFailure, answerStatus, type KeepUnder, LOOKUP_TIMEOUT_MS, mediaTypeOf, type Source } from './source.ts';

/** The longest manifest that is read, in bytes: the limit that the distribution specification asks registries for. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** How long a tag's digest may be used without asking again, in milliseconds. */
export const DIGEST_TTL_MS = 10 * 60 * 1000;

/** How long it may be used that a registry has a digest, and what stands in it, in milliseconds. The content cannot change. */
export const CONTENT_TTL_MS = 24 * 60 * 60 * 1000;

/** All kinds of manifests. With fewer of them registries answer 404 for tags that exist. */
export const MANIFEST_TYPES: readonly string[] = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

/** How registries are asked. */
export interface OciRegistryOptions {
  /** Without it every request is anonymous. */
  readonly credentials?: CredentialProvider | undefined;
  /** Milliseconds since the epoch; for tests. */
  readonly now?: (() => number) | undefined;
}

/** What registries can be asked. The three share tokens. */
export interface OciRegistrySources {
  readonly digest: Source<ImageKey, ImageManifest>;
  readonly manifest: Source<ImageDigestKey, ImageManifest>;
  readonly content: Source<ImageDigestKey, ImageContent>;
}

/**
 * Images, straight from their registry (OCI distribution specification). HEAD first: Docker Hub counts a manifest GET as
 * a pull, and HEAD is free.
 */
export function createOciRegistrySources({ credentials, now = Date.now }: OciRegistryOptions = {}): OciRegistrySources {
  const authorization = new OciAuthorization(credentials, now);
  const revalidated = new Map<string, Revalidated>();
  const ask = (key: ImageRepositoryKey & Partial<ImageKey & ImageDigestKey>, http: Http, signal: AbortSignal): Result<LookUp> => {
    const place = parsePlace(key, key.tag ?? key.digest ?? '');
    if (!place.ok) return place;
    return ok({ ...place.value, digest: key.digest, authorization, revalidated, http, signal, now });
  };
  // What an account may see is remembered for the session only.
  const keepUnder = async (key: ImageRepositoryKey, id: string, signal: AbortSignal): Promise<KeepUnder | undefined> => {
    const place = parsePlace(key, 'any');
    const credential = await credentials?.(key, signal);
    if (!place.ok || (credential !== undefined && credential.kind !== 'unavailable')) return undefined;
    return { id, isLocal: isLoopback(place.value.url.hostname) };
  };
  return {
    digest: {
      id: imageDigest.id,
      hosts: HOSTS,
      ttlMs: DIGEST_TTL_MS,
      keepUnder: (key, signal) => keepUnder(key, imageDigest.key(key), signal),
      read: keptManifest,
      fetch: async (key, http, signal) => {
        const look = ask(key, http, signal);
        return look.ok ? lookUp(look.value) : unknown('unparsable', look.error);
      },
    },
    manifest: {
      id: imageManifest.id,
      keepUnder: (key, signal) => keepUnder(key, imageManifest.key(key), signal),
      read: keptManifest,
      hosts: [
        { host: SAME_HOSTS, reason: 'Whether the registry still has a digest. The host learns the name of the image and the digest.' },
      ],
      ttlMs: CONTENT_TTL_MS,
      fetch: async (key, http, signal) => {
        const look = ask(key, http, signal);
        return look.ok ? lookUp(look.value) : unknown('unparsable', look.error);
      },
    },
    content: {
      id: imageContent.id,
      keepUnder: (key, signal) => keepUnder(key, imageContent.key(key), signal),
      read: keptContent,
      hosts: [
        { host: SAME_HOSTS, reason: 'The platforms and the version of an image. The host learns the name of the image and the digest.' },
      ],
      ttlMs: CONTENT_TTL_MS,
      fetch: async (key, http, signal) => {
        const look = ask(key, http, signal);
        if (!look.ok) return unknown('unparsable', look.error);
        const got = await read(look.value);
        return 'body' in got ? readContent(got, now()) : got;
      },
    },
  };
}

/** A manifest that was kept, checked as if it came from the network. */
function keptManifest(value: unknown): ImageManifest | undefined {
  const { digest, mediaType }: Record<string, unknown> = { ...(typeof value === 'object' ? value : {}) };
  if (typeof digest !== 'string' || !isDigest(digest)) return undefined;
  return typeof mediaType === 'string' && MANIFEST_TYPES.includes(mediaType) ? { digest, mediaType } : undefined;
}

const HOSTS = [
  { host: DOCKER_HUB_HOST, reason: 'The digest of an image on Docker Hub. The host learns the name of the image and its tag.' },
  { host: 'auth.docker.io', reason: 'The token that Docker Hub asks for. The host learns the name of the image.' },
  {
    host: "an image's own registry, and the token server that it names",
    reason: 'The digest of an image of that registry. The host learns the name of the image and its tag.',
  },
];

const SAME_HOSTS = 'the same hosts';

/** One look-up. */
interface LookUp extends OciPlace {
  /** The digest that is asked for; undefined where a tag is. */
  readonly digest: string | undefined;
  readonly authorization: OciAuthorization;
  readonly revalidated: Map<string, Revalidated>;
  readonly http: Http;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** An answer that a registry can confirm with 304. */
interface Revalidated {
  readonly etag: string;
  readonly manifest: ImageManifest;
}

/** How many tags' validators are kept. */
const MAX_REVALIDATED = 500;

const DOCKER_HUB_NAMES: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', DOCKER_HUB_HOST]);

// distribution/reference. Registries answer a malformed name or tag with anything between 404 and 500, so it is not asked.
const REPOSITORY = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const MAX_REPOSITORY_UNITS = 255;
const TAG = /^\w[\w.-]{0,127}$/;
const REGISTRY = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?$/;

function parsePlace(key: ImageRepositoryKey, reference: string): Result<OciPlace> {
  const { registry, repository } = key;
  const isHub = DOCKER_HUB_NAMES.has(registry.toLowerCase());
  const name = isHub && !repository.includes('/') ? `library/${repository}` : repository;
  if (!REGISTRY.test(registry)) return fail('not the name of a registry');
  if (name.length > MAX_REPOSITORY_UNITS || !REPOSITORY.test(name)) return fail('not the name of an image');
  if (!TAG.test(reference) && !isDigest(reference)) return fail('not a tag or a sha256 digest');
  const host = isHub ? DOCKER_HUB_HOST : registry;
  const https = parseAddress(`https://${host}/v2/${name}/manifests/${reference}`);
  if (!https.ok) return https;
  // As Docker does it, a registry on this machine is asked without encryption.
  const url = isLoopback(https.value.hostname) ? parseAddress(`http://${host}/v2/${name}/manifests/${reference}`) : https;
  return url.ok ? ok({ key, repository: name, url: url.value }) : url;
}

function askManifest(look: LookUp, method: 'HEAD' | 'GET', etag?: string): Promise<Result<HttpResponse, Answer<never>>> {
  const { url, http, signal } = look;
  const send = async (authorization: string | undefined): Promise<Result<HttpResponse, Answer<never>>> => {
    const headers = {
      accept: MANIFEST_TYPES.join(', '),
      ...(authorization === undefined ? {} : { authorization }),
      ...(etag === undefined ? {} : { 'if-none-match': etag }),
    };
    const sent = await http.request({ method, url: url.href, headers, maxBytes: MAX_MANIFEST_BYTES, timeoutMs: LOOKUP_TIMEOUT_MS }, signal);
    return sent.ok ? sent : fail(answerFailure(sent.error));
  };
  return look.authorization.send(look, send, { http, signal });
}

/** What a tag or digest is: HEAD, and GET where that says too little. */
async function lookUp(look: LookUp): Promise<Answer<ImageManifest>> {
  const earlier = look.revalidated.get(look.url.href);
  const head = await askManifest(look, 'HEAD', earlier?.etag);
  if (!head.ok) return head.error;
  const { status, headers } = head.value;
  if (status === 304 && earlier !== undefined) return known(earlier.manifest, look.now());
  const digest = headers.get('docker-content-digest') ?? look.digest ?? '';
  const mediaType = mediaTypeOf(head.value);
  const isTold = status === 200 && isDigest(digest) && MANIFEST_TYPES.includes(mediaType);
  if (isTold && (look.digest === undefined || look.digest === digest)) return remembered(look, head.value, { digest, mediaType });
  if (status !== 200 && !ASK_AGAIN.has(status)) return answerOther(look, head.value);
  const got = await read(look);
  return 'body' in got ? remembered(look, got, { digest: got.digest, mediaType: got.mediaType }) : got;
}

/** After these a GET is worth the while: no HEAD here, no answer to it, or (404) one whose reason only a body tells. */
const ASK_AGAIN: ReadonlySet<number> = new Set([400, 404, 405, 406, 501]);

function remembered(look: LookUp, { headers }: Pick<HttpResponse, 'headers'>, manifest: ImageManifest): Answer<ImageManifest> {
  const { revalidated, url } = look;
  const etag = headers.get('etag');
  revalidated.delete(url.href);
  if (etag !== undefined && ETAG.test(etag) && look.digest === undefined) revalidated.set(url.href, { etag, manifest });
  const [oldest] = revalidated.keys();
  if (revalidated.size > MAX_REVALIDATED && oldest !== undefined) revalidated.delete(oldest);
  return known(manifest, look.now());
}

/** An entity tag (RFC 9110, 8.8.3) of a length that is worth keeping. */
const ETAG = /^(?:W\/)?"[\x21\x23-\x7e]{1,200}"$/;

/** A manifest that was read, and the digest of its bytes. */
interface ReadManifest extends ImageManifest {
  readonly body: Uint8Array;
  readonly headers: HttpResponse['headers'];
  readonly host: string;
}

async function read(look: LookUp): Promise<ReadManifest | Answer<never>> {
  const got = await askManifest(look, 'GET');
  if (!got.ok) return got.error;
  if (got.value.status !== 200) return answerOther(look, got.value);
  const { body, headers, url } = got.value;
  const host = hostOf(url);
  const mediaType = mediaTypeOf(got.value);
  if (!MANIFEST_TYPES.includes(mediaType)) {
    return unknown('error', `${host} answered with ${plain(mediaType, 80) || 'no media type'} instead of a manifest`);
  }
  const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
  if (look.digest !== undefined && look.digest !== digest) return unknown('error', `${host} sent other content than the digest names`);
  return { body, headers, host, digest, mediaType };
}

/** Anything but a manifest. Only a registry's own word counts as `absent`, and a web server's "not found" is none. */
function answerOther(look: LookUp, response: HttpResponse): Answer<never> {
  if (response.status !== 404) return answerStatus(response, look.now());
  const codes = errorCodes(response);
  if (codes.some((code) => code === 'DENIED' || code === 'UNAUTHORIZED')) {
    return unknown('denied', `${hostOf(response.url)} does not show this without credentials (HTTP 404)`);
  }
  const isWebPage = mediaTypeOf(response) === 'text/html';
  // A digest that is gone breaks every build, so nothing less than the registry's error says so.
  if (isWebPage || (look.digest !== undefined && codes.length === 0)) {
    return unknown('error', `${hostOf(response.url)} does not answer as a registry (HTTP 404)`);
  }
  return answerStatus(response, look.now());
}

/** The codes of an error of the distribution specification: `MANIFEST_UNKNOWN`, `NAME_UNKNOWN`, `DENIED`. */
function errorCodes(response: HttpResponse): string[] {
  const parsed = parseJson(Buffer.from(response.body).toString('utf8'));
  if (typeof parsed !== 'object' || parsed === null || !('errors' in parsed) || !Array.isArray(parsed.errors)) return [];
  return parsed.errors.flatMap((error: unknown) =>
    typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? [error.code.toUpperCase()] : [],
  );
}

function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}
