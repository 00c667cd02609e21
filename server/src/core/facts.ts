import type { FactKind } from './answer.ts';

/** A GitHub repository, as named in `uses`. Case is kept for display; keys are lower-cased (slugs are case-insensitive). */
export interface RepositoryKey {
  readonly owner: string;
  readonly repo: string;
}

/** One ref of a remote repository, from git protocol v2 `ls-refs` with `peel`. */
export interface GitRef {
  /** The full name: `refs/tags/v4.2.2`, `refs/heads/main`. */
  readonly name: string;
  /** What the ref points at: for an annotated tag the tag object. 40 (SHA-1) or 64 (SHA-256) lower-case hex digits. */
  readonly oid: string;
  /** The commit behind an annotated (also nested) tag; absent where `oid` is the commit. */
  readonly peeled?: string;
}

/** All tags and branches of a repository, as its host announced them. */
export interface GitRefs {
  readonly refs: readonly GitRef[];
  /** The branch that HEAD names, `refs/heads/main`, where the host says so. */
  readonly head?: string;
}

/** Tags and branches of a repository on the configured GitHub server. */
export const gitRefs: FactKind<RepositoryKey, GitRefs> = {
  id: 'git-refs',
  key: ({ owner, repo }) => `${owner}/${repo}`.toLowerCase(),
  purl: ({ owner, repo }) => `pkg:githubactions/${encodeURIComponent(owner)}/${encodeURIComponent(repo)}`,
};

/** A repository of images; `registry` is the name in the reference (`docker.io`), not the host that serves it. */
export interface ImageRepositoryKey {
  readonly registry: string;
  readonly repository: string;
}

/** An image to ask a registry for, by its tag. */
export interface ImageKey extends ImageRepositoryKey {
  readonly tag: string;
}

/** An image to ask a registry for, by its digest: `sha256:` and 64 hex digits. */
export interface ImageDigestKey extends ImageRepositoryKey {
  readonly digest: string;
}

/** What a registry answered for a tag or a digest. */
export interface ImageManifest {
  /** The digest of the index where the tag names one, else of the manifest: `sha256:` and 64 hex digits. */
  readonly digest: string;
  readonly mediaType: string;
}

/** The digest that a tag stands for today. */
export const imageDigest: FactKind<ImageKey, ImageManifest> = {
  id: 'oci-registry',
  key: ({ registry, repository, tag }) => `${registry}/${repository}:${tag}`,
  purl: (key) => `${imagePurl(key)}&tag=${encodeURIComponent(key.tag)}`,
};

/** Whether a registry has a digest, and what it is. `absent` is the registry's word that it does not have it. */
export const imageManifest: FactKind<ImageDigestKey, ImageManifest> = {
  id: 'oci-manifest',
  key: ({ registry, repository, digest }) => `${registry}/${repository}@${digest}`,
  purl: (key) => imagePurl(key, key.digest),
};

/** One platform's image in an index. */
export interface PlatformManifest {
  readonly digest: string;
  /** `linux/amd64`, `linux/arm/v7`. */
  readonly platform: string;
}

/** What stands in an image's manifest. */
export interface ImageContent {
  readonly mediaType: string;
  /** The images of an index, without the entries that are none (attestations); empty for a manifest. */
  readonly manifests: readonly PlatformManifest[];
  /** What the publisher calls this version (`org.opencontainers.image.version`), where it says so. Not verified by anybody. */
  readonly version?: string;
}

/** The manifest behind a digest, read and hashed. Some registries count this as a pull. */
export const imageContent: FactKind<ImageDigestKey, ImageContent> = {
  id: 'oci-content',
  key: imageManifest.key,
  purl: imageManifest.purl,
};

/** Media types of manifests that name one manifest for each platform. */
export const INDEX_TYPES: readonly string[] = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

function imagePurl({ registry, repository }: ImageRepositoryKey, digest?: string): string {
  const name = repository.slice(repository.lastIndexOf('/') + 1);
  const version = digest === undefined ? '' : `@${encodeURIComponent(digest)}`;
  return `pkg:oci/${encodeURIComponent(name)}${version}?repository_url=${encodeURIComponent(`${registry}/${repository}`)}`;
}

/** The public GitHub. */
export const PUBLIC_GITHUB_URL = 'https://github.com';
