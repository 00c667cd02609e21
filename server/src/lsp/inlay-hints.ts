import { type InlayHint, InlayHintKind, type Range } from 'vscode-languageserver';
import { gitRefs } from '../core/facts.ts';
import { exactTagFor } from '../core/git-versions.ts';
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
 * The version beside a commit that has no version comment, where the repository's tags are known already. Nothing is looked up
 * for it; where nothing is known, nothing is shown.
 */
function actionHints({ manifest }: Analysis, range: Range, facts: FactView): InlayHint[] {
  const lines = new LineIndex(manifest.file.text);
  const from = lines.offsetAt(range.start);
  const to = lines.offsetAt(range.end);
  return manifest.refs.flatMap((reference) => {
    if (reference.ecosystem !== 'github-actions' || reference.verdict !== 'pinned') return [];
    if (reference.valueSpan.end < from || reference.valueSpan.start > to || hasVersionComment(reference)) return [];
    const answer = facts.get(gitRefs, { owner: reference.owner, repo: reference.repo });
    if (answer.state !== 'known') return [];
    const tag = exactTagFor(answer.value, reference.ref, { subPath: reference.subPath });
    if (tag === undefined) return [];
    const hint: InlayHint = {
      position: lines.positionAt(reference.valueSpan.end),
      label: plain(tag, MAX_VERSION_UNITS),
      kind: InlayHintKind.Type,
      paddingLeft: true,
      tooltip: `${plain(tag, MAX_VERSION_UNITS)} is a tag of this commit.`,
    };
    return [hint];
  });
}

function hasVersionComment({ comment }: ActionReference): boolean {
  return comment !== undefined && /\d/.test(comment.text);
}
