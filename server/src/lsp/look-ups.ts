import type { Answer, FactKind, FetchFact } from '../core/answer.ts';
import { unknown } from '../core/answer.ts';
import { PUBLIC_GITHUB_URL } from '../core/facts.ts';
import { type FactLifetimes, FactStore, type FactView, OFFLINE_FACTS } from '../engine/fact-store.ts';
import type { NetworkMode } from '../policy/settings.ts';
import type { Network } from './host.ts';
import type { Status } from './protocol.ts';

/** A tag may move at any time: what is shown is asked again after ten minutes, a failed look-up after one. */
const LIFETIMES: FactLifetimes = { knownMs: 10 * 60 * 1000, unknownMs: 60 * 1000 };

/** How long a hover waits for a look-up, in milliseconds: a card that comes later than that comes beside the point. */
export const HOVER_WAIT_MS = 1500;

/** What decides whether and how something may be looked up. */
export interface LookUpSettings {
  readonly network: NetworkMode;
  readonly trusted: boolean;
  readonly githubServerUrl: string;
  readonly credentialHelpers: boolean;
}

/** The server's only way to the network, in the three modes of `waybill.network`. */
export class LookUps {
  readonly #onStatus: (status: Status) => void;
  readonly #network: Network | undefined;
  readonly #stores = new Map<string, { readonly fetch: FetchFact; readonly facts: FactStore }>();
  #underWay = 0;
  #failure: string | undefined;

  /** Without a network every setting of it counts as `off`. */
  constructor(network: Network | undefined, onStatus: (status: Status) => void) {
    this.#network = network;
    this.#onStatus = onStatus;
  }

  /** The GitHub server that holds under some settings. */
  serverUrl({ githubServerUrl }: LookUpSettings): string {
    return githubServerUrl || this.#network?.env.GITHUB_SERVER_URL || PUBLIC_GITHUB_URL;
  }

  /** What rules see: only in the background mode more than what is known already, and nothing where the network is off. */
  view(settings: LookUpSettings): FactView {
    if (this.#network === undefined || settings.network === 'off') return OFFLINE_FACTS;
    const { facts } = this.#store(this.#network, settings);
    if (settings.network === 'background' && settings.trusted) return facts;
    return { get: (kind, key) => facts.peek(kind, key) ?? unknown('offline') };
  }

  /** Looks up what rules asked for in the background mode. True where something new is known. */
  async resolvePending(settings: LookUpSettings, signal: AbortSignal): Promise<boolean> {
    if (this.#network === undefined || settings.network !== 'background' || !settings.trusted) return false;
    const { facts } = this.#store(this.#network, settings);
    if (facts.pending === 0) return false;
    await this.#track(() => facts.resolve(signal));
    return true;
  }

  /** A look-up that the user asked for; what it finds, rules may see from then on. */
  fetch(settings: LookUpSettings): FetchFact {
    if (this.#network === undefined || settings.network === 'off') return async () => unknown('offline', 'waybill.network is off');
    const { facts, fetch } = this.#store(this.#network, settings);
    return async (kind, key, signal) => {
      const answer = await this.#track(() => fetch(kind, key, signal));
      facts.put(kind, key, answer);
      this.#note(kind, key, answer);
      return answer;
    };
  }

  /**
   * For a hover: what is known already, else a look-up, which goes on when the hover does not wait for it any more. In a
   * workspace that is not trusted nothing is looked up, because pointing at something is no wish to contact it.
   */
  forHover(settings: LookUpSettings): FetchFact {
    const network = this.#network;
    if (network === undefined || settings.network === 'off') return this.fetch(settings);
    const { facts } = this.#store(network, settings);
    const lookUp = this.fetch(settings);
    return async (kind, key, signal) => {
      const kept = facts.peek(kind, key);
      if (kept !== undefined) return kept;
      if (!settings.trusted) return unknown('untrusted', 'nothing is looked up for a hover before the workspace is trusted');
      return await withinHover(lookUp(kind, key, new AbortController().signal), signal);
    };
  }

  /** Only what is known already: for what happens without being asked for, such as fixing on save. */
  known(settings: LookUpSettings): FetchFact {
    const view = this.view({ ...settings, network: settings.network === 'off' ? 'off' : 'onDemand' });
    return async (kind, key) => view.get(kind, key);
  }

  #note<K, V>(kind: FactKind<K, V>, key: K, answer: Answer<V>): void {
    this.#failure =
      answer.state === 'unknown'
        ? `${kind.purl(key)}: ${answer.why}${answer.detail === undefined ? '' : ` (${answer.detail})`}`
        : undefined;
    this.#report();
  }

  async #track<T>(work: () => Promise<T>): Promise<T> {
    this.#underWay++;
    this.#report();
    try {
      return await work();
    } finally {
      this.#underWay--;
      this.#report();
    }
  }

  #report(): void {
    this.#onStatus(this.#failure === undefined ? { lookUps: this.#underWay } : { lookUps: this.#underWay, failure: this.#failure });
  }

  /** One store per server and trust: credentials go only where the user trusts the workspace. */
  #store(
    { env, connect }: Network,
    { trusted, githubServerUrl, credentialHelpers }: LookUpSettings,
  ): { readonly fetch: FetchFact; readonly facts: FactStore } {
    const serverUrl = githubServerUrl || env.GITHUB_SERVER_URL || undefined;
    const helpers = trusted && credentialHelpers;
    const id = `${trusted} ${helpers} ${serverUrl ?? ''}`;
    const known = this.#stores.get(id);
    if (known !== undefined) return known;
    // The token is for the server that the environment names. A setting, which a repository may bring along, must not send it elsewhere.
    const own = env.GITHUB_SERVER_URL || PUBLIC_GITHUB_URL;
    const isOwn = serverUrl === undefined || sameOrigin(serverUrl, own);
    const token = trusted && isOwn ? env.GITHUB_TOKEN || env.GH_TOKEN || undefined : undefined;
    const fetchFact = connect({ serverUrl, token, images: { trusted, helpers } });
    const made = { fetch: fetchFact, facts: new FactStore(fetchFact, LIFETIMES) };
    this.#stores.set(id, made);
    return made;
  }
}

/** An answer, or `pending` where it does not come in time. */
function withinHover<V>(answer: Promise<Answer<V>>, signal: AbortSignal): Promise<Answer<V>> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => resolve(unknown('pending', 'still being looked up'));
    const timer = setTimeout(giveUp, HOVER_WAIT_MS);
    signal.addEventListener('abort', giveUp);
    answer.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    });
  });
}

function sameOrigin(a: string, b: string): boolean {
  return URL.canParse(a) && URL.canParse(b) && new URL(a).origin === new URL(b).origin;
}
