import type { AttestationVerdict, Check, ProvenanceVerdict, Verdict } from '../../core/provenance.ts';
import {
  IDENTITY_LABELS as FIELDS,
  CHECK_MARKS as MARKS,
  VERDICT_MEANING as MEANING,
  trustRootWords,
  verdictWord,
} from '../../core/provenance-words.ts';
import { plain } from '../../core/untrusted.ts';
import type { Paint } from '../terminal.ts';
import { askedMembers, askedPieces, type PackageAsked } from '../verify-asked.ts';

/** The longest sentence of a check that is shown, in UTF-16 units: it names two addresses. */
const MAX_MESSAGE_UNITS = 600;

/** The verdict for machines, `version` 1; its schema is schemas/verify.schema.json. Text in it is as it was found. */
export function verdictJson(verdict: ProvenanceVerdict, asked: PackageAsked): string {
  return `${JSON.stringify({ version: 1, ...verdictMembers(verdict), asked: askedMembers(asked) }, undefined, 2)}\n`;
}

/** The members of a verdict, for machines. */
export function verdictMembers({ subject, verdict, trustRootDate, trustRootSource, checks, attestations }: ProvenanceVerdict): object {
  return {
    subject,
    verdict,
    trustRootDate,
    trustRootSource,
    checks,
    attestations: attestations.map(({ signedAt, ...attestation }) => ({
      ...attestation,
      ...(signedAt === undefined ? {} : { signedAt: isoDate(signedAt) }),
    })),
  };
}

/** How a verdict was found. */
export interface Finding {
  /** No registry was asked. */
  readonly isOffline: boolean;
  /** Why there is no newer trust root; undefined where nothing is to be said. */
  readonly notRefreshed?: string | undefined;
  /** Whether there is a policy that could require something. */
  readonly hasPolicy?: boolean;
}

/** The verdict for people: no foreign text reaches the terminal unescaped. */
export function verdictText(
  verdict: ProvenanceVerdict,
  asked: PackageAsked,
  { isOffline, notRefreshed, hasPolicy = false }: Finding,
  paint: Paint,
): string {
  const how = isOffline ? 'Checked without a connection' : 'Verified on this machine';
  const lines = [
    ...verdictLines(verdict, paint, isOffline),
    '',
    ...(hasPolicy && asked.demand === undefined ? ['The policy has no entry for this package.'] : policyLine(asked)),
    paint.dim(`${how}, by ${trustRootWords(verdict)}.${notRefreshedWords(notRefreshed)}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** A sentence, with a blank before it, or nothing. */
export function notRefreshedWords(why: string | undefined): string {
  return why === undefined ? '' : ` It could not be refreshed: ${plain(why, MAX_MESSAGE_UNITS)}.`;
}

/** What the policy requires of a package, where it requires something, and what an option puts in its place. */
export function policyLine(asked: PackageAsked): string[] {
  const { demand } = asked;
  if (demand === undefined) return [];
  const reason = demand.reason === undefined ? '' : `: ${plain(demand.reason).replace(/\.$/, '')}`;
  const pieces = askedPieces(asked).map(
    ({ name, value, by }) => `${name} ${plain(value, MAX_MESSAGE_UNITS)}${by === 'option' ? ' (by option)' : ''}`,
  );
  return [`Required by the policy (${plain(demand.match)}${reason}): ${['provenance', ...pieces].join(', ')}.`];
}

/** The verdict for people, line by line, without a word on how it was found. */
export function verdictLines({ subject, verdict, checks, attestations }: ProvenanceVerdict, paint: Paint, isOffline: boolean): string[] {
  const shown = ({ id, outcome }: Check): boolean => outcome !== 'passed' || id.startsWith('registry-') || id === 'integrity-locked';
  return [
    `${paint.bold(plain(subject))}: ${word(verdict, paint)}`,
    `  ${MEANING[verdict]}`,
    ...checks.filter(shown).map((check) => checkLine(check, paint)),
    ...attestations.flatMap((attestation) => ['', ...attestationLines(attestation, paint, isOffline)]),
  ];
}

function attestationLines(
  { kind, predicateType, verdict, checks, identity, signedAt, logIndex, builder }: AttestationVerdict,
  paint: Paint,
  isOffline: boolean,
): string[] {
  const title = { provenance: 'Provenance', publish: 'Publication by the registry', other: 'Another statement' }[kind];
  const facts = FIELDS.flatMap(([name, label]) => (identity?.[name] === undefined ? [] : [fact(label, identity[name])]));
  const log = logIndex === undefined ? '' : `, entry ${logIndex} of the transparency log`;
  return [
    `  ${paint.bold(title)} ${paint.dim(`(${plain(predicateType)})`)}: ${word(verdict, paint)}`,
    ...facts,
    ...(builder === undefined ? [] : [fact('builder', builder)]),
    ...(signedAt === undefined ? [] : [fact('signed', `${isoDate(signedAt)}${log}`)]),
    // Whoever gives a file could have asked for the bytes; what only lockfile and registry know is not its matter.
    ...checks
      .filter(({ id, outcome }) => outcome !== 'not-asked' || (isOffline && id === 'digest-asked'))
      .map((check) => `  ${checkLine(check, paint)}`),
  ];
}

function fact(label: string, value: string): string {
  return `    ${label.padEnd(10)}  ${plain(value)}`;
}

function checkLine({ id, outcome, message }: Check, paint: Paint): string {
  const mark = MARKS[outcome].padEnd(9);
  const painted = outcome === 'passed' ? paint.green(mark) : outcome === 'contradicted' ? paint.red(mark) : paint.yellow(mark);
  return `  ${painted}  ${id}: ${plain(message, MAX_MESSAGE_UNITS)}`;
}

/** A verdict in words and its colour. */
export function word(verdict: Verdict, paint: Paint): string {
  const colour = { proven: paint.green, 'not-proven': paint.yellow, contradicted: paint.red, unknown: paint.yellow }[verdict];
  return colour(verdictWord(verdict));
}

/** A date that a certificate or a log gave; such that JavaScript cannot write stay a number. */
function isoDate(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}
