import { type Finding, messageText, type Severity } from '../../core/finding.ts';
import { LineIndex } from '../../core/text.ts';
import type { Report } from '../../engine/report.ts';

const COMMANDS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'notice', hint: 'notice' };

/** Workflow commands that become annotations (GitHub documentation, "Workflow commands"). Lines and columns are one-based. */
export function githubReport(report: Report): string {
  const out = report.files.flatMap((file) => {
    if (file.findings.length === 0) return [];
    const lines = new LineIndex(file.text);
    return file.findings.map((finding) => annotation(finding, file.path, lines));
  });
  const { error, warning, info, hint, files, unknown } = report.summary;
  out.push(`waybill: ${error} errors, ${warning} warnings, ${info} infos, ${hint} hints in ${files} files; ${unknown} unknown`);
  return `${out.join('\n')}\n`;
}

function annotation(finding: Finding, path: string, lines: LineIndex): string {
  const { start, end } = lines.rangeOf(finding.span);
  const properties: [string, string | number][] = [
    ['file', path],
    ['line', start.line + 1],
    ['endLine', end.line + 1],
  ];
  // GitHub shows columns only for findings on one line.
  if (start.line === end.line) properties.push(['col', start.character + 1], ['endColumn', Math.max(end.character, start.character + 1)]);
  properties.push(['title', finding.rule]);
  const list = properties.map(([key, value]) => `${key}=${escapeProperty(String(value))}`).join(',');
  return `::${COMMANDS[finding.severity]} ${list}::${escapeData(messageText(finding.message))}`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
