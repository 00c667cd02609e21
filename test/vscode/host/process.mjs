// How every program of this folder starts, is interrupted, and cleans up.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** The exit status of a program that the user interrupted, as shells report SIGINT. */
export const INTERRUPTED_STATUS = 130;

/** How often and at what distance a removal is tried again while a dying process still writes. */
const REMOVE_RETRIES = 10;
const REMOVE_RETRY_MS = 100;

/**
 * Runs a program's main function and ends the process with its exit status.
 *
 * @param {(signal: AbortSignal) => Promise<number>} main Gets a signal that aborts on SIGINT, SIGTERM
 *   and SIGHUP, and gives the exit status. It must settle soon after an abort, because only then the
 *   process ends: that is what lets its `finally` blocks stop processes and remove folders.
 * @returns {Promise<never>} Never settles. A rejection of `main` prints its message and exits with 1;
 *   an interruption exits with 130, whatever `main` made of it.
 */
export async function runMain(main) {
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(name, () => interruption.abort(new Error(`Interrupted by ${name}.`)));
  }
  let status = 1;
  try {
    status = await main(interruption.signal);
  } catch (error) {
    if (!interruption.signal.aborted) console.error(describe(error));
  }
  process.exit(interruption.signal.aborted ? INTERRUPTED_STATUS : status);
}

/**
 * Gives an error's message for the terminal.
 *
 * @param {unknown} error Anything thrown.
 * @returns {string} The message, followed by those of its causes.
 */
export function describe(error) {
  if (!(error instanceof Error)) return String(error);
  // Playwright colours its messages, whether or not they go to a terminal.
  const message = stripVTControlCharacters(error.message);
  return error.cause === undefined ? message : `${message}\n${describe(error.cause)}`;
}

/**
 * Lends a new temporary folder to a function and removes it afterwards, whatever happened.
 *
 * @template T
 * @param {string} prefix The beginning of the folder's name.
 * @param {(folder: string) => Promise<T>} use Gets the absolute path of the folder.
 * @returns {Promise<T>} What `use` gave. Rejects as `use` does.
 */
export async function withScratch(prefix, use) {
  const folder = await mkdtemp(path.join(tmpdir(), prefix));
  try {
    return await use(folder);
  } finally {
    await removeTree(folder);
  }
}

/**
 * Removes a folder and everything in it; a missing folder is fine.
 *
 * @param {string} folder The path of the folder.
 * @returns {Promise<void>} Rejects when the folder still fills up after a second.
 */
export async function removeTree(folder) {
  await rm(folder, {
    recursive: true,
    force: true,
    maxRetries: REMOVE_RETRIES,
    retryDelay: REMOVE_RETRY_MS,
  });
}

/**
 * Waits for a promise, but no longer than until the signal aborts or the time is over.
 *
 * @template T
 * @param {Promise<T>} promise What to wait for. It goes on in the background when the wait ends early.
 * @param {{ limitMs?: number, what: string }} limit The most milliseconds to wait (none: no limit),
 *   and what is waited for, as the error's words.
 * @param {AbortSignal} signal Ends the wait.
 * @returns {Promise<T>} The promise's value. Rejects with the promise's error, with the signal's
 *   reason, or with "No <what> within <limitMs> ms.".
 */
export async function within(promise, { limitMs, what }, signal) {
  if (signal.aborted) {
    promise.catch(() => {});
    throw signal.reason;
  }
  let timer;
  let onAbort;
  const interrupted = new Promise((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (limitMs !== undefined) {
      timer = setTimeout(() => reject(new Error(`No ${what} within ${limitMs} ms.`)), limitMs);
    }
  });
  try {
    return await Promise.race([promise, interrupted]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
