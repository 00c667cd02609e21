import type { Answer, FetchFact } from '../core/answer.ts';
import { minuteOf } from '../core/as-of.ts';
import { type ImageManifest, imageDigest } from '../core/facts.ts';
import { type ImageContent, INDEX_TYPES, imageContent, imageManifest } from '../core/image-facts.ts';
import type { ImageName, ImageReference } from '../core/reference.ts';
import { AS_OF, type CardLine, codeLine, textLine, unansweredLine, unknownLine } from './card.ts';

/** How many platforms a card lists. */
const MAX_PLATFORMS = 10;

/** What the registry says of an image today. Nothing for what names no image. Every "unknown" comes with its reason. */
export async function imagePapers({ image, verdict }: ImageReference, fetch: FetchFact, signal: AbortSignal): Promise<CardLine[]> {
  if (image === undefined) return [];
  switch (verdict) {
    case 'pinned':
      return await pinnedPapers(image, fetch, signal);
    case 'mutable-tag':
    case 'latest':
    case 'implicit-latest': {
      const today = await fetch(imageDigest, { ...nameOf(image), tag: image.tag ?? 'latest' }, signal);
      const digest = said('Digest today', today, ({ digest: found }) => found, 'the registry has no such tag');
      return [{ ...digest, isCode: today.state === 'known' }, ...(await contentPapers(image, today, { fetch, signal })), ...asOf(today)];
    }
    default:
      return [];
  }
}

async function pinnedPapers(image: ImageName, fetch: FetchFact, signal: AbortSignal): Promise<CardLine[]> {
  const { digest = '', tag } = image;
  if (!digest.startsWith('sha256:')) return [unknownLine('In the registry', 'registries are asked for sha256 digests only')];
  const [own, named] = await Promise.all([
    fetch(imageManifest, { ...nameOf(image), digest }, signal),
    tag === undefined ? undefined : fetch(imageDigest, { ...nameOf(image), tag }, signal),
  ]);
  const meaning = ({ digest: today }: ImageManifest) => (today === digest ? 'this digest' : `another digest, ${today}`);
  return [
    said('In the registry', own, () => 'yes', 'no, nothing can be pulled by this digest'),
    ...(named === undefined ? [] : [said(`${tag} today`, named, meaning, 'the registry has no such tag')]),
    ...(await contentPapers(image, own, { fetch, signal })),
    ...asOf(named ?? own),
  ];
}

/** Media type, platforms and version of a manifest. An index is read for that; of a single manifest nothing more is known. */
async function contentPapers(
  image: ImageName,
  manifest: Answer<ImageManifest>,
  { fetch, signal }: { readonly fetch: FetchFact; readonly signal: AbortSignal },
): Promise<CardLine[]> {
  if (manifest.state !== 'known') return [];
  const { mediaType, digest } = manifest.value;
  const kind = codeLine('Media type', mediaType);
  if (!INDEX_TYPES.includes(mediaType)) return [textLine('Platforms', 'one'), kind];
  const content = await fetch(imageContent, { ...nameOf(image), digest }, signal);
  const version = content.state === 'known' ? content.value.version : undefined;
  return [
    ...(version === undefined ? [] : [textLine('Version', `${version}, by its own account`)]),
    said('Platforms', content, platformsOf, 'the registry does not have it any more'),
    kind,
  ];
}

function platformsOf({ manifests }: ImageContent): string {
  const platforms = [...new Set(manifests.map(({ platform }) => platform))];
  const more = platforms.length > MAX_PLATFORMS ? ` and ${platforms.length - MAX_PLATFORMS} more` : '';
  return `${platforms.slice(0, MAX_PLATFORMS).join(', ') || 'none are named'}${more}`;
}

function nameOf({ registry, repository }: ImageName) {
  return { registry, repository };
}

function said<V>(label: string, answer: Answer<V>, value: (known: V) => string, absent: string): CardLine {
  switch (answer.state) {
    case 'known':
      return textLine(label, value(answer.value));
    case 'absent':
      return textLine(label, absent);
    case 'unknown':
      return unansweredLine(label, answer);
  }
}

/** When the registry said so. */
function asOf(answer: Answer<unknown>): CardLine[] {
  if (answer.state === 'unknown') return [];
  return [textLine(AS_OF, minuteOf(answer.asOf))];
}
