import type { ImageRepositoryKey } from './image-facts.ts';

/** What a user has for a registry. */
export type Credential =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** Traded for a short token at the registry's token server (OAuth 2 refresh token). */
  | { readonly kind: 'identity-token'; readonly token: string }
  /** Sent to the registry as it is. */
  | { readonly kind: 'registry-token'; readonly token: string }
  /** There is one, and it could not be had: the registry is asked without it, and a refusal says this sentence. */
  | { readonly kind: 'unavailable'; readonly reason: string };

/** Looks up the user's credential for a repository, by the names in the image reference. Never rejects. */
export type CredentialProvider = (key: ImageRepositoryKey, signal: AbortSignal) => Promise<Credential | undefined>;

/** Gives nobody a credential, and says why: a refusal then repeats it. */
export function noCredentials(why: string): CredentialProvider {
  return () => Promise.resolve({ kind: 'unavailable', reason: `no credential is used, because ${why}` });
}
