import type { Unknown } from '../../core/answer.ts';
import { imageDigest } from '../../core/facts.ts';
import type { Edit, Fix, FixFailure, FixIo } from '../../core/finding.ts';
import { imageContent } from '../../core/image-facts.ts';
import { isSuspect } from '../../core/lookalike.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { ImageArgument, ImageReference } from '../../core/reference.ts';
import type { RuleContext } from '../../core/rule.ts';
import { span } from '../../core/span.ts';
import { plain } from '../../core/untrusted.ts';
import { asDockerfile } from '../../formats/dockerfile.ts';
import { parseImageReference } from '../../formats/image-reference.ts';

/** The formats that hold image references. */
export const IMAGE_FORMATS = ['dockerfile', 'workflow', 'action'] as const;

/** The rules of which an image reference gets at most one. */
export type PinRule = 'image/invalid' | 'image/frontend-unpinned' | 'image/arg-unpinned' | 'image/latest' | 'image/unpinned';

/** The one rule that speaks about a reference (rules.md, "One verdict per reference"); undefined where none does. */
export function ruleOf({ verdict, reason, place, variables }: ImageReference): PinRule | undefined {
  // A variable in `--from` is not a malformed name but a misunderstanding, with a rule of its own.
  if (verdict === 'invalid') return reason === 'variables-not-expanded-here' ? undefined : 'image/invalid';
  if (verdict !== 'mutable-tag' && verdict !== 'latest' && verdict !== 'implicit-latest') return undefined;
  if (place === 'syntax') return 'image/frontend-unpinned';
  if (variables.length > 0) return 'image/arg-unpinned';
  return verdict === 'mutable-tag' ? 'image/unpinned' : 'image/latest';
}

/** The image references of a document that a rule speaks about. */
export function imagesFor(rule: PinRule, manifest: Manifest): ImageReference[] {
  return manifest.refs.flatMap((reference) => (reference.ecosystem === 'oci' && ruleOf(reference) === rule ? [reference] : []));
}

/** The references that name a stage which stands further down: BuildKit takes the name for an image's. */
export function forwardStages(manifest: Manifest): ReadonlySet<ImageReference> {
  const images = asDockerfile(manifest)?.images ?? [];
  return new Set(images.filter(({ forwardStage }) => forwardStage).map(({ reference }) => reference));
}

/** The tag that a reference means, written or not. */
export function tagOf({ image }: ImageReference): string {
  return image?.tag ?? 'latest';
}

/** Whether an image's name is a trap, as `image/lookalike` says of it: no fix makes it look settled. */
export function isTrap({ nameSpan }: ImageReference, { manifest, lookalike }: Pick<RuleContext, 'manifest' | 'lookalike'>): boolean {
  return isSuspect(lookalike('oci', manifest.file.text.slice(nameSpan.start, nameSpan.end)));
}

/** Pins a literal reference where it stands. */
export function pinFixes(reference: ImageReference): Fix[] {
  return reference.editable && reference.variables.length === 0 ? pinAt(reference, reference.span.end) : [];
}

/** Pins a reference in the default of its ARG; empty where that could change another image, or anything else. */
export function pinArgumentFixes(reference: ImageReference): Fix[] {
  const argument = wholeArgument(reference);
  return argument === undefined ? [] : pinAt(reference, argument.span.end);
}

/** The ARG whose default is the whole reference, letter by letter, standing in one piece and used here alone. */
export function wholeArgument({ requested, resolved, variables, arguments: args }: ImageReference): ImageArgument | undefined {
  const [argument] = args;
  if (argument === undefined || variables.length !== 1 || argument.uses !== 1) return undefined;
  const { name, span: place, value } = argument;
  const isWhole = [`$${name}`, `\${${name}}`].includes(requested.replace(/^"(.*)"$/, '$1'));
  // A default that is itself made of variables would carry the digest over to whatever they are set to.
  return isWhole && value === resolved && place.end - place.start === value.length ? argument : undefined;
}

