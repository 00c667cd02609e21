import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { LookalikeJudge } from '../core/lookalike.ts';
import { createJudge } from '../lookalikes/judge.ts';

/** The list of names, beside the bundles. */
const FILE = 'lookalikes.bin';

/** Reads the list of names beside the running program. Undefined where it is not there, or of another version. */
export function readLookalikeList(programFile: string): LookalikeJudge | undefined {
  try {
    return createJudge(readFileSync(path.join(path.dirname(programFile), FILE)));
  } catch {
    return undefined;
  }
}
