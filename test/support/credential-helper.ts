import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Writes a program `docker-credential-NAME` of the test suite's own into a folder, as a shell script. What it was given goes
 * into `NAME.log` there. Gives the folder, to be put into PATH.
 */
export function writeCredentialHelper(folder: string, name: string, script: string): string {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `docker-credential-${name}`);
  writeFileSync(file, `#!/bin/sh\n{ echo "$# $*"; pwd; cat; echo; } >> '${path.join(folder, `${name}.log`)}'\n${script}\n`);
  chmodSync(file, 0o755);
  return folder;
}
