import type { Ecosystem } from '../core/lookalike.ts';
import { lookalikeSeverity } from '../core/lookalike-severity.ts';
import { EXIT } from './check.ts';
import type { Io } from './io.ts';

/** Longer lines are no names. */
const MAX_NAME_LENGTH = 300;

/** Judges the names on standard input, one a line. Gives the exit status. */
export function lookalikeReport(ecosystem: Ecosystem, io: Io): number {
  const judge = io.lookalikes();
  if (judge === undefined) {
    io.stderr.write(
      'waybill: the list of names (lookalikes.bin) is missing beside the program, or of another version; install Waybill again\n',
    );
    return EXIT.failed;
  }
  const rows = io
    .readStdin()
    .replace(/^\ufeff/, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((name) => name !== '')
    .map((name) => {
      // A tab or a control character would let a name write columns or colours of its own.
      const shown = name.replace(/\p{Cc}/gu, '\ufffd');
      const found = name.length > MAX_NAME_LENGTH ? undefined : judge.judge(ecosystem, name);
      return found === undefined ? `${shown}\t\t\t` : `${shown}\t${found.target}\t${found.kind}\t${lookalikeSeverity(found.confidence)}`;
    });
  io.stdout.write(rows.map((row) => `${row}\n`).join(''));
  return EXIT.ok;
}
