import path from 'node:path';
import type { Verdict } from '../core/provenance.ts';
import { plain } from '../core/untrusted.ts';
import { readTextFile } from '../disk/files.ts';
import type { VerifyArgs } from './args.ts';
import { EXIT } from './check.ts';
import type { Io } from './io.ts';
import { verdictJson, verdictText } from './reporters/verdict.ts';
import { paintFor } from './terminal.ts';

/** The exit status for a verdict: 1 for what is contradicted or asked for and missing, 2 for what could not be checked. */
const STATUS = {
  proven: EXIT.ok,
  'not-proven': EXIT.findings,
  contradicted: EXIT.findings,
  unknown: EXIT.failed,
} as const satisfies Record<Verdict, number>;

/** Verifies the attestations in a file, prints the verdict and gives the exit status. */
export async function verify(args: VerifyArgs, io: Io): Promise<number> {
  const complain = (what: string): number => {
    io.stderr.write(`waybill: ${what}\n`);
    return EXIT.failed;
  };
  const text = readTextFile(path.resolve(io.cwd, args.bundle));
  if (!text.ok) return complain(`${plain(args.bundle)} cannot be read: ${plain(text.error.reason)}`);
  // Nothing else needs what verifies: it is read here and not at the start.
  const { repositoryAddress, sha512Of, verifyAttestations } = await import('../provenance/index.ts');
  if (args.repository !== undefined && repositoryAddress(args.repository) === undefined)
    return complain(
      `--repository must be the address of a repository, such as https://github.com/owner/name, not "${plain(args.repository)}"`,
    );
  if (args.integrity !== undefined && sha512Of(args.integrity).length === 0)
    return complain('--integrity must be what a lockfile has for the package, "sha512-" and 88 characters: statements carry no other hash');
  const verdict = verifyAttestations(text.value, {
    name: args.name,
    version: args.version,
    now: Date.now(),
    ...(args.integrity === undefined ? {} : { integrity: { asked: args.integrity } }),
    asked: {
      ...(args.identity === undefined ? {} : { identity: args.identity }),
      ...(args.issuer === undefined ? {} : { issuer: args.issuer }),
      ...(args.repository === undefined ? {} : { repository: args.repository }),
    },
  });
  io.stdout.write(args.format === 'json' ? verdictJson(verdict) : verdictText(verdict, paintFor(io.stdout, io.env)));
  return STATUS[verdict.verdict];
}
