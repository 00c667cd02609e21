/**
 * The only door to the network. Everything that Waybill learns from outside comes through `createHttp`, so that one
 * file decides what may be contacted, how long it may take and how much it may send.
 *
 * It is built on node:http and not on `fetch`: the `fetch` of Node 20 cannot use a proxy, and bundling undici for that
 * costs 416 KB.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { fail, ok, type Result } from '../core/result.ts';
import { plain } from '../core/untrusted.ts';
import { parseAddress, parseForeignAddress } from './address.ts';
import { createHostLimits, type Pause } from './host-limits.ts';
import { type Environment, proxyFor } from './proxy.ts';
import { clockTime, retryAfterMs } from './retry-after.ts';

/** How many requests to one host run at the same time. */
export const MAX_PARALLEL_PER_HOST = 4;

/** How many redirects one request follows. */
export const MAX_REDIRECTS = 5;

/** A host that let this many requests in a row time out is left alone for `HOST_PAUSE_MS`. */
export const MAX_TIMEOUTS_IN_A_ROW = 4;

/** How long a host that does not answer is left alone, in milliseconds. */
export const HOST_PAUSE_MS = 30_000;

/** A host that answers this often in a row with an error of its own (5xx) is left alone, `HOST_PAUSE_MS` first and twice as long each time. */
export const MAX_SERVER_ERRORS_IN_A_ROW = 4;

/** The longest time that a host is left alone, whatever `Retry-After` says, in milliseconds. */
export const MAX_REST_MS = 15 * 60 * 1000;

/** How long a host is left alone that limits requests (429) without a word for how long, in milliseconds. */
export const DEFAULT_REST_MS = 60_000;

/** How servers see us. Without a version: it helps nobody to know who has not updated. */
export const USER_AGENT = 'waybill';

/** One request. All of them are reads, so they may be repeated; the body of a POST survives a redirect. */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** https, or http on loopback. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** The longest response body to accept, in bytes. */
  readonly maxBytes: number;
  /** For the whole request with redirects and body, in milliseconds. Waiting for a free slot does not count. */
  readonly timeoutMs: number;
  /** A redirect to another origin is not followed: the request fails with `denied`. */
  readonly staysAtHost?: true;
}

/** A response of any status but a redirect that was followed. */
export interface HttpResponse {
  readonly status: number;
  /** By lower-case name; repeated headers are joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
  /** Where the response came from, after redirects. */
  readonly url: URL;
}

/** Why there is no response. `detail` names the host and never holds a credential. */
export interface HttpFailure {
  readonly why: 'timeout' | 'denied' | 'error' | 'offline' | 'too-large' | 'aborted';
  readonly detail: string;
}

/** Sends requests. */
export interface Http {
  /** Resolves always; an expected failure is a value. */
  request(request: HttpRequest, signal: AbortSignal): Promise<Result<HttpResponse, HttpFailure>>;
  /** Closes idle connections. The object stays usable. */
  close(): void;
}

/** What `createHttp` needs to know. */
export interface HttpOptions {
  /** False: no socket is ever opened, every request fails with `offline`. */
  readonly online: boolean;
  /** Where HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY are read from; `process.env` unless given. */
  readonly env?: Environment;
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number;
}

