import { type InlayHint, InlayHintKind, type Range } from 'vscode-languageserver';
import { gitRefs, imageContent } from '../core/facts.ts';
import { exactTagFor } from '../core/git-versions.ts';
import { type ActionReference, type ImageReference, wholeSpan } from '../core/reference.ts';
import { LineIndex } from '../core/text.ts';
import { plain } from '../core/untrusted.ts';
import type { Analysis } from '../engine/analyse.ts';
import type { FactView } from '../engine/fact-store.ts';

/** The longest version that is shown, in UTF-16 units. */
const MAX_VERSION_UNITS = 40;

/**
 * The version beside a commit that has no version comment, and beside a digest that has no tag, where it is known already.
 * Nothing is looked up for it; where nothing is known, nothing is shown.
 */
export function inlayHints({ manifest }: Analysis, range: Range, facts: FactView): InlayHint[] {
  const lines = new LineIndex(manifest.file.text);
  const from = lines.offsetAt(range.start);
  const to = lines.offsetAt(range.end);
  return manifest.refs.flatMap((reference) => {
    if (wholeSpan(reference).end < from || wholeSpan(reference).start > to) return [];
    const found =
      reference.ecosystem === 'github-actions'
        ? actionVersion(reference, facts)
        : reference.ecosystem === 'oci'
          ? imageVersion(reference, facts)
          : undefined;
    if (found === undefined) return [];
    const version = plain(found.version, MAX_VERSION_UNITS);
    const hint: InlayHint = {
      position: lines.positionAt(found.at),
      label: version,
      kind: InlayHintKind.Type,
      paddingLeft: true,
      tooltip: found.says(version),
    };
    return [hint];
  });
}

interface Version {
  readonly version: string;
  /** Offset behind which it is shown. */
  readonly at: number;
  readonly says: (version: string) => string;
}

function actionVersion(reference: ActionReference, facts: FactView): Version | undefined {
  if (reference.verdict !== 'pinned' || hasVersionComment(reference)) return undefined;
  const answer = facts.get(gitRefs, { owner: reference.owner, repo: reference.repo });
  const tag = answer.state === 'known' ? exactTagFor(answer.value, reference.ref, { subPath: reference.subPath }) : undefined;
  return tag === undefined ? undefined : { version: tag, at: reference.valueSpan.end, says: (name) => `${name} is a tag of this commit.` };
}

function imageVersion({ verdict, image, span }: ImageReference, facts: FactView): Version | undefined {
  if (verdict !== 'pinned' || image === undefined || image.tag !== undefined || image.digest?.startsWith('sha256:') !== true)
    return undefined;
  const answer = facts.get(imageContent, { registry: image.registry, repository: image.repository, digest: image.digest });
  const version = answer.state === 'known' ? answer.value.version : undefined;
  return version === undefined
    ? undefined
    : { version, at: span.end, says: (name) => `The image of this digest says that it is version ${name}.` };
}

function hasVersionComment({ comment }: ActionReference): boolean {
  return comment !== undefined && /\d/.test(comment.text);
}
