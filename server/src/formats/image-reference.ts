import { isVerbatim, type MappedText, sourceSpan } from '../core/mapped-text.ts';
import type { ImageArgument, ImageName, ImagePlace, ImageReference, ImageVerdict, Pin } from '../core/reference.ts';
import { remember } from '../core/remember.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { type Span, span } from '../core/span.ts';

/** Why a text is no image reference; the rule `image/invalid` turns each into a sentence. */
export type ImageProblem =
  /** Nothing at all. */
  | 'empty'
  /** The repository has upper-case letters and is well-formed without them. */
  | 'uppercase'
  /** A path component that is empty or holds a character that no repository may have. */
  | 'bad-name'
  /** A registry that is no host name, or whose port is no number. */
  | 'bad-registry'
  /** 64 hex digits: Docker takes that for an image's id. */
  | 'hex-name'
  /** More than `MAX_REPOSITORY_LENGTH` characters. */
  | 'too-long'
  /** A colon without a tag. */
  | 'empty-tag'
  /** A tag with a foreign character, or of more than 128 characters. */
  | 'bad-tag'
  /** Not as many lower-case hex digits as the algorithm has. */
  | 'bad-digest'
  /** An algorithm other than sha256, sha384 and sha512. */
  | 'digest-algorithm';

/** An image reference, taken apart. Spans are offsets into the parsed text; separators belong to none of them. */
export interface ParsedImage {
  readonly image: ImageName;
  /** Registry and repository as written. */
  readonly nameSpan: Span;
  readonly tagSpan?: Span;
  readonly digestSpan?: Span;
}

/** The registry of a reference that names none. */
export const DEFAULT_REGISTRY = 'docker.io';

/** The longest repository, in characters (distribution/reference, `RepositoryNameTotalLengthMax`). */
export const MAX_REPOSITORY_LENGTH = 255;

/** How many hex digits each digest algorithm has (opencontainers/go-digest). */
export const DIGEST_HEX_LENGTH: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

const TAG = /^\w[\w.-]{0,127}$/;
const PATH_COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const HOST_COMPONENT = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/;
const IPV6_HOST = /^\[[a-fA-F0-9:]+\]$/;

/**
 * Takes an image reference apart as distribution/reference's grammar and `ParseNormalizedNamed` do, default registry
 * filled in. Fails with the first thing that is wrong, from the digest backwards to the registry. Linear, never throws.
 */
export function parseImageReference(text: string): Result<ParsedImage, ImageProblem> {
  if (text === '') return fail('empty');
  if (/^[a-f0-9]{64}$/.test(text)) return fail('hex-name');
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const digestProblem = digest === undefined ? undefined : problemOfDigest(digest);
  if (digestProblem !== undefined) return fail(digestProblem);
  const tagged = at < 0 ? text : text.slice(0, at);
  const colon = tagged.indexOf(':', tagged.lastIndexOf('/') + 1);
  const tag = colon < 0 ? undefined : tagged.slice(colon + 1);
  if (tag === '') return fail('empty-tag');
  if (tag !== undefined && !TAG.test(tag)) return fail('bad-tag');
  const name = readName(colon < 0 ? tagged : tagged.slice(0, colon));
  if (!name.ok) return name;
  return ok({
    image: { ...name.value, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) },
    nameSpan: span(0, colon < 0 ? tagged.length : colon),
    ...(tag === undefined ? {} : { tagSpan: span(colon + 1, tagged.length) }),
    ...(digest === undefined ? {} : { digestSpan: span(at + 1, text.length) }),
  });
}

/**
 * The part of a malformed reference that must be in lower case, and how it is then: the repository or the digest. The tag
 * keeps its case. Undefined where that does not make the reference well-formed. The span holds offsets into `text`.
 */
export function lowerCaseEdit(
  text: string,
): { readonly part: 'repository' | 'digest'; readonly span: Span; readonly text: string } | undefined {
  const at = text.indexOf('@');
  const name = at < 0 ? text : text.slice(0, at);
  const path = hostLength(name);
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1);
  const places = { repository: span(path, colon < 0 ? name.length : colon), digest: span(at < 0 ? text.length : at + 1, text.length) };
  for (const part of ['repository', 'digest'] as const) {
    const { start, end } = places[part];
    const lower = text.slice(start, end).toLowerCase();
    const fixed = text.slice(0, start) + lower + text.slice(end);
    if (fixed !== text && parseImageReference(fixed).ok) return { part, span: places[part], text: lower };
  }
  return undefined;
}

/** What `classifyImage` decides. `reason` is set for `invalid`, `image` for every verdict that names an image. */
export interface ClassifiedImage {
  readonly verdict: ImageVerdict;
  readonly image?: ImageName;
  readonly reason?: string;
}

/**
 * The verdict over an image reference in which nothing is left to expand. Stages are the caller's matter: it asks for
 * them first. A `${{ }}` of a workflow is `unresolved`, a `{{ }}` or `<% %>` of a template engine is `template`.
 */
