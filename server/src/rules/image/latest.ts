import type { Rule } from '../../core/rule.ts';
import { forwardStages, IMAGE_FORMATS, imagesFor, isTrap, pinFixes, versionFixes } from './verdict.ts';

/** An image by `latest`, written or implied: it changes with every release, and nobody can say what was built from it. */
export const rule: Rule = {
  meta: {
    id: 'image/latest',
    title: 'An image by the tag latest, or by none',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: IMAGE_FORMATS,
    needs: [],
    fix: 'online',
    since: '0.1.0',
    securitySeverity: '6.0',
    refs: [
      'https://docs.docker.com/build/building/best-practices/#pin-base-image-versions',
      'https://github.com/hadolint/hadolint/wiki/DL3007',
      'https://github.com/advisories/GHSA-69fq-xp46-6x23',
    ],
    messages: {
      latest: {
        what: '`{image}` follows whatever was published last.',
        why: 'Every pull may get another image, of another major version or with a backdoor, without a trace in this file.',
        remedy: 'Name a version, or append the digest that `latest` means today.',
      },
      implicit: {
        what: '`{image}` has no tag, so it means `{image}:latest`.',
        why: 'Every pull may get another image, of another major version or with a backdoor, without a trace in this file.',
        remedy: 'Name a version, or append the digest that `latest` means today.',
      },
      forward: {
        what: '`{image}` is no stage yet, so it means the image `{name}:latest`.',
        why: 'The stage of that name stands further down, and a stage can be named only below its own FROM.',
        remedy: 'Move the stage up, or give the image a version and a digest if the image is meant.',
      },
    },
  },
  check(context) {
    const { manifest, report } = context;
    const forward = forwardStages(manifest);
    for (const reference of imagesFor('image/latest', manifest)) {
      const args = { image: reference.requested, name: reference.name };
      const { span } = reference;
      // Pinning a name that was meant for a stage would only hide the mistake.
      if (forward.has(reference)) report({ messageId: 'forward', args, span });
      else {
        const fixes = isTrap(reference, context) ? [] : [...pinFixes(reference), ...versionFixes(reference)];
        report({ messageId: reference.verdict === 'latest' ? 'latest' : 'implicit', args, span, fixes });
      }
    }
  },
};
