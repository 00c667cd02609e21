import type { Fix } from '../../core/finding.ts';
import type { Rule } from '../../core/rule.ts';
import { type CommentState, commentState, isFirstSeen } from './comment-state.ts';
import { aliasesOf, type PinnedAction, pinnedActions, standingOf } from './judge.ts';
import { newestFixes, pinFix, pinTag } from './pin-edit.ts';

/** A commit that no tag and no branch of the repository leads to: a typing error, or somebody's fork under a good name. */
export const rule: Rule = {
  meta: {
    id: 'actions/commit-unknown',
    title: 'A commit that is not in the repository, or only in a fork',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow', 'action'],
    needs: ['git-refs', 'git-ancestry'],
    fix: 'online',
    since: '0.1.0',
    securitySeverity: '8.0',
    refs: [
      'https://www.chainguard.dev/unchained/what-the-fork-imposter-commits-in-github-actions-and-ci-cd',
      'https://docs.zizmor.sh/audits/#impostor-commit',
      'https://git-scm.com/docs/protocol-v2#_fetch',
    ],
    messages: {
      absent: {
        what: '`{repository}` has no commit `{commit}`.',
        why: 'The job fails before its first step; and a commit that nobody can look at was not reviewed.',
        remedy: 'Pin the commit of a release.',
      },
      foreign: {
        what: 'No tag and no branch of `{repository}` leads to the commit `{commit}`.',
        why: "A host shows the commits of every fork under the repository's name, so that this can be anybody's code; or its branch was deleted.",
        remedy: 'Pin the commit of a release.',
      },
    },
  },
  check(context) {
    for (const pinned of pinnedActions(context)) {
      const standing = standingOf(pinned, context);
      if (standing !== 'absent' && standing !== 'foreign') continue;
      const { action, id } = pinned;
      const state = commentState(pinned, context.manifest.file.text);
      // A release that somebody took away after it was seen here is no stranger.
      if (isFirstSeen(pinned, state, context)) continue;
      context.report({
        messageId: standing,
        args: { repository: `${action.owner}/${action.repo}`, commit: id.slice(0, 12) },
        span: action.span,
        related: aliasesOf(action, context),
        fixes: fixes(pinned, state, context.manifest.file.text),
      });
    }
  },
};

function fixes({ action }: PinnedAction, state: CommentState, text: string): Fix[] {
  const tag = state.kind === 'mismatch' ? state.tag : undefined;
  const commented =
    tag === undefined
      ? []
      : pinFix(action, text, {
          title: `Pin to the commit of ${tag}, as the comment says: check that it is the one you want`,
          safety: 'review',
          inFixAll: false,
          choose: pinTag(tag, action),
        });
  return [...commented, ...newestFixes(action, text, 'check that it is the one you want')];
}
