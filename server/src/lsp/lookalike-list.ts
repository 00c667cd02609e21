import { ECOSYSTEMS, type LookalikeJudge } from '../core/lookalike.ts';
import type { Analysis, LookalikeList } from '../engine/analyse.ts';
import { yieldToQueue } from './abort.ts';

/**
 * The list of well-known names. Reading it and making its tables takes a tenth of a second, so that happens once, after the
 * first diagnostics that would have needed it were answered.
 */
export class LazyLookalikes {
  readonly #read: () => Promise<LookalikeJudge | undefined>;
  #list: LookalikeList = 'pending';
  #loading: Promise<void> | undefined;

  constructor(read: () => Promise<LookalikeJudge | undefined>) {
    this.#read = read;
  }

  /** The list as far as it is there. */
  get list(): LookalikeList {
    return this.#list;
  }

  /** Reads the list in later turns of the event loop, once. True for whoever asked while it was not there yet. */
  async load(): Promise<boolean> {
    if (this.#list !== 'pending') return false;
    this.#loading ??= this.#load();
    await this.#loading;
    return true;
  }

  async #load(): Promise<void> {
    await yieldToQueue();
    const judge = await this.#read().catch(() => undefined);
    for (const ecosystem of ECOSYSTEMS) {
      await yieldToQueue();
      // Makes the ecosystem's tables.
      judge?.judge(ecosystem, '');
    }
    await yieldToQueue();
    judge?.combosquat('npm', '');
    this.#list = judge ?? 'error';
  }
}

/** Whether an analysis would say more with the list, which was not read yet. */
export function awaitsLookalikes(analysis: Analysis | undefined): boolean {
  return analysis?.unknown.some(({ subject, why }) => subject === 'lookalikes' && why === 'pending') === true;
}
