import { type InlayHint, InlayHintKind, type Range } from 'vscode-languageserver';
import { imageContent } from '../core/image-facts.ts';
import { LineIndex } from '../core/text.ts';
import { plain } from '../core/untrusted.ts';
import type { Analysis } from '../engine/analyse.ts';
import type { FactView } from '../engine/fact-store.ts';

/** The longest version that is shown, in UTF-16 units. */
const MAX_VERSION_UNITS = 40;

/** The version beside a digest that has no tag, where the image says which and that is known already. */
export function imageHints({ manifest }: Analysis, range: Range, facts: FactView): InlayHint[] {
  const lines = new LineIndex(manifest.file.text);
  const from = lines.offsetAt(range.start);
  const to = lines.offsetAt(range.end);
  return manifest.refs.flatMap((reference) => {
    if (reference.ecosystem !== 'oci' || reference.verdict !== 'pinned' || reference.image === undefined) return [];
    const { registry, repository, tag, digest } = reference.image;
    if (tag !== undefined || digest?.startsWith('sha256:') !== true || reference.span.end < from || reference.span.start > to) return [];
    const content = facts.get(imageContent, { registry, repository, digest });
    if (content.state !== 'known' || content.value.version === undefined) return [];
    const version = plain(content.value.version, MAX_VERSION_UNITS);
    const hint: InlayHint = {
      position: lines.positionAt(reference.span.end),
      label: version,
      kind: InlayHintKind.Type,
      paddingLeft: true,
      tooltip: `The image of this digest says that it is version ${version}.`,
    };
    return [hint];
  });
}
