import type { Rule } from '../../core/rule.ts';
import { headCheckouts } from './head-checkouts.ts';

/** A "pwn request": a trigger with the repository's rights, and the code of a stranger's pull request. */
export const rule: Rule = {
  meta: {
    id: 'workflow/untrusted-checkout',
    title: 'A privileged workflow that checks out a pull request',
    severity: 'error',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['workflow'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '9.0',
    refs: [
      'https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/',
      'https://docs.github.com/en/actions/reference/security/secure-use#mitigating-the-risks-of-untrusted-code-checkout',
    ],
    messages: {
      checkout: {
        what: 'This checks out the code of a pull request, in a workflow that `{trigger}` starts with the rights of this repository.',
        why: 'Anybody can open a pull request, and whatever builds or tests its code here gives them the token and the secrets of the job.',
        remedy: 'Build pull requests in a workflow on `pull_request`, and hand only its results to this one.',
      },
    },
  },
  check({ manifest, report }) {
    for (const { trigger, span } of headCheckouts(manifest)) report({ messageId: 'checkout', args: { trigger }, span });
  },
};
