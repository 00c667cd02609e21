import type { Rule } from '../../core/rule.ts';
import { imagesFor, isTrap, pinFixes, tagOf } from './verdict.ts';

/** A frontend without a digest: the image of `# syntax=` reads the Dockerfile and decides what the build does. */
export const rule: Rule = {
  meta: {
    id: 'image/frontend-unpinned',
    title: 'A Dockerfile frontend without a digest',
    severity: 'info',
    confidence: 'high',
    tier: 'recommended',
    formats: ['dockerfile'],
    needs: [],
    fix: 'online',
    since: '0.1.0',
    securitySeverity: '5.0',
    refs: ['https://docs.docker.com/build/buildkit/frontend/', 'https://docs.docker.com/reference/dockerfile/#syntax'],
    messages: {
      found: {
        what: 'The frontend `{image}` names no digest.',
        why: 'This image reads the Dockerfile and decides what the build runs, so whoever can move its tag controls the build.',
        remedy: 'Append the digest that `{tag}` means today and keep the tag.',
      },
    },
  },
  check(context) {
    const { manifest, report } = context;
    for (const reference of imagesFor('image/frontend-unpinned', manifest)) {
      const args = { image: reference.requested, tag: tagOf(reference) };
      report({ messageId: 'found', args, span: reference.span, fixes: isTrap(reference, context) ? [] : pinFixes(reference) });
    }
  },
};
