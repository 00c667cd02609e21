import * as vscode from 'vscode';
import { pickRule, rulePage } from './rule-pages.ts';

/** Opens a rule's page from the installed extension, without the network. Without a rule the user picks one. */
export async function explainRule(context: vscode.ExtensionContext, rule: unknown): Promise<void> {
  const chosen = rule ?? (await pickRule(context, 'Explain which rule?'));
  if (chosen === undefined) return;
  const page = await rulePage(context, chosen);
  if (page === undefined) void vscode.window.showWarningMessage('Waybill: there is no page for this rule.');
  else await vscode.commands.executeCommand('markdown.showPreview', page);
}
