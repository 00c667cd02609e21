import type { Answer } from '../core/answer.ts';
import { minuteOf } from '../core/as-of.ts';
import { demandOutcome } from '../core/demand-outcome.ts';
import { PUBLIC_GITHUB_URL } from '../core/facts.ts';
import type { AttestationVerdict, Check, CheckId, ProvenanceVerdict, SignerIdentity } from '../core/provenance.ts';
import type { ProvenanceDemand } from '../core/provenance-demand.ts';
import { IDENTITY_LABELS, verdictWord } from '../core/provenance-words.ts';
import { unknownReason } from '../core/unknown-text.ts';
import { type OriginChange, originChanges, originOf, workflowPath } from '../formats/origin-drift.ts';
import { builderLines, entryLine } from './builder-lines.ts';
import { type CardLine, checkingLine, codeLine, textLine, unansweredLine, unknownLine, withoutStop } from './card.ts';

/** How many reasons of a verdict are told besides the first. */
const MAX_MORE_REASONS = 3;

/** Where several lines miss the same answer, the first says why. */
export const SAME_REASON = 'as with the provenance';

/** An earlier release that has attestations, and what a verification of them said. */
export interface EarlierVerdict {
  readonly version: string;
  readonly answer: Answer<ProvenanceVerdict>;
}

/** What a line on provenance is made from. */
export interface ProvenanceFacts {
  readonly version: string;
  readonly answer: Answer<ProvenanceVerdict>;
  /** Whether the registry lists attestations for the version; undefined where it was not heard. */
  readonly isListed: boolean | undefined;
  /** The releases before this one, newest first. */
  readonly earlier: readonly EarlierVerdict[];
}

/** The verdict in the words of the command line, for a card's first line. */
export function provenanceWords(answer: Answer<ProvenanceVerdict> | undefined): string {
  if (answer?.state === 'unknown' && answer.why === 'pending') return 'checking its provenance';
  return `provenance ${verdictWord(answer?.state === 'known' ? answer.value.verdict : 'unknown')}`;
}

/** What is proven of where a package comes from, or why nothing is. */
export function provenanceLine({ answer, version, isListed, earlier }: ProvenanceFacts): CardLine {
  const label = 'Provenance';
  if (answer.state === 'absent') return unknownLine(label, 'the registry does not list this version');
  if (answer.state === 'unknown') {
    if (answer.why === 'pending' || isListed !== true) return unansweredLine(label, answer);
    return { ...unknownLine(label, unknownReason(answer)), value: 'present, not verified' };
  }
  const { verdict, trustRootDate } = answer.value;
  const attestation = answer.value.attestations.find(({ kind }) => kind === 'provenance');
  const reasons = reasonsOf(answer.value);
  const [first, ...more] = reasons;
  const origin = attestation?.identity === undefined ? [] : [...originLines(attestation, attestation.identity)];
  const others = more.slice(0, MAX_MORE_REASONS).map(({ id, message }) => textLine(id, message));
  switch (verdict) {
    case 'proven':
      return {
        ...textLine(label, `proven here, by the trust root of ${trustRootDate}`),
        details: [...origin, ...beforeLine(answer.value, version, earlier)],
      };
    case 'unknown':
      return { ...unknownLine(label, first?.message ?? 'nothing says why'), details: others };
    case 'not-proven':
    case 'contradicted': {
      const word = verdict === 'not-proven' && attestation === undefined ? 'none, not proven' : verdictWord(verdict);
      return {
        ...textLine(label, word),
        ...(first === undefined ? {} : { note: `(${withoutStop(first.message)})` }),
        details: [...others, ...origin],
      };
    }
  }
}

/** Whether the policy's requirement is met; `foreign` says where it comes from that no registry serves. */
export function requiredLine(
  demand: ProvenanceDemand,
  answer: Answer<ProvenanceVerdict> | undefined,
  foreign: string | undefined,
): CardLine[] {
  const label = 'Policy';
  if (foreign === undefined && answer === undefined) return [];
  if (foreign === undefined && answer?.state === 'unknown' && answer.why === 'pending') return [checkingLine(label)];
  const [word, why] = foreign === undefined && answer !== undefined ? outcomeWords(demand, answer) : ['not met', foreign];
  return [{ ...textLine(label, `requires provenance of ${demand.match}: ${word}`), ...(why === undefined ? {} : { note: `(${why})` }) }];
}

function outcomeWords(demand: ProvenanceDemand, answer: Answer<ProvenanceVerdict>): readonly [string, string?] {
  if (answer.state === 'unknown') return ['unknown', SAME_REASON];
  if (answer.state === 'absent') return ['not met', 'the registry does not list this version'];
  const outcome = demandOutcome(answer.value, demand);
  switch (outcome.state) {
    case 'met':
      return ['met'];
    case 'unknown':
      return ['unknown', withoutStop(outcome.reason)];
    case 'none':
      // The line of the provenance says why.
      return ['not met'];
    case 'false':
      return ['not met', withoutStop(outcome.check.message)];
    case 'other':
      return ['not met', `it must be built ${outcome.asked}, and was built ${outcome.found}`];
  }
}

/** The checks that have lines of their own. */
const ELSEWHERE: readonly CheckId[] = ['registry-signature', 'registry-signature-time', 'integrity-locked'];

/** The checks that made a verdict what it is, each sentence once. */
function reasonsOf({ verdict, checks, attestations }: ProvenanceVerdict): Check[] {
  const own = attestations.filter((one) => one.verdict === verdict);
  const all = [...checks, ...own.flatMap((one) => one.checks)].filter(({ outcome }) => outcome === verdict);
  const origin = all.filter(({ id }) => !ELSEWHERE.includes(id));
  const deciding = origin.length > 0 ? origin : all;
  return deciding.filter(({ message }, nth) => deciding.findIndex((other) => other.message === message) === nth);
}

