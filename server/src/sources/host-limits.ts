/** What is counted per host: requests that run, and whether the host answers at all. */
export interface HostLimits {
  /** Waits for a free slot. Resolves to the function that frees it again, or to undefined when aborted. */
  enter(host: string, signal: AbortSignal): Promise<(() => void) | undefined>;
  /** Until when the host is left alone, and why; undefined where it may be asked. */
  pause(host: string): Pause | undefined;
  /** Says how a request ended: answered by the host, by nobody within its time, or with an error of the server's own (5xx). */
  note(host: string, ended: 'answered' | 'timed-out' | 'server-error'): void;
  /** The host said itself that it wants to be left alone, for some milliseconds. */
  rest(host: string, ms: number): void;
}

/** Why and until when (milliseconds since the epoch) a host is left alone. */
export interface Pause {
  readonly why: 'timeouts' | 'server-errors' | 'asked';
  readonly until: number;
}

/** The numbers behind `HostLimits`; `now` gives milliseconds since the epoch. */
export interface HostLimitOptions {
  readonly parallel: number;
  readonly timeoutsInARow: number;
  readonly pauseMs: number;
  /** After this many errors of the server itself in a row the host is left alone, for longer each time. */
  readonly errorsInARow: number;
  /** The longest time that a host is left alone, whatever it asks for. */
  readonly maxRestMs: number;
  readonly now: () => number;
}

interface Host {
  running: number;
  readonly waiting: Set<() => void>;
  timeouts: number;
  errors: number;
  pause: Pause | undefined;
}

/** Counts per host. A dead host would otherwise cost one time limit per question, and a run asks hundreds. */
export function createHostLimits({ parallel, timeoutsInARow, pauseMs, errorsInARow, maxRestMs, now }: HostLimitOptions): HostLimits {
  const hosts = new Map<string, Host>();

  function hostOf(name: string): Host {
    const host = hosts.get(name) ?? { running: 0, waiting: new Set(), timeouts: 0, errors: 0, pause: undefined };
    hosts.set(name, host);
    return host;
  }

  function leave(host: Host): void {
    const [next] = host.waiting;
    if (next === undefined) host.running--;
    else next();
  }

  function enter(name: string, signal: AbortSignal): Promise<(() => void) | undefined> {
    const host = hostOf(name);
    if (signal.aborted) return Promise.resolve(undefined);
    if (host.running < parallel) {
      host.running++;
      return Promise.resolve(() => leave(host));
    }
    return new Promise((resolve) => {
      const settle = (free: (() => void) | undefined): void => {
        host.waiting.delete(start);
        signal.removeEventListener('abort', cancel);
        resolve(free);
      };
      // The slot goes from hand to hand, so `running` does not change.
      const start = (): void => settle(() => leave(host));
      const cancel = (): void => settle(undefined);
      host.waiting.add(start);
      signal.addEventListener('abort', cancel);
    });
  }

  return {
    enter,
    pause: (name) => {
      const { pause } = hostOf(name);
      return pause !== undefined && pause.until > now() ? pause : undefined;
    },
    note: (name, ended) => {
      const host = hostOf(name);
      host.timeouts = ended === 'timed-out' ? host.timeouts + 1 : 0;
      host.errors = ended === 'server-error' ? host.errors + 1 : 0;
      if (host.timeouts >= timeoutsInARow) {
        host.timeouts = 0;
        host.pause = { why: 'timeouts', until: now() + pauseMs };
      }
      if (host.errors >= errorsInARow) {
        const doubled = Math.min(maxRestMs, pauseMs * 2 ** (host.errors - errorsInARow));
        host.pause = { why: 'server-errors', until: now() + doubled };
      }
    },
    rest: (name, ms) => {
      const host = hostOf(name);
      const until = now() + Math.min(ms, maxRestMs);
      if (host.pause === undefined || host.pause.until < until) host.pause = { why: 'asked', until };
    },
  };
}
