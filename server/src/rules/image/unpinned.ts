import type { Rule } from '../../core/rule.ts';
import { IMAGE_FORMATS, imagesFor, isTrap, pinFixes, tagOf } from './verdict.ts';

/** An image by a tag without a digest: whoever can push the tag decides what the next build or job runs. */
export const rule: Rule = {
  meta: {
    id: 'image/unpinned',
    title: 'An image with a tag but no digest',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: IMAGE_FORMATS,
    needs: [],
    fix: 'online',
    since: '0.1.0',
    securitySeverity: '5.5',
    refs: [
      'https://docs.docker.com/build/building/best-practices/#pin-base-image-versions',
      'https://github.com/ossf/scorecard/blob/main/docs/checks.md#pinned-dependencies',
      'https://github.com/advisories/GHSA-69fq-xp46-6x23',
    ],
    messages: {
      found: {
        what: '`{image}` names no digest.',
        why: 'A tag can be moved to another image at any time, and the next pull takes it without a trace in this file.',
        remedy: 'Append the digest that `{tag}` means today and keep the tag.',
      },
    },
  },
  check(context) {
    const { manifest, report } = context;
    for (const reference of imagesFor('image/unpinned', manifest)) {
      const args = { image: reference.requested, tag: tagOf(reference) };
      report({ messageId: 'found', args, span: reference.span, fixes: isTrap(reference, context) ? [] : pinFixes(reference) });
    }
  },
};
