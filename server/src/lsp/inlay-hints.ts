import { type InlayHint, InlayHintKind, type Range } from 'vscode-languageserver';
import { type GitRefs, gitRefs } from '../core/facts.ts';
import { exactTagFor, resolveRef } from '../core/git-versions.ts';
import type { ActionReference } from '../core/reference.ts';
import { LineIndex } from '../core/text.ts';
import { plain } from '../core/untrusted.ts';
import type { Analysis } from '../engine/analyse.ts';
import type { FactView } from '../engine/fact-store.ts';
import { imageHints } from './image-hints.ts';

/** The longest version that is shown, in UTF-16 units. */
const MAX_VERSION_UNITS = 40;

/** Versions beside what only a machine can read, in document order for each kind of reference. Nothing is looked up for them. */
export function inlayHints(analysis: Analysis, range: Range, facts: FactView): InlayHint[] {
  return [...actionHints(analysis, range, facts), ...imageHints(analysis, range, facts)];
}

/**
 * The version beside a commit that has no version comment, and beside a tag that moves (`v4`), where the repository's tags are
 * known already. Nothing is looked up for it; where nothing is known, nothing is shown.
 */
function actionHints({ manifest }: Analysis, range: Range, facts: FactView): InlayHint[] {
  const lines = new LineIndex(manifest.file.text);
  const from = lines.offsetAt(range.start);
  const to = lines.offsetAt(range.end);
  return manifest.refs.flatMap((reference) => {
    if (reference.ecosystem !== 'github-actions' || (reference.verdict !== 'pinned' && reference.verdict !== 'unpinned')) return [];
    if (reference.valueSpan.end < from || reference.valueSpan.start > to || hasVersionComment(reference)) return [];
    const answer = facts.get(gitRefs, { owner: reference.owner, repo: reference.repo });
    const tag = answer.state === 'known' ? versionOf(reference, answer.value) : undefined;
    if (tag === undefined) return [];
    const hint: InlayHint = {
      position: lines.positionAt(reference.valueSpan.end),
      label: plain(tag, MAX_VERSION_UNITS),
      kind: InlayHintKind.Type,
      paddingLeft: true,
      tooltip: `${plain(tag, MAX_VERSION_UNITS)} is a tag of ${reference.verdict === 'pinned' ? 'this commit' : 'the commit that this stands for now'}.`,
    };
    return [hint];
  });
}

function versionOf({ verdict, ref, subPath }: ActionReference, refs: GitRefs): string | undefined {
  if (verdict === 'pinned') return exactTagFor(refs, ref, { subPath });
  const resolved = resolveRef(refs, ref);
  if (resolved.kind !== 'tag') return undefined;
  const exact = exactTagFor(refs, resolved.commit, { requested: resolved.name, subPath });
  return exact === resolved.name ? undefined : exact;
}

function hasVersionComment({ comment }: ActionReference): boolean {
  return comment !== undefined && /\d/.test(comment.text);
}
