import type { Rule } from '../../core/rule.ts';
import { actionsJudged, aliasesOf } from './judge.ts';
import { newestFixes } from './pin-edit.ts';

/** An action without a ref: GitHub refuses the workflow, and the quick repair by hand is usually a branch. */
export const rule: Rule = {
  meta: {
    id: 'actions/missing-ref',
    title: 'An action without a ref',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow', 'action'],
    needs: [],
    fix: 'online',
    since: '0.1.0',
    securitySeverity: '4.0',
    refs: ['https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsuses'],
    messages: {
      missing: {
        what: '`{action}` does not say which version to use.',
        why: 'GitHub refuses the whole file: an action of another repository needs `@` and a ref.',
        remedy: 'Add `@` and the full commit of a release.',
      },
    },
  },
  check(context) {
    for (const { action } of actionsJudged(context, 'missing-ref')) {
      context.report({
        messageId: 'missing',
        args: { action: action.requested },
        span: action.span,
        related: aliasesOf(action, context),
        fixes: newestFixes(action, context.manifest.file.text, 'check that it is the one you want'),
      });
    }
  },
};
