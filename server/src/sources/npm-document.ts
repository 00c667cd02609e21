import { setImmediate } from 'node:timers/promises';
import type { FullVersion, Packument, PublishedVersion, Publisher } from '../core/npm-facts.ts';
import { JsonReader } from './json-reader.ts';

/** How many versions of one package are kept. */
export const MAX_VERSIONS = 20_000;

/** How long a document is read before others get a turn, in milliseconds: one of ten megabytes takes a hundred. */
const TURN_MS = 10;

/** What a document of a registry says. */
export interface PackageDocument {
  /** As it is written; undefined where it is not. */
  readonly name: string | undefined;
  /** What it says of the package; undefined where it lists no version. */
  readonly packument: Packument | undefined;
  /** Whether there is anything in it that only documents of packages have. */
  readonly isPackage: boolean;
  /** Whether it is what a registry says instead of a document: that there is none. */
  readonly isNotFound: boolean;
  /** Whether it has what only whole documents have: times, and who published or maintains. */
  readonly isWhole: boolean;
}

/**
 * Reads a registry's document, short or whole, version by version and in turns with whatever else there is to do. Undefined where it is
 * no JSON object. Each version is dropped when it was read, so that a document costs its own length and not that of its tree.
 */
export async function readPackageDocument(body: Uint8Array): Promise<PackageDocument | undefined> {
  try {
    return await read(new JsonReader(body));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The members of a document of which something is kept. */
const MEMBERS: ReadonlySet<string> = new Set(['name', 'dist-tags', 'time', 'maintainers', 'repository', 'error']);

async function read(json: JsonReader): Promise<PackageDocument | undefined> {
  if (!json.isObject) return undefined;
  const document = new Map<string, unknown>();
  let versions: Versions | undefined;
  for (const name of json.members()) {
    if (name === 'versions') {
      // Of members of one name the last counts.
      versions = json.isObject ? await readVersions(json) : undefined;
      if (versions === undefined) json.value();
    } else {
      const value = json.value();
      if (MEMBERS.has(name)) document.set(name, value);
    }
  }
  json.end();
  const time = asJson(document.get('time'));
  const [named, maintainers] = [document.get('name'), document.get('maintainers')];
  const isFull = versions?.hasPublishers === true || maintainers !== undefined;
  return {
    name: typeof named === 'string' ? named : undefined,
    packument: versions && packumentOf(versions, { document, time, isFull }),
    isPackage: versions !== undefined || time?.unpublished !== undefined,
    isNotFound: document.get('error') === 'not_found',
    isWhole: isFull && time !== undefined,
  };
}

/** What was read of the versions. */
interface Versions {
  readonly listed: ReadonlyMap<string, FullVersion>;
  readonly hasPublishers: boolean;
  readonly hasSignatures: boolean;
}

async function readVersions(json: JsonReader): Promise<Versions> {
  const listed = new Map<string, FullVersion>();
  const shared = sharing();
  let hasPublishers = false;
  let hasSignatures = false;
  let since = performance.now();
  for (const version of json.members()) {
    const raw = asJson(json.value());
    if (performance.now() - since > TURN_MS) {
      await setImmediate();
      since = performance.now();
    }
    if (raw === undefined || listed.size >= MAX_VERSIONS) continue;
    hasPublishers ||= raw._npmUser !== undefined;
    hasSignatures ||= asJson(raw.dist)?.signatures !== undefined;
    if (/^\d[\w.+-]{0,255}$/.test(version)) listed.set(version, readVersion(version, raw, shared));
  }
  return { listed, hasPublishers, hasSignatures };
}

interface Rest {
  readonly document: ReadonlyMap<string, unknown>;
  readonly time: Json | undefined;
  readonly isFull: boolean;
}

function packumentOf({ listed, hasSignatures }: Versions, { document, time, isFull }: Rest): Packument | undefined {
  if (listed.size === 0) return undefined;
  const versions = [...listed.values()].map((one): FullVersion => {
    const publishedAt = moment(time?.[one.version]);
    return publishedAt === undefined ? one : { ...one, publishedAt };
  });
  const tags = Object.entries(asJson(document.get('dist-tags')) ?? {}).filter(
    (entry): entry is [string, string] => entry[0].length <= MAX_SHORT_UNITS && typeof entry[1] === 'string' && listed.has(entry[1]),
  );
  const maintainers = document.get('maintainers');
  return defined<Packument>({
    name: text(document.get('name'), MAX_SHORT_UNITS) ?? '',
    versions,
    distTags: Object.fromEntries(tags),
    isStripped: !isFull && !hasSignatures && !versions.some(({ deprecated }) => deprecated !== undefined),
    createdAt: moment(time?.created),
    repository: repository(document.get('repository')),
    maintainers: Array.isArray(maintainers) ? maintainers.slice(0, MAX_MAINTAINERS).flatMap((one) => publisher(one) ?? []) : undefined,
  });
}

/** The members of a version that short documents have as well. */
export function shortVersion({
  version,
  deprecated,
  hasInstallScript,
  integrity,
  shasum,
  tarball,
  attestations,
}: FullVersion): PublishedVersion {
  return defined<PublishedVersion>({ version, deprecated, hasInstallScript, integrity, shasum, tarball, attestations });
}

/** A JSON object whose members can be anything. */
type Json = Readonly<Record<string, unknown>>;

function asJson(value: unknown): Json | undefined {
  // Members are read by name, and each is looked at.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function text(value: unknown, maxUnits: number): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= maxUnits ? value : undefined;
}

/** Without the members that are undefined, so that a value is the same after it was kept as JSON. */
function defined<T extends object>(value: { readonly [K in keyof T]: T[K] | undefined }): T {
  const left: Partial<T> = {};
  for (const key in value) if (value[key] !== undefined) left[key] = value[key];
  // Leaving out undefined members is what makes it a T: every member of T that is required is given one.
  return left as T;
}

const MAX_NOTICE_UNITS = 500;
const MAX_ADDRESS_UNITS = 2_048;
const MAX_SHORT_UNITS = 256;
const MAX_MAINTAINERS = 200;

/** What versions have in common (who published, what they require, what they warn of) is made and held once for a document. */
interface Shared {
  /** One text for all equal ones. */
  text<T extends string | undefined>(value: T): T;
  /** What `make` makes of raw values, made once for all equal ones; `kind` tells what is made. */
  made<T>(kind: string, raw: readonly unknown[], make: () => T): T;
}

function sharing(): Shared {
  const texts = new Map<string | undefined, string>();
  const values = new Map<string, unknown>();
  return {
    text: <T extends string | undefined>(value: T): T => {
      const known = texts.get(value);
      if (known === undefined && value !== undefined) texts.set(value, value);
      // Equal to the value.
      return (known as T | undefined) ?? value;
    },
    made: <T>(kind: string, raw: readonly unknown[], make: () => T): T => {
      if (raw.every((one) => one === undefined)) return make();
      const id = kind + JSON.stringify(raw);
      if (!values.has(id)) values.set(id, make());
      // Made of equal values by the same function.
      return values.get(id) as T;
    },
  };
}

function readVersion(version: string, raw: Json, shared: Shared): FullVersion {
  const dist = asJson(raw.dist);
  return defined<FullVersion>({
    version,
    deprecated: shared.text(notice(raw.deprecated)),
    hasInstallScript: installScript(raw),
    integrity: text(dist?.integrity, MAX_SHORT_UNITS),
    shasum: text(dist?.shasum, MAX_SHORT_UNITS),
    tarball: text(dist?.tarball, MAX_ADDRESS_UNITS),
    attestations: attestations(dist?.attestations),
    publishedAt: undefined,
    publisher: shared.made('publisher', [raw._npmUser], () => publisher(raw._npmUser)),
    repository: shared.text(repository(raw.repository)),
    license: shared.text(text(raw.license, MAX_SHORT_UNITS) ?? text(asJson(raw.license)?.type, MAX_SHORT_UNITS)),
    installScripts: installScripts(asJson(raw.scripts), shared),
    dependencies: shared.made('requirements', [raw.dependencies, raw.optionalDependencies], () => requirements(raw)),
    signatures: signatures(dist?.signatures, shared),
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

function installScripts(scripts: Json | undefined, shared: Shared): FullVersion['installScripts'] {
  const found = INSTALL_SCRIPTS.flatMap((name) => {
    const command = scripts?.[name];
    return typeof command === 'string' ? [{ name, command: shared.text(command.slice(0, MAX_COMMAND_UNITS)) }] : [];
  });
  return found.length === 0 ? undefined : found;
}

function attestations(value: unknown): PublishedVersion['attestations'] {
  const raw = asJson(value);
  if (raw === undefined) return undefined;
  const predicateType = text(asJson(raw.provenance)?.predicateType, MAX_SHORT_UNITS);
  return defined({ url: text(raw.url, MAX_ADDRESS_UNITS), predicateType });
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

function signatures(value: unknown, shared: Shared): FullVersion['signatures'] {
  if (!Array.isArray(value)) return undefined;
  return value.slice(0, 8).flatMap((one) => {
    const [keyid, sig] = [text(asJson(one)?.keyid, MAX_SHORT_UNITS), text(asJson(one)?.sig, MAX_SHORT_UNITS)];
    return keyid === undefined || sig === undefined ? [] : [{ keyid: shared.text(keyid), sig }];
  });
}
