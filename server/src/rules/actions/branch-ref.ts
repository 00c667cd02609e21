import type { Rule } from '../../core/rule.ts';
import { actionsJudged, aliasesOf } from './judge.ts';
import { newestFixes, pinBranch, pinFix } from './pin-edit.ts';
import { privileges } from './privilege.ts';

/** An action that follows a branch: every push to the branch runs in the workflow at once. */
export const rule: Rule = {
  meta: {
    id: 'actions/branch-ref',
    title: 'An action that follows a branch',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow', 'action'],
    needs: [],
    fix: 'online',
    since: '0.1.0',
    securitySeverity: '7.5',
    refs: [
      'https://docs.github.com/en/actions/reference/security/secure-use#using-third-party-actions',
      'https://nvd.nist.gov/vuln/detail/CVE-2025-30154',
    ],
    messages: {
      branch: {
        what: '`{action}` follows the branch `{ref}`.',
        why: 'Every push to that branch runs here at once, reviewed by nobody who owns this file.',
        remedy: 'Pin a release by its full commit.',
      },
      secrets: {
        what: '`{action}` follows the branch `{ref}`, in a job that has secrets.',
        why: 'Every push to that branch runs here at once and can read them.',
        remedy: 'Pin a release by its full commit.',
      },
      write: {
        what: '`{action}` follows the branch `{ref}`, in a job whose token may write.',
        why: 'Every push to that branch runs here at once and can use the token to change this repository.',
        remedy: 'Pin a release by its full commit.',
      },
    },
  },
  check(context) {
    const privilegeOf = privileges(context);
    for (const { action } of actionsJudged(context, 'branch-ref')) {
      const privilege = privilegeOf(action.job);
      const branch = action.ref.replace(/^refs\/heads\//, '');
      const { text } = context.manifest.file;
      context.report({
        messageId: privilege ?? 'branch',
        args: { action: action.requested, ref: branch },
        span: action.span,
        ...(privilege === undefined ? {} : { severity: 'error' as const }),
        related: aliasesOf(action, context),
        fixes: [
          ...newestFixes(action, text, `check what differs from the branch ${branch}`),
          ...pinFix(action, text, {
            title: `Pin to the head of the branch ${branch}: check what is there today`,
            safety: 'review',
            inFixAll: false,
            choose: pinBranch(action),
          }),
        ],
      });
    }
  },
};
