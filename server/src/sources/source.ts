import { type Answer, absent, unknown } from '../core/answer.ts';
import { plain } from '../core/untrusted.ts';
import type { Http, HttpFailure, HttpResponse } from './http.ts';
import { clockTime, retryAfterMs } from './retry-after.ts';

/** The time limit of one request, in milliseconds. */
export const LOOKUP_TIMEOUT_MS = 5_000;

/** A host that a source contacts, for the privacy table. */
export interface SourceHost {
  /** A host name, or words for a host that the document or a setting names. */
  readonly host: string;
  /** What is asked there and what the host learns, as one sentence. */
  readonly reason: string;
}

/** The place of an answer that outlives the session. */
export interface KeepUnder {
  /** Made of the origin, the identity that asks, and the key: what one account may see never shows to another. */
  readonly id: string;
  /**
   * Whether the host is this very machine. It is asked again all the same, because that costs nothing, and whoever runs a server
   * of his own changes what it serves.
   */
  readonly isLocal: boolean;
}

/** Answers one kind of fact. `id` is the id of the `FactKind` that it answers. */
export interface Source<K, V> {
  readonly id: string;
  readonly hosts: readonly SourceHost[];
  /** How long a known answer may be used without asking again, in milliseconds. */
  readonly ttlMs: number;
  /** What it keeps is its own record, which nobody could tell again: forgetting answers leaves it. */
  readonly isLedger?: true;
  /** About how many bytes a value takes in memory, where that may be many. */
  weigh?(value: V): number;
  /** Asks. Resolves always; an aborted look-up is `unknown('pending')`. `stale` is what was known before, for asking whether it changed. */
  fetch(key: K, http: Http, signal: AbortSignal, stale?: V): Promise<Answer<V>>;
  /** Under what an answer may be kept; undefined where it is not to be kept beyond the session. */
  keepUnder?(key: K, signal: AbortSignal): Promise<KeepUnder | undefined>;
  /**
   * On what answers rest besides the key, as text: what it is now (once `keepUnder` has resolved), and what it was for a value that was
   * fetched. An answer that rests on anything else than what is now is not used again.
   */
  readonly basis?: { now(): string; of(value: V): string };
  /** How many answers are remembered for the session; `MAX_CACHED_ANSWERS` unless given. */
  readonly remembers?: number;
  /** A value that was kept, checked; undefined where it is none of ours. Without it nothing is kept beyond the session. */
  read?(value: unknown): V | undefined;
  /** Forgets what the source remembers by itself. */
  forget?(): void;
}

/** A request that got no response, as an answer. */
export function answerFailure({ why, detail }: HttpFailure): Answer<never> {
  return unknown(why === 'aborted' ? 'pending' : why, detail);
}

/** A response that no source has a better reading for. `asOf` is milliseconds since the epoch. */
export function answerStatus(response: HttpResponse, asOf: number): Answer<never> {
  const host = plain(response.url.host, 100);
  switch (response.status) {
    case 401:
    case 403:
      // GitHub limits look-ups with 403, and then says how long.
      if (response.status === 403 && response.headers.has('retry-after')) {
        return unknown('error', `${host} limits look-ups (HTTP 403)${retryAfter(response, asOf)}`);
      }
      return unknown('denied', `${host} does not show this without credentials (HTTP ${response.status})`);
    case 404:
      return absent(asOf);
    case 429:
      return unknown('error', `${host} limits look-ups (HTTP 429)${retryAfter(response, asOf)}`);
    default:
      return unknown('error', `${host} answered HTTP ${response.status}${retryAfter(response, asOf)}`);
  }
}

function retryAfter(response: HttpResponse, now: number): string {
  const ms = retryAfterMs(response.headers.get('retry-after'), now);
  return ms === undefined ? '' : `; it asks to wait ${Math.ceil(ms / 1000)} s, until ${clockTime(now + ms)}`;
}

/** The media type of a response in lower case, without its parameters. */
export function mediaTypeOf(response: HttpResponse): string {
  return (response.headers.get('content-type') ?? '').replace(/;.*/s, '').trim().toLowerCase();
}
