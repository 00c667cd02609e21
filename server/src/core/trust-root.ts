import type { FactKind } from './answer.ts';

/** A repository of The Update Framework that has a trust root. */
export interface TrustRootKey {
  /** The repository's address, without a slash at its end. */
  readonly address: string;
}

/** A trust root that came through The Update Framework, verified. Its texts are as they were signed. */
export interface RefreshedRoot {
  /** JSON of Sigstore's message `TrustedRoot`. */
  readonly trustedRoot: string;
  /** The keys of the public npm registry, as Sigstore's repository has them. */
  readonly registryKeys?: string;
  /** The day on which the repository had it, `YYYY-MM-DD`. */
  readonly date: string;
  /** SHA-256 of both texts, in hexadecimal. */
  readonly digest: string;
}

/** The trust root of a repository. Unknown: none was ever had from there. */
export const trustRoot: FactKind<TrustRootKey, RefreshedRoot> = {
  id: 'trust-root',
  key: ({ address }) => address,
  purl: ({ address }) => `pkg:generic/trusted_root.json?repository_url=${encodeURIComponent(address)}`,
};
