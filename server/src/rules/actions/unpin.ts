import type { Edit } from '../../core/finding.ts';
import type { ActionReference } from '../../core/reference.ts';
import { isRefName } from '../../formats/action-reference.ts';
import { versionComment } from './version-comment.ts';

/** A pin taken back. */
export interface Unpin {
  /** The ref that is written in place of the commit. */
  readonly ref: string;
  readonly edits: readonly Edit[];
}

/**
 * The version of the comment in place of the commit, and the rest of the comment as it is. Undefined where there is no commit, or
 * no version to go back to. Nothing is looked up: what the comment says is taken for true. `text` is the document's.
 */
export function unpin(action: ActionReference, text: string): Unpin | undefined {
  const { verdict, versionSpan, editable, comment } = action;
  const written = versionComment(action, text);
  if (verdict !== 'pinned' || versionSpan === undefined || !editable || comment === undefined || written === undefined) return undefined;
  if (!isRefName(written.word) || /[\s#'"{}[\],]/.test(written.word)) return undefined;
  return { ref: written.word, edits: [{ span: versionSpan, text: written.word }, withoutVersion(comment.span, written.span, text)] };
}

/** Removes the version with what introduces it; a comment that says nothing else goes with the blanks before it. */
function withoutVersion(comment: Edit['span'], version: Edit['span'], text: string): Edit {
  const rest = text.slice(version.end, comment.end);
  const said = rest.replace(/^[\s,;]+/, '');
  if (said === '') {
    const before = text.slice(0, comment.start);
    return { span: { start: before.trimEnd().length, end: comment.end }, text: '' };
  }
  // What follows is a comment of its own already where it begins with its own sign.
  const start = said.startsWith('#') ? comment.start : comment.start + 1 + (/^\s*/.exec(text.slice(comment.start + 1))?.[0].length ?? 0);
  return { span: { start, end: comment.end - said.length }, text: '' };
}
