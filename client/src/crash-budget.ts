/** How often, and within how many ms, the server may end unasked and is started again. */
export const CRASH_LIMIT = { count: 4, withinMs: 3 * 60 * 1000 } as const;

/** Decides whether a server that ended unasked is started again. */
export class CrashBudget {
  #crashes: number[] = [];

  /** Notes a crash at a time in ms. True where the server may be started again. */
  spend(now: number): boolean {
    this.#crashes = [...this.#crashes.filter((time) => now - time < CRASH_LIMIT.withinMs), now];
    return this.#crashes.length <= CRASH_LIMIT.count;
  }

  /** The user starts it again: what was is forgotten. */
  reset(): void {
    this.#crashes = [];
  }
}
