import type { Answer, FactKind, FetchFact } from '../core/answer.ts';
import { unknown } from '../core/answer.ts';
import { PUBLIC_GITHUB_URL } from '../core/facts.ts';
import { type FactLifetimes, FactStore, type FactView, OFFLINE_FACTS } from '../engine/fact-store.ts';
import type { NetworkMode } from '../policy/settings.ts';
import type { FactSource, Network } from './host.ts';
import type { RefreshResult, Status } from './protocol.ts';

/** A tag may move at any time: what is shown is asked again after ten minutes, a failed look-up after one. */
const LIFETIMES: FactLifetimes = { knownMs: 10 * 60 * 1000, unknownMs: 60 * 1000 };

/** How long answers of earlier sessions are gathered before rules run again for them, in ms. */
const GATHER_MS = 50;

/** How long a hover waits for a look-up, in milliseconds: a card that comes later than that comes beside the point. */
export const HOVER_WAIT_MS = 1500;

/** What decides whether and how something may be looked up. */
export interface LookUpSettings {
  readonly network: NetworkMode;
  readonly trusted: boolean;
  readonly githubServerUrl: string;
  readonly credentialHelpers: boolean;
}

/** Whom look-ups tell. */
export interface LookUpListener {
  status(status: Status): void;
  /** Something is known from an earlier session that was not known a moment ago. */
  remembered(): void;
  /** A hover found something out: rules may see it from now on. */
  learned(): void;
}

/** The facts of one server and trust. */
interface Store {
  readonly source: FactSource;
  readonly facts: FactStore;
  /** What was looked for on the disk already. */
  readonly sought: Set<string>;
}

/** The server's only way to the network, in the three modes of `waybill.network`. */
export class LookUps {
  readonly #listener: LookUpListener;
  readonly #network: Network | undefined;
  readonly #stores = new Map<string, Store>();
  #cacheFolder: string | undefined;
  #underWay = 0;
  #failure: string | undefined;
  #remembered: NodeJS.Timeout | undefined;

  /** Without a network every setting of it counts as `off`. */
  constructor(network: Network | undefined, listener: LookUpListener) {
    this.#network = network;
    this.#listener = listener;
  }

  /** Where answers outlive the session; undefined leaves it to the system. To be said before the first look-up. */
  keepIn(cacheFolder: string | undefined): void {
    this.#cacheFolder = cacheFolder;
  }

  /** The GitHub server that holds under some settings. */
  serverUrl({ githubServerUrl }: LookUpSettings): string {
    return githubServerUrl || this.#network?.env.GITHUB_SERVER_URL || PUBLIC_GITHUB_URL;
  }

