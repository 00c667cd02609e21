import type { ChangeAnnotation, TextDocumentEdit, WorkspaceEdit } from 'vscode-languageserver';
import type { FetchFact } from '../core/answer.ts';
import { LineIndex } from '../core/text.ts';
import { type Analysis, analyse } from '../engine/analyse.ts';
import { type FixPlan, planSafeFixes } from '../engine/edits.ts';
import { FactStore, FOR_ONE_RUN } from '../engine/fact-store.ts';
import { settle } from '../engine/settle.ts';
import { rules } from '../rules/index.ts';
import { yieldToQueue } from './abort.ts';
import type { AnalysisContext } from './documents.ts';
import { type ReadableWorkspace, type ReadManifest, readManifest, type WorkspaceFile, workspaceFiles } from './workspace-files.ts';

/** What pinning a workspace works with. */
export interface PinOptions extends ReadableWorkspace {
  readonly contextOf: (uri: string) => Promise<AnalysisContext>;
  /** What looks facts up for a document under its settings; equal for documents with equal settings. */
  readonly fetchFor: (uri: string) => Promise<FetchFact>;
  readonly onRuleError: (rule: string, format: string, error: unknown) => void;
}

/** How far it is: files read, or facts about to be looked up. */
export type PinStep = { readonly files: number } | { readonly lookUps: number };

/** What `--fix --online` would do to the workspace, as an edit to look at. */
export interface PinPlan {
  readonly edit: WorkspaceEdit;
  /** How many fixes are in the edit, and in how many files. */
  readonly fixes: number;
  readonly files: number;
  /** What could not be fixed, and why: a sentence each. */
  readonly problems: readonly string[];
}

interface Target extends ReadManifest {
  readonly context: AnalysisContext;
  readonly facts: FactStore;
  readonly fetch: FetchFact;
  analysis: Analysis;
}

/**
 * Plans all safe fixes of all files, looking up what they need: the same files, facts and edits as `waybill check --fix --online`.
 * Nothing is changed. Every edit names its rule in an annotation, and its document's version.
 */
export async function pinEverything(options: PinOptions, onStep: (step: PinStep) => void, signal: AbortSignal): Promise<PinPlan> {
  const targets = await readAll(options, onStep, signal);
  const stores = new Set(targets.map(({ facts }) => facts));
  for (const facts of stores) {
    const own = targets.filter((target) => target.facts === facts);
    const again = async (): Promise<void> => {
      for (const target of own) target.analysis = analysisOf(target, options);
      await yieldToQueue();
    };
    await settle(facts, again, { signal, onRound: (lookUps) => onStep({ lookUps }) });
  }
  const plans = await Promise.all(
    targets.map(async (target) => ({ target, plan: await planSafeFixes(target.analysis.findings, { fetch: target.fetch }, signal) })),
  );
  return toEdit(plans, options);
}

async function readAll(options: PinOptions, onStep: (step: PinStep) => void, signal: AbortSignal): Promise<Target[]> {
  await options.host.ready();
  const targets: Target[] = [];
  const stores = new Map<FetchFact, FactStore>();
  for await (const found of workspaceFiles(options, () => onStep({ files: targets.length }), signal)) {
    const target = await readOne(found, { options, stores });
    if (target !== undefined) targets.push(target);
  }
  return targets;
}

async function readOne(
  found: WorkspaceFile,
  { options, stores }: { readonly options: PinOptions; readonly stores: Map<FetchFact, FactStore> },
): Promise<Target | undefined> {
  const read = await readManifest(found, options);
  if (read === undefined) return undefined;
  const fetch = await options.fetchFor(found.uri);
  const facts = stores.get(fetch) ?? new FactStore(fetch, FOR_ONE_RUN);
  stores.set(fetch, facts);
  const context = await options.contextOf(found.uri);
  const target = { ...read, context, facts, fetch };
  return { ...target, analysis: analysisOf(target, options) };
}

function analysisOf({ uri, manifest, context, facts }: Omit<Target, 'analysis'>, { workspace, onRuleError }: PinOptions): Analysis {
  return analyse(manifest, { rules, ...context, facts, surroundings: workspace.placeOf(uri).root.project, onRuleError });
}

function toEdit(plans: readonly { readonly target: Target; readonly plan: FixPlan }[], { openDocument }: PinOptions): PinPlan {
  const documentChanges: TextDocumentEdit[] = [];
  const changeAnnotations: Record<string, ChangeAnnotation> = {};
  const problems: string[] = [];
  let fixes = 0;
  for (const { target, plan } of plans) {
    const { path } = target.manifest.file;
    problems.push(...plan.skipped.map(({ fix, why }) => `${path}: "${fix.title}": ${why}`));
    const applied = plan.applied.filter(({ edits }) => edits.length > 0);
    if (applied.length === 0) continue;
    if (openDocument(target.uri)?.version !== (target.version ?? undefined)) {
      problems.push(`${path}: it was edited meanwhile; run again for it`);
      continue;
    }
    const lines = new LineIndex(target.manifest.file.text);
    const edits = applied.flatMap(({ finding, edits }) => {
      changeAnnotations[finding.rule] ??= { label: labelOf(finding.rule), description: finding.rule };
      return edits.map((edit) => ({ range: lines.rangeOf(edit.span), newText: edit.text, annotationId: finding.rule }));
    });
    documentChanges.push({ textDocument: { uri: target.uri, version: target.version }, edits });
    fixes += applied.length;
  }
  return { edit: { documentChanges, changeAnnotations }, fixes, files: documentChanges.length, problems };
}

function labelOf(rule: string): string {
  return rules.find(({ meta }) => meta.id === rule)?.meta.title ?? rule;
}
