import type { Rule } from '../../core/rule.ts';
import { IMAGE_FORMATS, imagesFor, pinArgumentFixes } from './verdict.ts';

/** An image whose name is put together from ARG defaults and carries no digest. */
export const rule: Rule = {
  meta: {
    id: 'image/arg-unpinned',
    title: 'An image put together from ARG defaults, without a digest',
    severity: 'info',
    confidence: 'high',
    tier: 'recommended',
    formats: IMAGE_FORMATS,
    needs: [],
    fix: 'online',
    since: '0.1.0',
    securitySeverity: '4.5',
    refs: [
      'https://docs.docker.com/reference/dockerfile/#understand-how-arg-and-from-interact',
      'https://github.com/zwave-js/zwave-js-ui/issues/4817',
    ],
    messages: {
      whole: {
        what: '`{image}` becomes `{resolved}` by default, which names no digest.',
        why: 'A tag can be moved to another image at any time, and the next build takes it without a trace in this file.',
        remedy: 'Append the digest to the default of `{arg}`; who passes another value goes on as before.',
      },
      part: {
        what: '`{image}` becomes `{resolved}` by default, which names no digest.',
        why: 'A tag can be moved to another image at any time, and the next build takes it without a trace in this file.',
        remedy:
          'Let an ARG of its own hold the whole reference of this image, and pin that; a digest in a shared ARG would break the others.',
      },
    },
  },
  check({ manifest, report }) {
    for (const reference of imagesFor('image/arg-unpinned', manifest)) {
      const fixes = pinArgumentFixes(reference);
      const resolved = reference.resolved ?? reference.requested;
      const args = { image: reference.requested, resolved, arg: reference.arguments[0]?.name ?? '' };
      const related = reference.arguments.map(({ name, span }) => ({ file: manifest.file, span, note: `The default of ${name}.` }));
      report({ messageId: fixes.length > 0 ? 'whole' : 'part', args, span: reference.span, related, fixes });
    }
  },
};
