import { gzipSync } from 'node:zlib';
import { type Answer, known, unknown } from '../core/answer.ts';
import { type PackageAdvisory, readAdvisories } from '../core/npm-advisories.ts';
import type { NpmRegistry } from '../core/npm-facts.ts';
import { plain } from '../core/untrusted.ts';
import type { Http, HttpResponse } from './http.ts';
import { urlAt } from './npm-address.ts';
import { answerFailure, answerStatus } from './source.ts';

/** How many versions one request asks about: larger ones take longer than several of these. */
export const MAX_ASKED_AT_ONCE = 64;

/** How long questions are gathered before they are sent, in milliseconds: those of one analysis come together. */
export const GATHER_MS = 20;

/** How many requests to one registry run at the same time; the other places are for questions that are quicker to answer. */
export const MAX_REQUESTS = 2;

/** The time limit of one request, in milliseconds: half a minute is what slow registries have been seen to take for sixty packages. */
export const ADVISORIES_TIMEOUT_MS = 30_000;

/** How long all questions of one moment may take together, in milliseconds. What is not asked by then is not asked. */
export const ADVISORIES_BUDGET_MS = 90_000;

/** After so many failures in a row a registry is not asked about what still waits. */
export const MAX_FAILURES_IN_A_ROW = 2;

/** How long that lasts, in milliseconds. */
export const FAILURE_REST_MS = 30_000;

/** How long a registry that serves no advisories is not asked again, in milliseconds. */
export const REFUSAL_MS = 5 * 60 * 1000;

/** The longest answer that is read, in bytes; one about sixty troubled packages has 150 kB. */
export const MAX_ADVISORY_BYTES = 4 * 1024 * 1024;

/** A version, and the registry that serves its package. */
export interface AdvisoryQuestion {
  readonly registry: NpmRegistry;
  readonly name: string;
  /** A version by semver. */
  readonly version: string;
}

type Advisories = Answer<readonly PackageAdvisory[]>;

/** Asks registries for advisories, many versions with one request. */
export interface AdvisoryBatches {
  /** Resolves always; an aborted question is `unknown('pending')`. */
  ask(question: AdvisoryQuestion, http: Http, signal: AbortSignal): Promise<Advisories>;
  /** Forgets which registries refused or failed. */
  forget(): void;
}

/** A question that waits for its answer. */
interface Asked {
  readonly name: string;
  readonly version: string;
  /** Answers it, for the first and last time. */
  settle(answer: Advisories): void;
}

/** All that one registry is to be asked under one identity. */
interface Queue {
  readonly registry: NpmRegistry;
  readonly waiting: Set<Asked>;
  running: number;
  failures: number;
  timer: NodeJS.Timeout | undefined;
  /** When the first of the questions came that are not all answered yet. */
  since: number;
  /** What everybody is told until some time, instead of asking. */
  told: { readonly answer: Answer<never>; readonly until: number } | undefined;
}

const CANCELLED = unknown('pending', 'cancelled');

/** Makes a collector; `now` gives milliseconds since the epoch. */
export function createAdvisoryBatches(now: () => number): AdvisoryBatches {
  const queues = new Map<string, Queue>();

  function queueOf(registry: NpmRegistry): Queue {
    const id = `${registry.url} ${registry.authorization ?? ''}`;
    const queue = queues.get(id) ?? { registry, waiting: new Set(), running: 0, failures: 0, timer: undefined, since: 0, told: undefined };
    queues.set(id, queue);
    return queue;
  }

  /** Tells everybody the same for some time. */
  function tell(queue: Queue, answer: Answer<never>, forMs: number): void {
    queue.told = { answer, until: now() + forMs };
    for (const asked of queue.waiting) asked.settle(answer);
  }

  function send(queue: Queue, http: Http): void {
    clearTimeout(queue.timer);
    queue.timer = undefined;
    while (queue.waiting.size > 0 && queue.running < MAX_REQUESTS) {
      if (now() - queue.since > ADVISORIES_BUDGET_MS) {
        const seconds = ADVISORIES_BUDGET_MS / 1000;
        tell(queue, unknown('timeout', `${hostOf(queue)} did not tell all advisories in ${seconds} s`), FAILURE_REST_MS);
        return;
      }
      const batch = [...queue.waiting].slice(0, MAX_ASKED_AT_ONCE);
      for (const asked of batch) queue.waiting.delete(asked);
      queue.running++;
      void sendBatch(queue, batch, http).finally(() => {
        queue.running--;
        send(queue, http);
      });
    }
  }

  async function sendBatch(queue: Queue, batch: readonly Asked[], http: Http): Promise<void> {
    const abort = new AbortController();
    let open = batch.length;
    for (const asked of batch) {
      cancelled.set(asked, () => {
        if (--open === 0) abort.abort();
      });
    }
    const outcome = await request(queue.registry, batch, { http, now, signal: abort.signal });
    if (abort.signal.aborted) return;
    for (const asked of batch) asked.settle(outcome.answers.get(asked) ?? CANCELLED);
    queue.failures = outcome.kind === 'failed' ? queue.failures + 1 : 0;
    if (outcome.kind === 'refused') tell(queue, outcome.answer, REFUSAL_MS);
    if (outcome.kind === 'failed' && queue.failures >= MAX_FAILURES_IN_A_ROW) {
      queue.failures = 0;
      tell(queue, outcome.answer, FAILURE_REST_MS);
    }
  }

  // What is to happen when nobody waits for a question any more that was sent.
  const cancelled = new WeakMap<Asked, () => void>();

  return {
    ask: ({ registry, name, version }, http, signal) => {
      if (signal.aborted) return Promise.resolve(CANCELLED);
      const queue = queueOf(registry);
      if (queue.told !== undefined && queue.told.until > now()) return Promise.resolve(queue.told.answer);
      if (queue.waiting.size === 0 && queue.running === 0) queue.since = now();
      return new Promise((resolve) => {
        const settle = (answer: Advisories): void => {
          queue.waiting.delete(asked);
          signal.removeEventListener('abort', cancel);
          resolve(answer);
        };
        const asked: Asked = { name, version, settle };
        const cancel = (): void => {
          settle(CANCELLED);
          cancelled.get(asked)?.();
        };
        signal.addEventListener('abort', cancel, { once: true });
        queue.waiting.add(asked);
        if (queue.waiting.size >= MAX_ASKED_AT_ONCE) send(queue, http);
        else queue.timer ??= setTimeout(() => send(queue, http), GATHER_MS);
      });
    },
    forget: () => {
      for (const queue of queues.values()) queue.told = undefined;
    },
  };
}

