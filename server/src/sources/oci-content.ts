import { type Answer, known, unknown } from '../core/answer.ts';
import type { ImageManifest } from '../core/facts.ts';
import { type ImageContent, INDEX_TYPES, type PlatformManifest } from '../core/image-facts.ts';
import { parseJson } from './oci-authorization.ts';

/** The most entries of an index that are read. The largest official images have about twenty. */
export const MAX_PLATFORMS = 200;

/** What a manifest says that was read from a registry and matches its digest; `asOf` is milliseconds since the epoch. */
export function readContent(
  { body, mediaType, host }: ImageManifest & { readonly body: Uint8Array; readonly host: string },
  asOf: number,
): Answer<ImageContent> {
  const manifest = asRecord(parseJson(Buffer.from(body).toString('utf8')));
  if (manifest === undefined) return unknown('unparsable', `${host} sent a manifest that is no JSON object`);
  // Content that is an index to one reader and a manifest to another (CVE-2021-41190).
  if (typeof manifest.mediaType === 'string' && manifest.mediaType.toLowerCase() !== mediaType) {
    return unknown('unparsable', `${host} sent a manifest of two kinds`);
  }
  const isIndex = INDEX_TYPES.includes(mediaType);
  const entries = isIndex && Array.isArray(manifest.manifests) ? manifest.manifests.slice(0, MAX_PLATFORMS).map(asRecord) : [];
  const version = [manifest, ...entries].map(versionOf).find((found) => found !== undefined);
  return known({ mediaType, manifests: entries.flatMap(platformOf), ...(version === undefined ? {} : { version }) }, asOf);
}

/** Content that was kept, checked as if it came from the network. */
export function keptContent(value: unknown): ImageContent | undefined {
  const { mediaType, manifests, version } = asRecord(value) ?? {};
  if (typeof mediaType !== 'string' || !Array.isArray(manifests)) return undefined;
  const entries = manifests.slice(0, MAX_PLATFORMS).flatMap((entry: unknown): PlatformManifest[] => {
    const { digest, platform } = asRecord(entry) ?? {};
    if (typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest)) return [];
    return typeof platform === 'string' && /^[\w.-]{1,40}(?:\/[\w.-]{1,40}){1,2}$/.test(platform) ? [{ digest, platform }] : [];
  });
  if (entries.length !== manifests.length) return undefined;
  const isTag = typeof version === 'string' && /^\w[\w.-]{0,127}$/.test(version);
  return { mediaType, manifests: entries, ...(isTag ? { version } : {}) };
}

/** BuildKit's attestations stand among the platforms, as `unknown/unknown`. */
function platformOf(entry: Fields | undefined): PlatformManifest[] {
  const platform = asRecord(entry?.platform);
  const digest = entry?.digest;
  if (platform === undefined || typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest)) return [];
  const parts = [platform.os, platform.architecture, platform.variant].filter((part) => part !== undefined && part !== '');
  const words = parts.filter((part) => typeof part === 'string' && /^[\w.-]{1,40}$/.test(part));
  if (words.length !== parts.length || words.length < 2 || words[0] === 'unknown') return [];
  return [{ digest, platform: words.join('/') }];
}

function versionOf(entry: Fields | undefined): string | undefined {
  const version = asRecord(entry?.annotations)?.['org.opencontainers.image.version'];
  // What cannot be a tag is of no use to anybody.
  return typeof version === 'string' && /^\w[\w.-]{0,127}$/.test(version) ? version : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

function asRecord(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}
