import type { RuleContext } from '../../core/rule.ts';
import { asWorkflow, type Job, jobSpan, type Permissions, type Workflow } from '../../formats/workflow.ts';

/** What a job has that foreign code must not get. */
export type Privilege = 'secrets' | 'write';

/** A `${{ }}` that names a secret other than the job's own token, whose power `permissions` tells. */
const SECRET = /\$\{\{(?:(?!\}\})[\s\S]){0,500}?\bsecrets\b(?!\s*(?:\.\s*GITHUB_TOKEN\b|\[\s*'GITHUB_TOKEN'\s*\]))/i;

/**
 * What the jobs of a document may do, as far as it says; undefined for one that grants nothing, or leaves it to the
 * repository's settings. Each job is looked through once.
 */
export function privileges({ manifest }: RuleContext): (jobId: string | undefined) => Privilege | undefined {
  const workflow = asWorkflow(manifest);
  const known = new Map<string, Privilege | undefined>();
  return (jobId) => {
    if (workflow === undefined || jobId === undefined) return undefined;
    if (!known.has(jobId)) known.set(jobId, privilegeOf(workflow, jobId, manifest.file.text));
    return known.get(jobId);
  };
}

function privilegeOf(workflow: Workflow, jobId: string, text: string): Privilege | undefined {
  const job = workflow.jobs.find(({ id }) => id === jobId);
  if (job === undefined) return undefined;
  if (usesSecrets(workflow, job, text)) return 'secrets';
  return mayWrite(job.permissions ?? workflow.permissions) ? 'write' : undefined;
}

function usesSecrets(workflow: Workflow, job: Job, text: string): boolean {
  if (job.secrets !== undefined) return true;
  const { start, end } = jobSpan(job);
  if (SECRET.test(text.slice(start, end))) return true;
  return workflow.env.some(({ value }) => value?.kind === 'scalar' && SECRET.test(value.text));
}

function mayWrite(permissions: Permissions | undefined): boolean {
  if (permissions === undefined) return false;
  return permissions.all?.text === 'write-all' || permissions.scopes.some(({ access }) => access.text === 'write');
}
