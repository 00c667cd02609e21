import type { Rule } from '../../core/rule.ts';
import { judgePin, PIN_FACTS, pinnedImages, shortDigest, updateFixes } from './pinned.ts';
import { IMAGE_FORMATS } from './verdict.ts';

/** A digest that the registry does not have: nothing can be pulled by it. */
export const rule: Rule = {
  meta: {
    id: 'image/digest-gone',
    title: 'A digest that the registry does not have',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: IMAGE_FORMATS,
    needs: PIN_FACTS,
    fix: 'online',
    since: '0.1.0',
    securitySeverity: '4.0',
    refs: [
      'https://github.com/opencontainers/distribution-spec/blob/main/spec.md#deleting-manifests',
      'https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests',
    ],
    messages: {
      found: {
        what: 'The registry has no image `{digest}` of `{image}`.',
        why: 'Nothing can be pulled by this digest, so the build or job fails as soon as no copy is cached; images are deleted when a malicious one is taken down, too.',
        remedy: 'Find out why it went, and pin an image that is there.',
      },
    },
  },
  check({ manifest, fact, report }) {
    for (const image of pinnedImages(manifest)) {
      const state = judgePin(image, fact);
      if (state?.kind !== 'gone') continue;
      const { reference, registry, repository, digest } = image;
      const args = { image: `${registry}/${repository}`, digest: shortDigest(digest) };
      report({
        messageId: 'found',
        args,
        span: reference.span,
        fixes: updateFixes(image, `Pin to the digest that ${image.tag ?? ''} means today (another image: check what changed)`),
      });
    }
  },
};
