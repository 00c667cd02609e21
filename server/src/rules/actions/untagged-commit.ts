import { tagsOf } from '../../core/git-versions.ts';
import type { Rule } from '../../core/rule.ts';
import { commentState } from './comment-state.ts';
import { aliasesOf, pinnedActions, standingOf } from './judge.ts';

/** A commit between releases: nobody announced it, tested it as a release, or writes advisories about it. */
export const rule: Rule = {
  meta: {
    id: 'actions/untagged-commit',
    title: 'A commit that is no release',
    severity: 'hint',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow', 'action'],
    needs: ['git-refs'],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '1.0',
    refs: ['https://docs.zizmor.sh/audits/#stale-action-refs'],
    messages: {
      untagged: {
        what: 'No tag of `{repository}` points at the commit `{commit}`.',
        why: 'It was never released: update tools cannot move it, and advisories are written about versions.',
        remedy: 'Pin the commit of a release.',
      },
    },
  },
  check(context) {
    for (const pinned of pinnedActions(context)) {
      const { action, refs, id, resolved } = pinned;
      if (resolved.kind !== 'commit' || tagsOf(refs, id).length > 0) continue;
      // Whoever names a version that it is not, or a commit that is not there, hears of that.
      if (commentState(pinned, context.manifest.file.text).kind === 'mismatch') continue;
      const standing = standingOf(pinned, context);
      if (standing === 'absent' || standing === 'foreign') continue;
      context.report({
        messageId: 'untagged',
        args: { repository: `${action.owner}/${action.repo}`, commit: id.slice(0, 12) },
        span: action.span,
        related: aliasesOf(action, context),
      });
    }
  },
};
