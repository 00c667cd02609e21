import { type Answer, type FactKind, type FetchFact, unknown } from '../core/answer.ts';
import type { CredentialProvider } from '../core/image-credential.ts';
import { npmPackument, type PackageKey, type PackageVersions, type RegistryOf } from '../core/npm-facts.ts';
import type { PackageVerifier } from '../core/provenance.ts';
import { type RefreshedRoot, trustRoot } from '../core/trust-root.ts';
import type { SharedStorage } from './fact-cache.ts';
import { createFetcher, type Fetcher } from './fetcher.ts';
import { createFirstSeenSource } from './first-seen.ts';
import { createGitAncestrySource, createGitDatesSource, createGitFileSource } from './git-objects.ts';
import { createGitRefsSource } from './git-refs.ts';
import { createGitRemote } from './git-remote.ts';
import { createHttp } from './http.ts';
import { createNewestVerifier } from './newest-verifier.ts';
import { createNpmAdvisoriesSource, createNpmLockAdvisoriesSource } from './npm-advisories.ts';
import { createNpmProvenanceSource } from './npm-attestations.ts';
import { createNpmKeysSource } from './npm-keys.ts';
import { createNpmPackumentSource, createNpmVersionsSource } from './npm-registry.ts';
import { createOciRegistrySources } from './oci-registry.ts';
import type { Environment } from './proxy.ts';
import type { SourceHost } from './source.ts';
import { createTrustRootSource, type TrustRootPlace } from './trust-root.ts';

/** An answer that is at hand and holds; undefined where there is none. */
export type HeldFact = <K, V>(kind: FactKind<K, V>, key: K) => Answer<V> | undefined;

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
  /** Which registry serves a package's name; the public one serves all unless given. */
  readonly registryOf?: RegistryOf | undefined;
  /** What verifies packages; without it nothing is known of where they come from. */
  readonly verifier?: PackageVerifier | undefined;
  /** Where the verifier's trust root is refreshed from; it stays what it is unless given. */
  readonly trustRootFrom?: TrustRootPlace | undefined;
  /** What the front holds already: asked before a question that one source has for another. */
  readonly held?: HeldFact | undefined;
  /** Packages are verified, thousands perhaps: what is kept are the verdicts, and documents only until the next one. */
  readonly verifiesOnly?: boolean | undefined;
  /** Where answers outlive the session; they do not without it. */
  readonly storage?: SharedStorage | undefined;
  /** Where the proxy variables are read from; `process.env` unless given. */
  readonly env?: Environment | undefined;
  /** Milliseconds since the epoch; for tests. */
  readonly now?: (() => number) | undefined;
}

/** A source, for the privacy table. */
export interface SourceInfo {
  readonly id: string;
  readonly hosts: readonly SourceHost[];
  /** How long an answer is used without asking again, in milliseconds. */
  readonly ttlMs: number;
  /** Whether answers outlive the session where there is a storage. */
  readonly isKept: boolean;
  /** Whether it is a record that is kept for good. */
  readonly isLedger: boolean;
}

/** The wired sources. */
export interface Sources {
  /** Asks, unless an answer is remembered or kept that is not too old. */
  readonly fetchFact: FetchFact;
  /** Asks, unless the answer is of this very moment: for fixes, which write down what it says. */
  readonly fetchFresh: FetchFact;
  /** What is remembered or kept of earlier look-ups, however old: `asOf` says. Nothing is asked; undefined where there is nothing. */
  keptFact<K, V>(kind: FactKind<K, V>, key: K, signal: AbortSignal): Promise<Answer<V> | undefined>;
  readonly sources: readonly SourceInfo[];
  /** Forgets all answers, those of earlier sessions too; ledgers stay. */
  forget(): Promise<void>;
  /** Writes down what outlives the session. */
  flush(): Promise<void>;
  /** Forgets the session's answers and closes idle connections. Resolves when what outlives it is written. */
  close(): Promise<void>;
}