/** What the certificate says, in the order and the words of the command line. */
function* originLines(attestation: AttestationVerdict, identity: SignerIdentity): Generator<CardLine> {
  const { signedAt } = attestation;
  const file = workflowPath(identity.workflow ?? identity.subject);
  for (const [field, label] of IDENTITY_LABELS) {
    const value = identity[field];
    // The issuer is the same for all of a host; who signed is told where that is not the workflow itself.
    if (value === undefined || field === 'issuer' || (field === 'subject' && (identity.workflow ?? value) === value && file !== undefined))
      continue;
    const shown = field === 'workflow' ? (file ?? value) : value;
    const link = linkOf(field, identity);
    yield { ...codeLine(capital(label), shown), ...(link === undefined ? {} : { link }) };
  }
  if (identity.workflow === undefined && file !== undefined) yield codeLine('Workflow', file);
  yield* builderLines(attestation);
  if (signedAt !== undefined) yield textLine('Signed', minuteOf(signedAt));
  yield* entryLine(attestation);
}

function capital(label: string): string {
  return label.slice(0, 1).toUpperCase() + label.slice(1);
}

/** Pages of the public GitHub alone: of another host nobody knows what lies there. */
function linkOf(field: keyof SignerIdentity, { repository = '', commit = '' }: SignerIdentity): string | undefined {
  const path = repository.startsWith(`${PUBLIC_GITHUB_URL}/`) ? repository.slice(PUBLIC_GITHUB_URL.length) : '';
  if (!/^\/[\w.-]+\/[\w.-]+$/.test(path) || /\/\.{1,2}(?:\/|$)/.test(path)) return undefined;
  if (field === 'repository') return `${PUBLIC_GITHUB_URL}${path}`;
  return field === 'commit' && /^[0-9a-f]{40,64}$/.test(commit) ? `${PUBLIC_GITHUB_URL}${path}/commit/${commit}` : undefined;
}

const PARTS: Readonly<Record<OriginChange['what'], string>> = {
  repository: 'the repository',
  workflow: 'the workflow',
  ref: 'the ref',
  trigger: 'what started it',
};

/** Whether the releases before came from the same place, as `npm/provenance-drift` sees it. */
function beforeLine(verdict: ProvenanceVerdict, version: string, earlier: readonly EarlierVerdict[]): CardLine[] {
  const label = 'Releases before';
  const now = originOf(verdict);
  const [newest] = earlier;
  if (now === undefined) return [];
  if (newest === undefined) return [textLine(label, 'none with attestations to compare with')];
  if (earlier.some(({ answer }) => answer.state === 'unknown' && answer.why === 'pending')) return [checkingLine(label)];
  const origins = earlier.map(({ version, answer }) => ({
    version,
    origin: answer.state === 'known' ? originOf(answer.value) : undefined,
  }));
  const same = origins.filter(({ origin }) => origin !== undefined && originChanges(now, [origin], version).length === 0);
  if (same.length > 0) return [textLine(label, `the same origin as ${listOf(same.map((one) => one.version))}`)];
  const known = origins.flatMap(({ origin }) => origin ?? []);
  const unknown = origins.filter(({ origin }) => origin === undefined).map((one) => one.version);
  // One that cannot be told may be just the one that it is the same as.
  if (unknown.length > 0) return [unknownLine(label, `nothing is proven of ${listOf(unknown)}`)];
  const changes = originChanges(now, known, version).map(({ what, before }) => `${PARTS[what]} was ${before}`);
  if (changes.length === 0) return [textLine(label, 'each differs from this one, and none in the same way')];
  return [{ ...textLine(label, `another origin than ${newest.version}`), note: `: ${listOf(changes)}` }];
}

/** Names in a sentence. */
export function listOf(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** What the registry itself signed: name, version and integrity. */
export function registrySignatureLine(answer: Answer<ProvenanceVerdict>): CardLine {
  const label = 'Registry signature';
  if (answer.state !== 'known') return unansweredAgain(label, answer);
  const checks = (['registry-signature', 'registry-signature-time'] as const).flatMap((id) => checkOf(answer.value, id) ?? []);
  const worst = (['contradicted', 'unknown', 'not-proven', 'passed'] as const).flatMap(
    (outcome) => checks.find((one) => one.outcome === outcome) ?? [],
  )[0];
  switch (worst?.outcome) {
    case 'passed':
      return { ...textLine(label, 'proven'), note: `(${withoutStop(worst.message)})` };
    case 'not-proven':
    case 'contradicted':
      return { ...textLine(label, verdictWord(worst.outcome)), note: `(${withoutStop(worst.message)})` };
    case 'unknown':
      return unknownLine(label, worst.message);
    default:
      return unknownLine(label, 'the registry passes none on');
  }
}

/** The line of an answer that did not come, behind the line that says why. */
export function unansweredAgain(label: string, answer: Exclude<Answer<unknown>, { readonly state: 'known' }>): CardLine {
  return answer.state === 'unknown' && answer.why === 'pending' ? checkingLine(label) : unknownLine(label, SAME_REASON);
}

/** A check of a set, or of its attestation of provenance. */
export function checkOf({ checks, attestations }: ProvenanceVerdict, id: CheckId): Check | undefined {
  const own = attestations.find(({ kind }) => kind === 'provenance');
  return checks.find((check) => check.id === id) ?? own?.checks.find((check) => check.id === id);
}
