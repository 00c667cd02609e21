import { type Answer, absent, known, unknown } from '../core/answer.ts';
import { type NpmRegistry, npmPackument, npmVersions, type PackageKey, type PackageVersions, type Packument } from '../core/npm-facts.ts';
import { plain } from '../core/untrusted.ts';
import type { Http, HttpResponse } from './http.ts';
import { keptAt, type NpmRegistryOptions, npmHosts, pathOf, publicRegistry, urlAt } from './npm-address.ts';
import { readPackageDocument, shortVersion } from './npm-document.ts';
import { answerFailure, answerStatus, type KeepUnder, mediaTypeOf, type Source } from './source.ts';

/** The longest document that is read, in bytes. The largest public ones have 30 MB; a mirror may serve the whole one for the short one. */
export const MAX_PACKUMENT_BYTES = 48 * 1024 * 1024;

/** The time limit of one document, in milliseconds: it may have many megabytes. */
export const PACKUMENT_TIMEOUT_MS = 15_000;

/** How long versions may be used without asking again, in milliseconds. */
export const VERSIONS_TTL_MS = 10 * 60 * 1000;

/** What is read of one version takes about so many bytes in memory, of short and of whole documents. */
const VERSION_BYTES = 1_200;

/** The media type of short documents (npm registry API, "package metadata"). */
const SHORT_TYPE = 'application/vnd.npm.install-v1+json';

/** What the source of versions needs besides the registry. */
export interface NpmVersionsOptions extends NpmRegistryOptions {
  /** Is told of a packument that a registry answered with though it was asked for less; the same answer is then given. */
  readonly onWhole?: (key: PackageKey, answer: Answer<Packument>) => Promise<void>;
}

/** Versions and dist-tags, through the registry's short document. */
export function createNpmVersionsSource({ onWhole, ...options }: NpmVersionsOptions = {}): Source<PackageKey, PackageVersions> {
  return {
    id: npmVersions.id,
    hosts: npmHosts('Which versions of a package there are, and which are deprecated. The host learns the name of the package.'),
    ...keeping(options),
    fetch: (key, http, signal, stale) =>
      ask(key, {
        ...options,
        ...{ http, signal, stale },
        accept: `${SHORT_TYPE}; q=1.0, application/json; q=0.8`,
        take: async ({ packument, isWhole }, asOf) => {
          if (!isWhole) return known(shortened(packument), asOf);
          const answer = known(packument, asOf);
          await onWhole?.(key, answer);
          return answer;
        },
      }),
    read: keptVersions,
  };
}

/** Everything that the registry says of a package. */
export function createNpmPackumentSource(options: NpmRegistryOptions = {}): Source<PackageKey, Packument> {
  return {
    id: npmPackument.id,
    hosts: npmHosts('Publication times, publishers and maintainers of a package. The host learns the name of the package.'),
    ...keeping(options),
    fetch: (key, http, signal, stale) =>
      ask(key, {
        ...options,
        ...{ http, signal, stale },
        accept: 'application/json',
        take: ({ packument }, asOf) => known(packument, asOf),
      }),
    read: keptVersions,
  };
}

function keeping({ registryOf = publicRegistry }: NpmRegistryOptions) {
  return {
    ttlMs: VERSIONS_TTL_MS,
    weigh: ({ versions }: PackageVersions): number => versions.length * VERSION_BYTES,
    keepUnder: async (key: PackageKey, signal: AbortSignal): Promise<KeepUnder | undefined> =>
      keptAt(await registryOf(key, signal), key.name),
  };
}

interface Asking<V> extends NpmRegistryOptions {
  readonly accept: string;
  readonly http: Http;
  readonly signal: AbortSignal;
  readonly stale: V | undefined;
  /** Makes an answer of what the registry said; `asOf` is milliseconds since the epoch. */
  take(said: Said, asOf: number): Answer<V> | Promise<Answer<V>>;
}

