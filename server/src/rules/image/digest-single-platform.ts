import type { Rule } from '../../core/rule.ts';
import { judgePin, PIN_FACTS, pinnedImages, shortDigest, updateFixes } from './pinned.ts';
import { IMAGE_FORMATS } from './verdict.ts';

/** A digest of one platform under a tag that serves several: elsewhere the build fails, or runs under emulation. */
export const rule: Rule = {
  meta: {
    id: 'image/digest-single-platform',
    title: 'A digest of one platform where the tag has several',
    severity: 'hint',
    confidence: 'high',
    tier: 'recommended',
    formats: IMAGE_FORMATS,
    needs: PIN_FACTS,
    fix: 'online',
    since: '0.1.0',
    securitySeverity: '2.0',
    refs: [
      'https://github.com/opencontainers/image-spec/blob/main/image-index.md',
      'https://docs.docker.com/build/building/multi-platform/',
    ],
    messages: {
      found: {
        what: '`{digest}` is one platform of `{image}`, and the tag `{tag}` serves several.',
        why: 'On any other platform the build fails, or runs under emulation without a word.',
        remedy: 'Pin the digest of the index, `{today}`, from which each platform takes its own image.',
      },
    },
  },
  check({ manifest, fact, report }) {
    for (const image of pinnedImages(manifest)) {
      const state = judgePin(image, fact);
      if (state?.kind !== 'single-platform') continue;
      const { reference, registry, repository, digest, tag = 'latest' } = image;
      const args = { image: `${registry}/${repository}`, digest: shortDigest(digest), tag, today: shortDigest(state.today) };
      report({
        messageId: 'found',
        args,
        span: reference.span,
        fixes: updateFixes(image, `Pin to the index of all platforms that ${tag} names today (check the platforms you build for)`),
      });
    }
  },
};
