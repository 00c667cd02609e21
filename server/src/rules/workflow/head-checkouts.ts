import type { Manifest } from '../../core/manifest.ts';
import { sourceSpan } from '../../core/mapped-text.ts';
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

/** A place where a privileged workflow takes the code of a pull request. */
export interface HeadCheckout {
  readonly span: Span;
  /** The first privileged trigger of the workflow. */
  readonly trigger: string;
}

const known = new WeakMap<Manifest, readonly HeadCheckout[]>();

/** Where a workflow with a privileged trigger checks out the head of a pull request unguarded; found once per manifest. */
export function headCheckouts(manifest: Manifest): readonly HeadCheckout[] {
  const kept = known.get(manifest);
  if (kept !== undefined) return kept;
  const found = find(manifest);
  known.set(manifest, found);
  return found;
}

function find(manifest: Manifest): HeadCheckout[] {
  const workflow = asWorkflow(manifest);
  const triggers = workflow?.triggers.filter(({ name }) => PRIVILEGED_TRIGGERS.has(name)) ?? [];
  const [trigger] = triggers;
  if (workflow === undefined || trigger === undefined) return [];
  const found: HeadCheckout[] = [];
  // An aliased step stands in several jobs, and one without a guard is enough.
  const reported = new Set<Step>();
  for (const job of workflow.jobs) {
    const inherited = [...workflow.env, ...job.env];
    for (const step of job.steps) {
      if (reported.has(step)) continue;
      for (const span of checkouts(step, { job, inherited, triggers })) {
        reported.add(step);
        found.push({ span, trigger: trigger.name });
      }
    }
  }
  return found;
}

interface StepPlace {
  readonly job: Job;
  /** The environment of the workflow and the job. */
  readonly inherited: readonly YamlEntry[];
  readonly triggers: readonly Trigger[];
}

/** Where a step takes the head of a pull request: the `ref` or `repository` of a checkout, or commands of a script. */
function checkouts(step: Step, { job, inherited, triggers }: StepPlace): Span[] {
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
