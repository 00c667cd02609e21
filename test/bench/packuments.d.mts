/** What a registry serves under a name, and the version and hash that a lockfile has of it. */
export interface Served {
  readonly text: string;
  readonly version: string;
  readonly integrity: string | undefined;
}

/** The document of the nth of some packages under a name: the same with each call. */
export function packumentOf(nth: number, name: string): Served;
