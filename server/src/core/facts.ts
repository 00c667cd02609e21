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
  /** The name that the host sent us on to, where the repository was renamed or given away. */
  readonly movedTo?: RepositoryKey;
}

/** Tags and branches of a repository on the configured GitHub server. */
export const gitRefs: FactKind<RepositoryKey, GitRefs> = {
  id: 'git-refs',
  key: ({ owner, repo }) => `${owner}/${repo}`.toLowerCase(),
  purl: ({ owner, repo }) => `pkg:githubactions/${encodeURIComponent(owner)}/${encodeURIComponent(repo)}`,
};

/** A commit of a repository. */
export interface CommitKey extends RepositoryKey {
  /** All hex digits, in lower case. */
  readonly commit: string;
}

/** The purl of a repository at a commit. */
function commitPurl({ commit, ...repository }: CommitKey): string {
  return `${gitRefs.purl(repository)}@${encodeURIComponent(commit)}`;
}

/** A commit, and the tips of the repository's tags and branches as `gitRefs` gave them: the answer is about these. */
export interface AncestryKey extends CommitKey {
  /** Commits, each once; those most likely to come after the commit first. */
  readonly tips: readonly string[];
}

/** What is known of a commit that exists. */
export interface Ancestry {
  /**
   * Whether a tag or branch leads to it. False is how a commit of somebody's fork looks: the forks of a repository share its
   * store, so that the host serves their commits under its name ("impostor commit").
   */
  readonly isReachable: boolean;
}

/** Whether a commit is in a repository, and whether one of its tags or branches leads there. Absent: no such commit. */
export const gitAncestry: FactKind<AncestryKey, Ancestry> = {
  id: 'git-ancestry',
  // The tips are what the repository had when it was asked; the question stays the same.
  key: ({ owner, repo, commit }) => `${owner}/${repo}@${commit}`.toLowerCase(),
  purl: commitPurl,
};

/** Some tag objects or commits, by id. */
export interface DatesKey extends RepositoryKey {
  /** `GitRef.oid`s, each once. */
  readonly ids: readonly string[];
}

/** When tags and commits were made, in milliseconds since the epoch, by id. Their makers write these dates, and may lie. */
export type GitDates = Readonly<Record<string, number>>;

/** The dates that tags and commits carry: of a tag object its own or its commit's, whichever is later. */
export const gitDates: FactKind<DatesKey, GitDates> = {
  id: 'git-dates',
  key: ({ owner, repo, ids }) => `${owner}/${repo} ${[...ids].sort().join(' ')}`.toLowerCase(),
  purl: ({ owner, repo }) => gitRefs.purl({ owner, repo }),
};

/** A file of a repository at a commit: the first of some paths that is there. */
export interface GitFileKey extends CommitKey {
  /** From the root of the repository, without a leading slash. */
  readonly paths: readonly string[];
}

/** A file at a commit. Its text can never change. */
export interface GitFile {
  readonly path: string;
  readonly text: string;
}

/** A file of a repository at a commit. Absent: none of the paths is there. */
export const gitFile: FactKind<GitFileKey, GitFile> = {
  id: 'git-file',
  key: ({ owner, repo, commit, paths }) => `${`${owner}/${repo}@${commit}`.toLowerCase()} ${paths.join(' ')}`,
  purl: ({ paths, ...key }) => `${commitPurl(key)}#${(paths[0] ?? '').split('/').map(encodeURIComponent).join('/')}`,
};

/** A tag, and the commit that it stands for now. */
export interface FirstSeenKey extends CommitKey {
  readonly tag: string;
}

/** What a tag stood for when it was seen first, on this machine. */
export interface FirstSeen {
  readonly commit: string;
  /** Milliseconds since the epoch. */
  readonly seen: number;
}

/** The commit that a tag stood for when it was first asked about here. Asking for the first time is what makes it remembered. */
export const firstSeen: FactKind<FirstSeenKey, FirstSeen> = {
  id: 'first-seen',
  key: ({ owner, repo, tag }) => `${`${owner}/${repo}`.toLowerCase()}@${tag}`,
  purl: ({ owner, repo, tag }) => `${gitRefs.purl({ owner, repo })}@${encodeURIComponent(tag)}`,
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
