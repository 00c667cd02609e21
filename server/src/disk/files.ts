import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Unknown } from '../core/answer.ts';
import { fail, ok, type Result } from '../core/result.ts';

/** The largest file that is read, in bytes. A larger one is listed as unknown. */
export const MAX_FILE_BYTES = 32 * 1024 * 1024;

/** A file that was not read, and why. */
export interface ReadFailure {
  readonly why: Unknown;
  readonly reason: string;
}

/** Reads a text file as UTF-8; a byte order mark stays in the text. Fails for a missing, unreadable or too large file. */
export function readTextFile(file: string): Result<string, ReadFailure> {
  try {
    const { size } = statSync(file);
    if (size > MAX_FILE_BYTES) return fail({ why: 'too-large', reason: `${size} bytes, the limit is ${MAX_FILE_BYTES}` });
    return ok(decode(readFileSync(file)));
  } catch (error) {
    return fail({ why: 'error', reason: error instanceof Error ? error.message : String(error) });
  }
}

/** Bytes as text; what is no UTF-8 becomes U+FFFD, and a byte order mark stays. */
export function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/**
 * Replaces a file's text in one step: readers see the old file or the new one. The mode bits stay, and a symbolic link stays a link.
 * Fails where the file is not the UTF-8 text `before` any more, so that nothing is lost.
 */
export function replaceTextFile(file: string, before: string, after: string): Result<void> {
  let temporary: string | undefined;
  try {
    const target = realpathSync(file);
    if (!readFileSync(target).equals(Buffer.from(before, 'utf8'))) return fail('it changed meanwhile, or is not UTF-8');
    const { mode } = statSync(target);
    temporary = path.join(path.dirname(target), `.${path.basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
    writeFileSync(temporary, after, { flag: 'wx', mode: mode & 0o777 });
    chmodSync(temporary, mode & 0o7777);
    renameSync(temporary, target);
    return ok(undefined);
  } catch (error) {
    if (temporary !== undefined) rmSync(temporary, { force: true });
    return fail(error instanceof Error ? error.message : String(error));
  }
}
