import type { CancellationToken } from 'vscode-languageserver';

/** Does the work of a request with a signal that fires when the client cancels it. Fails as the work fails. */
export async function whileWanted<T>(token: CancellationToken, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  if (token.isCancellationRequested) controller.abort();
  const listener = token.onCancellationRequested(() => controller.abort());
  try {
    return await work(controller.signal);
  } finally {
    listener.dispose();
  }
}

/** Lets messages that wait in the queue in, a cancellation among them. */
export function yieldToQueue(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve);
    // A web worker has none.
    else setTimeout(resolve, 0);
  });
}
