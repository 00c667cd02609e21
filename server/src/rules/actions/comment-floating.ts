import type { Rule } from '../../core/rule.ts';
import { plain } from '../../core/untrusted.ts';
import { commentState } from './comment-state.ts';
import { aliasesOf, pinnedActions } from './judge.ts';
import { isWritable } from './pin-edit.ts';
import { writeVersion } from './version-comment.ts';

/** A pinned commit whose comment names no exact version: nobody can read it, and it drifts away when the tag moves on. */
export const rule: Rule = {
  meta: {
    id: 'actions/comment-floating',
    title: 'A pinned action without its exact version in a comment',
    severity: 'info',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow', 'action'],
    needs: ['git-refs'],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '1.0',
    refs: ['https://docs.github.com/en/code-security/dependabot/working-with-dependabot/keeping-your-actions-up-to-date-with-dependabot'],
    messages: {
      missing: {
        what: 'Nothing says that this commit of `{repository}` is `{exact}`.',
        why: 'People cannot read a commit, and update tools look for the version in the comment.',
        remedy: 'Add the version as a comment.',
      },
      moving: {
        what: 'The comment says `{written}`, which moves with every release; this commit of `{repository}` is `{exact}`.',
        why: 'After the next release the comment names another commit than the one that runs.',
        remedy: 'Write the exact version.',
      },
      spelling: {
        what: 'The comment says `{written}`; the tag of this commit of `{repository}` is `{exact}`.',
        why: 'Tools that look for the tag by the comment do not find it.',
        remedy: 'Write the version as the tag is called.',
      },
    },
  },
  check(context) {
    const { text } = context.manifest.file;
    for (const pinned of pinnedActions(context)) {
      const state = commentState(pinned, text);
      if (state.kind === 'fine' || state.kind === 'mismatch' || !isWritable(state.exact)) continue;
      const { action, refs } = pinned;
      const edit = writeVersion(action, text, { version: state.exact, refs });
      context.report({
        messageId: state.kind,
        args: {
          repository: `${action.owner}/${action.repo}`,
          exact: state.exact,
          written: state.kind === 'missing' ? '' : state.written,
        },
        span: action.span,
        related: aliasesOf(action, context),
        fixes:
          edit === undefined
            ? []
            : [{ title: `Write ${plain(state.exact, 60)}, the version of this commit`, safety: 'safe', online: false, edits: [edit] }],
      });
    }
  },
};
