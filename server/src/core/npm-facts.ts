import type { FactKind } from './answer.ts';
import type { ProvenanceVerdict, RegistryKey } from './provenance.ts';
import type { Result } from './result.ts';

/** A package to ask its registry for. */
export interface PackageKey {
  readonly name: string;
  /** URIs of the files that could say which registry serves the name (`.npmrc` and its kin), nearest first; `projectSettings` finds them. */
  readonly settings?: readonly string[];
  /** The lockfile has it from another host than the public registry's, which is then not asked: the name may be private. */
  readonly isElsewhere?: true;
}

/** A registry that a name is asked at. */
export interface NpmRegistry {
  /** With a slash at its end. */
  readonly url: string;
  /** The `authorization` header, for this origin only. */
  readonly authorization?: string;
  /** Whether the name's scope is mapped to it, so that only this registry knows what the name means. */
  readonly isMapped: boolean;
  /** `audit=false`: whoever set it wants no package told to a registry to learn of advisories. */
  readonly isAuditOff?: true;
}

/** Why a name is not asked for. */
export interface NoRegistry {
  readonly why: 'untrusted' | 'unparsable';
  readonly detail: string;
}

/** Says which registry serves a name. */
export type RegistryOf = (key: PackageKey, signal: AbortSignal) => Promise<Result<NpmRegistry, NoRegistry>>;

/** A version that a registry lists. What a registry leaves out is absent here: mirrors strip, so absent is never "no". */
export interface PublishedVersion {
  readonly version: string;
  /** The deprecation notice; empty where the registry gives no text. */
  readonly deprecated?: string;
  /** Whether installing it runs a script. */
  readonly hasInstallScript?: boolean;
  /** Subresource Integrity of the tarball. */
  readonly integrity?: string;
  /** SHA-1 of the tarball, in hex. */
  readonly shasum?: string;
  readonly tarball?: string;
  /** Where the attestations are, as the registry says; another host's address is not to be asked. */
  readonly attestations?: { readonly url?: string; readonly predicateType?: string };
}

/** What a registry's abbreviated document says of a package. */
export interface PackageVersions {
  readonly name: string;
  /** In the registry's order; at least one. */
  readonly versions: readonly PublishedVersion[];
  /** Dist-tags by name; of versions that are listed only. */
  readonly distTags: Readonly<Record<string, string>>;
  /** Whether nothing in the document is what only registries (and not thin mirrors) keep: no word on deprecation means nothing then. */
  readonly isStripped: boolean;
  /** For asking again whether it changed. */
  readonly etag?: string;
}

/** A person or a machine that may publish, or did. */
export interface Publisher {
  readonly name?: string;
  readonly email?: string;
  /** Published by a workflow through trusted publishing (`_npmUser.trustedPublisher`). */
  readonly isTrustedPublisher?: true;
}

/** A version with what only the whole document says. */
export interface FullVersion extends PublishedVersion {
  /** Milliseconds since the epoch, as the registry says; a mirror may tell the time it fetched the version. */
  readonly publishedAt?: number;
  readonly publisher?: Publisher;
  /** The source repository that the manifest names, as written. */
  readonly repository?: string;
  /** As the manifest has it: an SPDX expression, as a rule. */
  readonly license?: string;
  /** What runs when it is installed, in that order; commands may be cut. Absent where there is none, or the registry does not say. */
  readonly installScripts?: readonly { readonly name: string; readonly command: string }[];
  /** Requirements of `dependencies` and `optionalDependencies` by name. */
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly signatures?: readonly { readonly keyid: string; readonly sig: string }[];
}

/** What a registry's whole document (the "packument") says of a package. */
export interface Packument extends PackageVersions {
  readonly versions: readonly FullVersion[];
  /** Milliseconds since the epoch. */
  readonly createdAt?: number;
  readonly repository?: string;
  /** Absent where the registry does not say. */
  readonly maintainers?: readonly Publisher[];
}

/** A version of a package, as a lockfile has it. */
export interface PackageVersionKey extends PackageKey {
  readonly version: string;
  /** Subresource Integrity that the lockfile has for it; `''` where it has none and names an address of its own. */
  readonly integrity?: string;
}

/** A registry to ask for its keys. */
export interface RegistryKeysKey {
  /** The registry's address. */
  readonly url: string;
  /** A package that it serves: its settings say how the registry is asked. */
  readonly of: PackageKey;
}

/** All that a registry says of a package: times, publishers, maintainers, dependencies. Larger and slower than `npmVersions`. */
export const npmPackument: FactKind<PackageKey, Packument> = { id: 'npm-packument', key: packageKeyText, purl: packagePurl };

/** Versions and dist-tags of a package: of its packument where somebody asks for that one too, else from the short document. */
export const npmVersions: FactKind<PackageKey, PackageVersions> = {
  id: 'npm-registry',
  key: packageKeyText,
  purl: packagePurl,
  partOf: npmPackument,
};

/** The keys with which a registry signs. Absent: it serves none. */
export const npmKeys: FactKind<RegistryKeysKey, readonly RegistryKey[]> = {
  id: 'npm-keys',
  key: ({ url }) => url,
  purl: ({ of }) => packagePurl(of),
};

/**
 * Where a version of a package comes from, verified: attestations, the registry's signature, and the integrity that is locked. Absent:
 * the registry lists no such version. Unknown: it could not be asked; what it refused to show is an unknown verdict with its reason.
 */
export const npmProvenance: FactKind<PackageVersionKey, ProvenanceVerdict> = {
  id: 'npm-provenance',
  key: ({ version, integrity, ...key }) => [`${key.name}@${version}`, integrity ?? '-', packageKeyText(key)].join(' '),
  purl: ({ name, version }) => versionPurl(name, version),
  goodForMs: 60 * 60 * 1000,
};

/** The package URL of a version of a package on npm (purl-spec, type npm). */
export function versionPurl(name: string, version: string): string {
  return `${packagePurl({ name })}@${encodeURIComponent(version).replaceAll('%2B', '+')}`;
}

/** A package's key as text: the name first, then all that decides how it is asked for. */
export function packageKeyText({ name, settings = [], isElsewhere }: PackageKey): string {
  return [name, ...(isElsewhere === true ? ['elsewhere'] : []), ...settings].join(' ');
}

/** purl-spec, "npm": the scope is the namespace, its `@` is encoded. */
function packagePurl({ name }: PackageKey): string {
  return `pkg:npm/${name
    .split('/')
    .map((part) => encodeURIComponent(part))
    .join('/')}`;
}
