import type { Log, PhysicalLocation, ReportingDescriptor, Result, Suppression } from 'sarif';
import { type Finding, messageText, type Severity } from '../../core/finding.ts';
import type { Rule } from '../../core/rule.ts';
import { rulePageUrl } from '../../core/rule-page.ts';
import type { Span } from '../../core/span.ts';
import { LineIndex } from '../../core/text.ts';
import { plain } from '../../core/untrusted.ts';
import { HOMEPAGE, VERSION } from '../../data/product.generated.ts';
import type { Report, ReportedFile } from '../../engine/report.ts';
import type { Suppressed } from '../../engine/suppressions.ts';
import { lineHashes } from './line-hashes.ts';

const LEVELS: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = { error: 'error', warning: 'warning', info: 'note', hint: 'note' };

/** What the report needs of the rules. */
export interface SarifOptions {
  readonly rules: readonly Rule[];
  /** A rule's page in Markdown. */
  readonly page: (ruleId: string) => string;
}

/** SARIF 2.1.0 (OASIS standard, with errata 01): one run, one-based regions in UTF-16 units, URIs relative to `%SRCROOT%`. */
export function sarifReport(report: Report, options: SarifOptions): string {
  const index = new Map(options.rules.map((rule, i) => [rule.meta.id, i]));
  const log: Log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Waybill',
            semanticVersion: VERSION,
            informationUri: HOMEPAGE,
            rules: options.rules.map((rule) => descriptor(rule, options.page)),
          },
        },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { '%SRCROOT%': { description: { text: 'The checked folder.' } } },
        artifacts: report.files
          .filter((file) => file.findings.length + file.suppressed.length > 0)
          .map((file) => ({ location: location(file.path) })),
        invocations: [
          {
            executionSuccessful: true,
            toolExecutionNotifications: report.unknown.map((item) => ({
              level: 'note' as const,
              message: {
                text: `Unknown (${item.why}): ${item.subject}${item.count > 1 ? ` (${item.count} questions)` : ''}${item.detail === undefined ? '' : `: ${plain(item.detail)}`}.`,
              },
              locations: [{ physicalLocation: { artifactLocation: location(item.path) } }],
            })),
          },
        ],
        results: report.files.flatMap((file) => results(file, index)),
      },
    ],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

function descriptor({ meta }: Rule, page: (ruleId: string) => string): ReportingDescriptor {
  const markdown = page(meta.id);
  return {
    id: meta.id,
    name: meta.id
      .split(/[/-]/)
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join(''),
    shortDescription: { text: `${meta.title}.` },
    fullDescription: { text: `${meta.title}.` },
    helpUri: rulePageUrl(meta.id),
    help: { text: plainPage(markdown), markdown },
    defaultConfiguration: { level: LEVELS[meta.severity], enabled: meta.tier === 'recommended' },
    properties: {
      tags: ['security', 'supply-chain', meta.id.slice(0, meta.id.indexOf('/'))],
      precision: meta.confidence,
      'problem.severity': meta.severity === 'error' ? 'error' : meta.severity === 'warning' ? 'warning' : 'recommendation',
      'security-severity': meta.securitySeverity,
    },
  };
}

/** A page without the comments and table of its Markdown: what a viewer without Markdown shows. */
function plainPage(markdown: string): string {
  return markdown
    .replace(/<!--[\s\S]*?-->\n?/g, '')
    .replace(/^\|.*\|\n/gm, '')
    .replace(/^```.*\n/gm, '')
    .replace(/^#+ /gm, '')
    .replace(/\[([^\]]*)\]\(([^)]*)\)/g, '$1 ($2)')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

function results(file: ReportedFile, index: ReadonlyMap<string, number>): Result[] {
  if (file.findings.length + file.suppressed.length === 0) return [];
  const lines = new LineIndex(file.text);
  const hashes = lineHashes(file.text);
  const one = (finding: Finding, suppressed?: Suppressed) =>
    result(finding, { file, lines, hashes, index, ...(suppressed && { suppressed }) });
  return [...file.findings.map((finding) => one(finding)), ...file.suppressed.map((suppressed) => one(suppressed.finding, suppressed))];
}

interface Context {
  readonly file: ReportedFile;
  readonly lines: LineIndex;
  readonly hashes: readonly string[];
  readonly index: ReadonlyMap<string, number>;
  readonly suppressed?: Suppressed;
}

function result(finding: Finding, { file, lines, hashes, index, suppressed }: Context): Result {
  const hash = hashes[lines.positionAt(finding.span.start).line];
  const fixes = finding.fixes.flatMap((fix) =>
    fix.online || fix.edits.length === 0
      ? []
      : [
          {
            description: { text: fix.title },
            artifactChanges: [
              {
                artifactLocation: location(file.path),
                replacements: fix.edits.map((edit) => ({ deletedRegion: region(lines, edit.span), insertedContent: { text: edit.text } })),
              },
            ],
          },
        ],
  );
  const ruleIndex = index.get(finding.rule);
  return {
    ruleId: finding.rule,
    ...(ruleIndex === undefined ? {} : { ruleIndex }),
    level: LEVELS[finding.severity],
    message: { text: messageText(finding.message) },
    locations: [{ physicalLocation: place(file.path, lines, finding.span) }],
    ...(finding.related.length === 0
      ? {}
      : {
          relatedLocations: finding.related.map(({ file: { path, text }, span, note }, id) => ({
            id,
            message: { text: note },
            physicalLocation: place(path, new LineIndex(text), span),
          })),
        }),
    partialFingerprints: { 'waybill/v1': finding.fingerprint, ...(hash === undefined ? {} : { primaryLocationLineHash: hash }) },
    ...(fixes.length === 0 ? {} : { fixes }),
    ...(suppressed === undefined ? {} : { suppressions: [suppression(suppressed)] }),
  };
}

function suppression({ by, reason }: Suppressed): Suppression {
  return { kind: by === 'comment' ? 'inSource' : 'external', ...(reason === '' ? {} : { justification: reason }) };
}

function place(path: string, lines: LineIndex, span: Span): PhysicalLocation {
  return { artifactLocation: location(path), region: region(lines, span) };
}

/** SARIF regions are one-based, and their end is exclusive (section 3.30). */
function region(lines: LineIndex, span: Span) {
  const { start, end } = lines.rangeOf(span);
  return { startLine: start.line + 1, startColumn: start.character + 1, endLine: end.line + 1, endColumn: end.character + 1 };
}

/** A path as a URI reference (RFC 3986): each part escaped, `/` kept. */
function location(path: string): { uri: string; uriBaseId: string } {
  return { uri: path.split('/').map(encodeURIComponent).join('/'), uriBaseId: '%SRCROOT%' };
}
