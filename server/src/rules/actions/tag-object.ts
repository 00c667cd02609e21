import type { Rule } from '../../core/rule.ts';
import { aliasesOf, pinnedActions } from './judge.ts';
import { pinFix, pinTag } from './pin-edit.ts';

/** The id of a tag object instead of the commit behind it: it looks like a pin, and is not the id of any code. */
export const rule: Rule = {
  meta: {
    id: 'actions/tag-object',
    title: 'An action pinned to a tag object instead of a commit',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow', 'action'],
    needs: ['git-refs'],
    fix: 'online',
    since: '0.1.0',
    securitySeverity: '4.0',
    refs: [
      'https://git-scm.com/book/en/v2/Git-Internals-Git-References#_tags',
      'https://docs.github.com/en/actions/reference/security/secure-use#using-third-party-actions',
    ],
    messages: {
      object: {
        what: '`{id}` is the id of the tag object `{tag}`, not of a commit.',
        why: 'Tools that look for the commit find none: the run can fail, and nobody can compare it with a release.',
        remedy: 'Write the commit that the tag points at.',
      },
    },
  },
  check(context) {
    for (const { action, id, resolved } of pinnedActions(context)) {
      if (resolved.kind !== 'tag-object') continue;
      context.report({
        messageId: 'object',
        args: { id: id.slice(0, 12), tag: resolved.name },
        span: action.span,
        related: aliasesOf(action, context),
        fixes: pinFix(action, context.manifest.file.text, {
          title: 'Write the commit that the tag points at',
          safety: 'safe',
          inFixAll: true,
          choose: pinTag(resolved.name, action),
        }),
      });
    }
  },
};