/**
 * Appends the digest at an offset. The tag stays, so that people and updaters see what was meant; where none is written,
 * `:latest` is, because Dependabot follows a digest only beside a tag.
 */
function pinAt(reference: ImageReference, at: number): Fix[] {
  const { image } = reference;
  if (image === undefined) return [];
  const tag = tagOf(reference);
  const resolve = async (io: FixIo, signal: AbortSignal): Promise<readonly Edit[] | FixFailure> => {
    const digest = await digestOfTag(reference, io, signal);
    if (typeof digest !== 'string') return digest;
    return [{ span: span(at, at), text: `${image.tag === undefined ? `:${tag}` : ''}@${digest}` }];
  };
  return [{ title: `Pin to the digest that ${tag} means today`, safety: 'safe', online: true, inFixAll: true, resolve }];
}

/**
 * Pins `latest` under the version that it is today, where the image names its version and the tag of that version is the
 * same image: three look-ups. Safe, because today it is the same; not in a fix-all, which keeps the tag.
 */
export function versionFixes(reference: ImageReference): Fix[] {
  const { image, editable, variables, span: whole, requested } = reference;
  if (image === undefined || !editable || variables.length > 0) return [];
  const { registry, repository } = image;
  const at = span(whole.end - (image.tag === undefined ? 0 : ':latest'.length), whole.end);
  const resolve = async (io: FixIo, signal: AbortSignal): Promise<readonly Edit[] | FixFailure> => {
    const digest = await digestOfTag(reference, io, signal);
    if (typeof digest !== 'string') return digest;
    const content = await io.fetch(imageContent, { registry, repository, digest }, signal);
    if (content.state === 'unknown') return { failed: notAsked(registry, content.why, content.detail) };
    const version = content.state === 'known' ? content.value.version : undefined;
    const none = { failed: `Nobody says which version ${requested} is. Pin to the digest instead, or name a version.` };
    if (version === undefined || version === 'latest' || !parseImageReference(`x:${version}`).ok) return none;
    const named = await io.fetch(imageDigest, { registry, repository, tag: version }, signal);
    if (named.state === 'unknown') return { failed: notAsked(registry, named.why, named.detail) };
    return named.state === 'known' && named.value.digest === digest ? [{ span: at, text: `:${version}@${digest}` }] : none;
  };
  return [{ title: 'Name the version that latest is today, and pin it', safety: 'safe', online: true, inFixAll: false, resolve }];
}

/** The digest that a reference's tag means now, or why that cannot be said. */
export async function digestOfTag(reference: ImageReference, { fetch }: FixIo, signal: AbortSignal): Promise<string | FixFailure> {
  const { image } = reference;
  if (image === undefined) return { failed: 'The reference names no image.' };
  const { registry, repository } = image;
  const tag = tagOf(reference);
  const answer = await fetch(imageDigest, { registry, repository, tag }, signal);
  if (answer.state === 'absent') return { failed: `The registry has no tag ${tag} of ${registry}/${repository}.` };
  if (answer.state === 'unknown') return { failed: notAsked(registry, answer.why, answer.detail) };
  const { digest } = answer.value;
  return parseImageReference(`x@${digest}`).ok ? digest : { failed: `${registry} answered with a malformed digest.` };
}

const REASONS: Readonly<Record<Unknown, string>> = {
  pending: 'a look-up is under way',
  offline: 'offline',
  timeout: 'it did not answer in time',
  denied: 'it refused access',
  untrusted: 'the workspace is not trusted',
  error: 'the look-up failed',
  unparsable: 'its answer could not be read',
  'too-large': 'its answer was too large',
};

function notAsked(registry: string, why: Unknown, detail: string | undefined): string {
  return `${registry} could not be asked (${REASONS[why]}${detail === undefined ? '' : `: ${plain(detail)}`}).`;
}
