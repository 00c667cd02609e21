import { ECOSYSTEMS, type LookalikeJudge } from '../core/lookalike.ts';
import type { LookalikeList } from '../engine/analyse.ts';
import { yieldToQueue } from './abort.ts';

/**
 * The list of well-known names. Reading it and making its tables takes a tenth of a second, so that happens once, after the
 * first diagnostics that would have needed it were answered.
 */
export class LazyLookalikes {
  readonly #read: () => Promise<LookalikeJudge | undefined>;
  #list: LookalikeList = 'pending';
  #reading = false;

  constructor(read: () => Promise<LookalikeJudge | undefined>) {
    this.#read = read;
  }

  /** The list as far as it is there. */
  get list(): LookalikeList {
    return this.#list;
  }

  /** Reads the list in later turns of the event loop. True when it is there now (or is known to be missing) and was not before. */
  async load(): Promise<boolean> {
    if (this.#reading) return false;
    this.#reading = true;
    await yieldToQueue();
    const judge = await this.#read().catch(() => undefined);
    for (const ecosystem of ECOSYSTEMS) {
      await yieldToQueue();
      // Makes the ecosystem's tables.
      judge?.judge(ecosystem, '');
    }
    this.#list = judge ?? 'error';
    return true;
  }
}
