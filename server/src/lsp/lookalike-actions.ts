import { type CodeAction, CodeActionKind, type Diagnostic } from 'vscode-languageserver';
import type { Finding } from '../core/finding.ts';
import { plain } from '../core/untrusted.ts';
import { NEW_POLICY_FILE } from './allow-name.ts';
import type { ClientSupport } from './client-support.ts';
import { ALLOW_NAME_COMMAND, COMPARE_NAMES_COMMAND, type NameInDocument } from './protocol.ts';

/** What an action about a suspicious name carries until it is resolved. */
export type LookalikeActionData =
  /** The policy gets an entry for the name of a finding, with the reason left to be filled in. */
  | { readonly uri: string; readonly version: number; readonly fingerprint: string; readonly allow: true }
  /** The name of a finding is replaced in all files. */
  | { readonly uri: string; readonly version: number; readonly fingerprint: string; readonly everywhere: true };

/** What the actions about a suspicious name are made from. */
export interface LookalikeActionContext {
  readonly document: { readonly uri: string; readonly version: number };
  readonly support: ClientSupport;
  /** Whether the client runs our commands. */
  readonly commands: boolean;
  readonly policy: PolicyPlace;
  /** Whether a folder is open, in which there may be other files. */
  readonly hasFolder: boolean;
  /** Whether the user's settings allow look-ups. */
  readonly online: boolean;
}

/** Where names are allowed. */
export interface PolicyPlace {
  /** `waybill.policy`; empty where none is named. */
  readonly file: string;
  /** Why nothing can be allowed there, as a sentence. */
  readonly refusal: string | undefined;
}

/** What else can be done about a name that looks like another, besides the finding's own fixes. Looks nothing up. */
export function lookalikeActions(finding: Finding, diagnostics: Diagnostic[], context: LookalikeActionContext): CodeAction[] {
  const { lookalike } = finding;
  if (lookalike === undefined) return [];
  // Nobody is helped to allow what is known to be malware.
  const allow = lookalike.found.confidence === 'certain' ? [] : allowActions(finding, diagnostics, context);
  return [...everywhereActions(finding, diagnostics, context), ...compareActions(finding, diagnostics, context), ...allow];
}

function compareActions(
  { lookalike }: Finding,
  diagnostics: Diagnostic[],
  { document: { uri }, commands }: LookalikeActionContext,
): CodeAction[] {
  if (lookalike === undefined || lookalike.found.target === '' || !commands) return [];
  const { ecosystem, name, found } = lookalike;
  const argument: NameInDocument = { textDocument: { uri }, ecosystem, name };
  const title = `Compare ${plain(name)} with ${plain(found.target)}`;
  const command = { title: 'Compare', command: COMPARE_NAMES_COMMAND, arguments: [argument] };
  return [{ title, kind: CodeActionKind.QuickFix, diagnostics, command }];
}

function everywhereActions(
  { lookalike, fingerprint, fixes }: Finding,
  diagnostics: Diagnostic[],
  { document: { uri, version }, support, hasFolder, online }: LookalikeActionContext,
): CodeAction[] {
  const isReplaceable = fixes.some(({ purpose }) => purpose === 'replace');
  if (lookalike === undefined || !isReplaceable || !hasFolder || !support.resolveEdit || !support.documentChanges) return [];
  const { name, ecosystem, found } = lookalike;
  const data: LookalikeActionData = { uri, version, fingerprint, everywhere: true };
  // Without a look-up the versions stay what they are, whether the real package has them or not.
  const checks = [...(online ? [] : ['only the name: check the versions']), ...(ecosystem === 'npm' ? ['then install again'] : [])];
  const hint = checks.length === 0 ? '' : ` (${checks.join('; ')})`;
  const title = `Replace ${plain(name)} by ${plain(found.target)} in all files of the workspace${hint}`;
  return [{ title, kind: CodeActionKind.QuickFix, diagnostics, data }];
}

function allowActions(
  { lookalike, fingerprint }: Finding,
  diagnostics: Diagnostic[],
  { document: { uri, version }, support, commands, policy }: LookalikeActionContext,
): CodeAction[] {
  if (lookalike === undefined) return [];
  const { ecosystem, name } = lookalike;
  const file = plain(policy.file === '' ? NEW_POLICY_FILE : policy.file, 60);
  const base = { kind: CodeActionKind.QuickFix, diagnostics };
  // Another client's settings are its user's to write.
  const refusal =
    policy.refusal ?? (commands || policy.file !== '' ? undefined : 'Name a policy file in the setting waybill.policy first.');
  if (refusal !== undefined) {
    const title = `Allow ${plain(name)} in ${file}, with a reason`;
    return support.disabledActions ? [{ ...base, title, disabled: { reason: refusal } }] : [];
  }
  if (commands) {
    const argument: NameInDocument = { textDocument: { uri }, ecosystem, name };
    const title = `Allow ${plain(name)} in ${file}, with a reason…`;
    return [{ ...base, title, command: { title: 'Allow', command: ALLOW_NAME_COMMAND, arguments: [argument] } }];
  }
  const data: LookalikeActionData = { uri, version, fingerprint, allow: true };
  return support.resolveEdit
    ? [{ ...base, title: `Allow ${plain(name)} in ${file} (fill in the reason: without one it is not used)`, data }]
    : [];
}
