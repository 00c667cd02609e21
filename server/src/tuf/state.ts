/** Metadata and files that were verified, as text. Roles and files by name. */
export interface TufSet {
  readonly timestamp?: string;
  readonly snapshot?: string;
  readonly roles: readonly (readonly [string, string])[];
  readonly files: readonly (readonly [string, string])[];
}

/** What is known of a repository. It may be kept anywhere: nothing of it is believed before `reopen` has verified it again. */
export interface TufState {
  /** Root metadata after the one that travels along, without a gap. */
  readonly roots: readonly string[];
  /** The last update that came to its end, and its start in milliseconds since the epoch. */
  readonly good?: TufSet & { readonly at: number };
  /** What later updates saw that did not come to their end: nobody rolls back behind it. */
  readonly seen: TufSet;
}

/** What is kept of a repository, for later sessions. */
export interface TufKept {
  readonly state: TufState;
  /** When the repository was asked last, in milliseconds since the epoch, and what was wrong then. */
  readonly triedAt: number;
  readonly problem?: string;
}

/** Nothing. */
export const EMPTY_SET: TufSet = { roles: [], files: [] };

/** Nothing but the root that travels along. */
export const EMPTY_STATE: TufState = { roots: [], seen: EMPTY_SET };

/** A repository of The Update Framework, and what is wanted of it. */
export interface TufRepository {
  /** The root metadata to begin with, in base64; Sigstore's, which travel along, unless given. */
  readonly root?: string | undefined;
  /** When what travels along was made, in milliseconds since the epoch: an update from before is of no use. */
  readonly since: number;
  /** The paths of the target files; the first of them must be there. */
  readonly files: readonly string[];
}

/** Gets a file of the repository by its path; undefined where it has none. Fails with a sentence. */
export type TufGet = (
  path: string,
  maxBytes: number,
) => Promise<{ readonly ok: true; readonly value: Uint8Array | undefined } | { readonly ok: false; readonly error: string }>;
