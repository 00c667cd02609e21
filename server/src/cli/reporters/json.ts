import { messageText } from '../../core/finding.ts';
import { LineIndex } from '../../core/text.ts';
import { plain } from '../../core/untrusted.ts';
import type { Report } from '../../engine/report.ts';

/** The machine-readable report, `version` 1; its schema is schemas/report.schema.json. */
export function jsonReport(report: Report): string {
  const findings = report.files.flatMap((file) => {
    if (file.findings.length === 0) return [];
    const lines = new LineIndex(file.text);
    return file.findings.map((finding) => ({
      rule: finding.rule,
      severity: finding.severity,
      message: messageText(finding.message),
      path: file.path,
      range: lines.rangeOf(finding.span),
      fixes: finding.fixes.map(({ title, safety }) => ({ title, safety })),
      related: finding.related.map(({ file: { path, text }, span, note }) => ({
        path,
        range: new LineIndex(text).rangeOf(span),
        message: note,
      })),
      fingerprint: finding.fingerprint,
    }));
  });
  const unknown = report.unknown.map(({ path, subject, why, count, detail }) => ({
    path,
    subject,
    why,
    count,
    ...(detail === undefined ? {} : { detail: plain(detail) }),
  }));
  return `${JSON.stringify({ version: 1, findings, unknown, summary: report.summary }, undefined, 2)}\n`;
}
