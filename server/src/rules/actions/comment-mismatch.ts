import type { Draft, Fix } from '../../core/finding.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import { plain } from '../../core/untrusted.ts';
import { type CommentState, commentState, isFirstSeen } from './comment-state.ts';
import { aliasesOf, type PinnedAction, pinnedActions, standingOf } from './judge.ts';
import { isWritable, pinFix, pinTag } from './pin-edit.ts';
import { writeVersion } from './version-comment.ts';

/** A version comment that is not the version of the commit: reviewers and update tools believe it, the runner does not. */
export const rule: Rule = {
  meta: {
    id: 'actions/comment-mismatch',
    title: 'A version comment that does not belong to the commit',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow', 'action'],
    needs: ['git-refs'],
    fix: 'online',
    since: '0.1.0',
    securitySeverity: '5.0',
    refs: [
      'https://docs.github.com/en/actions/reference/security/secure-use#using-third-party-actions',
      'https://docs.zizmor.sh/audits/#ref-version-mismatch',
    ],
    messages: {
      other: {
        what: 'The comment says `{written}`, but this commit of `{repository}` is `{exact}`.',
        why: 'People and update tools believe the comment, and the run uses the commit.',
        remedy: 'Correct the comment, or pin the commit of the version that is meant.',
      },
      untagged: {
        what: 'The comment says `{written}`, but that is another commit of `{repository}`.',
        why: 'People and update tools believe the comment, and the run uses a commit that is no release.',
        remedy: 'Pin the commit of the version that is meant, or correct the comment.',
      },
      missing: {
        what: 'The comment says `{written}`, and `{repository}` has no such tag.',
        why: 'Nobody can tell which version the run uses, and a tag of that name may be made later.',
        remedy: 'Pin a release, and name it in the comment.',
      },
    },
  },
  check(context) {
    for (const pinned of pinnedActions(context)) {
      const state = commentState(pinned, context.manifest.file.text);
      if (state.kind !== 'mismatch' || isFirstSeen(pinned, state, context)) continue;
      const standing = standingOf(pinned, context);
      // A commit that is not of the repository is the graver news, with the same way out.
      if (standing === 'absent' || standing === 'foreign') continue;
      context.report(draft(pinned, state, context));
    }
  },
};

type Mismatch = Extract<CommentState, { readonly kind: 'mismatch' }>;

function draft(pinned: PinnedAction, state: Mismatch, context: RuleContext): Draft {
  const { action } = pinned;
  const { written, exact, elsewhere } = state;
  return {
    messageId: exact !== undefined ? 'other' : elsewhere !== undefined ? 'untagged' : 'missing',
    args: { written, exact: exact ?? '', repository: `${action.owner}/${action.repo}` },
    span: action.span,
    related: aliasesOf(action, context),
    fixes: fixes(pinned, state, context.manifest.file.text),
  };
}

function fixes({ action, refs }: PinnedAction, { tag, exact }: Mismatch, text: string): Fix[] {
  const edit = exact === undefined || !isWritable(exact) ? undefined : writeVersion(action, text, { version: exact, refs });
  const comment: Fix[] =
    edit === undefined
      ? []
      : [{ title: `Write ${plain(exact ?? '', 60)}, the version of this commit`, safety: 'safe', online: false, edits: [edit] }];
  if (tag === undefined) return comment;
  const commit = pinFix(action, text, {
    title: `Pin to the commit of ${plain(tag, 60)}: other code will run, check what it changes`,
    safety: 'review',
    inFixAll: false,
    choose: pinTag(tag, action),
  });
  return [...comment, ...commit];
}
