import { sourceSpan } from '../../core/mapped-text.ts';
import type { Rule } from '../../core/rule.ts';
import type { Script } from '../../core/script.ts';
import type { Span } from '../../core/span.ts';
import { asWorkflow, type Job, type Trigger } from '../../formats/workflow.ts';
import type { Step } from '../../formats/workflow-steps.ts';
import { asScalar, type YamlEntry } from '../../formats/yaml-document.ts';
import { isGuarded, PRIVILEGED_TRIGGERS } from './fork-guard.ts';

/** What names the head of a pull request, after `a['b']` became `a.b`. */
const HEAD =
  /github\.event\.pull_request\.(?:head\.(?:sha|ref|label)|merge_commit_sha)|github\.head_ref|refs\/pull\/|github\.event\.workflow_run\.head_/;
const HEAD_REPOSITORY = /github\.event\.(?:pull_request\.head\.repo|workflow_run\.head_repository)\./;

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
    const workflow = asWorkflow(manifest);
    const triggers = workflow?.triggers.filter(({ name }) => PRIVILEGED_TRIGGERS.has(name)) ?? [];
    const [trigger] = triggers;
    if (workflow === undefined || trigger === undefined) return;
    // An aliased step stands in several jobs, and one without a guard is enough.
    const reported = new Set<Step>();
    for (const job of workflow.jobs) {
      const inherited = [...workflow.env, ...job.env];
      for (const step of job.steps) {
        if (reported.has(step)) continue;
        for (const span of checkouts(step, { job, inherited, triggers })) {
          reported.add(step);
          report({ messageId: 'checkout', args: { trigger: trigger.name }, span });
        }
      }
    }
  },
};

interface Surroundings {
  readonly job: Job;
  /** The environment of the workflow and the job. */
  readonly inherited: readonly YamlEntry[];
  readonly triggers: readonly Trigger[];
}

/** Where a step takes the head of a pull request: the `ref` or `repository` of a checkout, or commands of a script. */
function checkouts(step: Step, { job, inherited, triggers }: Surroundings): Span[] {
  const names = tainted([...inherited, ...step.env]);
  const isHead = (text: string): boolean => HEAD.test(dotted(text)) || usesOneOf(text, names);
  const conditions = [job.condition?.text ?? '', step.condition?.text ?? ''];
  const found: { readonly span: Span; readonly text: string }[] = [];
  const { uses } = step;
  if (uses !== undefined && `${uses.owner}/${uses.repo}/${uses.subPath}`.toLowerCase() === 'actions/checkout/') {
    const input = (name: string) => asScalar(step.with.find(({ key }) => key.toLowerCase() === name)?.value);
    const ref = input('ref');
    const repository = input('repository');
    if (ref !== undefined && isHead(ref.text)) found.push(ref);
    else if (repository !== undefined && HEAD_REPOSITORY.test(dotted(repository.text))) found.push(repository);
  }
  if (step.run !== undefined) found.push(...fetches(step.run, isHead));
  return found.filter(({ text }) => !isGuarded({ conditions, triggers, ref: dotted(text) })).map(({ span }) => span);
}

/** `github['event'].x` as `github.event.x`. */
function dotted(text: string): string {
  return text.replace(/\[\s*['"]([\w-]+)['"]\s*\]/g, '.$1');
}

/** The environment variables that hold the head of a pull request. */
function tainted(env: readonly YamlEntry[]): ReadonlySet<string> {
  return new Set(env.filter(({ value }) => HEAD.test(dotted(asScalar(value)?.text ?? ''))).map(({ key }) => key));
}

function usesOneOf(text: string, names: ReadonlySet<string>): boolean {
  if (names.size === 0) return false;
  return [...text.matchAll(/(?:\$\{?|env\.|env:)(\w+)/g)].some(([, name = '']) => names.has(name));
}

const GIT_VERBS: ReadonlySet<string> = new Set(['fetch', 'checkout', 'switch', 'pull', 'merge', 'reset', 'clone', 'worktree']);

/** The commands of a script that fetch or check out a pull request. Comments do not count. */
function fetches({ source }: Script, isHead: (text: string) => boolean): { readonly span: Span; readonly text: string }[] {
  const found: { readonly span: Span; readonly text: string }[] = [];
  for (const { 0: command, index } of source.text.matchAll(/[^\n;&|]+/g)) {
    const words = [...command.matchAll(/\S+/g)];
    const comment = words.findIndex(([word]) => word.startsWith('#'));
    const said = comment < 0 ? words : words.slice(0, comment);
    const start = said.findIndex(([word]) => word === 'git' || word === 'gh');
    const first = said[start];
    const last = said.at(-1);
    if (first === undefined || last === undefined) continue;
    const rest = said.slice(start + 1).map(([word]) => word);
    const text = command.slice(first.index, last.index + last[0].length);
    const isPull =
      first[0] === 'gh'
        ? rest[0] === 'pr' && rest[1] === 'checkout'
        : rest.some((word) => GIT_VERBS.has(word)) && namesPull(rest, text, isHead);
    if (isPull) found.push({ span: sourceSpan(source, index + first.index, index + last.index + last[0].length), text });
  }
  return found;
}

function namesPull(words: readonly string[], text: string, isHead: (text: string) => boolean): boolean {
  return words.some((word) => /^["']?\+?(?:refs\/)?pull\//.test(word)) || isHead(text);
}
