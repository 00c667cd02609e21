import { DiagnosticTag, type InitializeParams } from 'vscode-languageserver';
import type { DiagnosticSupport } from './convert.ts';
import type { WaybillInitializationOptions } from './protocol.ts';

/** What the client at the other end can do. */
export interface ClientSupport {
  readonly diagnostic: DiagnosticSupport;
  readonly pullDiagnostics: boolean;
  readonly refreshDiagnostics: boolean;
  readonly refreshCodeLens: boolean;
  readonly configuration: boolean;
  readonly configurationRegistration: boolean;
  readonly watchedFilesRegistration: boolean;
  readonly workspaceFolders: boolean;
  readonly resolveEdit: boolean;
  readonly disabledActions: boolean;
  readonly dataInActions: boolean;
  readonly literalActions: boolean;
  readonly documentChanges: boolean;
  /** Whether an edit may make files. */
  readonly createFiles: boolean;
  readonly markdownHover: boolean;
  readonly progress: boolean;
}

/** Reads the capabilities that the client sent. */
export function clientSupport({ capabilities }: InitializeParams): ClientSupport {
  const { textDocument, workspace, window } = capabilities;
  const push = textDocument?.publishDiagnostics;
  const pull = textDocument?.diagnostic;
  const action = textDocument?.codeAction;
  return {
    diagnostic: {
      codeDescription: push?.codeDescriptionSupport === true || pull?.codeDescriptionSupport === true,
      data: push?.dataSupport === true || pull?.dataSupport === true,
      relatedInformation: push?.relatedInformation === true || pull?.relatedInformation === true,
      deprecatedTag: [push, pull].some((support) => support?.tagSupport?.valueSet.includes(DiagnosticTag.Deprecated) === true),
    },
    pullDiagnostics: pull !== undefined,
    refreshDiagnostics: workspace?.diagnostics?.refreshSupport === true,
    refreshCodeLens: workspace?.codeLens?.refreshSupport === true,
    configuration: workspace?.configuration === true,
    configurationRegistration: workspace?.didChangeConfiguration?.dynamicRegistration === true,
    watchedFilesRegistration: workspace?.didChangeWatchedFiles?.dynamicRegistration === true,
    workspaceFolders: workspace?.workspaceFolders === true,
    resolveEdit: action?.resolveSupport?.properties.includes('edit') === true && action.dataSupport === true,
    disabledActions: action?.disabledSupport === true,
    dataInActions: action?.dataSupport === true,
    literalActions: action?.codeActionLiteralSupport !== undefined,
    documentChanges: workspace?.workspaceEdit?.documentChanges === true,
    createFiles:
      workspace?.workspaceEdit?.documentChanges === true && workspace.workspaceEdit.resourceOperations?.includes('create') === true,
    markdownHover: textDocument?.hover?.contentFormat?.includes('markdown') === true,
    progress: window?.workDoneProgress === true,
  };
}

/** `initializationOptions` as ours; anything else than an object is no options at all. */
export function initializationOptions(value: unknown): WaybillInitializationOptions {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
