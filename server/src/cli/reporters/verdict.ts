import type { AttestationVerdict, Check, ProvenanceVerdict, Verdict } from '../../core/provenance.ts';
import { IDENTITY_LABELS as FIELDS, CHECK_MARKS as MARKS, VERDICT_MEANING as MEANING, verdictWord } from '../../core/provenance-words.ts';
import { plain } from '../../core/untrusted.ts';
import type { Paint } from '../terminal.ts';

/** The longest sentence of a check that is shown, in UTF-16 units: it names two addresses. */
const MAX_MESSAGE_UNITS = 600;

/** The verdict for machines, `version` 1: the fields are described in docs/provenance.md. Text in it is as it was found. */
export function verdictJson({ subject, verdict, trustRootDate, checks, attestations }: ProvenanceVerdict): string {
  const report = {
    version: 1,
    subject,
    verdict,
    trustRootDate,
    checks,
    attestations: attestations.map(({ signedAt, ...attestation }) => ({
      ...attestation,
      ...(signedAt === undefined ? {} : { signedAt: isoDate(signedAt) }),
    })),
  };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

/** The verdict for people: no foreign text reaches the terminal unescaped. */
export function verdictText({ subject, verdict, trustRootDate, checks, attestations }: ProvenanceVerdict, paint: Paint): string {
  const lines = [
    `${paint.bold(plain(subject))}: ${word(verdict, paint)}`,
    `  ${MEANING[verdict]}`,
    ...checks.filter(({ outcome }) => outcome !== 'passed').map((check) => checkLine(check, paint)),
    ...attestations.flatMap((attestation) => ['', ...attestationLines(attestation, paint)]),
    '',
    paint.dim(`Checked without a connection, by the trust root of ${trustRootDate}.`),
  ];
  return `${lines.join('\n')}\n`;
}

function attestationLines(
  { kind, predicateType, verdict, checks, identity, signedAt, logIndex }: AttestationVerdict,
  paint: Paint,
): string[] {
  const title = { provenance: 'Provenance', publish: 'Publication by the registry', other: 'Another statement' }[kind];
  const facts = FIELDS.flatMap(([name, label]) => (identity?.[name] === undefined ? [] : [fact(label, identity[name])]));
  const log = logIndex === undefined ? '' : `, entry ${logIndex} of the transparency log`;
  return [
    `  ${paint.bold(title)} ${paint.dim(`(${plain(predicateType)})`)}: ${word(verdict, paint)}`,
    ...facts,
    ...(signedAt === undefined ? [] : [fact('signed', `${isoDate(signedAt)}${log}`)]),
    ...checks.filter(isShown).map((check) => `  ${checkLine(check, paint)}`),
  ];
}

/** Whoever runs a command could have asked for the bytes; lockfile and registry are not its matter. */
function isShown({ id, outcome }: Check): boolean {
  return outcome !== 'not-asked' || id === 'digest-asked';
}

function fact(label: string, value: string): string {
  return `    ${label.padEnd(10)}  ${plain(value)}`;
}

function checkLine({ id, outcome, message }: Check, paint: Paint): string {
  const mark = MARKS[outcome].padEnd(9);
  const painted = outcome === 'passed' ? paint.green(mark) : outcome === 'contradicted' ? paint.red(mark) : paint.yellow(mark);
  return `  ${painted}  ${id}: ${plain(message, MAX_MESSAGE_UNITS)}`;
}

function word(verdict: Verdict, paint: Paint): string {
  const colour = { proven: paint.green, 'not-proven': paint.yellow, contradicted: paint.red, unknown: paint.yellow }[verdict];
  return colour(verdictWord(verdict));
}

/** A date that a certificate or a log gave; such that JavaScript cannot write stay a number. */
function isoDate(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}
