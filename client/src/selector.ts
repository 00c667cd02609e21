import * as vscode from 'vscode';
import { DOCUMENT_PATTERNS } from './patterns.generated.ts';

/** Which documents go to the server: by path, whatever their language id, and untitled ones by language id. */
export const SELECTOR = [
  ...DOCUMENT_PATTERNS.globs.map((pattern) => ({ pattern })),
  ...DOCUMENT_PATTERNS.languageIds.map((language) => ({ scheme: 'untitled', language })),
];

/** Whether one of our formats reads a document. */
export function isOurs(document: vscode.TextDocument): boolean {
  return vscode.languages.match(SELECTOR, document) > 0;
}
