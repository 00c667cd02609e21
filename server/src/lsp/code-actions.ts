import { type CodeAction, CodeActionKind, type CodeActionParams, CodeActionTriggerKind, type WorkspaceEdit } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { FetchFact } from '../core/answer.ts';
import type { Finding, Fix } from '../core/finding.ts';
import { wholeSpan } from '../core/reference.ts';
import { contains, type Span } from '../core/span.ts';
import { LineIndex } from '../core/text.ts';
import type { Analysis } from '../engine/analyse.ts';
import { editsOf, planSafeFixes } from '../engine/edits.ts';
import type { UpgradeKind } from '../rules/actions/upgrade.ts';
import type { ClientSupport } from './client-support.ts';
import { toDiagnostics, touches, toWorkspaceEdit } from './convert.ts';
import { type LookalikeActionData, lookalikeActions, type PolicyPlace } from './lookalike-actions.ts';
import { type AllowAnswer, DISABLE_RULE, EXPLAIN_RULE, type NameInDocument } from './protocol.ts';
import { REFACTOR, refactorActions, refactorings, resolveUpgrade } from './refactorings.ts';
import type { Replaced } from './replace-everywhere.ts';

/** The kind of our fix-all; clients find it by any prefix of it. */
export const FIX_ALL = 'source.fixAll.waybill';

/** What a code action carries so that it can be resolved later, by a server that keeps no state. */
export type ActionData =
  | { readonly uri: string; readonly version: number; readonly fingerprint: string; readonly fix: number }
  | { readonly uri: string; readonly version: number; readonly fixAll: true }
  | LookalikeActionData
  /** An upgrade of the action whose value begins at `start`. */
  | { readonly uri: string; readonly version: number; readonly upgrade: UpgradeKind; readonly start: number };

/** What the list of actions is made from. */
export interface ActionContext {
  readonly document: TextDocument;
  readonly analysis: Analysis;
  readonly params: CodeActionParams;
  readonly support: ClientSupport;
  /** Whether the user's settings allow look-ups. */
  readonly online: boolean;
  /** Facts that are known already: for what is triggered without being asked for. */
  readonly known: FetchFact;
  /** Whether the client runs our commands. */
  readonly commands: boolean;
  /** Where names that look like others are allowed. */
  readonly policy: PolicyPlace;
  /** Whether a folder is open. */
  readonly hasFolder: boolean;
}

/** The actions for a range. Never looks anything up. */
export async function codeActions(context: ActionContext, signal: AbortSignal): Promise<CodeAction[]> {
  const { only } = context.params.context;
  const actions: CodeAction[] = [];
  if (wants(only, CodeActionKind.QuickFix)) actions.push(...quickFixes(context));
  // What mends nothing is offered to those who open the menu, not beside every light bulb.
  const isInvoked = context.params.context.triggerKind !== CodeActionTriggerKind.Automatic;
  if (wants(only, REFACTOR) && (only !== undefined || isInvoked)) actions.push(...refactors(context));
  if (only !== undefined && wants(only, FIX_ALL)) actions.push(...(await fixAllActions(context, signal)));
  return actions;
}

/** Whether a client that asks for `only` takes a kind: kinds are prefixes of each other at dots (LSP, "CodeActionKind"). */
function wants(only: readonly string[] | undefined, kind: string): boolean {
  return only === undefined || only.some((prefix) => kind === prefix || kind.startsWith(`${prefix}.`) || prefix === '');
}

