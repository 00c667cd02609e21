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

/** An image to ask a registry for; `registry` is the name in the reference (`docker.io`), not the host that serves it. */
export interface ImageKey {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
}

/** What a registry answered for a tag. */
export interface ImageManifest {
  /** The digest of the index where the tag names one, else of the manifest: `sha256:` and 64 hex digits. */
  readonly digest: string;
  readonly mediaType: string;
}

/** The digest that a tag stands for today. */
export const imageDigest: FactKind<ImageKey, ImageManifest> = {
  id: 'oci-registry',
  key: ({ registry, repository, tag }) => `${registry}/${repository}:${tag}`,
  purl: ({ registry, repository, tag }) => {
    const name = repository.slice(repository.lastIndexOf('/') + 1);
    return `pkg:oci/${encodeURIComponent(name)}?repository_url=${encodeURIComponent(`${registry}/${repository}`)}&tag=${encodeURIComponent(tag)}`;
  },
};

/** The public GitHub. */
export const PUBLIC_GITHUB_URL = 'https://github.com';
