import { exactTagFor, expandShort } from '../../core/git-versions.ts';
import type { ActionReference } from '../../core/reference.ts';
import type { Rule } from '../../core/rule.ts';
import { actionsJudged, aliasesOf } from './judge.ts';
import { type ChooseTarget, pinFix } from './pin-edit.ts';

/** An abbreviated commit id: GitHub does not accept it as a commit, and somebody may make a tag or branch of that name. */
export const rule: Rule = {
  meta: {
    id: 'actions/short-sha',
    title: 'An action named by an abbreviated commit',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow', 'action'],
    needs: [],
    fix: 'online',
    since: '0.1.0',
    securitySeverity: '5.0',
    refs: ['https://github.blog/changelog/2021-01-21-github-actions-short-sha-deprecation/'],
    messages: {
      short: {
        what: '`{ref}` is {digits} digits of a commit; GitHub accepts a commit only with all 40.',
        why: 'The run fails, unless somebody makes a tag or branch of that name: then that is what runs.',
        remedy: 'Write the full commit.',
      },
    },
  },
  check(context) {
    for (const { action } of actionsJudged(context, 'short-sha')) {
      context.report({
        messageId: 'short',
        args: { ref: action.ref, digits: String(action.ref.length) },
        span: action.span,
        related: aliasesOf(action, context),
        fixes: pinFix(action, context.manifest.file.text, {
          title: 'Write the full commit',
          safety: 'safe',
          inFixAll: true,
          choose: expand(action),
        }),
      });
    }
  },
};

function expand({ ref, subPath }: ActionReference): ChooseTarget {
  return (refs) => {
    const commit = expandShort(refs, ref);
    if (commit === undefined) return { failed: `no single tag or branch points at a commit that begins with \`${ref}\`` };
    return { commit, version: exactTagFor(refs, commit, { subPath }) };
  };
}