function quickFixes({ document, analysis, params, support, online, commands, policy, hasFolder }: ActionContext): CodeAction[] {
  const lines = new LineIndex(document.getText());
  const actions: CodeAction[] = [];
  const explained = new Set<string>();
  for (const finding of analysis.findings) {
    if (!touches(lines.rangeOf(reachOf(finding, analysis)), params.range)) continue;
    const diagnostics = toDiagnostics({ ...analysis, findings: [finding] }, support.diagnostic, lines);
    finding.fixes.forEach((fix, index) => {
      const base = {
        title: fix.title,
        kind: CodeActionKind.QuickFix,
        diagnostics,
        ...(fix.safety === 'safe' && index === 0 ? { isPreferred: true } : {}),
      };
      if (!fix.online) {
        actions.push({ ...base, edit: toWorkspaceEdit(documentOf(document), fix.edits, support.documentChanges) });
      } else if (support.resolveEdit && online) {
        const data: ActionData = { uri: document.uri, version: document.version, fingerprint: finding.fingerprint, fix: index };
        actions.push({ ...base, data });
      } else if (support.resolveEdit && support.disabledActions) {
        actions.push({ ...base, disabled: { reason: 'It needs a look-up, and waybill.network is off.' } });
      }
    });
    actions.push(...lookalikeActions(finding, diagnostics, { document, support, commands, policy, hasFolder, online }));
    if (!commands || explained.has(finding.rule)) continue;
    explained.add(finding.rule);
    actions.push(
      {
        title: `Explain ${finding.rule}`,
        kind: CodeActionKind.QuickFix,
        diagnostics,
        command: { title: 'Explain', command: EXPLAIN_RULE, arguments: [finding.rule] },
      },
      {
        title: `Disable ${finding.rule} in the settings`,
        kind: CodeActionKind.QuickFix,
        diagnostics,
        command: { title: 'Disable', command: DISABLE_RULE, arguments: [finding.rule] },
      },
    );
  }
  // Fixes first, then what only talks about the finding.
  return actions.sort((a, b) => Number(a.command !== undefined) - Number(b.command !== undefined));
}

function refactors({ document, analysis, params, support, online }: ActionContext): CodeAction[] {
  return refactorActions(refactorings(analysis, params.range, new LineIndex(document.getText())), {
    edit: (edits) => toWorkspaceEdit(documentOf(document), edits, support.documentChanges),
    data:
      support.resolveEdit && online
        ? (upgrade, start): ActionData => ({ uri: document.uri, version: document.version, upgrade, start })
        : undefined,
  });
}

/** Where a finding's fixes are offered: not only on its own text, but anywhere on the reference that it is about. */
function reachOf({ span }: Finding, { manifest }: Analysis): Span {
  const reference = manifest.refs.map(wholeSpan).find((whole) => contains(whole, span));
  return reference ?? span;
}

async function fixAllActions(
  { document, analysis, params, support, online, known }: ActionContext,
  signal: AbortSignal,
): Promise<CodeAction[]> {
  const automatic = params.context.triggerKind === CodeActionTriggerKind.Automatic;
  const base = { title: 'Apply all safe fixes of Waybill', kind: FIX_ALL };
  const couldLookUp = analysis.findings.some(({ fixes }) => fixes.some((fix) => fix.safety === 'safe' && fix.online && fix.inFixAll));
  if (couldLookUp && online && !automatic && support.resolveEdit) {
    const data: ActionData = { uri: document.uri, version: document.version, fixAll: true };
    return [{ ...base, data }];
  }
  const plan = await planSafeFixes(analysis.findings, { fetch: known }, signal);
  const edits = plan.applied.flatMap((applied) => applied.edits);
  return edits.length === 0 ? [] : [{ ...base, edit: toWorkspaceEdit(documentOf(document), edits, support.documentChanges) }];
}

/** The outcome of resolving an action: its edit, or a sentence that says why there is none. */
export type Resolved = { readonly action: CodeAction; readonly problems: readonly string[] };

/** What resolving works with. */
export interface ResolveContext {
  readonly document: TextDocument;
  readonly analysis: Analysis;
  readonly support: ClientSupport;
  readonly fetch: FetchFact;
  /** Plans the edit of the policy file that allows a name. */
  readonly allow: (name: NameInDocument) => Promise<AllowAnswer>;
  /** Plans the replacement of a finding's name in all files. */
  readonly everywhere: (finding: Finding, signal: AbortSignal) => Promise<Replaced>;
}