/** A document, and whether it is a whole one. */
interface Said {
  readonly packument: Packument;
  readonly isWhole: boolean;
}

async function ask<V extends PackageVersions>(key: PackageKey, asking: Asking<V>): Promise<Answer<V>> {
  const { registryOf = publicRegistry, now = Date.now, accept, http, signal, stale } = asking;
  const registry = await registryOf(key, signal);
  if (!registry.ok) return unknown(registry.error.why, registry.error.detail);
  const path = pathOf(key.name);
  const url = path.ok ? urlAt(registry.value, path.value) : path;
  if (!url.ok) return unknown('unparsable', url.error);
  const { authorization } = registry.value;
  const sent = await http.request(
    {
      method: 'GET',
      url: url.value.href,
      headers: {
        accept,
        ...(authorization === undefined ? {} : { authorization }),
        ...(stale?.etag === undefined ? {} : { 'if-none-match': stale.etag }),
      },
      maxBytes: MAX_PACKUMENT_BYTES,
      timeoutMs: PACKUMENT_TIMEOUT_MS,
    },
    signal,
  );
  if (!sent.ok) return answerFailure(sent.error);
  if (sent.value.status === 304 && stale !== undefined) return known(stale, now());
  const said = await conclude(sent.value, { key, registry: registry.value, asked: url.value, now: now() });
  return said.state === 'known' ? await asking.take(said.value, said.asOf) : said;
}

interface Asked {
  readonly key: PackageKey;
  readonly registry: NpmRegistry;
  readonly asked: URL;
  readonly now: number;
}

async function conclude(response: HttpResponse, { key, registry, asked, now }: Asked): Promise<Answer<Said>> {
  const host = plain(response.url.host, 100);
  if (response.status === 404) {
    // Registries hide what an account may not see behind a 404, and a host that another one sent us to is no judge of names.
    const isJudge = response.url.origin === asked.origin && !registry.isMapped;
    return isJudge ? absent(now) : unknown('denied', `${host} has no such package, or does not show it to this account`);
  }
  if (response.status !== 200) return answerStatus(response, now);
  const document = await readPackageDocument(response.body);
  if (document === undefined) return unknown('error', `${host} did not answer with a package document`);
  const { name, packument } = document;
  if (name !== undefined && name.toLowerCase() !== key.name.toLowerCase()) {
    return unknown('error', `${host} answered with another package, ${plain(name, 100)}`);
  }
  if (!document.isPackage) {
    return document.isNotFound ? absent(now) : unknown('error', `${host} did not answer with a package document`);
  }
  if (packument === undefined) return absent(now);
  const etag = response.headers.get('etag');
  const isWhole = document.isWhole && mediaTypeOf(response) !== SHORT_TYPE;
  return known({ packument: etag === undefined || etag.length > MAX_ETAG_UNITS ? packument : { ...packument, etag }, isWhole }, now);
}

const MAX_ETAG_UNITS = 256;

/** What the short document says of what the whole one's reading found in it. */
function shortened({ name, versions, distTags, isStripped, etag }: Packument): PackageVersions {
  return { name, versions: versions.map(shortVersion), distTags, isStripped, ...(etag === undefined ? {} : { etag }) };
}

/** A value that was kept: ours, so only its outline is checked, against a file that somebody else wrote or cut. */
function keptVersions<V extends PackageVersions>(value: unknown): V | undefined {
  const kept = membersOf(value);
  const versions = kept?.versions;
  if (kept === undefined || !Array.isArray(versions) || versions.length === 0) return undefined;
  if (typeof kept.name !== 'string' || typeof kept.isStripped !== 'boolean' || membersOf(kept.distTags) === undefined) return undefined;
  const isSound = versions.every((one: unknown) => {
    const version = membersOf(one);
    return typeof version?.version === 'string' && ['undefined', 'string'].includes(typeof version.deprecated);
  });
  // Members are read by name and each may be absent; the outline is what everything depends on.
  return isSound ? (value as V) : undefined;
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}
