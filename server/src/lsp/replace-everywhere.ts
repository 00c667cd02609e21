import type { TextDocumentEdit, WorkspaceEdit } from 'vscode-languageserver';
import type { FetchFact } from '../core/answer.ts';
import type { Edit, Finding, Fix } from '../core/finding.ts';
import type { LookalikeName } from '../core/lookalike.ts';
import { LineIndex } from '../core/text.ts';
import { analyse } from '../engine/analyse.ts';
import { editsOf } from '../engine/edits.ts';
import { rules } from '../rules/index.ts';
import type { AnalysisContext } from './documents.ts';
import { type ReadableWorkspace, readManifest, workspaceFiles } from './workspace-files.ts';

/** What replacing a name in all files works with. */
export interface ReplaceOptions extends ReadableWorkspace {
  readonly contextOf: (uri: string) => Promise<AnalysisContext>;
  /** Looks facts up for a document under its settings; undefined where those forbid it. */
  readonly fetchFor: (uri: string) => Promise<FetchFact | undefined>;
  readonly onRuleError: (rule: string, format: string, error: unknown) => void;
}

/** What a name is replaced by, and where. */
export interface Replaced {
  /** Of every file's version that was read; undefined where there is nothing to do. */
  readonly edit: WorkspaceEdit | undefined;
  /** What could not be replaced, and why: a sentence each. */
  readonly problems: readonly string[];
}

/**
 * Plans the replacement of a suspicious name wherever a file of the workspace names it: in each with the fix that its own finding
 * has, so that a version is one that the real package has. Lockfiles have no such fix. Changes nothing.
 */
export async function replaceEverywhere(
  { rule: id, lookalike }: Pick<Finding, 'rule' | 'lookalike'>,
  options: ReplaceOptions,
  signal: AbortSignal,
): Promise<Replaced> {
  const documentChanges: TextDocumentEdit[] = [];
  const problems: string[] = [];
  const only = rules.filter(({ meta }) => meta.id === id);
  await options.host.ready();
  for await (const file of workspaceFiles(options, () => undefined, signal)) {
    const read = await readManifest(file, options);
    if (read === undefined || lookalike === undefined) continue;
    const { manifest, uri, version } = read;
    const surroundings = options.workspace.placeOf(file.uri).root.project;
    const context = await options.contextOf(file.uri);
    const { findings } = analyse(manifest, { ...context, rules: only, surroundings, onRuleError: options.onRuleError });
    const same = findings.filter((finding) => isSame(finding.lookalike, lookalike));
    if (same.length === 0) continue;
    const fetch = await options.fetchFor(file.uri);
    const edits: Edit[] = [];
    for (const { fixes } of same) {
      const fix = replacement(fixes, fetch !== undefined);
      const outcome = fix && (await editsOf(fix, fetch && { fetch }, signal));
      if (outcome !== undefined && 'failed' in outcome) problems.push(`${manifest.file.path}: ${outcome.failed}`);
      else if (outcome !== undefined) edits.push(...outcome);
      else if (fixes.length > 0)
        problems.push(`${manifest.file.path}: it has ${lookalike.found.target} already: remove ${lookalike.name} there`);
    }
    if (edits.length === 0) continue;
    const lines = new LineIndex(manifest.file.text);
    const changed = edits.map(({ span, text }) => ({ range: lines.rangeOf(span), newText: text }));
    documentChanges.push({ textDocument: { uri, version }, edits: changed });
  }
  return { edit: documentChanges.length === 0 || signal.aborted ? undefined : { documentChanges }, problems };
}

function isSame(one: LookalikeName | undefined, other: LookalikeName): boolean {
  return one !== undefined && one.ecosystem === other.ecosystem && one.name.toLowerCase() === other.name.toLowerCase();
}

/** The best of the fixes that put the real name in: those that look something up come first. */
function replacement(fixes: readonly Fix[], online: boolean): Fix | undefined {
  return fixes.find((fix) => fix.purpose === 'replace' && (online || !fix.online));
}
