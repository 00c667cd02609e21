import { type Answer, type FactKind, type FetchFact, unknown } from '../core/answer.ts';
import type { Storage } from '../core/storage.ts';
import { createFetcher, type Fetcher } from './fetcher.ts';
import { createFirstSeenSource } from './first-seen.ts';
import { createGitAncestrySource, createGitDatesSource, createGitFileSource } from './git-objects.ts';
import { createGitRefsSource } from './git-refs.ts';
import { createGitRemote } from './git-remote.ts';
import { createHttp } from './http.ts';
import { type CredentialProvider, createOciRegistrySource } from './oci-registry.ts';
import type { Environment } from './proxy.ts';
import type { SourceHost } from './source.ts';

/** What the sources need from their front. */
export interface SourcesOptions {
  /** False: nothing is ever contacted and every fact is `unknown('offline')`. */
  readonly online: boolean;
  /** A GitHub server; the public one unless given. */
  readonly serverUrl?: string | undefined;
  /** A token for that server. */
  readonly token?: string | undefined;
  /** The user's credentials for registries; every request to one is anonymous unless given. */
  readonly credentials?: CredentialProvider | undefined;
  /** Where what must outlive the session is kept; memory unless given. */
  readonly storage?: Storage | undefined;
  /** Where the proxy variables are read from; `process.env` unless given. */
  readonly env?: Environment | undefined;
  /** Milliseconds since the epoch; for tests. */
  readonly now?: (() => number) | undefined;
}

/** A source, for the privacy table. */
export interface SourceInfo {
  readonly id: string;
  readonly hosts: readonly SourceHost[];
}

/** The wired sources. */
export interface Sources {
  readonly fetchFact: FetchFact;
  readonly sources: readonly SourceInfo[];
  /** Forgets all answers and closes idle connections. */
  close(): void;
}

/** Wires all sources. Equal questions share one look-up, and its answer for as long as the source allows. */
export function createSources({
  online,
  serverUrl,
  token,
  credentials,
  storage,
  env = process.env,
  now = Date.now,
}: SourcesOptions): Sources {
  const http = createHttp({ online, env, now });
  const remote = createGitRemote({ serverUrl, token, now });
  const fetchers: readonly Fetcher<never, unknown>[] = [
    createFetcher(createGitRefsSource(remote), { http, now }),
    createFetcher(createGitAncestrySource(remote), { http, now }),
    createFetcher(createGitDatesSource(remote), { http, now }),
    createFetcher(createGitFileSource(remote), { http, now }),
    createFetcher(createFirstSeenSource({ storage, server: remote.address, now }), { http, now }),
    createFetcher(createOciRegistrySource({ credentials, now }), { http, now }),
  ];

  async function fetchFact<K, V>(kind: FactKind<K, V>, key: K, signal: AbortSignal): Promise<Answer<V>> {
    if (!online) return unknown('offline', 'look-ups are off');
    const fetcher = fetchers.find((candidate) => answers(candidate, kind));
    return fetcher?.fetch({ key, id: kind.key(key) }, signal) ?? unknown('error', `nothing answers ${kind.id}`);
  }

  return {
    fetchFact,
    sources: fetchers.map(({ source: { id, hosts } }) => ({ id, hosts })),
    close: () => {
      for (const fetcher of fetchers) fetcher.clear();
      http.close();
    },
  };
}

/** Source and kind belong together when their ids are equal; the compiler cannot know that. */
function answers<K, V>(fetcher: Fetcher<never, unknown>, kind: FactKind<K, V>): fetcher is Fetcher<K, V> {
  return fetcher.source.id === kind.id;
}