/** Wires all sources. Equal questions share one look-up, and its answer for as long as the source allows. */
export function createSources(options: SourcesOptions): Sources {
  const { online, serverUrl, token, credentials, registryOf, storage, env = process.env, now = Date.now } = options;
  const { held, verifiesOnly = false } = options;
  const http = createHttp({ online, env, now });
  const remote = createGitRemote({ serverUrl, token, now });
  const images = createOciRegistrySources({ credentials, now });
  const roots = options.trustRootFrom && createTrustRootSource({ place: options.trustRootFrom, storage, now });
  const verifier = options.verifier && createNewestVerifier(options.verifier, roots && { kept: roots.kept, fetch: fetchRoot });
  const packuments = createFetcher(createNpmPackumentSource({ registryOf, now }), { http, now, storage, isPassing: verifiesOnly });
  const versions = createNpmVersionsSource({
    registryOf,
    now,
    // A registry may have no short documents, and answer with the whole one.
    onWhole: (key, answer) => packuments.put({ key, id: npmPackument.key(key) }, answer),
  });
  const fetchers: readonly Fetcher<never, unknown>[] = [
    createFetcher(createGitRefsSource(remote), { http, now, storage }),
    createFetcher(createGitAncestrySource(remote), { http, now, storage }),
    createFetcher(createGitDatesSource(remote), { http, now, storage }),
    createFetcher(createGitFileSource(remote), { http, now, storage }),
    createFetcher(createFirstSeenSource({ storage, server: remote.address, now }), { http, now }),
    createFetcher(images.digest, { http, now, storage }),
    createFetcher(images.manifest, { http, now, storage }),
    createFetcher(images.content, { http, now, storage }),
    createFetcher<PackageKey, PackageVersions>(versions, { http, now, storage, wider: packuments }),
    packuments,
    createFetcher(createNpmKeysSource({ registryOf, now }), { http, now, storage }),
    createFetcher(createNpmProvenanceSource({ registryOf, verifier, now, fetchFact: fetchUnlessHeld }), {
      http,
      now,
      storage,
    }),
    ...(roots === undefined ? [] : [createFetcher(roots, { http, now })]),
    createFetcher(createNpmAdvisoriesSource({ registryOf, now }), { http, now, storage }),
    createFetcher(createNpmLockAdvisoriesSource({ now, fetchFact: (...question) => fetchFact(...question) }), { http, now }),
  ];
  const fetcherOf = <K, V>(kind: FactKind<K, V>): Fetcher<K, V> | undefined => fetchers.find((candidate) => answers(candidate, kind));
  const flush = async (): Promise<void> => {
    await Promise.all(fetchers.map((fetcher) => fetcher.flush()));
  };

  function asking(how: 'fetch' | 'fetchFresh'): FetchFact {
    return async (kind, key, signal) => {
      if (!online) return unknown('offline', 'look-ups are off');
      return (await fetcherOf(kind)?.[how]({ key, id: kind.key(key) }, signal)) ?? unknown('error', `nothing answers ${kind.id}`);
    };
  }

  function fetchRoot(signal: AbortSignal): Promise<Answer<RefreshedRoot>> {
    // The source knows itself how often its repository is asked.
    return asking('fetchFresh')(trustRoot, { address: options.trustRootFrom?.address ?? '' }, signal);
  }

  const fetchFact = asking('fetch');
  async function fetchUnlessHeld<K, V>(kind: FactKind<K, V>, key: K, signal: AbortSignal): Promise<Answer<V>> {
    const answer = held?.(kind, key);
    return answer === undefined || answer.state === 'unknown' ? await fetchFact(kind, key, signal) : answer;
  }
  return {
    fetchFact,
    fetchFresh: asking('fetchFresh'),
    keptFact: async (kind, key, signal) => fetcherOf(kind)?.kept({ key, id: kind.key(key) }, signal),
    sources: fetchers.map(({ source: { id, hosts, ttlMs, keepUnder, isLedger = false } }) => {
      return { id, hosts, ttlMs, isKept: keepUnder !== undefined, isLedger };
    }),
    forget: async () => {
      await Promise.all(fetchers.map((fetcher) => fetcher.forget()));
    },
    flush,
    close: async () => {
      for (const fetcher of fetchers) fetcher.clear();
      verifier?.close();
      http.close();
      await flush();
    },
  };
}

/** Source and kind belong together when their ids are equal; the compiler cannot know that. */
function answers<K, V>(fetcher: Fetcher<never, unknown>, kind: FactKind<K, V>): fetcher is Fetcher<K, V> {
  return fetcher.source.id === kind.id;
}
