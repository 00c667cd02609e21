import type { FactStore } from './fact-store.ts';

/** How often facts are looked up and the rules run again: a rule may ask for a fact only after it knows another. */
const MAX_ROUNDS = 4;

/**
 * Looks up what an analysis asked for and analyses again, until nothing is missing. `onRound` is told how many facts are about
 * to be looked up. Never rejects; stops early when it is cancelled.
 */
export async function settle(
  facts: FactStore,
  analyseAgain: () => void | Promise<void>,
  { signal, onRound }: { readonly signal: AbortSignal; readonly onRound?: (pending: number) => void },
): Promise<void> {
  for (let round = 0; facts.pending > 0 && round < MAX_ROUNDS && !signal.aborted; round++) {
    onRound?.(facts.pending);
    await facts.resolve(signal);
    await analyseAgain();
  }
}
