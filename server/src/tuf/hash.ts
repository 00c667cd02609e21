import { createHash } from 'node:crypto';
import type { TargetFile } from '@tufjs/models';

/** The hashes that count, and what they look like: the library would do with one that is broken, or with none. */
const HASHES: Readonly<Record<string, RegExp>> = { sha256: /^[0-9a-f]{64}$/, sha512: /^[0-9a-f]{128}$/ };

/** A good hash of a target file, in hexadecimal; undefined where it has none. */
export function hashOf({ hashes }: TargetFile): { readonly algorithm: string; readonly hex: string } | undefined {
  const found = Object.entries(hashes).find(
    ([algorithm, hex]) => Object.hasOwn(HASHES, algorithm) && HASHES[algorithm]?.test(hex) === true,
  );
  return found && { algorithm: found[0], hex: found[1] };
}

/** Whether a text is a target file. */
export function isFile(target: TargetFile, text: string): boolean {
  const hash = hashOf(target);
  return hash !== undefined && createHash(hash.algorithm).update(text).digest('hex') === hash.hex;
}
