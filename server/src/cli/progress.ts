import type { Io } from './io.ts';

/** How long a run may last before it says what it is doing, in ms. */
const QUIET_MS = 1000;

/** How often the line is renewed at the most, in ms. */
const RENEW_MS = 100;

/** One line on a terminal's standard error that says what a long run is doing. Silent in pipes and short runs. */
export class Progress {
  readonly #io: Io;
  #since = 0;
  #shown = 0;
  #running = true;

  constructor(io: Io) {
    this.#io = io;
    this.#since = Date.now();
  }

  /** Shows a state, where the run has lasted long enough. */
  say(state: string): void {
    const now = Date.now();
    if (!this.#running || this.#io.stderr.isTTY !== true || now - this.#since < QUIET_MS || now - this.#shown < RENEW_MS) return;
    this.#shown = now;
    this.#io.stderr.write(`\r\u001b[Kwaybill: ${state} …`);
  }

  /** Removes the line for good. */
  stop(): void {
    if (this.#running && this.#shown > 0) this.#io.stderr.write('\r\u001b[K');
    this.#running = false;
  }
}
