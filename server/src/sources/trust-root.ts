import { createHash } from 'node:crypto';
import { type Answer, known, unknown } from '../core/answer.ts';
import { PUBLIC_NPM_REGISTRY_URL } from '../core/public-npm-registry.ts';
import { type RefreshedRoot, type TrustRootKey, trustRoot } from '../core/trust-root.ts';
import { plain } from '../core/untrusted.ts';
import type { Opened } from '../tuf/index.ts';
import { SNAPSHOT_DATE, TUF_ADDRESS } from '../tuf/repository.generated.ts';
import { EMPTY_STATE, type TufGet, type TufKept, type TufRepository, type TufState } from '../tuf/state.ts';
import { CLOCK_TOLERANCE_MS, MAX_CACHE_UNITS, type SharedStorage } from './fact-cache.ts';
import type { Http } from './http.ts';
import { LOOKUP_TIMEOUT_MS, type Source } from './source.ts';

/** How long a trust root is used without asking whether there is a newer one, in milliseconds. It changes once or twice a year. */
export const REFRESH_MS = 24 * 60 * 60 * 1000;

/** How long a repository is left alone that did not give a trust root, in milliseconds: also by sessions after this one. */
export const RETRY_MS = 60 * 60 * 1000;

/** The time limit of one refresh, in milliseconds: the first one makes up to eight requests one after the other. */
export const REFRESH_TIMEOUT_MS = 20_000;

/** The name under which the repository's metadata are kept. */
const NAME = trustRoot.id;

/** Where a trust root is refreshed from. */
export interface TrustRootPlace extends Omit<TufRepository, 'files'> {
  /** Without a slash at its end. */
  readonly address: string;
}

/** Sigstore's own repository. */
export const SIGSTORE: TrustRootPlace = { address: TUF_ADDRESS, since: Date.parse(SNAPSHOT_DATE) };

/** What is wanted of it: the trust root, and the keys of the public npm registry. */
export const TARGETS = ['trusted_root.json', `${new URL(PUBLIC_NPM_REGISTRY_URL).host}/keys.json`] as const;

/** A source that can also say what is kept, without a connection. */
export interface TrustRootSource extends Source<TrustRootKey, RefreshedRoot> {
  /** The newest that was had in this session or an earlier one, verified again. */
  kept(): Promise<Answer<RefreshedRoot>>;
}

/** What the source needs. */
export interface TrustRootOptions {
  readonly place: TrustRootPlace;
  /** Memory for this session only unless given. */
  readonly storage?: SharedStorage | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * The trust root that a repository has, as The Update Framework verifies it. At most once a day it is asked for, and after a failure not
 * within the hour; what was had before stays then.
 */
export function createTrustRootSource({ place, storage, now }: TrustRootOptions): TrustRootSource {
  const repository: TufRepository = { ...place, files: TARGETS };
  let session: TufKept = { state: EMPTY_STATE, triedAt: 0 };
  let sessionText: string | undefined;
  let checked: { readonly of: TufState; readonly opened: Opened } | undefined;

  /** Another session may have written meanwhile. */
  const load = async (): Promise<TufKept> => {
    const text = await storage?.read(NAME);
    if (text === undefined || text === sessionText || text.length > MAX_CACHE_UNITS) return session;
    session = (await import('../tuf/index.ts')).readKept(text, place.address) ?? session;
    sessionText = text;
    return session;
  };

  const save = async (kept: TufKept): Promise<void> => {
    session = kept;
    sessionText = (await import('../tuf/index.ts')).keptText(kept, place.address);
    if (sessionText.length <= MAX_CACHE_UNITS) await storage?.write(NAME, sessionText);
  };

  const opened = async (of: TufState): Promise<Opened> => {
    if (checked?.of !== of) checked = { of, opened: await (await import('../tuf/index.ts')).reopen(of, repository, now()) };
    return checked.opened;
  };

  /** What of a state holds. Without one the code that verifies is not even read. */
  const verified = async ({ state }: TufKept): Promise<TufState> => (state === EMPTY_STATE ? state : (await opened(state)).state);

  return {
    id: NAME,
    hosts: [
      {
        host: new URL(place.address).host,
        reason: "Sigstore's trust root, through The Update Framework. The host learns that somebody verifies packages, and not which.",
      },
    ],
    isLedger: true,
    ttlMs: REFRESH_MS,
    kept: async () => answerOf(await verified(await load()), 'nothing was ever had'),
    fetch: async ({ address }, http, signal) => {
      if (address !== place.address) return unknown('denied', 'no root metadata are known of this repository');
      const at = now();
      const before = await load();
      const state = await verified(before);
      const isFresh = state.good !== undefined && at - state.good.at < REFRESH_MS;
      const isTried = before.triedAt <= at + CLOCK_TOLERANCE_MS && at - before.triedAt < RETRY_MS;
      if (isFresh || isTried) return answerOf(state, plain(before.problem ?? '', MAX_PROBLEM_UNITS) || 'it was asked a short while ago');
      const from = await opened(before.state);
      // A process that ends meanwhile has tried as well.
      await save({ state, triedAt: at });
      const limit = AbortSignal.any([signal, AbortSignal.timeout(REFRESH_TIMEOUT_MS)]);
      const { update } = await import('../tuf/index.ts');
      const { state: after, problem } = await update(from, { repository, now: at, get: getter(http, address, limit) });
      const said = problem === undefined ? undefined : plain(problem, MAX_PROBLEM_UNITS);
      await save({ state: after, triedAt: at, ...(said === undefined ? {} : { problem: said }) });
      return answerOf(after, said ?? '');
    },
  };
}

const MAX_PROBLEM_UNITS = 300;

function answerOf({ good }: TufState, otherwise: string): Answer<RefreshedRoot> {
  const [trustedRoot, registryKeys] = TARGETS.map((path) => good?.files.find(([name]) => name === path)?.[1]);
  if (good === undefined || trustedRoot === undefined) return unknown('error', otherwise);
  const digest = createHash('sha256')
    .update(JSON.stringify([trustedRoot, registryKeys]))
    .digest('hex');
  const date = new Date(good.at).toISOString().slice(0, 10);
  return known({ trustedRoot, ...(registryKeys === undefined ? {} : { registryKeys }), date, digest }, good.at);
}

function getter(http: Http, address: string, signal: AbortSignal): TufGet {
  return async (path, maxBytes) => {
    const url = `${address}/${path}`;
    const sent = await http.request({ method: 'GET', url, maxBytes, timeoutMs: LOOKUP_TIMEOUT_MS, staysAtHost: true }, signal);
    if (!sent.ok) return { ok: false, error: sent.error.detail };
    const { status, body, url: from } = sent.value;
    if (status === 200) return { ok: true, value: body };
    // Stores of objects that let nobody list them say "forbidden" of what they do not have.
    if (status === 404 || status === 403) return { ok: true, value: undefined };
    return { ok: false, error: `${plain(from.host, 100)} answered HTTP ${status}` };
  };
}
