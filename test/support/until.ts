/** How long to wait for something before it counts as never coming, in ms: machines are slow and shared, and nobody waits where it comes. */
const LIMIT_MS = 60_000;

/**
 * Waits until something holds, however slow the machine is. Throws `what`, as it is then, where it does not within a
 * minute. `pauseMs`: how long between two looks, in ms.
 */
export async function until(what: string | (() => string), holds: () => boolean | Promise<boolean>, pauseMs = 10): Promise<void> {
  const end = Date.now() + LIMIT_MS;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited ${LIMIT_MS} ms: ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
