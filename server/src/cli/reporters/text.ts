import { type Finding, isAtLeast, type Severity } from '../../core/finding.ts';
import { LineIndex } from '../../core/text.ts';
import { plain } from '../../core/untrusted.ts';
import type { Report, ReportedFile } from '../../engine/report.ts';
import type { Paint } from '../terminal.ts';

/** How text is laid out. */
export interface TextOptions {
  readonly paint: Paint;
  /** Findings below this are only counted. */
  readonly minSeverity: Severity;
  /** Columns to wrap prose at; undefined for no wrapping (pipes, files). */
  readonly width?: number;
  /** Whether the run may look things up; without that, online fixes are announced with `--online`. */
  readonly online: boolean;
}

/** The widest piece of a source line that is shown, in UTF-16 units. */
const MAX_EXCERPT_UNITS = 160;

/** A report for people: by file, each finding with its line, carets, reason and remedy, and counts at the end. */
export function textReport(report: Report, options: TextOptions): string {
  const blocks = report.files.flatMap((file) => fileBlock(file, options));
  return [...blocks, ...summary(report, options)].join('\n').concat('\n');
}

function fileBlock(file: ReportedFile, options: TextOptions): string[] {
  const shown = file.findings.filter((finding) => isAtLeast(finding.severity, options.minSeverity));
  if (shown.length === 0) return [];
  const { paint } = options;
  const lines = new LineIndex(file.text);
  // What a rule says is told in full once in a file; its further findings there are short.
  const explained = new Set<string>();
  const count = `${shown.length} finding${shown.length === 1 ? '' : 's'}`;
  return [
    `${paint.bold(plain(file.path, MAX_EXCERPT_UNITS))} ${paint.dim(`(${count})`)}`,
    '',
    ...shown.flatMap((finding) => findingBlock(finding, { file, lines, explained, options })),
  ];
}

interface Context {
  readonly file: ReportedFile;
  readonly lines: LineIndex;
  readonly explained: Set<string>;
  readonly options: TextOptions;
}

function findingBlock(finding: Finding, { file, lines, explained, options }: Context): string[] {
  const { paint } = options;
  const { start } = lines.rangeOf(finding.span);
  const gutter = ' '.repeat(String(start.line + 1).length);
  const place = `${plain(file.path, MAX_EXCERPT_UNITS)}:${start.line + 1}:${start.character + 1}`;
  const out = [`  ${severityWord(finding.severity, paint)} ${paint.dim(finding.rule)}  ${paint.cyan(place)}`];
  out.push(...excerpt(lines, finding, options));
  const indent = `  ${gutter}   `;
  out.push(...prose(paint.bold(finding.message.what), indent, options));
  if (!explained.has(finding.rule)) {
    out.push(...prose(finding.message.why, indent, options));
    out.push(...prose(`${paint.green('→')} ${finding.message.remedy}`, indent, options));
  }
  explained.add(finding.rule);
  for (const related of finding.related) out.push(`${indent}${paint.dim(`see ${plain(related.file.path)}: ${plain(related.note)}`)}`);
  for (const fix of finding.fixes) {
    const how = fix.safety === 'review' ? 'in the editor, needs review' : fix.online ? '--fix --online' : '--fix';
    out.push(`${indent}${paint.dim(`fix (${how}):`)} ${plain(fix.title)}`);
  }
  out.push('');
  return out;
}

/** The finding's first line with carets under its words; tabs keep their width, long lines are cut around the words. */
function excerpt(lines: LineIndex, finding: Finding, { paint }: TextOptions): string[] {
  const { start, end } = lines.rangeOf(finding.span);
  const text = lines.lineText(start.line);
  if (text.trim() === '' && finding.span.start === finding.span.end) return [];
  const to = end.line === start.line ? end.character : text.length;
  const from = start.character > MAX_EXCERPT_UNITS - 40 ? start.character - 40 : 0;
  const cut = text.slice(from, Math.max(from + MAX_EXCERPT_UNITS, from));
  const visible = cut.replace(/\t/g, '    ');
  const before = cut.slice(0, start.character - from).replace(/\t/g, '    ');
  const under = cut.slice(start.character - from, to - from);
  const number = String(start.line + 1);
  const carets = '^'.repeat(Math.max(1, columns(under)));
  const color = finding.severity === 'error' ? paint.red : finding.severity === 'warning' ? paint.yellow : paint.blue;
  return [
    `  ${paint.dim(`${number} |`)} ${from > 0 ? '…' : ''}${plain(visible, MAX_EXCERPT_UNITS * 4)}${from + MAX_EXCERPT_UNITS < text.length ? '…' : ''}`,
    `  ${' '.repeat(number.length)} ${paint.dim('|')} ${from > 0 ? ' ' : ''}${' '.repeat(columns(before))}${color(carets)}`,
  ];
}

