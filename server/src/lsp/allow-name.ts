import type { TextDocumentEdit, WorkspaceEdit } from 'vscode-languageserver';
import { ECOSYSTEMS } from '../core/lookalike.ts';
import { LineIndex } from '../core/text.ts';
import { checkRuleName } from '../engine/rule-names.ts';
import { allowEdit, newPolicy } from '../policy/allow-edit.ts';
import type { AllowedName } from '../policy/policy.ts';
import { parsePolicy } from '../policy/policy-file.ts';
import type { ClientSupport } from './client-support.ts';
import type { Host } from './host.ts';
import type { AllowAnswer } from './protocol.ts';
import type { Workspace } from './workspace.ts';

/** The policy file that is made where the settings name none. */
export const NEW_POLICY_FILE = 'waybill.json';

/** Longer names and reasons are not written, in UTF-16 units. */
const MAX_UNITS = 2000;

/** What allowing a name works with. */
export interface AllowContext {
  readonly host: Host;
  readonly workspace: Workspace;
  /** The document in which the name stands. */
  readonly uri: string;
  /** `waybill.policy`; empty where none is named. */
  readonly policy: string;
  readonly trusted: boolean;
  readonly support: Pick<ClientSupport, 'documentChanges' | 'createFiles'>;
  /** An open document by its URI: what is not saved yet counts. */
  readonly openDocument: (uri: string) => { readonly uri: string; readonly version: number; getText(): string } | undefined;
}

/** Why a name cannot be allowed in the policy of a document's folder, as a sentence; undefined where it can. */
export function whyNotAllowed({ workspace, uri, trusted }: Pick<AllowContext, 'workspace' | 'uri' | 'trusted'>): string | undefined {
  if (!workspace.folders.includes(workspace.placeOf(uri).root)) return 'Open the folder of this file: its policy file goes there.';
  return trusted ? undefined : 'The policy file of a workspace is not read before you trust it.';
}

/** Plans the edit of the policy file that allows a name: the smallest one, or a new file. Reads the file and changes nothing. */
export async function allowName(allowed: AllowedName, context: AllowContext): Promise<AllowAnswer> {
  const { host, workspace, uri, policy, support, openDocument } = context;
  const why = whyNotAllowed(context);
  if (why !== undefined) return { failed: why };
  if (!isName(allowed)) return { failed: 'That is no name that could be allowed.' };
  const path = policy === '' ? NEW_POLICY_FILE : policy;
  const { root } = workspace.placeOf(uri).root;
  const file = host.fileBelow(root, path);
  if (file === undefined) return { failed: `The policy file ${path} is outside of its workspace folder.` };
  const target = host.uriOf(file);
  const answer = (edit: WorkspaceEdit): AllowAnswer => ({ edit, uri: target, ...(policy === '' ? { setting: path } : {}) });
  const open = openDocument(target);
  const read = open === undefined ? await host.read(file) : undefined;
  if (read?.ok === false && workspace.placeOf(target).root.project.exists(workspace.placeOf(target).path)) {
    return { failed: `${path} cannot be read: ${read.error}.` };
  }
  const text = open?.getText() ?? (read?.ok === true ? read.value : undefined);
  if (text === undefined || text.trim() === '') {
    if (!support.createFiles) return { failed: `Create ${path} with {"version": 1} in it first.` };
    const edits = [{ range: new LineIndex(text ?? '').rangeOf({ start: 0, end: text?.length ?? 0 }), newText: newPolicy(allowed) }];
    const create = { kind: 'create', uri: target, options: { ignoreIfExists: true } } as const;
    const change: TextDocumentEdit = { textDocument: { uri: target, version: open?.version ?? null }, edits };
    return answer({ documentChanges: text === undefined ? [create, change] : [change] });
  }
  const advice = allowEdit(text, allowed);
  if (advice.kind === 'present') return { failed: `${path} allows ${allowed.name} already.` };
  if (advice.kind === 'unusable') return { failed: `${path} ${advice.reason}: correct it first.` };
  const broken = mistakeIn(text);
  if (broken !== undefined) return { failed: `${path}:${broken}: correct it first, a policy with a mistake is not used.` };
  const lines = new LineIndex(text);
  const edits = advice.edits.map(({ start, end, text: newText }) => ({ range: lines.rangeOf({ start, end }), newText }));
  if (!support.documentChanges) return answer({ changes: { [target]: edits } });
  return answer({ documentChanges: [{ textDocument: { uri: target, version: open?.version ?? null }, edits }] });
}

/** The first mistake of a policy, but for a reason that is still to be filled in. */
function mistakeIn(text: string): string | undefined {
  const policy = parsePolicy(text, checkRuleName);
  const mistake = policy.ok ? undefined : policy.error.find(({ message }) => !message.endsWith('needs a "reason"'));
  return mistake && `${mistake.line}:${mistake.column}: ${mistake.message}`;
}

/** Names come from a client, which may send anything. */
function isName({ ecosystem, name, reason }: AllowedName): boolean {
  const isText = (value: unknown): boolean => typeof value === 'string' && value.length <= MAX_UNITS;
  return ECOSYSTEMS.includes(ecosystem) && isText(name) && isText(reason) && name.trim() !== '';
}
