import type { ActionReference } from '../../core/reference.ts';
import type { Rule } from '../../core/rule.ts';
import type { Permissions } from '../../formats/workflow.ts';
import { looseThirdParties, pinFirst } from './third-party.ts';
import { viewOf } from './view.ts';

/** Somebody else's code that may change at any time, with a token that may write: what tj-actions/changed-files had (CVE-2025-30066). */
export const rule: Rule = {
  meta: {
    id: 'workflow/write-token-third-party',
    title: 'Unpinned code of others in a job that may write',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow'],
    needs: [],
    fix: 'online',
    since: '0.1.0',
    securitySeverity: '8.0',
    refs: [
      'https://docs.github.com/en/actions/reference/security/secure-use#using-third-party-actions',
      'https://nvd.nist.gov/vuln/detail/CVE-2025-30066',
    ],
    messages: {
      write: {
        what: '`{action}` is not pinned to a commit and runs in the job `{job}`, which has {rights}.',
        why: 'Whoever can move `{ref}` in `{repository}` gets those rights in this repository, without any change of this file.',
        remedy: 'Name the full commit, or run it in a job that may only read.',
      },
    },
  },
  check(context) {
    const { jobs } = viewOf(context.manifest);
    if (!jobs.some(({ permissions }) => rightsOf(permissions) !== undefined)) return;
    const loose = looseThirdParties(context);
    if (loose.size === 0) return;
    const reported = new Set<ActionReference>();
    for (const { job, permissions, steps } of jobs) {
      const rights = rightsOf(permissions);
      if (job === undefined || rights === undefined) continue;
      for (const action of [job.uses, ...steps.map(({ step }) => step.uses)]) {
        // An alias repeats a step in another job: what it may do there is added to the first finding, not told twice.
        if (action === undefined || !loose.has(action) || reported.has(action)) continue;
        reported.add(action);
        const { requested, ref, owner, repo, span } = action;
        const args = { action: requested, job: job.id, rights, ref, repository: `${owner}/${repo}` };
        context.report({ messageId: 'write', args, span, fixes: pinFirst(action, context) });
      }
    }
  },
};

/** What permissions let a job write, in words; undefined for nothing, or where nothing says. */
function rightsOf(permissions: Permissions | undefined): string | undefined {
  if (permissions?.all?.text === 'write-all') return '`write-all`';
  const scopes = permissions?.scopes.filter(({ access }) => access.text === 'write') ?? [];
  return scopes.length === 0 ? undefined : scopes.map(({ name }) => `\`${name}: write\``).join(', ');
}
