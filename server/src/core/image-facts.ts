import type { FactKind } from './answer.ts';
import type { ImageManifest } from './facts.ts';

/** A repository of images; `registry` is the name in the reference (`docker.io`), not the host that serves it. */
export interface ImageRepositoryKey {
  readonly registry: string;
  readonly repository: string;
}

/** An image to ask a registry for, by its digest: `sha256:` and 64 hex digits. */
export interface ImageDigestKey extends ImageRepositoryKey {
  readonly digest: string;
}

/** Whether a registry has a digest, and what it is. `absent` is the registry's word that it does not have it. */
export const imageManifest: FactKind<ImageDigestKey, ImageManifest> = {
  id: 'oci-manifest',
  key: ({ registry, repository, digest }) => `${registry}/${repository}@${digest}`,
  purl: ({ registry, repository, digest }) => {
    const name = repository.slice(repository.lastIndexOf('/') + 1);
    return `pkg:oci/${encodeURIComponent(name)}@${encodeURIComponent(digest)}?repository_url=${encodeURIComponent(`${registry}/${repository}`)}`;
  },
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