/** Looks up what an action needs and fills in its edit. The action comes back without an edit where that failed. */
export async function resolveAction(action: CodeAction, data: ActionData, context: ResolveContext, signal: AbortSignal): Promise<Resolved> {
  const { document, analysis, support, fetch } = context;
  const withEdit = (edits: Parameters<typeof toWorkspaceEdit>[1]): CodeAction =>
    edits.length === 0 ? action : { ...action, edit: toWorkspaceEdit(documentOf(document), edits, support.documentChanges) };
  if ('fixAll' in data) {
    const plan = await planSafeFixes(analysis.findings, { fetch }, signal);
    const problems = plan.skipped.map(({ finding, why }) => `${textOf(document, finding)}: ${why}`);
    return { action: withEdit(plan.applied.flatMap((applied) => applied.edits)), problems };
  }
  if ('upgrade' in data) {
    const outcome = await resolveUpgrade(analysis, data, { fetch, signal });
    return 'failed' in outcome
      ? { action, problems: [`${action.title.replace(/:.*/s, '')}: ${outcome.failed}`] }
      : { action: withEdit(outcome), problems: [] };
  }
  const finding = analysis.findings.find((candidate) => candidate.fingerprint === data.fingerprint);
  if ('allow' in data) return await resolveAllowed(action, finding, context);
  if ('everywhere' in data) {
    if (finding === undefined) return { action, problems: [GONE] };
    const { edit, problems } = await context.everywhere(finding, signal);
    return { action: edit === undefined ? action : { ...action, edit }, problems };
  }
  const fix: Fix | undefined = finding?.fixes[data.fix];
  if (finding === undefined || fix === undefined) return { action, problems: [GONE] };
  const outcome = await editsOf(fix, { fetch }, signal);
  if ('failed' in outcome) return { action, problems: [`${textOf(document, finding)}: ${outcome.failed}`] };
  return { action: withEdit(outcome), problems: [] };
}

const GONE = 'the finding is gone meanwhile';

async function resolveAllowed(action: CodeAction, finding: Finding | undefined, { document, allow }: ResolveContext): Promise<Resolved> {
  if (finding?.lookalike === undefined) return { action, problems: [GONE] };
  const { ecosystem, name } = finding.lookalike;
  const answer = await allow({ textDocument: { uri: document.uri }, ecosystem, name });
  if ('failed' in answer) return { action, problems: [answer.failed] };
  // Ours, and just made: the answer's type is plain because the client has the protocol from elsewhere.
  return { action: { ...action, edit: answer.edit as WorkspaceEdit }, problems: [] };
}

/** `data` of an action as ours; a client may send anything back. */
export function readActionData(value: unknown): ActionData | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { uri, version, fingerprint, fix, fixAll, upgrade, start, allow, everywhere }: Record<string, unknown> = { ...value };
  if (typeof uri !== 'string' || typeof version !== 'number') return undefined;
  if (fixAll === true) return { uri, version, fixAll };
  if ((upgrade === 'seasoned' || upgrade === 'newest') && typeof start === 'number') return { uri, version, upgrade, start };
  if (everywhere === true && typeof fingerprint === 'string') return { uri, version, fingerprint, everywhere };
  if (allow === true && typeof fingerprint === 'string') return { uri, version, fingerprint, allow };
  return typeof fingerprint === 'string' && typeof fix === 'number' ? { uri, version, fingerprint, fix } : undefined;
}

function documentOf(document: TextDocument): { uri: string; version: number; text: string } {
  return { uri: document.uri, version: document.version, text: document.getText() };
}

function textOf(document: TextDocument, { span }: Finding): string {
  return document.getText().slice(span.start, span.end).split('\n')[0] ?? '';
}