export function classifyImage(text: string, place: ImagePlace): ClassifiedImage {
  if (text.includes('${{')) return { verdict: 'unresolved' };
  if (text.includes('{{') || text.includes('<%')) return { verdict: 'template' };
  if (text.startsWith('docker-image://')) return { verdict: 'docker-image-url' };
  if (text === 'scratch' && IN_STAGES.has(place)) return { verdict: 'scratch' };
  const parsed = parsedBefore(text);
  if (!parsed.ok) return { verdict: 'invalid', reason: parsed.error };
  const { image } = parsed.value;
  if (image.digest !== undefined) return { verdict: 'pinned', image };
  if (image.tag === undefined) return { verdict: 'implicit-latest', image };
  return { verdict: image.tag === 'latest' ? 'latest' : 'mutable-tag', image };
}

/** How many references are remembered: more than a document has. */
const MAX_REFERENCES = 1_024;

const parsedBefore = remember(parseImageReference, MAX_REFERENCES);

/** `scratch` is the empty file system where BuildKit resolves stages, and an ordinary (forbidden) name elsewhere. */
const IN_STAGES: ReadonlySet<ImagePlace> = new Set(['from', 'copy-from', 'run-mount', 'onbuild-copy-from', 'onbuild-run-mount']);

/** What the caller knows of an image reference. */
export interface ImageText {
  /** The reference as the program reads it: without quotes, escapes decoded, each character with its place. */
  readonly source: MappedText;
  readonly place: ImagePlace;
  readonly path: readonly (string | number)[];
  /** Where the caller has the verdict already: stages, variables. */
  readonly classified?: ClassifiedImage;
  /** The text after variables were replaced, where it differs. */
  readonly resolved?: string;
  readonly variables?: readonly string[];
  readonly arguments?: readonly ImageArgument[];
}

/** A reference for `Manifest.refs`, classified unless the caller did so. Only verbatim text is `editable`. */
export function imageReference({ source, place, path, ...known }: ImageText): ImageReference {
  const requested = source.text;
  const { verdict, image, reason } = known.classified ?? classifyImage(known.resolved ?? requested, place);
  const parsed = parseImageReference(requested);
  const { nameSpan, tagSpan, digestSpan } = parsed.ok ? parsed.value : { nameSpan: span(0, requested.length) };
  const version = tagSpan ?? digestSpan;
  return {
    ecosystem: 'oci',
    place,
    verdict,
    ...(reason === undefined ? {} : { reason }),
    ...(image === undefined ? {} : { image }),
    ...(known.resolved === undefined ? {} : { resolved: known.resolved }),
    variables: known.variables ?? [],
    arguments: known.arguments ?? [],
    editable: isVerbatim(source, 0, requested.length),
    name: image === undefined ? requested : `${image.registry}/${image.repository}`,
    requested,
    pin: PINS[verdict],
    span: sourceSpan(source, 0, requested.length),
    nameSpan: sourceSpan(source, nameSpan.start, nameSpan.end),
    ...(version === undefined ? {} : { versionSpan: sourceSpan(source, version.start, requested.length) }),
    path,
  };
}

const PINS: Readonly<Record<ImageVerdict, Pin>> = {
  'mutable-tag': 'tag',
  latest: 'tag',
  'implicit-latest': 'none',
  invalid: 'none',
  pinned: 'digest',
  stage: 'none',
  scratch: 'none',
  unresolved: 'none',
  template: 'none',
  'docker-image-url': 'none',
};

function problemOfDigest(digest: string): ImageProblem | undefined {
  const colon = digest.indexOf(':');
  const algorithm = colon < 0 ? digest : digest.slice(0, colon);
  const length = Object.hasOwn(DIGEST_HEX_LENGTH, algorithm) ? DIGEST_HEX_LENGTH[algorithm] : undefined;
  if (length === undefined) return algorithm === '' ? 'bad-digest' : 'digest-algorithm';
  const hex = colon < 0 ? '' : digest.slice(colon + 1);
  return hex.length === length && /^[a-f0-9]*$/.test(hex) ? undefined : 'bad-digest';
}

/** How many characters of a name are the registry and its slash, decided as `splitDockerDomain` of distribution/reference does. */
function hostLength(name: string): number {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(0, slash));
  return slash >= 0 && (first === 'localhost' || /[.:A-Z]/.test(first)) ? slash + 1 : 0;
}

function readName(name: string): Result<{ readonly registry: string; readonly repository: string }, ImageProblem> {
  const length = hostLength(name);
  const host = name.slice(0, Math.max(0, length - 1));
  const path = name.slice(length);
  if (length > 0 && !isRegistry(host)) return fail('bad-registry');
  const registry = length === 0 || host === 'index.docker.io' ? DEFAULT_REGISTRY : host;
  const repository = registry === DEFAULT_REGISTRY && !path.includes('/') ? `library/${path}` : path;
  if (repository.length > MAX_REPOSITORY_LENGTH) return fail('too-long');
  const lower = path.toLowerCase();
  if (!lower.split('/').every((component) => PATH_COMPONENT.test(component))) return fail('bad-name');
  return lower === path ? ok({ registry, repository }) : fail('uppercase');
}

function isRegistry(text: string): boolean {
  const bracket = text.lastIndexOf(']');
  const colon = text.indexOf(':', bracket + 1);
  const host = colon < 0 ? text : text.slice(0, colon);
  if (colon >= 0 && !/^[0-9]+$/.test(text.slice(colon + 1))) return false;
  return IPV6_HOST.test(host) || host.split('.').every((component) => HOST_COMPONENT.test(component));
}
