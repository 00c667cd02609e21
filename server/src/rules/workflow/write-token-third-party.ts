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
      several: {
        what: 'The job `{job}`, which has {rights}, runs {count} actions that are not pinned to a commit: {actions}.',
        why: 'Whoever can move one of these names in its repository gets those rights in this one, without any change of this file.',
        remedy: 'Name the full commits, or run the actions in a job that may only read.',
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
      // An alias repeats a step, here or in another job: it is told once, where it stands.
      const used = [job.uses, ...steps.map(({ step }) => step.uses)].flatMap((action) => action ?? []);
      const [first, ...others] = new Set(used.filter((action) => loose.has(action) && !reported.has(action)));
      if (first === undefined) continue;
      // The rights of a job are one mistake, however many actions have them; each action has its own finding for its tag.
      for (const action of [first, ...others]) reported.add(action);
      const names = [...new Set([first, ...others].map((action) => `\`${action.requested}\``))];
      const { requested, ref, owner, repo, span } = first;
      context.report({
        messageId: names.length > 1 ? 'several' : 'write',
        args: {
          action: requested,
          count: String(names.length),
          actions: listed(names),
          job: job.id,
          rights,
          ref,
          repository: `${owner}/${repo}`,
        },
        span,
        related: others.slice(0, MAX_RELATED).map((other) => ({
          file: context.manifest.file,
          span: other.span,
          note: 'Another action of this job that is not pinned to a commit.',
        })),
        fixes: pinFirst(first, context),
      });
    }
  },
};

/** How many other places a finding has. */
const MAX_RELATED = 20;

/** How many actions a message names. */
const MAX_NAMES = 4;

function listed(names: readonly string[]): string {
  const rest = names.length - MAX_NAMES;
  if (rest > 0) return `${names.slice(0, MAX_NAMES).join(', ')} and ${rest} more`;
  return names.join(', ');
}

/** What permissions let a job write, in words; undefined for nothing, or where nothing says. */
function rightsOf(permissions: Permissions | undefined): string | undefined {
  if (permissions?.all?.text === 'write-all') return '`write-all`';
  const scopes = permissions?.scopes.filter(({ access }) => access.text === 'write') ?? [];
  return scopes.length === 0 ? undefined : scopes.map(({ name }) => `\`${name}: write\``).join(', ');
}
