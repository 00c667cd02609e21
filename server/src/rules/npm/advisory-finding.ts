import type { Related, Severity } from '../../core/finding.ts';
import type { AdvisorySeverity, PackageAdvisory } from '../../core/npm-advisories.ts';
import type { SourceFile } from '../../core/source-file.ts';
import type { Span } from '../../core/span.ts';
import { plain } from '../../core/untrusted.ts';
import { advisoriesText, advisoryText, worstOf } from '../../formats/advised-versions.ts';

/** What a finding is worth by its gravest advisory. */
const SEVERITY_OF: Readonly<Record<AdvisorySeverity, Severity>> = {
  critical: 'error',
  high: 'error',
  moderate: 'warning',
  low: 'info',
  info: 'info',
};

/** How many advisories a finding names one by one. */
const MAX_RELATED = 10;

/** What some advisories make of a finding: its severity, the words of its message, and one by one what they say. */
export function advisoryDraft(
  advisories: readonly PackageAdvisory[],
  { file, span }: { readonly file: SourceFile; readonly span: Span },
): {
  readonly severity: Severity;
  readonly args: { readonly known: string; readonly worst: string };
  readonly related: readonly Related[];
} {
  const [first] = advisories;
  return {
    severity: SEVERITY_OF[worstOf(advisories)],
    args: { known: advisoriesText(advisories), worst: first === undefined ? '' : advisoryText(first) },
    related: advisories.slice(0, MAX_RELATED).map((one) => ({
      file,
      span,
      note: plain(`${one.severity}: ${advisoryText(one)}, of ${one.range === '*' ? 'all versions' : one.range}`, MAX_NOTE_UNITS),
    })),
  };
}

const MAX_NOTE_UNITS = 300;
