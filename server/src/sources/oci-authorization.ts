import { type Answer, unknown } from '../core/answer.ts';
import type { Credential, CredentialProvider } from '../core/image-credential.ts';
import type { ImageRepositoryKey } from '../core/image-facts.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { plain } from '../core/untrusted.ts';
import { parseForeignAddress } from './address.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { Http, HttpResponse } from './http.ts';
import { answerFailure, answerStatus, LOOKUP_TIMEOUT_MS } from './source.ts';

/** The longest answer of a token server that is read, in bytes. */
export const MAX_TOKEN_BYTES = 64 * 1024;

/** How long a token is used where its server does not say, in milliseconds (distribution, "Token Authentication Specification"). */
export const DEFAULT_TOKEN_MS = 60 * 1000;

/** The longest time that an authorization is used again, in milliseconds. */
export const MAX_TOKEN_MS = 60 * 60 * 1000;

/** A repository at its registry's address. */
export interface OciPlace {
  readonly key: ImageRepositoryKey;
  /** As the registry's interface has it: `library/node`. */
  readonly repository: string;
  /** Any address of the repository; its origin is the registry's. */
  readonly url: URL;
}

/** Docker Hub's registry. */
export const DOCKER_HUB_HOST = 'registry-1.docker.io';

/** Docker Hub's token server, which belongs to another host than the registry. */
const DOCKER_HUB_REALM = 'https://auth.docker.io';

/** Who asks, and how. */
export interface Authorizing {
  readonly http: Http;
  readonly signal: AbortSignal;
}

/** Sends a request with an Authorization header, or without. */
export type Send = (authorization: string | undefined) => Promise<Result<HttpResponse, Answer<never>>>;

/** Keeps what repositories ask for, so that many images of one repository cost one token. */
export class OciAuthorization {
  readonly #credentials: CredentialProvider | undefined;
  readonly #now: () => number;
  readonly #known = new Map<string, { readonly header: string | undefined; readonly until: number }>();
  readonly #findingOut = new Map<string, Promise<unknown>>();

  /** Without `credentials` every request is anonymous. `now` gives milliseconds since the epoch. */
  constructor(credentials: CredentialProvider | undefined, now: () => number) {
    this.#credentials = credentials;
    this.#now = now;
  }

  /**
   * Sends a request: as the repository wanted it the last time, else without authorization and again as a 401 asks for it.
   * Whoever comes while the first one finds that out waits for it, once.
   */
  async send(place: OciPlace, send: Send, io: Authorizing): Promise<Result<HttpResponse, Answer<never>>> {
    const id = `${place.url.origin}/${place.repository}`;
    const findingOut = this.#recall(id) === undefined ? this.#findingOut.get(id) : undefined;
    // Not awaited where nobody does: the next caller must see at once that somebody does now.
    if (findingOut !== undefined) await findingOut.catch(() => undefined);
    const known = this.#recall(id);
    if (known !== undefined || this.#findingOut.has(id)) return this.#sendAs(known?.header, { id, place, send, io });
    const asked = this.#sendAs(undefined, { id, place, send, io });
    this.#findingOut.set(id, asked);
    try {
      return await asked;
    } finally {
      this.#findingOut.delete(id);
    }
  }

  async #sendAs(header: string | undefined, attempt: Attempt): Promise<Result<HttpResponse, Answer<never>>> {
    const { id, place, send, io } = attempt;
    const first = await send(header);
    if (!first.ok) return first;
    if (first.value.status !== 401) {
      if (header === undefined && first.value.url.origin === place.url.origin) this.#keep(id, undefined, MAX_TOKEN_MS);
      return first;
    }
    this.#known.delete(id);
    const granted = await this.#authorize(place, first.value, io);
    if (!granted.ok) return granted;
    const second = await send(granted.value.header);
    // What did not open the door, or was asked for by somebody else, is not used again.
    const isOurs = second.ok && second.value.status !== 401 && first.value.url.origin === place.url.origin;
    if (isOurs) this.#keep(id, granted.value.header, granted.value.forMs);
    return second;
  }

