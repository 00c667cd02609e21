import type { Answer } from '../core/answer.ts';
import type { PackageVerifier } from '../core/provenance.ts';
import type { RefreshedRoot } from '../core/trust-root.ts';

/** How long a refresh may keep verifications waiting, from its start on, in milliseconds; it goes on without them. */
export const MAX_WAIT_MS = 3_000;

/** Verifies by the newest trust root that is known. */
export interface NewestVerifier {
  /** By what is known already. */
  now(): PackageVerifier;
  /** By what was kept of earlier sessions as well; makes no connection. */
  kept(): Promise<PackageVerifier>;
  /** After a refresh, where one is due; where that fails or takes its time, by what is known. */
  newest(): Promise<PackageVerifier>;
  /** Ends a refresh that is under way. */
  close(): void;
}

/** Where newer trust roots come from. */
export interface RootSource {
  kept(): Promise<Answer<RefreshedRoot>>;
  fetch(signal: AbortSignal): Promise<Answer<RefreshedRoot>>;
}

/** Lets a verifier use newer trust roots. One whose trust root is given, or without a source of others, stays as it is. */
export function createNewestVerifier(verifier: PackageVerifier, source: RootSource | undefined): NewestVerifier {
  let current = verifier;
  let used: RefreshedRoot | undefined;
  let read: Promise<void> | undefined;
  let refresh: { readonly done: Promise<void>; readonly until: number } | undefined;
  let life = new AbortController();

  const use = (answer: Answer<RefreshedRoot>): void => {
    if (answer.state !== 'known') return;
    const { date, digest } = answer.value;
    if (verifier.newer === undefined || (used?.date === date && used.digest === digest)) return;
    used = answer.value;
    current = verifier.newer(answer.value);
  };

  const kept = async (): Promise<PackageVerifier> => {
    if (source === undefined || verifier.newer === undefined) return verifier;
    read ??= source.kept().then(use, () => undefined);
    await read;
    return current;
  };

  return {
    now: () => current,
    kept,
    newest: async () => {
      if (source === undefined || verifier.newer === undefined) return verifier;
      if (refresh === undefined) {
        const { signal } = life;
        const done = kept()
          .then(() => source.fetch(signal))
          .then(use, () => undefined);
        refresh = { done, until: performance.now() + MAX_WAIT_MS };
        void done.then(() => {
          refresh = undefined;
        });
      }
      await within(refresh.until - performance.now(), refresh.done);
      return current;
    },
    close: () => {
      life.abort();
      life = new AbortController();
    },
  };
}

/** Waits for something, but not longer than so many milliseconds. */
function within(ms: number, done: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, Math.max(0, ms));
    void done.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
