import * as vscode from 'vscode';
import { pickRule, rulePage } from './rule-pages.ts';

/** Switches a rule off in the settings: of the workspace where one is open, else of the user. Other entries stay. */
export async function disableRule(context: vscode.ExtensionContext, rule: unknown): Promise<void> {
  const chosen = rule ?? (await pickRule(context, 'Disable which rule?'));
  if (typeof chosen !== 'string' || (await rulePage(context, chosen)) === undefined) return;
  const settings = vscode.workspace.getConfiguration('waybill');
  const inWorkspace = (vscode.workspace.workspaceFolders?.length ?? 0) > 0;
  const target = inWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
  const values = settings.inspect<Record<string, string>>('rules');
  const before = (inWorkspace ? values?.workspaceValue : values?.globalValue) ?? {};
  await settings.update('rules', { ...before, [chosen]: 'off' }, target);
}
