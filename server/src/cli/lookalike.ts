import { type FetchFact, unknown } from '../core/answer.ts';
import type { Ecosystem, LookalikeJudge } from '../core/lookalike.ts';
import { lookalikeSeverity } from '../core/lookalike-severity.ts';
import { plain } from '../core/untrusted.ts';
import { COMPARISON_LIMITS, type ComparedRow, type Comparison, compareNames } from '../engine/compare-names.ts';
import { markedNames } from '../engine/name-marks.ts';
import type { Command } from './args.ts';
import { EXIT } from './check.ts';
import type { Io } from './io.ts';
import { lookUps } from './look-ups.ts';

/** Longer lines are no names. */
const MAX_NAME_LENGTH = 300;

/** Judges a name, or the names on standard input. Gives the exit status. */
export async function lookalike({ ecosystem, name, online }: Extract<Command, { readonly command: 'lookalike' }>, io: Io): Promise<number> {
  const judge = io.lookalikes();
  if (judge === undefined) {
    io.stderr.write(
      'waybill: the list of names (lookalikes.bin) is missing beside the program, or of another version; install Waybill again\n',
    );
    return EXIT.failed;
  }
  return name === undefined ? judgeAll(judge, ecosystem, io) : await compareOne(judge, { ecosystem, name, online }, io);
}

/** Shows a name beside the one that it looks like. */
async function compareOne(
  judge: LookalikeJudge,
  { ecosystem, name, online }: { readonly ecosystem: Ecosystem; readonly name: string; readonly online: boolean },
  io: Io,
): Promise<number> {
  const found = name.length > MAX_NAME_LENGTH ? undefined : (judge.judge(ecosystem, name) ?? judge.combosquat(ecosystem, name));
  if (found === undefined || found.target === '') {
    const what = found === undefined ? `looks like no well-known name of the list of ${judge.date}` : 'is the name of removed malware';
    const rest = found === undefined ? ' That proves nothing about it.' : '';
    io.stdout.write(`${plain(name)} ${what}.${rest}\n`);
    return EXIT.ok;
  }
  const sources = online ? lookUps(io.env, { trusted: false }) : undefined;
  if (sources?.ok === false) {
    io.stderr.write(`waybill: ${sources.error}\n`);
    return EXIT.failed;
  }
  let failed = false;
  const fetch: FetchFact = async (kind, key, signal) => {
    if (sources === undefined) return unknown('offline', '--online is not given');
    const answer = await sources.value.fetchFact(kind, key, signal);
    failed ||= answer.state === 'unknown';
    return answer;
  };
  const names = { ecosystem, name, found, listDate: judge.date };
  const comparison = await compareNames(names, { fetch, packageKey: (of) => ({ name: of }) }, io.signal);
  await sources?.value.close();
  io.stdout.write(comparisonText(comparison));
  return failed ? EXIT.failed : EXIT.ok;
}

/** A comparison as plain text, with what is told of both names under each heading. */
function comparisonText({ names, difference, rows }: Comparison): string {
  const [name, target] = [plain(names[0]), plain(names[1])];
  const width = Math.max(name.length, target.length);
  const row = ({ label, values }: ComparedRow): string =>
    [`${label}`, ...[name, target].map((one, nth) => `  ${one.padEnd(width)}  ${plain(values[nth] ?? '')}`.trimEnd())].join('\n');
  return `${name} looks like ${target}: ${difference}.\n\n${markedNames(names)
    .map((line) => `  ${line}\n`)
    .join('')}\n${rows.map(row).join('\n')}\n\n${COMPARISON_LIMITS}\n`;
}

function judgeAll(judge: LookalikeJudge, ecosystem: Ecosystem, io: Io): number {
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
