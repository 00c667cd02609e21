import type { Rule } from '../../core/rule.ts';
import type { Trigger } from '../../formats/workflow.ts';
import { isGuarded } from './fork-guard.ts';
import { headCheckouts } from './head-checkouts.ts';
import { type JobView, viewOf } from './view.ts';

/** The triggers that start a workflow for a fork with the rights of this repository. */
const TRIGGERS: ReadonlySet<string> = new Set(['pull_request_target', 'workflow_run']);

/** A trigger that a stranger's pull request pulls, with the repository's own token and secrets. */
export const rule: Rule = {
  meta: {
    id: 'workflow/privileged-trigger',
    title: 'A trigger that runs for forks with full rights',
    severity: 'info',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['workflow'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '4.0',
    refs: [
      'https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#pull_request_target',
      'https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/',
    ],
    messages: {
      trigger: {
        what: '`{trigger}` starts this workflow for pull requests of strangers, with the secrets and the token of this repository.',
        why: 'One step that runs, evaluates or trusts what comes with such a pull request gives them away.',
        remedy:
          'Use `pull_request` where that is enough; else let the jobs run for this repository alone, or keep them from reading anything of the pull request.',
      },
    },
  },
  check({ manifest, report }) {
    // With such a checkout there is a finding of its own.
    if (headCheckouts(manifest).length > 0) return;
    const { jobs, workflow } = viewOf(manifest);
    for (const trigger of workflow?.triggers ?? []) {
      if (!TRIGGERS.has(trigger.name) || !jobs.some((job) => isOpen(job, trigger))) continue;
      report({ messageId: 'trigger', args: { trigger: trigger.name }, span: trigger.span });
    }
  },
};

/** Whether a trigger gets as far as a job's steps for a fork. */
function isOpen({ conditions, triggers, steps }: JobView, trigger: Trigger): boolean {
  const guarded = (texts: readonly string[]): boolean => isGuarded({ conditions: texts, triggers: [trigger], ref: '' });
  if (!triggers.includes(trigger) || guarded(conditions)) return false;
  return steps.length === 0 || steps.some((step) => step.triggers.includes(trigger) && !guarded(step.conditions));
}