function hostOf({ registry }: Queue): string {
  return plain(URL.canParse(registry.url) ? new URL(registry.url).host : registry.url, 100);
}

/** What became of a request: each question's answer, and what it says of the registry. */
type Outcome = { readonly answers: ReadonlyMap<Asked, Advisories> } & (
  | { readonly kind: 'answered' }
  | { readonly kind: 'refused' | 'failed'; readonly answer: Answer<never> }
);

interface Asking {
  readonly http: Http;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

async function request(registry: NpmRegistry, batch: readonly Asked[], { http, now, signal }: Asking): Promise<Outcome> {
  const url = urlAt(registry, '-/npm/v1/security/advisories/bulk');
  if (!url.ok) return failed(batch, unknown('unparsable', url.error));
  const { authorization } = registry;
  const sent = await http.request(
    {
      method: 'POST',
      url: url.value.href,
      headers: {
        accept: 'application/json',
        'content-type': 'application/json',
        'content-encoding': 'gzip',
        ...(authorization === undefined ? {} : { authorization }),
      },
      body: gzipSync(questionText(batch)),
      maxBytes: MAX_ADVISORY_BYTES,
      timeoutMs: ADVISORIES_TIMEOUT_MS,
      // The body has names in it that are this registry's business alone.
      staysAtHost: true,
    },
    signal,
  );
  if (!sent.ok) return failed(batch, answerFailure(sent.error));
  return conclude(sent.value, batch, now());
}

/** The names and versions as npm asks for them: `{"a":["1.0.0","2.0.0"]}`. */
function questionText(batch: readonly Asked[]): string {
  const versions = new Map<string, string[]>();
  for (const { name, version } of batch) versions.set(name, [...(versions.get(name) ?? []), version]);
  return JSON.stringify(Object.fromEntries(versions));
}

function conclude(response: HttpResponse, batch: readonly Asked[], now: number): Outcome {
  const { status, headers, body, url } = response;
  const host = plain(url.host, 100);
  // That it does not implement this (501) will not change in a moment.
  const isPassing = status === 429 || (status >= 500 && status !== 501) || (status === 403 && headers.has('retry-after'));
  if (isPassing) return failed(batch, answerStatus(response, now));
  if (status === 401) return refused(batch, `${host} tells of advisories only with credentials (HTTP 401)`);
  // Mirrors that know no such path say so in many ways: 400, 403, 404, 405, a page that they have for people.
  if (status !== 200) return refused(batch, `${host} does not serve advisories (HTTP ${status})`);
  const document = parseObject(body);
  if (document === undefined) return refused(batch, `${host} answered with something else than advisories (HTTP 200)`);
  return { kind: 'answered', answers: new Map(batch.map((asked) => [asked, answerOf(asked, document, { host, now })])) };
}

/** What a registry does not mention it knows nothing against. */
function answerOf(
  { name, version }: Asked,
  document: ReadonlyMap<string, unknown>,
  { host, now }: { readonly host: string; readonly now: number },
): Advisories {
  if (!document.has(name)) return known([], now);
  const { advisories, isUnsure } = readAdvisories(document.get(name), version);
  return isUnsure && advisories.length === 0 ? unknown('error', `${host} tells of advisories that cannot be read`) : known(advisories, now);
}

function refused(batch: readonly Asked[], detail: string): Outcome {
  const answer = unknown('denied', detail);
  return { kind: 'refused', answer, answers: new Map(batch.map((asked) => [asked, answer])) };
}

function failed(batch: readonly Asked[], answer: Answer<never>): Outcome {
  return { kind: 'failed', answer, answers: new Map(batch.map((asked) => [asked, answer])) };
}

/** The members of a JSON object, whatever they are called: `__proto__` and `constructor` are names like any other. */
function parseObject(body: Uint8Array): ReadonlyMap<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? new Map(Object.entries(value)) : undefined;
  } catch {
    return undefined;
  }
}
