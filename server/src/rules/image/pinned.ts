import type { Answer, FactKind } from '../../core/answer.ts';
import { imageDigest } from '../../core/facts.ts';
import type { Edit, Fix, FixFailure, FixIo } from '../../core/finding.ts';
import { type ImageDigestKey, INDEX_TYPES, imageContent, imageManifest } from '../../core/image-facts.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { ImageReference } from '../../core/reference.ts';
import { type Span, span } from '../../core/span.ts';
import { digestOfTag, wholeArgument } from './verdict.ts';

/** The kinds of facts that `judgePin` asks for. */
export const PIN_FACTS = [imageDigest.id, imageManifest.id, imageContent.id] as const;

/** An image by its sha256 digest: the only one that registries address manifests by. */
export interface PinnedImage extends ImageDigestKey {
  readonly reference: ImageReference;
  readonly tag?: string;
}

/** What a registry says about a pin. */
export type PinState =
  /** The registry does not have the digest. */
  | { readonly kind: 'gone' }
  /** The tag beside the digest means another one today. */
  | { readonly kind: 'behind'; readonly today: string }
  /** The digest is one platform's manifest, and the tag names the index that it stands in. */
  | { readonly kind: 'single-platform'; readonly today: string };

/** The references of a document that are pinned by a sha256 digest. */
export function pinnedImages({ refs }: Manifest): PinnedImage[] {
  return refs.flatMap((reference) => {
    if (reference.ecosystem !== 'oci' || reference.verdict !== 'pinned' || reference.image === undefined) return [];
    const { registry, repository, tag, digest } = reference.image;
    if (digest === undefined || !digest.startsWith('sha256:')) return [];
    return [{ reference, registry, repository, digest, ...(tag === undefined ? {} : { tag }) }];
  });
}

/**
 * The one thing to say about a pin, so that it gets one of the three rules at most. Undefined where all is well, and where
 * something is unknown: the engine lists that. What the first answer settles, no second one is asked for.
 */
export function judgePin(image: PinnedImage, fact: <K, V>(kind: FactKind<K, V>, key: K) => Answer<V>): PinState | undefined {
  const { registry, repository, digest, tag } = image;
  const named = tag === undefined ? undefined : fact(imageDigest, { registry, repository, tag });
  if (named?.state === 'known' && named.value.digest === digest) return undefined;
  // The registry that does not answer for the tag is not asked for the digest as well.
  if (named?.state === 'unknown') return undefined;
  const own = fact(imageManifest, { registry, repository, digest });
  if (own.state === 'absent') return { kind: 'gone' };
  if (named?.state !== 'known' || own.state !== 'known') return undefined;
  const today = named.value.digest;
  const isOfOnePlatform = INDEX_TYPES.includes(named.value.mediaType) && !INDEX_TYPES.includes(own.value.mediaType);
  if (!isOfOnePlatform) return { kind: 'behind', today };
  const index = fact(imageContent, { registry, repository, digest: today });
  if (index.state !== 'known') return undefined;
  const isCurrent = index.value.manifests.some((manifest) => manifest.digest === digest);
  return { kind: isCurrent ? 'single-platform' : 'behind', today };
}

/** The beginning of a digest, as people compare them. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}

/**
 * Replaces the digest by the one that the tag means when the fix is chosen. Review, and never in a fix-all: what is built
 * changes. Empty without a tag, and where the digest does not stand in one piece that only this reference reads.
 */
export function updateFixes({ reference, tag, digest }: PinnedImage, title: string): Fix[] {
  const place = digestSpan(reference, digest);
  if (place === undefined || tag === undefined) return [];
  const resolve = async (io: FixIo, signal: AbortSignal): Promise<readonly Edit[] | FixFailure> => {
    const today = await digestOfTag(reference, io, signal);
    if (typeof today !== 'string') return today;
    return today === digest ? [] : [{ span: place, text: today }];
  };
  return [{ title, safety: 'review', online: true, inFixAll: false, resolve }];
}

/** Where the digest stands: at the end of the reference, or of the ARG that is the whole reference. */
function digestSpan(reference: ImageReference, digest: string): Span | undefined {
  const isLiteral = reference.editable && reference.variables.length === 0;
  const end = isLiteral ? reference.span.end : wholeArgument(reference)?.span.end;
  return end === undefined ? undefined : span(end - digest.length, end);
}