/** How many terminal columns a text takes: wide characters (UAX #11) and most emoji take two. */
function columns(text: string): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const wide =
      (code >= 0x1100 && code <= 0x115f) ||
      (code >= 0x2e80 && code <= 0xa4cf) ||
      (code >= 0xac00 && code <= 0xd7a3) ||
      (code >= 0xf900 && code <= 0xfaff) ||
      (code >= 0xfe30 && code <= 0xfe6f) ||
      (code >= 0xff00 && code <= 0xff60) ||
      (code >= 0x1f300 && code <= 0x1faff) ||
      (code >= 0x20000 && code <= 0x3fffd);
    width += wide ? 2 : /\p{Mark}/u.test(character) ? 0 : 1;
  }
  return width;
}

/** Prose with a hanging indent, wrapped at the terminal's width where there is one. */
function prose(text: string, indent: string, { width }: TextOptions): string[] {
  if (width === undefined) return [indent + text];
  const room = Math.max(40, Math.min(width, 110) - indent.length);
  const out: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && visibleLength(line) + 1 + visibleLength(word) > room) {
      out.push(indent + line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...out, indent + line];
}

function visibleLength(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are our own escape sequences.
  return columns(text.replace(/\u001b\[\d+m/g, ''));
}

function severityWord(severity: Severity, paint: Paint): string {
  switch (severity) {
    case 'error':
      return paint.red('error');
    case 'warning':
      return paint.yellow('warning');
    case 'info':
      return paint.blue('info');
    case 'hint':
      return paint.dim('hint');
  }
}

function summary(report: Report, options: TextOptions): string[] {
  const { summary: counts } = report;
  const { paint } = options;
  const parts = (['error', 'warning', 'info', 'hint'] as const)
    .filter((severity) => counts[severity] > 0)
    .map((severity) => plural(counts[severity], severity));
  const where = `in ${plural(counts.files, 'file')}, ${plural(counts.references, 'reference')}`;
  const out = [parts.length === 0 ? paint.green(`No findings ${where}.`) : `${paint.bold(parts.join(', '))} ${where}.`];
  const hidden = report.files.reduce(
    (sum, file) => sum + file.findings.filter((f) => !isAtLeast(f.severity, options.minSeverity)).length,
    0,
  );
  if (hidden > 0)
    out.push(paint.dim(`${plural(hidden, 'finding')} below ${options.minSeverity} not shown: --min-severity hint shows all.`));
  if (counts.suppressed > 0) out.push(paint.dim(`${plural(counts.suppressed, 'finding')} silenced by comments or the policy.`));
  out.push(...fixable(report, options));
  if (counts.unknown > 0) out.push(...unknownLines(report, options));
  return out;
}

function fixable(report: Report, { paint, online }: TextOptions): string[] {
  const safe = report.files.flatMap((file) => file.findings).flatMap((finding) => finding.fixes.find((fix) => fix.safety === 'safe') ?? []);
  const offline = safe.filter((fix) => !fix.online).length;
  const lookedUp = safe.length - offline;
  if (safe.length === 0) return [];
  if (lookedUp === 0) return [paint.dim(`${plural(offline, 'finding')} can be fixed safely: --fix.`)];
  const all = `${plural(safe.length, 'finding')} can be fixed safely: --fix --online`;
  return [paint.dim(online || offline === 0 ? `${all}.` : `${all} (${offline} of them without a look-up: --fix).`)];
}

/** How many subjects are named before the rest is only counted. */
const MAX_SUBJECTS = 3;

/** How many reasons are told of one kind: hosts that fail do so in many words. */
const MAX_REASONS = 3;

/** What is unknown, by reason: never silent, never long. */
function unknownLines(report: Report, { paint }: TextOptions): string[] {
  const byWhy = new Map<string, Map<string, Map<string, number>>>();
  for (const { why, count, subject, detail = '' } of report.unknown) {
    const byDetail = byWhy.get(why) ?? new Map<string, Map<string, number>>();
    // What comes after the first few is told without its reason.
    const told = byDetail.has(detail) || byDetail.size < MAX_REASONS ? detail : '';
    const subjects = byDetail.get(told) ?? new Map<string, number>();
    subjects.set(subject, (subjects.get(subject) ?? 0) + count);
    byDetail.set(told, subjects);
    byWhy.set(why, byDetail);
  }
  return [...byWhy].flatMap(([why, byDetail]) =>
    [...byDetail].map(([detail, subjects]) => {
      const shown = [...subjects].slice(0, MAX_SUBJECTS);
      const listed = shown.map(([subject, count]) => `${plain(subject, 80)}${count > 1 ? ` (${count})` : ''}`);
      const more = subjects.size > listed.length ? ` and ${subjects.size - listed.length} more` : '';
      const hint = why === 'offline' ? '; --online looks them up' : '';
      const reason = detail === '' ? '' : ` (${plain(detail).replace(/\.$/, '')})`;
      return paint.yellow(`Unknown, ${why}: ${listed.join(', ')}${more}${hint}${reason}.`);
    }),
  );
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
