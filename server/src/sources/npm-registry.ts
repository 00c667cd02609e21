import { type Answer, absent, known, unknown } from '../core/answer.ts';
import {
  type FullVersion,
  type NpmRegistry,
  npmPackument,
  npmVersions,
  type PackageKey,
  type PackageVersions,
  type Packument,
  type PublishedVersion,
  type Publisher,
} from '../core/npm-facts.ts';
import { plain } from '../core/untrusted.ts';
import type { Http, HttpResponse } from './http.ts';
import { keptAt, type NpmRegistryOptions, npmHosts, pathOf, publicRegistry, urlAt } from './npm-address.ts';
import { answerFailure, answerStatus, type KeepUnder, type Source } from './source.ts';

/** The longest document that is read, in bytes. The largest public ones have 30 MB; a mirror may serve the whole one for the short one. */
export const MAX_PACKUMENT_BYTES = 48 * 1024 * 1024;

/** The time limit of one document, in milliseconds: it may have many megabytes. */
export const PACKUMENT_TIMEOUT_MS = 15_000;

/** How many versions of one package are kept. */
export const MAX_VERSIONS = 20_000;

/** How long versions may be used without asking again, in milliseconds. */
export const VERSIONS_TTL_MS = 10 * 60 * 1000;

/** Versions and dist-tags, through the registry's short document. */
export function createNpmVersionsSource(options: NpmRegistryOptions = {}): Source<PackageKey, PackageVersions> {
  return {
    ...sourceOf(options, { accept: 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8', read: readVersions }),
    id: npmVersions.id,
    hosts: npmHosts('Which versions of a package there are, and which are deprecated. The host learns the name of the package.'),
    read: keptVersions,
  };
}

/** Everything that the registry says of a package. */
export function createNpmPackumentSource(options: NpmRegistryOptions = {}): Source<PackageKey, Packument> {
  return {
    ...sourceOf(options, { accept: 'application/json', read: readPackument }),
    id: npmPackument.id,
    hosts: npmHosts('Publication times, publishers and maintainers of a package. The host learns the name of the package.'),
    read: keptVersions,
  };
}

/** A document's media types, and what is read of it; undefined where it lists no version. */
interface Reading<V> {
  readonly accept: string;
  read(document: Json, etag: string | undefined): V | undefined;
}

function sourceOf<V extends PackageVersions>({ registryOf = publicRegistry, now = Date.now }: NpmRegistryOptions, reading: Reading<V>) {
  return {
    ttlMs: VERSIONS_TTL_MS,
    keepUnder: async (key: PackageKey, signal: AbortSignal): Promise<KeepUnder | undefined> =>
      keptAt(await registryOf(key, signal), key.name),
    fetch: async (key: PackageKey, http: Http, signal: AbortSignal, stale?: V): Promise<Answer<V>> => {
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
            accept: reading.accept,
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
      return conclude(sent.value, { key, registry: registry.value, asked: url.value, reading, now: now() });
    },
  };
}

interface Asked<V> {
  readonly key: PackageKey;
  readonly registry: NpmRegistry;
  readonly asked: URL;
  readonly reading: Reading<V>;
  readonly now: number;
}

function conclude<V>(response: HttpResponse, { key, registry, asked, reading, now }: Asked<V>): Answer<V> {
  const host = plain(response.url.host, 100);
  if (response.status === 404) {
    // Registries hide what an account may not see behind a 404, and a host that another one sent us to is no judge of names.
    const isJudge = response.url.origin === asked.origin && !registry.isMapped;
    return isJudge ? absent(now) : unknown('denied', `${host} has no such package, or does not show it to this account`);
  }
  if (response.status !== 200) return answerStatus(response, now);
  const document = parseJson(response.body);
  if (document === undefined) return unknown('error', `${host} did not answer with a package document`);
  if (typeof document.name === 'string' && document.name.toLowerCase() !== key.name.toLowerCase()) {
    return unknown('error', `${host} answered with another package, ${plain(document.name, 100)}`);
  }
  if (asJson(document.versions) === undefined && asJson(document.time)?.unpublished === undefined) {
    return document.error === 'not_found' ? absent(now) : unknown('error', `${host} did not answer with a package document`);
  }
  const value = reading.read(document, response.headers.get('etag'));
  return value === undefined ? absent(now) : known(value, now);
}

/** A JSON object whose members can be anything. */
type Json = Readonly<Record<string, unknown>>;

function asJson(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

function parseJson(body: Uint8Array): Json | undefined {
  try {
    return asJson(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    return undefined;
  }
}

function text(value: unknown, maxUnits: number): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= maxUnits ? value : undefined;
}

/** Without the members that are undefined, so that a value is the same after it was kept as JSON. */
function defined<T extends object>(value: { readonly [K in keyof T]: T[K] | undefined }): T {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  // Leaving out undefined members is what makes it a T: every member of T that is required is given one.
  return Object.fromEntries(entries) as T;
}

const MAX_NOTICE_UNITS = 500;
const MAX_ADDRESS_UNITS = 2_048;
const MAX_SHORT_UNITS = 256;

function readVersions(document: Json, etag: string | undefined): PackageVersions | undefined {
  return readDocument(document, etag, readVersion);
}

function readDocument<F extends PublishedVersion>(
  document: Json,
  etag: string | undefined,
  read: (version: string, raw: Json) => F,
): (PackageVersions & { readonly versions: readonly F[] }) | undefined {
  const raws = Object.entries(asJson(document.versions) ?? {}).slice(0, MAX_VERSIONS);
  const versions = raws.flatMap(([version, raw]) => {
    const fields = asJson(raw);
    return fields === undefined || !/^\d[\w.+-]{0,255}$/.test(version) ? [] : [read(version, fields)];
  });
  if (versions.length === 0) return undefined;
  const listed = new Set(versions.map(({ version }) => version));
  const tags = Object.entries(asJson(document['dist-tags']) ?? {}).filter(
    (entry): entry is [string, string] => entry[0].length <= MAX_SHORT_UNITS && typeof entry[1] === 'string' && listed.has(entry[1]),
  );
  const isFull = raws.some(([, raw]) => asJson(raw)?._npmUser !== undefined) || document.maintainers !== undefined;
  const isSigned = raws.some(([, raw]) => asJson(asJson(raw)?.dist)?.signatures !== undefined);
  const isStripped = !isFull && !isSigned && !versions.some(({ deprecated }) => deprecated !== undefined);
  const base = { name: text(document.name, MAX_SHORT_UNITS) ?? '', versions, distTags: Object.fromEntries(tags), isStripped };
  const tag = text(etag, MAX_SHORT_UNITS);
  return tag === undefined ? base : { ...base, etag: tag };
}

function readVersion(version: string, raw: Json): PublishedVersion {
  const dist = asJson(raw.dist);
  return defined<PublishedVersion>({
    version,
    deprecated: notice(raw.deprecated),
    hasInstallScript: installScript(raw),
    integrity: text(dist?.integrity, MAX_SHORT_UNITS),
    shasum: text(dist?.shasum, MAX_SHORT_UNITS),
    tarball: text(dist?.tarball, MAX_ADDRESS_UNITS),
    attestations: attestations(dist?.attestations),
  });
}

/** A maintainer takes a notice back by writing an empty one. */
function notice(value: unknown): string | undefined {
  if (value === true) return '';
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_NOTICE_UNITS) : undefined;
}

/** The registry's own word, or that of the scripts where a mirror leaves the word out. */
function installScript(raw: Json): boolean | undefined {
  if (typeof raw.hasInstallScript === 'boolean') return raw.hasInstallScript;
  if (raw.gypfile === true) return true;
  const scripts = asJson(raw.scripts);
  return scripts && INSTALL_SCRIPTS.some((name) => typeof scripts[name] === 'string');
}

/** What npm runs when a dependency is installed, in that order (npm documentation, "scripts", "Life Cycle Operation Order"). */
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall'] as const;

/** The longest command of a script that is kept, in UTF-16 units: it is for people to look at. */
const MAX_COMMAND_UNITS = 200;

function installScripts(raw: Json): FullVersion['installScripts'] {
  const scripts = asJson(raw.scripts) ?? {};
  const found = INSTALL_SCRIPTS.flatMap((name) => {
    const command = scripts[name];
    return typeof command === 'string' ? [{ name, command: command.slice(0, MAX_COMMAND_UNITS) }] : [];
  });
  return found.length === 0 ? undefined : found;
}

function attestations(value: unknown): PublishedVersion['attestations'] {
  const raw = asJson(value);
  if (raw === undefined) return undefined;
  const predicateType = text(asJson(raw.provenance)?.predicateType, MAX_SHORT_UNITS);
  return defined({ url: text(raw.url, MAX_ADDRESS_UNITS), predicateType });
}

const MAX_MAINTAINERS = 200;

function readPackument(document: Json, etag: string | undefined): Packument | undefined {
  const time = asJson(document.time);
  const base = readDocument(document, etag, (version, raw) => readFullVersion(version, raw, time));
  if (base === undefined) return undefined;
  const { maintainers } = document;
  return defined<Packument>({
    ...base,
    createdAt: moment(time?.created),
    repository: repository(document.repository),
    maintainers: Array.isArray(maintainers) ? maintainers.slice(0, MAX_MAINTAINERS).flatMap((one) => publisher(one) ?? []) : undefined,
  });
}

function readFullVersion(version: string, raw: Json, time: Json | undefined): FullVersion {
  return defined<FullVersion>({
    ...readVersion(version, raw),
    publishedAt: moment(time?.[version]),
    publisher: publisher(raw._npmUser),
    repository: repository(raw.repository),
    gitHead: text(raw.gitHead, MAX_SHORT_UNITS),
    license: text(raw.license, MAX_SHORT_UNITS) ?? text(asJson(raw.license)?.type, MAX_SHORT_UNITS),
    installScripts: installScripts(raw),
    dependencies: requirements(raw),
    signatures: signatures(asJson(raw.dist)?.signatures),
  });
}

/** RFC 3339 with any offset (mirrors write other ones than the registry does), as milliseconds since the epoch. */
function moment(value: unknown): number | undefined {
  const at = typeof value === 'string' && value.length < 64 ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

function publisher(value: unknown): Publisher | undefined {
  const raw = asJson(value);
  if (raw === undefined) return undefined;
  return defined<Publisher>({
    name: text(raw.name, MAX_SHORT_UNITS),
    email: text(raw.email, MAX_SHORT_UNITS),
    // pnpm's trust policy reads it the same way: the object's presence counts.
    isTrustedPublisher: asJson(raw.trustedPublisher) === undefined ? undefined : true,
  });
}

function repository(value: unknown): string | undefined {
  return text(value, MAX_ADDRESS_UNITS) ?? text(asJson(value)?.url, MAX_ADDRESS_UNITS);
}

const MAX_REQUIREMENTS = 500;

function requirements(raw: Json): Readonly<Record<string, string>> | undefined {
  const all = [raw.dependencies, raw.optionalDependencies].flatMap((group) => Object.entries(asJson(group) ?? {}));
  if (all.length === 0 && raw.dependencies === undefined) return undefined;
  const read = all.slice(0, MAX_REQUIREMENTS).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(read);
}

function signatures(value: unknown): FullVersion['signatures'] {
  if (!Array.isArray(value)) return undefined;
  return value.slice(0, 8).flatMap((one) => {
    const [keyid, sig] = [text(asJson(one)?.keyid, MAX_SHORT_UNITS), text(asJson(one)?.sig, MAX_SHORT_UNITS)];
    return keyid === undefined || sig === undefined ? [] : [{ keyid, sig }];
  });
}

/** A value that was kept: ours, so only its outline is checked, against a file that somebody else wrote or cut. */
function keptVersions<V extends PackageVersions>(value: unknown): V | undefined {
  const kept = asJson(value);
  const versions = kept?.versions;
  if (kept === undefined || !Array.isArray(versions) || versions.length === 0) return undefined;
  if (typeof kept.name !== 'string' || typeof kept.isStripped !== 'boolean' || asJson(kept.distTags) === undefined) return undefined;
  const isSound = versions.every((one: unknown) => {
    const version = asJson(one);
    return typeof version?.version === 'string' && ['undefined', 'string'].includes(typeof version.deprecated);
  });
  // Members are read by name and each may be absent; the outline is what everything depends on.
  return isSound ? (value as V) : undefined;
}
