import type { Rule } from '../../core/rule.ts';
import { judgePin, PIN_FACTS, pinnedImages, shortDigest, updateFixes } from './pinned.ts';
import { IMAGE_FORMATS } from './verdict.ts';

/** A digest that its tag has left behind: the pin holds what is no longer published under that name. */
export const rule: Rule = {
  meta: {
    id: 'image/digest-behind',
    title: 'A digest that its tag no longer means',
    severity: 'info',
    confidence: 'high',
    tier: 'recommended',
    formats: IMAGE_FORMATS,
    needs: PIN_FACTS,
    fix: 'online',
    since: '0.1.0',
    securitySeverity: '3.0',
    refs: [
      'https://docs.docker.com/build/building/best-practices/#pin-base-image-versions',
      'https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests',
    ],
    messages: {
      found: {
        what: 'The tag `{tag}` of `{image}` means `{today}` today, not `{digest}`.',
        why: 'The pinned image no longer gets what is published under the tag, fixes of vulnerabilities among it.',
        remedy: 'Look at what changed, and update the digest.',
      },
    },
  },
  check({ manifest, fact, report }) {
    for (const image of pinnedImages(manifest)) {
      const state = judgePin(image, fact);
      if (state?.kind !== 'behind') continue;
      const { reference, registry, repository, digest, tag = 'latest' } = image;
      const args = { image: `${registry}/${repository}`, digest: shortDigest(digest), tag, today: shortDigest(state.today) };
      report({
        messageId: 'found',
        args,
        span: reference.span,
        fixes: updateFixes(image, `Update to the digest that ${tag} means today (check what changed)`),
      });
    }
  },
};
