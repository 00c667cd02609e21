import type { Answer } from '../core/answer.ts';
import { rulePageUrl } from '../core/rule-page.ts';
import { unknownReason } from '../core/unknown-text.ts';
import { markdown, markdownCode, plain } from '../core/untrusted.ts';

/**
 * One line of a hover, as data. Every text in it may be foreign: it is escaped and bounded where the card is rendered, and nowhere else.
 */
export interface CardLine {
  readonly label: string;
  /** What is said; of a line that is `unknown`, what is known all the same, or nothing. */
  readonly value: string;
  /** A name, a version, a digest, a path: shown as code, so that it can be copied. */
  readonly isCode: boolean;
  /** `unknown` comes with its reason; `checking` means that a look-up is under way. Absent where something is said. */
  readonly state?: 'unknown' | 'checking';
  readonly reason?: string;
  /** How the sentence goes on behind the value. */
  readonly note?: string;
  /** Where the value leads: an address of our own making. */
  readonly link?: string;
  /** What belongs to this line alone. */
  readonly details?: readonly CardLine[];
}

/** All that a hover says. */
export interface Card {
  /** What the hover is about, as the document or a registry has it. */
  readonly title: string;
  /** The first line goes on with this. */
  readonly verdict?: string;
  /** What the verdict means, in a sentence. */
  readonly meaning?: string;
  readonly lines: readonly CardLine[];
  /** The rules that fire here. */
  readonly findings: readonly string[];
}

/** What a line says while a look-up is under way, and what the card then says of that: no protocol pushes an answer into a shown hover. */
const CHECKING = 'checking';
const STILL_CHECKING = 'The look-up has not finished: point here again in a moment.';

/** The label of the line that says when all that was looked up was said: the last one of a card. */
export const AS_OF = 'As of';

/** What is said where no rule fires. */
const NO_FINDING = 'none, which is no promise of safety';

/** Why a line is unknown that some registries leave out of all their documents. */
export const STRIPPED = 'this registry leaves it out';

/** The longest reason that is shown, in UTF-16 units: it is a sentence, and may name a host. */
const MAX_REASON_UNITS = 400;

/** A line of text. */
export function textLine(label: string, value: string): CardLine {
  return { label, value, isCode: false };
}

/** A line with something to copy, and how the sentence goes on. */
export function codeLine(label: string, value: string, note?: string): CardLine {
  return { label, value, isCode: true, ...(note === undefined ? {} : { note }) };
}

/** A line that says why nobody knows. */
export function unknownLine(label: string, reason: string): CardLine {
  return { label, value: '', isCode: false, state: 'unknown', reason };
}

/** A line of a look-up that has not finished. */
export function checkingLine(label: string): CardLine {
  return { label, value: '', isCode: false, state: 'checking' };
}

/** The line of a look-up that gave nothing. */
export function unansweredLine(label: string, answer: Answer<never> & { readonly state: 'unknown' }): CardLine {
  return answer.why === 'pending' ? checkingLine(label) : unknownLine(label, unknownReason(answer));
}

/** A card as Markdown: a first line, a sentence and a list. Foreign text is escaped, and links lead where we want them to. */
export function cardMarkdown(card: Card): string {
  const { title, verdict, lines, findings } = card;
  const pages = findings.map((rule) => `[${rule}](${rulePageUrl(rule)})`).join(', ');
  return [
    `**Waybill** ${markdownCode(title)}${verdict === undefined ? '' : `: ${markdown(verdict)}`}`,
    '',
    ...sentencesOf(card).flatMap((sentence) => [markdown(sentence), '']),
    ...lines.flatMap((line) => markdownLines(line, '')),
    `- Findings: ${pages || NO_FINDING}`,
  ].join('\n');
}

function markdownLines(line: CardLine, indent: string): string[] {
  const { isCode, link, details = [] } = line;
  const { value, rest } = wordsOf(line);
  const shown = isCode && value !== '' ? markdownCode(value) : markdown(value);
  const linked = link === undefined ? shown : `[${shown}](${link})`;
  const text = `${linked}${gapBefore(value, rest)}${markdown(rest, MAX_REASON_UNITS)}`;
  return [`${indent}- ${markdown(line.label)}: ${text}`, ...details.flatMap((detail) => markdownLines(detail, `${indent}  `))];
}

/** The same for clients that show no Markdown. Nothing is said by mark-up alone. */
export function cardText(card: Card): string {
  const { title, verdict, lines, findings } = card;
  return [
    `Waybill ${plain(title)}${verdict === undefined ? '' : `: ${plain(verdict)}`}`,
    '',
    ...sentencesOf(card).flatMap((sentence) => [plain(sentence), '']),
    ...lines.flatMap((line) => textLines(line, '')),
    `Findings: ${findings.join(', ') || NO_FINDING}`,
  ].join('\n');
}

function textLines(line: CardLine, indent: string): string[] {
  const { value, rest } = wordsOf(line);
  const words = `${plain(value)}${gapBefore(value, rest)}${plain(rest, MAX_REASON_UNITS)}`;
  return [`${indent}${plain(line.label)}: ${words}`, ...(line.details ?? []).flatMap((detail) => textLines(detail, `${indent}  `))];
}

/** What stands between the first line and the list: what the verdict means, and that it is not all. */
function sentencesOf({ meaning, lines }: Card): string[] {
  return [...(meaning === undefined ? [] : [meaning]), ...(lines.some(isChecking) ? [STILL_CHECKING] : [])];
}

function isChecking({ state, details = [] }: CardLine): boolean {
  return state === 'checking' || details.some(isChecking);
}

/** A sentence goes on behind a space, but for its comma. */
function gapBefore(value: string, rest: string): string {
  return value === '' || rest === '' || /^[,;:]/.test(rest) ? '' : ' ';
}

/** A sentence, to stand in brackets. */
export function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}

/** A line's words: its value, and what stands behind that and is no code. */
function wordsOf({ value, state, reason, note = '' }: CardLine): { readonly value: string; readonly rest: string } {
  switch (state) {
    case 'checking':
      return { value, rest: CHECKING };
    case 'unknown': {
      const why = reason === undefined ? '' : ` (${withoutStop(reason)})`;
      return value === '' ? { value, rest: `unknown${why}` } : { value, rest: `${note}${why}`.trim() };
    }
    default:
      return { value, rest: note };
  }
}
