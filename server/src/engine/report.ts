import type { Finding, Severity } from '../core/finding.ts';
import type { SourceFile } from '../core/source-file.ts';
import { masked } from '../core/untrusted.ts';
import type { Analysis, UnknownItem } from './analyse.ts';
import type { Suppressed } from './suppressions.ts';

/** Counts of one run, as in the JSON report. */
export interface Summary {
  readonly files: number;
  readonly references: number;
  readonly error: number;
  readonly warning: number;
  readonly info: number;
  readonly hint: number;
  readonly suppressed: number;
  readonly unknown: number;
}

/** One document in a report, with the path that people see. */
export interface ReportedFile {
  readonly path: string;
  /** The document's text, at the same offsets, with asterisks for its secrets. */
  readonly text: string;
  readonly findings: readonly Finding[];
  readonly suppressed: readonly Suppressed[];
}

/** The outcome of a run over many documents. Every front and every reporter reads this. */
export interface Report {
  /** Sorted by path, by code units. */
  readonly files: readonly ReportedFile[];
  readonly unknown: readonly UnknownItem[];
  readonly summary: Summary;
}

/** An analysis, and the path that people see for a file of its root. */
export interface ShownAnalysis {
  readonly analysis: Analysis;
  readonly shown: (file: SourceFile) => string;
}

/**
 * Sorts and counts. `unread` are files that could not even be analysed (too large, unreadable), `failed` look-ups of fixes; their
 * paths are those that people see. Texts without secrets are shared with the analyses, not copied.
 */
export function buildReport(analyses: readonly ShownAnalysis[], unread: readonly UnknownItem[], failed: readonly UnknownItem[]): Report {
  const files = analyses
    .map(({ analysis: { manifest, findings, suppressed }, shown }) => ({
      path: shown(manifest.file),
      text: masked(manifest.file.text, manifest.secrets),
      findings: findings.map((finding) => withShownRelated(finding, shown)),
      suppressed: suppressed.map((one) => ({ ...one, finding: withShownRelated(one.finding, shown) })),
    }))
    .sort((a, b) => compareText(a.path, b.path));
  const unknown = [...analyses.flatMap((one) => one.analysis.unknown.map((item) => withShownPath(item, one))), ...unread, ...failed].sort(
    (a, b) => compareText(a.path, b.path) || compareText(a.subject, b.subject) || compareText(a.why, b.why),
  );
  const count = (severity: Severity) =>
    files.reduce((sum, file) => sum + file.findings.filter((finding) => finding.severity === severity).length, 0);
  return {
    files,
    unknown,
    summary: {
      files: files.length + unread.length,
      references: analyses.reduce((sum, { analysis }) => sum + analysis.manifest.refs.length, 0),
      error: count('error'),
      warning: count('warning'),
      info: count('info'),
      hint: count('hint'),
      suppressed: files.reduce((sum, file) => sum + file.suppressed.length, 0),
      unknown: unknown.reduce((sum, item) => sum + item.count, 0),
    },
  };
}

function withShownPath(item: UnknownItem, { analysis, shown }: ShownAnalysis): UnknownItem {
  const path = shown(analysis.manifest.file);
  return { ...item, path, subject: item.subject === item.path ? path : item.subject };
}

function withShownRelated(finding: Finding, shown: (file: SourceFile) => string): Finding {
  if (finding.related.length === 0) return finding;
  return { ...finding, related: finding.related.map((related) => ({ ...related, file: { ...related.file, path: shown(related.file) } })) };
}

/** Order by UTF-16 code units, the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
