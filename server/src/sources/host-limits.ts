/** What is counted per host: requests that run, and whether the host answers at all. */
export interface HostLimits {
  /** Waits for a free slot. Resolves to the function that frees it again, or to undefined when aborted. */
  enter(host: string, signal: AbortSignal): Promise<(() => void) | undefined>;
  /** Whether the host let too many requests in a row time out a moment ago. */
  isPaused(host: string): boolean;
  /** Says how a request ended. */
  note(host: string, timedOut: boolean): void;
}

/** The numbers behind `HostLimits`; `now` gives milliseconds since the epoch. */
export interface HostLimitOptions {
  readonly parallel: number;
  readonly timeoutsInARow: number;
  readonly pauseMs: number;
  readonly now: () => number;
}

interface Host {
  running: number;
  readonly waiting: Set<() => void>;
  timeouts: number;
  pausedUntil: number;
}

/** Counts per host. A dead host would otherwise cost one time limit per question, and a run asks hundreds. */
export function createHostLimits({ parallel, timeoutsInARow, pauseMs, now }: HostLimitOptions): HostLimits {
  const hosts = new Map<string, Host>();

  function hostOf(name: string): Host {
    const host = hosts.get(name) ?? { running: 0, waiting: new Set(), timeouts: 0, pausedUntil: 0 };
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
    isPaused: (name) => hostOf(name).pausedUntil > now(),
    note: (name, timedOut) => {
      const host = hostOf(name);
      host.timeouts = timedOut ? host.timeouts + 1 : 0;
      if (host.timeouts < timeoutsInARow) return;
      host.timeouts = 0;
      host.pausedUntil = now() + pauseMs;
    },
  };
}
