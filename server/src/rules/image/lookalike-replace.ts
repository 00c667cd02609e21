import type { Edit, Fix, FixFailure, FixIo } from '../../core/finding.ts';
import { imageManifest } from '../../core/image-facts.ts';
import type { ImageReference } from '../../core/reference.ts';
import { span } from '../../core/span.ts';
import { plain } from '../../core/untrusted.ts';
import { parseImageReference } from '../../formats/image-reference.ts';
import { replaceName } from '../lookalike-finding.ts';
import { digestOfTag, tagOf } from './verdict.ts';

/**
 * Puts the image that was meant in the place of one that looks like it. Where its registry can be asked, only with a tag that
 * it has there, and with a digest of its own.
 */
export function replaceImage(reference: ImageReference, target: string): Fix[] {
  const { image, nameSpan, editable } = reference;
  const parsed = parseImageReference(target);
  if (!editable || image === undefined || !parsed.ok) return [];
  const { registry, repository } = parsed.value.image;
  const { tag, digest } = image;
  const meant: ImageReference = { ...reference, image: { registry, repository, ...(tag === undefined ? {} : { tag }) } };
  const resolve = async (io: FixIo, signal: AbortSignal): Promise<readonly Edit[] | FixFailure> => {
    const rename: Edit = { span: nameSpan, text: target };
    if (digest !== undefined) {
      // The same digest is the same content, whatever name it was found under.
      const own = digest.startsWith('sha256:') ? await io.fetch(imageManifest, { registry, repository, digest }, signal) : undefined;
      if (own?.state === 'known') return [rename];
      if (tag === undefined) return { failed: `${plain(target)} does not have this digest, and no tag says which other one is meant` };
    }
    const today = await digestOfTag(meant, io, signal);
    if (typeof today !== 'string') return today;
    return digest === undefined ? [rename] : [rename, { span: span(reference.span.end - digest.length, reference.span.end), text: today }];
  };
  const what = digest === undefined ? `if it has the tag ${plain(tagOf(reference))}` : 'with a digest that it has';
  return [
    { title: `Replace it by ${plain(target)}, ${what}`, safety: 'review', purpose: 'replace', online: true, inFixAll: false, resolve },
    ...replaceName(
      nameSpan,
      target,
      digest === undefined ? 'check that it is the one you mean, and its tag' : 'check that it has this digest',
    ),
  ];
}
