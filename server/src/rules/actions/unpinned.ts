import type { Rule } from '../../core/rule.ts';
import { actionsJudged, aliasesOf } from './judge.ts';
import { gluedCommentFix } from './pin-edit.ts';
import { pinTag } from './pin-tag.ts';

/** An action named by a tag: whoever can move the tag runs code in the workflow (tj-actions/changed-files, CVE-2025-30066). */
export const rule: Rule = {
  meta: {
    id: 'actions/unpinned',
    title: 'An action that is named by a tag instead of a commit',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow', 'action'],
    needs: [],
    fix: 'online',
    since: '0.1.0',
    securitySeverity: '6.5',
    refs: [
      'https://docs.github.com/en/actions/reference/security/secure-use#using-third-party-actions',
      'https://nvd.nist.gov/vuln/detail/CVE-2025-30066',
      'https://slsa.dev/spec/v1.1/threats#build-threats',
    ],
    messages: {
      tag: {
        what: '`{action}` is not pinned to a commit.',
        why: 'Whoever can write to `{repository}` can move `{ref}` to other code, which then runs here without any change of this file.',
        remedy: 'Name the full commit, and keep the version in a comment.',
      },
      glued: {
        what: '`{ref}` is read as one ref: a comment needs a space before its `#`.',
        why: 'The action is looked for under that name, and whatever is found is not a commit.',
        remedy: 'Put a space before the `#`, and name the full commit.',
      },
      hex: {
        what: '`{ref}` has {digits} hex digits; a commit on GitHub has 40.',
        why: 'Text of another length is looked up as a tag or a branch, which somebody could make.',
        remedy: 'Name the full commit, and keep the version in a comment.',
      },
    },
  },
  check(context) {
    for (const judged of actionsJudged(context, 'unpinned')) {
      const { action } = judged;
      const { ref, owner, repo, requested, span } = action;
      context.report({
        messageId: /^[0-9a-f]{41,}$/i.test(ref) ? 'hex' : ref.includes('#') ? 'glued' : 'tag',
        args: { action: requested, repository: `${owner}/${repo}`, ref, digits: String(ref.length) },
        span,
        related: aliasesOf(action, context),
        fixes: [
          ...pinTag(judged, context),
          ...(judged.resolved?.kind === 'both' ? [] : gluedCommentFix(action, context.manifest.file.text)),
        ],
      });
    }
  },
};
