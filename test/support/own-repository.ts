import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { TUF_ADDRESS, TUF_ROOT } from '../../server/src/tuf/repository.generated.ts';
import type { TufServer } from '../sources/support/tuf-server.ts';

/**
 * The bundles that ship, in a folder of their own, with one address and one root replaced: those of a test's repository instead of
 * Sigstore's. No option of the product could do that, because none may choose whom to believe.
 */
export function bundlesFor({ place }: TufServer, folder: string): string {
  const dist = path.join(folder, 'dist');
  mkdirSync(dist);
  for (const name of readdirSync('dist')) {
    if (/\.(js|bin|json)$/.test(name)) cpSync(path.join('dist', name), path.join(dist, name));
  }
  for (const name of ['cli.js', 'look-ups.js']) replaceIn(path.join(dist, name), TUF_ADDRESS, place.address);
  replaceIn(path.join(dist, 'tuf.js'), TUF_ROOT, place.root);
  return dist;
}

/** Replaces a text of a file, which must be there. */
export function replaceIn(file: string, before: string, after: string): void {
  const text = readFileSync(file, 'utf8');
  assert.ok(text.includes(before), `${file} has what is to be replaced`);
  writeFileSync(file, text.replaceAll(before, after));
}

/** When the metadata of such a repository expire: the bundles have no clock but the machine's. */
export const FAR_EXPIRES = new Date(Date.now() + 1000 * 24 * 60 * 60 * 1000).toISOString();

/** Today, `YYYY-MM-DD`. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}