/** Makes the door. One object per run or per server: the limits per host are counted in it. */
export function createHttp({ online, env = process.env, now = Date.now }: HttpOptions): Http {
  const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };
  const hosts = createHostLimits({
    parallel: MAX_PARALLEL_PER_HOST,
    timeoutsInARow: MAX_TIMEOUTS_IN_A_ROW,
    pauseMs: HOST_PAUSE_MS,
    errorsInARow: MAX_SERVER_ERRORS_IN_A_ROW,
    maxRestMs: MAX_REST_MS,
    now,
  });

  async function takeTurn(hop: Hop, signal: AbortSignal): Promise<Answered> {
    const { host } = hop.url;
    const leave = await hosts.enter(host, signal);
    if (leave === undefined) return fail(ABORTED);
    try {
      const pause = hosts.pause(host);
      if (pause !== undefined) return notAsked(hop.url, pause);
      const proxy = proxyFor(hop.url, env);
      if (!proxy.ok) return fail({ why: 'denied', detail: proxy.error });
      const answered = await sendTwice(hop, { agents, proxy: proxy.value, signal });
      hosts.note(host, outcomeOf(answered));
      const restMs = answered.ok ? restOf(answered.value, now()) : undefined;
      if (restMs !== undefined) hosts.rest(host, restMs);
      return answered;
    } finally {
      leave();
    }
  }

  async function follow(first: Hop, signal: AbortSignal): Promise<Answered> {
    let hop = first;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const startedAt = performance.now();
      const answered = await takeTurn(hop, signal);
      const location = answered.ok ? redirectTarget(answered.value) : undefined;
      if (!answered.ok || location === undefined) return answered;
      const url = parseForeignAddress(location, hop.url);
      if (!url.ok) return fail({ why: 'denied', detail: `${shown(hop.url)} redirects: ${url.error}` });
      if (hop.staysAtHost === true && url.value.origin !== hop.url.origin)
        return fail({ why: 'denied', detail: `${shown(hop.url)} redirects to ${shown(url.value)}, which is not asked` });
      const timeoutMs = Math.max(1, hop.timeoutMs - (performance.now() - startedAt));
      hop = { ...redirected(hop, url.value, answered.value.status), timeoutMs };
    }
    return failure('error', hop.url, `more than ${MAX_REDIRECTS} redirects`);
  }

  return {
    request: async ({ url, headers = {}, ...rest }, signal) => {
      if (!online) return fail({ why: 'offline', detail: 'look-ups are off' });
      const address = parseAddress(url);
      if (!address.ok) return fail({ why: 'denied', detail: address.error });
      return follow({ ...rest, url: address.value, headers: { ...DEFAULT_HEADERS, ...lowerCased(headers) } }, signal);
    },
    close: () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

function notAsked(url: URL, { why, until }: Pause): { readonly ok: false; readonly error: HttpFailure } {
  const at = clockTime(until);
  switch (why) {
    case 'timeouts':
      return failure('timeout', url, `not asked again before ${at}, it did not answer before`);
    case 'server-errors':
      return failure('error', url, `not asked again before ${at}, it answered with errors before`);
    case 'asked':
      return failure('error', url, `rate limited until ${at}`);
  }
}

function outcomeOf(answered: Answered): 'answered' | 'timed-out' | 'server-error' {
  if (answered.ok) return answered.value.status >= 500 ? 'server-error' : 'answered';
  return answered.error.why === 'timeout' ? 'timed-out' : 'answered';
}

/** How long a response asks to be left alone, in milliseconds (RFC 6585, section 4; RFC 9110, section 10.2.3). */
function restOf({ status, headers }: HttpResponse, now: number): number | undefined {
  const asked = retryAfterMs(headers.get('retry-after'), now);
  if (status === 429) return asked ?? DEFAULT_REST_MS;
  // GitHub says so with 403, others with 503.
  return status === 503 || status === 403 ? asked : undefined;
}

/** A request on its way: `url` is checked, header names are in lower case. */
interface Hop extends Omit<HttpRequest, 'url' | 'headers'> {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

/** How a hop travels. */
interface Route {
  readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
  readonly proxy: URL | undefined;
  readonly signal: AbortSignal;
}

type Answered = Result<HttpResponse, HttpFailure>;

const ABORTED: HttpFailure = { why: 'aborted', detail: 'cancelled' };

// Compressed bodies are not asked for: their length says nothing about the memory they take.
const DEFAULT_HEADERS = { 'user-agent': USER_AGENT, accept: '*/*', 'accept-encoding': 'identity' };

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Headers that name the user. They are gone for good once a redirect leaves the origin (Fetch standard, 4.4). */
const CREDENTIAL_HEADERS: ReadonlySet<string> = new Set(['authorization', 'cookie']);

function shown(url: URL): string {
  return plain(url.host, 100);
}

function failure(why: HttpFailure['why'], url: URL, detail: string): { readonly ok: false; readonly error: HttpFailure } {
  return fail({ why, detail: `${shown(url)}: ${detail}` });
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function redirectTarget(response: HttpResponse): string | undefined {
  return REDIRECTS.has(response.status) ? response.headers.get('location') : undefined;
}

function redirected(hop: Hop, url: URL, status: number): Hop {
  const kept = Object.entries(hop.headers).filter(([name]) => url.origin === hop.url.origin || !CREDENTIAL_HEADERS.has(name));
  const next = { ...hop, url, headers: Object.fromEntries(kept) };
  // A renamed repository answers a POST with 301. Repeating it as GET, as browsers do, would lose the question.
  if (status !== 303 || hop.method !== 'POST') return next;
  const { body: _, ...withoutBody } = next;
  return { ...withoutBody, method: 'GET' };
}

/** A server may close an idle connection while we write to it. That is no answer: ask again, on a new connection. */
async function sendTwice(hop: Hop, route: Route): Promise<Answered> {
  const first = await send(hop, route);
  return first === 'stale' ? settled(await send(hop, { ...route, agents: NEW_CONNECTIONS }), hop) : first;
}

const NEW_CONNECTIONS = { http: new HttpAgent(), https: new HttpsAgent() };

function settled(answered: Answered | 'stale', hop: Hop): Answered {
  return answered === 'stale' ? failure('error', hop.url, 'the connection was reset') : answered;
}

function send(hop: Hop, { agents, proxy, signal }: Route): Promise<Answered | 'stale'> {
  if (signal.aborted) return Promise.resolve(fail(ABORTED));
  const { url, method, headers, body, timeoutMs } = hop;
  // Destroys whatever is still open at the end, also a connection to a proxy that the request does not own yet.
  const end = new AbortController();
  return new Promise((resolve) => {
    let isSettled = false;
    const settle = (answered: Answered | 'stale'): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
      resolve(answered);
      if (answered === 'stale' || !answered.ok) end.abort();
    };
    const cancel = (): void => settle(fail(ABORTED));
    const timer = setTimeout(() => settle(failure('timeout', url, `no complete answer in ${Math.round(timeoutMs)} ms`)), timeoutMs);
    signal.addEventListener('abort', cancel);

    const secure = url.protocol === 'https:';
    const options: RequestOptions = {
      method,
      headers: body === undefined ? headers : { ...headers, 'content-length': body.byteLength },
      agent: proxy === undefined ? agents[secure ? 'https' : 'http'] : throughProxy(proxy, secure, end.signal),
      signal: end.signal,
    };
    const request = open(url, options);
    if (request === undefined) return settle(failure('error', url, 'a header has characters that cannot be sent'));
    request.on('error', (error) =>
      settle(request.reusedSocket && codeOf(error) === 'ECONNRESET' ? 'stale' : failure('error', url, reasonOf(error))),
    );
    request.on('close', () => settle(failure('error', url, 'the connection was closed')));
    // A proxy that refuses must not be mistaken for the host: its 404 is no verdict about anything.
    request.on('proxyConnect', ({ statusCode }: { readonly statusCode: number }) => {
      if (statusCode !== 200) settle(refusedByProxy(url, statusCode));
    });
    request.on('response', (response) => {
      if (response.statusCode === 407) return settle(refusedByProxy(url, 407));
      read(response, hop, settle);
    });
    request.end(body);
  });
}

function open(url: URL, options: RequestOptions): ReturnType<typeof httpRequest> | undefined {
  try {
    // Said explicitly, so that NODE_TLS_REJECT_UNAUTHORIZED=0 does not make every verdict worthless.
    return url.protocol === 'https:' ? httpsRequest(url, { ...options, rejectUnauthorized: true }) : httpRequest(url, options);
  } catch {
    return undefined;
  }
}

/** An agent for one request. The credentials go into a header, because the library logs the address under DEBUG. */
function throughProxy(proxy: URL, secure: boolean, signal: AbortSignal): HttpAgent {
  const headers: Record<string, string> = {};
  if (proxy.username !== '' || proxy.password !== '') {
    const userInfo = `${decoded(proxy.username)}:${decoded(proxy.password)}`;
    headers['Proxy-Authorization'] = `Basic ${Buffer.from(userInfo).toString('base64')}`;
  }
  const { protocol, host } = proxy;
  return secure
    ? new HttpsProxyAgent(`${protocol}//${host}`, { headers, signal })
    : new HttpProxyAgent(`${protocol}//${host}`, { headers, signal });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function refusedByProxy(url: URL, status: number): { readonly ok: false; readonly error: HttpFailure } {
  return status === 407
    ? failure('denied', url, 'the proxy asks for a user name and password')
    : failure('error', url, `the proxy answered ${status}`);
}

function read(response: IncomingMessage, { url, method, maxBytes }: Hop, settle: (answered: Answered) => void): void {
  const status = response.statusCode ?? 0;
  const headers = headersOf(response);
  const done = (body: Uint8Array): void => settle(ok({ status, headers, body, url }));
  if (REDIRECTS.has(status) && headers.has('location')) {
    done(new Uint8Array());
    response.destroy();
    return;
  }
  const tooLarge = failure('too-large', url, `the answer is longer than ${maxBytes} bytes`);
  const hasBody = method !== 'HEAD';
  if (hasBody && Number(headers.get('content-length') ?? 0) > maxBytes) {
    settle(tooLarge);
    return;
  }
  if (hasBody && !/^(identity)?$/i.test(headers.get('content-encoding') ?? '')) {
    settle(failure('error', url, 'the answer is compressed although that was not asked for'));
    return;
  }
  // Where the length is told, which is within the limit, a body is never there twice, in pieces and as a whole.
  const told = headers.get('content-length');
  const whole = hasBody && told !== undefined && /^\d+$/.test(told) ? Buffer.allocUnsafeSlow(Number(told)) : undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    const at = bytes;
    bytes += chunk.length;
    if (bytes > maxBytes) settle(tooLarge);
    else if (whole === undefined) chunks.push(chunk);
    else chunk.copy(whole, at);
  });
  response.on('error', (error) => settle(failure('error', url, reasonOf(error))));
  // A body that ends early is an error event, not an end.
  response.on('end', () => done(whole === undefined ? Buffer.concat(chunks) : whole.subarray(0, bytes)));
}

function headersOf(response: IncomingMessage): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(response.headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value] as const],
    ),
  );
}

function codeOf(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return /^[A-Z0-9_]{1,60}$/.test(code) ? code : '';
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was reset',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
  ENETUNREACH: 'the network cannot be reached',
  EHOSTUNREACH: 'the host cannot be reached',
};

/** Built from the error's code only: messages of other people's code may quote headers. */
function reasonOf(error: Error): string {
  const code = codeOf(error);
  if (code.startsWith('HPE_')) return `the answer is not HTTP (${code})`;
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME/.test(code)) {
    return `its certificate is not trusted (${code}); NODE_EXTRA_CA_CERTS names further authorities`;
  }
  const reason = REASONS[code] ?? 'the connection failed';
  return code === '' ? reason : `${reason} (${code})`;
}
