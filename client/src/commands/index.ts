import * as vscode from 'vscode';
import {
  ALLOW_NAME_COMMAND,
  COMPARE_NAMES_COMMAND,
  DISABLE_RULE,
  EXPLAIN_RULE,
  type NameInDocument,
  SHOW_LOCKFILE_CHANGE,
} from '../../../server/src/lsp/protocol.ts';
import { Pages } from '../pages.ts';
import type { ServerHandle } from '../server-handle.ts';
import { allowName } from './allow-name.ts';
import { compareNames } from './compare-names.ts';
import { disableRule } from './disable-rule.ts';
import { explainRule } from './explain-rule.ts';
import { pinEverything } from './pin-everything.ts';
import { recommendToTeam } from './recommend-to-team.ts';
import { refreshLookUps } from './refresh-look-ups.ts';
import { scanWorkspace } from './scan-workspace.ts';
import { showLockfileChange } from './show-lockfile-change.ts';

/** What commands work with. */
export interface CommandContext {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly server: ServerHandle;
}

/** Registers every command of package.json. */
export function registerCommands(commands: CommandContext): void {
  const { context, log, server } = commands;
  const pages = new Pages();
  context.subscriptions.push(
    pages,
    vscode.commands.registerCommand(EXPLAIN_RULE, (rule: unknown) => explainRule(context, rule)),
    vscode.commands.registerCommand(DISABLE_RULE, (rule: unknown) => disableRule(context, rule)),
    vscode.commands.registerCommand(ALLOW_NAME_COMMAND, (name?: NameInDocument, reason?: string) => allowName(server, name, reason)),
    vscode.commands.registerCommand('waybill.scanWorkspace', () => scanWorkspace(server)),
    vscode.commands.registerCommand('waybill.pinEverything', () => pinEverything(server, log)),
    vscode.commands.registerCommand(SHOW_LOCKFILE_CHANGE, (uri: unknown) => showLockfileChange(server, pages, uri)),
    vscode.commands.registerCommand(COMPARE_NAMES_COMMAND, (name?: NameInDocument) => compareNames(server, pages, name)),
    vscode.commands.registerCommand('waybill.refreshLookUps', () => refreshLookUps(server)),
    vscode.commands.registerCommand('waybill.recommendToTeam', () => recommendToTeam(context)),
    vscode.commands.registerCommand('waybill.showLog', () => log.show()),
    vscode.commands.registerCommand('waybill.restart', () => server.restart()),
  );
}
