import {
  type CodeDescription,
  type Diagnostic,
  DiagnosticSeverity,
  DiagnosticTag,
  type Range as LspRange,
  type Position,
  type TextDocumentEdit,
  type WorkspaceEdit,
} from 'vscode-languageserver';
import { type Edit, type Finding, messageText, type Severity } from '../core/finding.ts';
import { rulePageUrl } from '../core/rule-page.ts';
import type { SourceFile } from '../core/source-file.ts';
import type { Span } from '../core/span.ts';
import { LineIndex } from '../core/text.ts';
import type { Analysis } from '../engine/analyse.ts';

/** The `source` of all our diagnostics. */
export const SOURCE = 'waybill';

const SEVERITIES: Readonly<Record<Severity, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
};

/** Rules whose findings are about something that is deprecated. */
const DEPRECATIONS: ReadonlySet<string> = new Set(['npm/deprecated']);

/** What a client can take in a diagnostic. */
export interface DiagnosticSupport {
  readonly codeDescription: boolean;
  readonly data: boolean;
  readonly relatedInformation: boolean;
  /** Whether it strikes through what is deprecated. */
  readonly deprecatedTag: boolean;
}

/** Gives the position of a UTF-16 offset of one text: a line index of it, or the document itself, which keeps one. */
export interface Positions {
  positionAt(offset: number): Position;
}

/**
 * A document's findings as diagnostics, in document order. `lines` are those of the document's text, where somebody has them:
 * finding the lines of a large file costs as much as parsing it.
 */
export function toDiagnostics(analysis: Analysis, support: DiagnosticSupport, lines?: Positions): Diagnostic[] {
  const own = analysis.manifest.file;
  const known = new Map<SourceFile, Positions>(lines === undefined ? [] : [[own, lines]]);
  const linesOf = (file: SourceFile): Positions => {
    const found = known.get(file) ?? new LineIndex(file.text);
    known.set(file, found);
    return found;
  };
  return analysis.findings.map((finding) => toDiagnostic(finding, own, { linesOf, support }));
}

interface Conversion {
  readonly linesOf: (file: SourceFile) => Positions;
  readonly support: DiagnosticSupport;
}

function toDiagnostic(finding: Finding, own: SourceFile, { linesOf, support }: Conversion): Diagnostic {
  const codeDescription: CodeDescription = { href: rulePageUrl(finding.rule) };
  return {
    range: rangeIn(linesOf(own), finding.span),
    severity: SEVERITIES[finding.severity],
    source: SOURCE,
    code: finding.rule,
    message: messageText(finding.message),
    ...(support.codeDescription ? { codeDescription } : {}),
    ...(support.deprecatedTag && DEPRECATIONS.has(finding.rule) ? { tags: [DiagnosticTag.Deprecated] } : {}),
    ...(support.data ? { data: { fingerprint: finding.fingerprint } } : {}),
    ...(support.relatedInformation && finding.related.length > 0
      ? {
          relatedInformation: finding.related.map(({ file, span, note }) => ({
            location: { uri: file.uri, range: rangeIn(linesOf(file), span) },
            message: note,
          })),
        }
      : {}),
  };
}

function rangeIn(lines: Positions, { start, end }: Span): LspRange {
  return { start: lines.positionAt(start), end: lines.positionAt(end) };
}

/** Whether two ranges touch: what the cursor stands at the end of counts. */
export function touches(a: LspRange, b: LspRange): boolean {
  return !isBefore(a.end, b.start) && !isBefore(b.end, a.start);
}

function isBefore(a: LspRange['start'], b: LspRange['start']): boolean {
  return a.line < b.line || (a.line === b.line && a.character < b.character);
}

/** Edits of one document as a workspace edit that names the version it is meant for, where the client takes that. */
export function toWorkspaceEdit(
  document: { readonly uri: string; readonly version: number; readonly text: string },
  edits: readonly Edit[],
  documentChanges: boolean,
): WorkspaceEdit {
  const lines = new LineIndex(document.text);
  const list = edits.map((edit) => ({ range: lines.rangeOf(edit.span), newText: edit.text }));
  if (!documentChanges) return { changes: { [document.uri]: list } };
  const change: TextDocumentEdit = { textDocument: { uri: document.uri, version: document.version }, edits: list };
  return { documentChanges: [change] };
}
