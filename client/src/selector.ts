import * as vscode from 'vscode';
import { DOCUMENT_PATTERNS } from './patterns.generated.ts';

/** What has files: the disk, new documents, and the open folders, which may be on no disk. Not what Git shows of an older version. */
const SCHEMES = [...new Set(['file', 'untitled', ...(vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.scheme)])];

/** Which documents go to the server: by path, whatever their language id, and untitled ones by language id. */
export const SELECTOR = [
  ...SCHEMES.flatMap((scheme) => DOCUMENT_PATTERNS.globs.map((pattern) => ({ scheme, pattern }))),
  ...DOCUMENT_PATTERNS.languageIds.map((language) => ({ scheme: 'untitled', language })),
];

/** Whether one of our formats reads a document. */
export function isOurs(document: vscode.TextDocument): boolean {
  return vscode.languages.match(SELECTOR, document) > 0;
}