  #recall(id: string): { readonly header: string | undefined } | undefined {
    const known = this.#known.get(id);
    return known !== undefined && known.until > this.#now() ? known : undefined;
  }

  #keep(id: string, header: string | undefined, forMs: number): void {
    this.#known.delete(id);
    this.#known.set(id, { header, until: this.#now() + forMs });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_REPOSITORIES && oldest !== undefined) this.#known.delete(oldest);
  }

  /** The Authorization header that a 401 asks for, or the answer that remains without one. */
  async #authorize(place: OciPlace, response: HttpResponse, io: Authorizing): Promise<Result<Grant, Answer<never>>> {
    const challenges = parseChallenges(response.headers.get('www-authenticate') ?? '');
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    const basic = challenges.find(({ scheme }) => scheme === 'basic');
    // A host that a redirect led to is not the one that the user has a credential for.
    const credential = response.url.origin === place.url.origin ? await this.#credentials?.(place.key, io.signal) : undefined;
    const usable = credential?.kind === 'unavailable' ? undefined : credential;
    const why = credential?.kind === 'unavailable' ? credential.reason : undefined;
    if (bearer !== undefined && usable?.kind === 'registry-token') return ok({ header: `Bearer ${usable.token}`, forMs: DEFAULT_TOKEN_MS });
    if (basic !== undefined && usable?.kind === 'password' && (bearer === undefined || !hasRealm(bearer, response.url))) {
      return ok({ header: basicHeader(usable), forMs: MAX_TOKEN_MS });
    }
    if (bearer !== undefined) {
      return explained(await fetchToken({ place, bearer, from: response.url, credential: usable, now: this.#now() }, io), why);
    }
    return explained(fail(answerStatus(response, this.#now())), why);
  }
}

/** How many repositories' authorizations are kept. */
const MAX_REPOSITORIES = 500;

interface Attempt {
  readonly id: string;
  readonly place: OciPlace;
  readonly send: Send;
  readonly io: Authorizing;
}

interface Grant {
  readonly header: string;
  readonly forMs: number;
}

/** A refusal together with the reason why there was no credential. */
function explained(granted: Result<Grant, Answer<never>>, why: string | undefined): Result<Grant, Answer<never>> {
  if (granted.ok || why === undefined || granted.error.state !== 'unknown' || granted.error.why !== 'denied') return granted;
  return fail(unknown('denied', [granted.error.detail, why].filter((part) => part !== undefined).join('; ')));
}

function basicHeader({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function hasRealm(bearer: Challenge, from: URL): boolean {
  return bearer.parameters.has('realm') && parseForeignAddress(bearer.parameters.get('realm') ?? '', from).ok;
}

interface TokenQuestion {
  readonly place: OciPlace;
  readonly bearer: Challenge;
  /** Where the challenge came from. */
  readonly from: URL;
  readonly credential: Credential | undefined;
  readonly now: number;
}

/** The token flow of the distribution project ("Docker Registry v2 authentication via central service"). */
async function fetchToken(question: TokenQuestion, { http, signal }: Authorizing): Promise<Result<Grant, Answer<never>>> {
  const { bearer, from, place, credential, now } = question;
  const realm = parseForeignAddress(bearer.parameters.get('realm') ?? '', from);
  if (!realm.ok || !bearer.parameters.has('realm')) {
    return fail(unknown('denied', `${hostOf(from)} names no token server that can be asked${realm.ok ? '' : `: ${realm.error}`}`));
  }
  const mayKnow = ownsRealm(place.url, realm.value);
  const request = tokenRequest(realm.value, question, mayKnow ? credential : undefined);
  const sent = await http.request({ ...request, maxBytes: MAX_TOKEN_BYTES, timeoutMs: LOOKUP_TIMEOUT_MS }, signal);
  if (!sent.ok) return fail(answerFailure(sent.error));
  const host = hostOf(sent.value.url);
  if (sent.value.status === 401 && credential !== undefined) {
    const why = mayKnow ? 'refuses the stored credential' : `is another host than ${hostOf(place.url)}, so it does not get its credential`;
    return fail(unknown('denied', `${host} ${why} (HTTP 401)`));
  }
  // A token server that knows nothing about the image says nothing about the image: 404 is no verdict here.
  if (sent.value.status === 404) return fail(unknown('denied', `${host} has no tokens for this (HTTP 404)`));
  if (sent.value.status !== 200) return fail(answerStatus(sent.value, now));
  const token = parseToken(sent.value.body);
  return token.ok
    ? ok({ header: `Bearer ${token.value.text}`, forMs: token.value.forMs })
    : fail(unknown('error', `${host}: ${token.error}`));
}

/** The longest service or scope that is passed on, in UTF-16 units. */
const MAX_PARAMETER_UNITS = 1024;

function tokenRequest(realm: URL, { bearer, place }: TokenQuestion, credential: Credential | undefined) {
  const service = bearer.parameters.get('service')?.slice(0, MAX_PARAMETER_UNITS);
  const named = (bearer.parameters.get('scope') ?? '').slice(0, MAX_PARAMETER_UNITS).split(' ').filter(Boolean);
  const scopes = named.length > 0 ? named : [`repository:${place.repository}:pull`];
  if (credential?.kind === 'identity-token') {
    const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'waybill', scope: scopes.join(' ') });
    if (service !== undefined) form.set('service', service);
    form.set('refresh_token', credential.token);
    const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
    return { method: 'POST', url: realm.href, headers, body: Buffer.from(form.toString()) } as const;
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const authorization = credential?.kind === 'password' ? { authorization: basicHeader(credential) } : {};
  return { method: 'GET', url: url.href, headers: { accept: 'application/json', ...authorization } } as const;
}

/**
 * Whether a registry's credential may go to a token server: its own origin, the domain right above its host name
 * (`registry.gitlab.com` names `gitlab.com`), and Docker Hub's.
 */
function ownsRealm(registry: URL, realm: URL): boolean {
  if (realm.origin === registry.origin) return true;
  if (registry.host === DOCKER_HUB_HOST) return realm.origin === DOCKER_HUB_REALM;
  const parent = registry.host.slice(registry.host.indexOf('.') + 1);
  return (
    realm.protocol === 'https:' && registry.host.includes('.') && parent.includes('.') && /[a-z]/.test(parent) && realm.host === parent
  );
}

function parseToken(body: Uint8Array): Result<{ readonly text: string; readonly forMs: number }> {
  const parsed = parseJson(Buffer.from(body).toString('utf8'));
  if (typeof parsed !== 'object' || parsed === null) return fail('the token server did not answer with JSON');
  const text = 'token' in parsed && parsed.token ? parsed.token : 'access_token' in parsed ? parsed.access_token : undefined;
  if (typeof text !== 'string' || !TOKEN.test(text)) return fail('the token server gave no usable token');
  const seconds = 'expires_in' in parsed && typeof parsed.expires_in === 'number' ? parsed.expires_in : Number.NaN;
  const forMs = seconds > 0 ? Math.min(seconds * 1000, MAX_TOKEN_MS) - TOKEN_MARGIN_MS : DEFAULT_TOKEN_MS - TOKEN_MARGIN_MS;
  return ok({ text, forMs });
}

/** A token is not used in its last moments: the request takes time, and clocks differ. In milliseconds. */
const TOKEN_MARGIN_MS = 10 * 1000;

// What fits into a header line: Node refuses headers above 16 KB in total.
const TOKEN = /^[\x21-\x7e]{1,12288}$/;

/** A host that is spoken about. */
export function hostOf(url: URL): string {
  return plain(url.host, 100);
}

/** JSON from the network, or undefined. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
