import assert from 'node:assert/strict';
import type { CodeAction, Range } from 'vscode-languageserver-protocol';
import type { Session } from '../../support/lsp-client.ts';

/** Waits until a document has so many findings about lookalikes: the list of names is read after the first answer. */
export async function untilNamed(lsp: Session, uri: string, count: number): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = (await lsp.diagnostics(uri)).filter(({ code }) => String(code).endsWith('/lookalike'));
    if (found.length === count) return;
    assert.ok(Date.now() < deadline, `${found.length} findings instead of ${count}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The actions at a text's first occurrence. */
export function actionsAt(lsp: Session, uri: string, { text, at }: { readonly text: string; readonly at: string }): Promise<CodeAction[]> {
  const before = text.slice(0, text.indexOf(at) + 1).split('\n');
  const position = { line: before.length - 1, character: before.at(-1)?.length ?? 0 };
  const range: Range = { start: position, end: position };
  return lsp.actions(uri, range);
}
