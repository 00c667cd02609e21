import type { Rule } from '../../core/rule.ts';
import { actionsJudged, aliasesOf } from './judge.ts';
import { pinBranch, pinFix, pinTag } from './pin-edit.ts';

/** A name that is a tag and a branch, at two commits: which of them runs depends on who reads it. */
export const rule: Rule = {
  meta: {
    id: 'actions/ref-ambiguous',
    title: 'A name that is a tag and a branch',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow', 'action'],
    needs: ['git-refs'],
    fix: 'online',
    since: '0.1.0',
    securitySeverity: '5.0',
    refs: ['https://docs.zizmor.sh/audits/#ref-confusion', 'https://git-scm.com/docs/gitrevisions#_specifying_revisions'],
    messages: {
      both: {
        what: '`{repository}` has a tag `{ref}` and a branch `{ref}`, and they are different commits.',
        why: 'Tools disagree about which one is meant, and whoever may push a branch can make the name mean something else.',
        remedy: 'Pin the commit that is meant.',
      },
    },
  },
  check(context) {
    const { text } = context.manifest.file;
    for (const { action, resolved } of actionsJudged(context, 'unpinned')) {
      if (resolved?.kind !== 'both') continue;
      const { name } = resolved;
      context.report({
        messageId: 'both',
        args: { repository: `${action.owner}/${action.repo}`, ref: name },
        span: action.span,
        related: aliasesOf(action, context),
        fixes: [
          ...pinFix(action, text, {
            title: `Pin to the commit of the tag ${name}: check that the tag is meant`,
            safety: 'review',
            inFixAll: false,
            choose: pinTag(name, action),
          }),
          ...pinFix(action, text, {
            title: `Pin to the head of the branch ${name}: check that the branch is meant`,
            safety: 'review',
            inFixAll: false,
            choose: pinBranch(action),
          }),
        ],
      });
    }
  },
};
