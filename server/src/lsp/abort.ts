import type { CancellationToken } from 'vscode-languageserver';

/** An abort signal that fires when the client cancels the request. Call `done` when the request is answered. */
export function signalOf(token: CancellationToken): { readonly signal: AbortSignal; done(): void } {
  const controller = new AbortController();
  if (token.isCancellationRequested) controller.abort();
  const listener = token.onCancellationRequested(() => controller.abort());
  return { signal: controller.signal, done: () => listener.dispose() };
}

/** Lets messages that wait in the queue in, a cancellation among them. */
export function yieldToQueue(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve);
    // A web worker has none.
    else setTimeout(resolve, 0);
  });
}