  /** What rules see: only in the background mode more than what is known already, and nothing where the network is off. */
  view(settings: LookUpSettings): FactView {
    if (this.#network === undefined || settings.network === 'off') return OFFLINE_FACTS;
    const store = this.#store(this.#network, settings);
    const { facts } = store;
    const mayAsk = settings.network === 'background' && settings.trusted;
    return {
      get: (kind, key) => {
        const known = facts.peek(kind, key);
        if (known !== undefined) return known;
        this.#seek(store, kind, key);
        return mayAsk ? facts.get(kind, key) : unknown('offline');
      },
    };
  }

  /** What may be shown with its age: also what is too old for a verdict. */
  shown(settings: LookUpSettings): FactView {
    const view = this.view(settings);
    if (this.#network === undefined || settings.network === 'off') return view;
    const { facts } = this.#store(this.#network, settings);
    return {
      get: (kind, key) => {
        const answer = view.get(kind, key);
        return answer.state === 'unknown' ? (facts.last(kind, key) ?? answer) : answer;
      },
    };
  }

  /** Looks up what rules asked for in the background mode. True where something new is known. */
  async resolvePending(settings: LookUpSettings, signal: AbortSignal): Promise<boolean> {
    if (this.#network === undefined || settings.network !== 'background' || !settings.trusted) return false;
    return await this.#resolve(this.#store(this.#network, settings), signal);
  }

  /** A look-up that the user asked for; what it finds, rules may see from then on. A fix gets an answer of this very moment. */
  fetch(settings: LookUpSettings): FetchFact {
    if (this.#network === undefined || settings.network === 'off') return async () => unknown('offline', 'waybill.network is off');
    const { facts, source } = this.#store(this.#network, settings);
    return async (kind, key, signal) => {
      const answer = await this.#track(() => source.fetchFresh(kind, key, signal));
      facts.put(kind, key, answer);
      this.#note(kind, key, answer);
      return answer;
    };
  }

  /**
   * For one hover: what is known already, else a look-up, which goes on when the hover does not wait for it any more. All questions of the
   * hover share its time. In a workspace that is not trusted nothing is looked up, because pointing at something is no wish to contact it.
   */
  forHover(settings: LookUpSettings): FetchFact {
    const network = this.#network;
    if (network === undefined || settings.network === 'off') return this.fetch(settings);
    const { facts, source } = this.#store(network, settings);
    const until = Date.now() + HOVER_WAIT_MS;
    const lookUp: FetchFact = async (kind, key, signal) => {
      const answer = await this.#track(() => source.fetch(kind, key, signal));
      // A failure takes nothing away that is known.
      if (answer.state !== 'unknown' || !isAnswer(facts.last(kind, key))) facts.put(kind, key, answer);
      this.#note(kind, key, answer);
      if (isAnswer(answer)) this.#listener.learned();
      return answer;
    };
    return async (kind, key, signal) => {
      const kept = facts.peek(kind, key);
      if (isAnswer(kept)) return kept;
      if (!settings.trusted) return unknown('untrusted', 'nothing is looked up for a hover before the workspace is trusted');
      const answer = kept ?? (await within(until - Date.now(), lookUp(kind, key, new AbortController().signal), signal));
      if (isAnswer(answer)) return answer;
      // What is old is better than nothing: it is shown with its age. Of an earlier session it lies on the disk.
      const last = facts.last(kind, key);
      const old = isAnswer(last) ? last : await source.kept(kind, key, signal).catch(() => undefined);
      return isAnswer(old) ? old : answer;
    };
  }

  /** Only what is known already: for what happens without being asked for, such as fixing on save. */
  known(settings: LookUpSettings): FetchFact {
    const view = this.view({ ...settings, network: settings.network === 'off' ? 'off' : 'onDemand' });
    return async (kind, key) => view.get(kind, key);
  }

  /** Forgets everything that was looked up, on the disk too. What was known is wanted again. */
  async forget(settings: LookUpSettings): Promise<void> {
    if (this.#network === undefined) return;
    this.#store(this.#network, settings);
    for (const { source, facts, sought } of this.#stores.values()) {
      await source.forget();
      facts.forget();
      sought.clear();
    }
    this.#failure = undefined;
    this.#report();
  }

  /**
   * Asks for what is wanted, because the user said so. Nothing is asked where the network is off, or the workspace is not trusted:
   * the repository would choose what is asked then.
   */
  async askAgain(settings: LookUpSettings, signal: AbortSignal): Promise<RefreshResult> {
    if (this.#network === undefined || settings.network === 'off' || !settings.trusted) return { asked: 0, unknown: 0 };
    const store = this.#store(this.#network, settings);
    const asked = store.facts.pending;
    let unanswered = 0;
    await this.#resolve(store, signal, () => unanswered++);
    return { asked, unknown: unanswered };
  }

  /** Which registry serves a name may have changed: what is remembered of this session does not hold any more. */
  async settingsChanged(): Promise<void> {
    const stores = [...this.#stores.values()];
    this.#stores.clear();
    await Promise.all(stores.map(({ source }) => source.close()));
  }

  /** Writes down what outlives the session. */
  async close(): Promise<void> {
    clearTimeout(this.#remembered);
    await this.settingsChanged();
  }

  async #resolve({ facts, source }: Store, signal: AbortSignal, onUnknown?: () => void): Promise<boolean> {
    if (facts.pending === 0) return false;
    await this.#track(() =>
      facts.resolve(signal, async (kind, key) => {
        const answer = await source.fetch(kind, key, signal);
        if (answer.state === 'unknown') onUnknown?.();
        this.#note(kind, key, answer);
        return answer;
      }),
    );
    return true;
  }

  /** Looks once for what an earlier session found out. */
  #seek<K, V>({ source, facts, sought }: Store, kind: FactKind<K, V>, key: K): void {
    const id = `${kind.id} ${kind.key(key)}`;
    if (sought.has(id)) return;
    sought.add(id);
    void source
      .kept(kind, key, new AbortController().signal)
      .then((answer) => {
        if (answer === undefined || answer.state === 'unknown' || facts.last(kind, key) !== undefined) return;
        facts.put(kind, key, answer);
        this.#remembered ??= setTimeout(() => {
          this.#remembered = undefined;
          this.#listener.remembered();
        }, GATHER_MS);
      })
      // What cannot be read of the disk is as good as never kept.
      .catch(() => undefined);
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
    this.#listener.status(this.#failure === undefined ? { lookUps: this.#underWay } : { lookUps: this.#underWay, failure: this.#failure });
  }

  /** One store per server and trust: credentials go only where the user trusts the workspace. */
  #store({ env, connect }: Network, { trusted, githubServerUrl, credentialHelpers }: LookUpSettings): Store {
    const serverUrl = githubServerUrl || env.GITHUB_SERVER_URL || undefined;
    const helpers = trusted && credentialHelpers;
    const id = `${trusted} ${helpers} ${serverUrl ?? ''}`;
    const known = this.#stores.get(id);
    if (known !== undefined) return known;
    // The token is for the server that the environment names. A setting, which a repository may bring along, must not send it elsewhere.
    const own = env.GITHUB_SERVER_URL || PUBLIC_GITHUB_URL;
    const isOwn = serverUrl === undefined || sameOrigin(serverUrl, own);
    const token = trusted && isOwn ? env.GITHUB_TOKEN || env.GH_TOKEN || undefined : undefined;
    let facts: FactStore | undefined;
    const source = connect({
      ...{ serverUrl, token, trusted },
      credentialHelpers: helpers,
      cacheFolder: this.#cacheFolder,
      held: (kind, key) => facts?.peek(kind, key),
    });
    facts = new FactStore(source.fetch, LIFETIMES);
    const made = { source, facts, sought: new Set<string>() };
    this.#stores.set(id, made);
    return made;
  }
}

/** Whether a source has said something. */
function isAnswer<V>(answer: Answer<V> | undefined): answer is Exclude<Answer<V>, { readonly state: 'unknown' }> {
  return answer !== undefined && answer.state !== 'unknown';
}

/** An answer, or `pending` where it does not come in so many milliseconds. */
function within<V>(ms: number, answer: Promise<Answer<V>>, signal: AbortSignal): Promise<Answer<V>> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => resolve(unknown('pending'));
    const timer = setTimeout(giveUp, Math.max(0, ms));
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
