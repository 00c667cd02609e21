/** Why something could not be found out. Shown to the user as it is; never read as "clean". */
export type Unknown = 'pending' | 'offline' | 'timeout' | 'denied' | 'untrusted' | 'error' | 'unparsable' | 'too-large';

/** What a look-up said. `absent` is a verdict of the source ("there is no such thing"), `unknown` is none. */
export type Answer<V> =
  | { readonly state: 'known'; readonly value: V; readonly asOf: number }
  | { readonly state: 'absent'; readonly asOf: number }
  | { readonly state: 'unknown'; readonly why: Unknown; readonly detail?: string };

/** A known answer; `asOf` is milliseconds since the epoch. */
export function known<V>(value: V, asOf: number): Answer<V> {
  return { state: 'known', value, asOf };
}

/** The source's verdict that there is no such thing; `asOf` is milliseconds since the epoch. */
export function absent(asOf: number): Answer<never> {
  return { state: 'absent', asOf };
}

/** No answer. `detail` is a short sentence for the log and the hover; it never holds a credential. */
export function unknown(why: Unknown, detail?: string): Answer<never> {
  return detail === undefined ? { state: 'unknown', why } : { state: 'unknown', why, detail };
}

/**
 * A kind of online fact: its name, and how a key becomes one string. Rules and fixes ask for facts by kind; which
 * source answers is wired by the front (`cli`, `lsp`). `V` is carried only in the type.
 */
export interface FactKind<K, V> {
  readonly id: string;
  key(k: K): string;
  /** The package URL of what a key asks about, for reports (purl-spec). */
  purl(k: K): string;
  /** The kind whose answers say all that this one's do, and more: where one is known or asked for, this kind is not asked for as well. */
  readonly partOf?: FactKind<K, V>;
  /** How long an answer is good for, in milliseconds, where that is longer than fronts use answers by themselves. */
  readonly goodForMs?: number;
  /** A refusal (`denied`) is about all keys: reports tell it once for each file, and not once for each key. */
  readonly isRefusedAsOne?: true;
  readonly value?: () => V;
}

/** Asks for one fact now, over the network where the front allows it. Resolves always; aborting gives `unknown`. */
export type FetchFact = <K, V>(kind: FactKind<K, V>, key: K, signal: AbortSignal) => Promise<Answer<V>>;
