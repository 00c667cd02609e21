import * as vscode from 'vscode';
import type { BaseLanguageClient } from 'vscode-languageclient';
import {
  FILE_LIMITS,
  LIST_FILES,
  type ListedFiles,
  type ListFilesParams,
  READ_FILE,
  READ_LOOKALIKES,
  type ReadFile,
  type ReadFileParams,
} from '../../server/src/lsp/protocol.ts';

/** Reads files for a server that cannot: in a web worker, and in workspaces that are on no disk. Nothing outside the open folders. */
export function serveFiles(client: BaseLanguageClient, extensionUri: vscode.Uri): void {
  client.onRequest(READ_LOOKALIKES, () => readLookalikes(extensionUri));
  client.onRequest(LIST_FILES, ({ folder }: ListFilesParams) => listFiles(vscode.Uri.parse(folder)));
  client.onRequest(READ_FILE, ({ uri }: ReadFileParams) => readFile(vscode.Uri.parse(uri)));
}

async function listFiles(folder: vscode.Uri): Promise<ListedFiles> {
  if (vscode.workspace.getWorkspaceFolder(folder) === undefined) return { uris: [], truncated: false };
  const pattern = new vscode.RelativePattern(folder, '**/*');
  const found = await vscode.workspace.findFiles(pattern, '**/{node_modules,.git}/**', FILE_LIMITS.files + 1);
  return { uris: found.slice(0, FILE_LIMITS.files).map((uri) => uri.toString()), truncated: found.length > FILE_LIMITS.files };
}

async function readFile(uri: vscode.Uri): Promise<ReadFile> {
  if (vscode.workspace.getWorkspaceFolder(uri) === undefined) return { exists: false };
  try {
    const { size, type } = await vscode.workspace.fs.stat(uri);
    if ((type & vscode.FileType.File) === 0) return { exists: false };
    if (size > FILE_LIMITS.bytes) return { exists: true };
    return { exists: true, text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(await vscode.workspace.fs.readFile(uri)) };
  } catch {
    // It is gone, or the file system does not let us.
    return { exists: false };
  }
}

async function readLookalikes(extensionUri: vscode.Uri): Promise<string | null> {
  try {
    const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(extensionUri, 'dist', 'lookalikes.bin'));
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  } catch {
    // Without the list the server says that it does not know.
    return null;
  }
}
