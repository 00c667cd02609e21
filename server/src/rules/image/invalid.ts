import type { Fix } from '../../core/finding.ts';
import type { ImageReference } from '../../core/reference.ts';
import type { Rule } from '../../core/rule.ts';
import { DIGEST_HEX_LENGTH, lowerCaseEdit } from '../../formats/image-reference.ts';
import { IMAGE_FORMATS, imagesFor } from './verdict.ts';

const FAILS = 'Nothing can be pulled by this name, so the build or job fails.';

/** Something that no registry can have: a cut-off digest pins nothing, although it looks as if it did. */
export const rule: Rule = {
  meta: {
    id: 'image/invalid',
    title: 'A malformed image reference',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: IMAGE_FORMATS,
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '3.0',
    refs: [
      'https://github.com/distribution/reference',
      'https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests',
      'https://docs.docker.com/reference/dockerfile/#copy---from',
    ],
    messages: {
      empty: { what: 'The image reference is empty.', why: FAILS, remedy: 'Name an image.' },
      uppercase: { what: 'The repository of `{image}` has upper-case letters.', why: FAILS, remedy: 'Write it in lower case.' },
      'bad-name': {
        what: '`{image}` is not an image name.',
        why: FAILS,
        remedy: 'Use lower-case letters, digits and single separators (`.`, `_`, `-`) between slashes.',
      },
      'bad-registry': {
        what: 'The registry of `{image}` is not a host name.',
        why: FAILS,
        remedy: 'Write `host/name` or `host:port/name`.',
      },
      'hex-name': {
        what: '`{image}` is 64 hex digits, which is an image id, not a name.',
        why: FAILS,
        remedy: 'Name the repository and put the digest behind it: `name@sha256:...`.',
      },
      'too-long': { what: 'The repository of `{image}` is longer than 255 characters.', why: FAILS, remedy: 'Shorten it.' },
      'empty-tag': { what: 'The tag of `{image}` is empty.', why: FAILS, remedy: 'Write a tag behind the colon.' },
      'bad-tag': {
        what: 'The tag of `{image}` is malformed.',
        why: FAILS,
        remedy: 'Use at most 128 letters, digits, `_`, `.` and `-`, not starting with `.` or `-`.',
      },
      'bad-digest': {
        what: 'The digest of `{image}` is not {length} hex digits in lower case.',
        why: 'Nothing can be pulled by it, and a digest that was cut off pins nothing although it looks as if it did.',
        remedy: 'Copy the whole digest, or remove it and pin the tag again.',
      },
      'digest-algorithm': {
        what: 'The digest of `{image}` has an algorithm that image registries do not use.',
        why: FAILS,
        remedy: 'Use a digest that starts with `sha256:`.',
      },
      'no-such-stage': {
        what: 'There is no stage `{image}` above this one.',
        why: 'Stages are counted from 0, and only those that stand above can be copied from.',
        remedy: 'Name the stage with AS and copy from its name.',
      },
      'number-in-mount': {
        what: '`{image}` is taken for an image of that name.',
        why: 'A mount finds stages by their name only, not by their number, so the build tries to pull `{image}`.',
        remedy: 'Name the stage with AS and mount from its name.',
      },
      'bad-substitution': {
        what: 'The variables of `{image}` are malformed.',
        why: FAILS,
        remedy: 'Close the quotes and braces, without spaces in them.',
      },
      other: { what: '`{image}` is not an image reference.', why: FAILS, remedy: 'Write `name:tag@sha256:...`.' },
    },
  },
  check({ manifest, report }) {
    for (const reference of imagesFor('image/invalid', manifest)) {
      const { reason = 'other', span } = reference;
      const image = reference.resolved ?? reference.requested;
      const algorithm = /@(\w+)/.exec(image)?.[1] ?? 'sha256';
      const args = { image, length: String(DIGEST_HEX_LENGTH[algorithm] ?? DIGEST_HEX_LENGTH.sha256) };
      report({ messageId: Object.hasOwn(rule.meta.messages, reason) ? reason : 'other', args, span, fixes: lowerCaseFixes(reference) });
    }
  },
};

/** Lower case where that alone makes the reference well-formed. Review: the image of that name may be another one. */
function lowerCaseFixes({ editable, variables, requested, span }: ImageReference): Fix[] {
  const edit = editable && variables.length === 0 ? lowerCaseEdit(requested) : undefined;
  if (edit === undefined) return [];
  const place = { start: span.start + edit.span.start, end: span.start + edit.span.end };
  const title = `Write the ${edit.part} in lower case (check that this is the image that is meant)`;
  return [{ title, safety: 'review', online: false, edits: [{ span: place, text: edit.text }] }];
}
