import { type ContextNode, type ExpressionNode, expressionsIn, valuesOf } from '../../formats/github-expression.ts';
import { asScalar, type YamlEntry } from '../../formats/yaml-document.ts';
import { isGuarded } from './fork-guard.ts';
import type { StepView, View } from './view.ts';

/** Something that a stranger writes and an event brings in. */
interface TaintSource {
  /** In the form of `ContextNode.path`. */
  readonly path: string;
  /** Whether it may hold line feeds. Titles and names of branches do not. */
  readonly isMultiLine: boolean;
  readonly events: readonly string[];
}

const PULL_REQUEST = ['pull_request', 'pull_request_target', 'pull_request_review', 'pull_request_review_comment'] as const;

/**
 * What strangers write, by event (GitHub Security Lab, "Untrusted input"; GitHub documentation, "Good practices for
 * mitigating script injection attacks"). Numbers, commits, logins and labels are not: GitHub makes them, or a maintainer.
 */
const SOURCES: readonly TaintSource[] = [
  ...sources('github.event.issue', ['issues', 'issue_comment'], ['title'], ['body']),
  ...sources('github.event.pull_request', PULL_REQUEST, ['title', 'head.ref', 'head.label', 'head.repo.default_branch'], ['body']),
  ...sources('github', ['pull_request', 'pull_request_target'], ['head_ref'], []),
  ...sources(
    'github.event.comment',
    ['issue_comment', 'commit_comment', 'discussion_comment', 'pull_request_review_comment'],
    [],
    ['body'],
  ),
  ...sources('github.event.review', ['pull_request_review'], [], ['body']),
  ...sources('github.event.discussion', ['discussion', 'discussion_comment'], ['title'], ['body']),
  ...sources('github.event.pages.*', ['gollum'], ['page_name', 'title'], []),
  ...sources('github.event.changes', ['issues', 'discussion', ...PULL_REQUEST], ['title.from'], ['body.from']),
  ...['github.event.commits.*', 'github.event.head_commit'].flatMap((commit) => commitSources(commit, 'push')),
  ...sources('github.event.workflow_run', ['workflow_run'], ['head_branch', 'display_title', 'pull_requests.*.head.ref'], []),
  ...sources('github.event.workflow_run.head_repository', ['workflow_run'], ['description'], []),
  ...commitSources('github.event.workflow_run.head_commit', 'workflow_run'),
];

function sources(prefix: string, events: readonly string[], lines: readonly string[], texts: readonly string[]): TaintSource[] {
  const source = (isMultiLine: boolean) => (name: string) => ({ path: `${prefix}.${name}`, isMultiLine, events });
  return [...lines.map(source(false)), ...texts.map(source(true))];
}

function commitSources(prefix: string, event: string): TaintSource[] {
  return sources(prefix, [event], ['author.name', 'author.email', 'committer.name', 'committer.email'], ['message']);
}

const BY_PATH: ReadonlyMap<string, TaintSource> = new Map(SOURCES.map((source) => [source.path, source]));

/** What a stranger can put into a value. */
export interface Taint {
  /** As in the document. */
  readonly node: ContextNode;
  /** The context that the stranger writes. */
  readonly source: TaintSource;
}

/** How many `env` that name another `env` are followed. */
const MAX_ENV_HOPS = 5;

/** What a stranger can put into an expression's value at a step, by an event that gets as far; undefined for nothing. */
export function taintOf(node: ExpressionNode | undefined, at: StepView, view: View, hops = 0): Taint | undefined {
  if (node === undefined) return undefined;
  for (const { node: context, isWhole } of valuesOf(node)) {
    if (context.path.startsWith('env.') && hops < MAX_ENV_HOPS) {
      const taint = envTaint(context.path.slice('env.'.length), at, view, hops + 1);
      if (taint !== undefined) return { ...taint, node: context };
      continue;
    }
    const source = (isWhole ? within(context.path) : [BY_PATH.get(context.path)]).find(
      (candidate) => candidate !== undefined && canReach(candidate, at, view),
    );
    if (source !== undefined) return { node: context, source };
  }
  return undefined;
}

function within(path: string): readonly TaintSource[] {
  if (path !== 'github' && !path.startsWith('github.')) return [];
  return SOURCES.filter((source) => source.path === path || source.path.startsWith(`${path}.`));
}

/** What a stranger can put into an environment variable of a step. */
export function envTaint(name: string, at: StepView, view: View, hops = 0): Taint | undefined {
  const entry = envEntry(at.env, name);
  const value = asScalar(entry?.value);
  if (value === undefined || !value.text.includes('${{')) return undefined;
  for (const { node } of expressionsIn(value.text)) {
    const taint = taintOf(node, at, view, hops);
    if (taint !== undefined) return taint;
  }
  return undefined;
}

/** The nearest definition of an environment variable. */
function envEntry(env: StepView['env'], name: string): YamlEntry | undefined {
  for (const entries of env) {
    const entry = entries.find(({ key }) => key.toLowerCase() === name.toLowerCase());
    if (entry !== undefined) return entry;
  }
  return undefined;
}

function canReach({ path, events }: TaintSource, { triggers, conditions }: StepView, { isCalled }: View): boolean {
  const fitting = triggers.filter(({ name }) => events.includes(name));
  if (fitting.length === 0) return isCalled;
  // Who may write to the repository is no stranger; an issue or a comment says nothing of a fork.
  const isOfHead = /^github\.(?:head_ref|event\.(?:pull_request|workflow_run))\b/.test(path);
  return !isOfHead || !isGuarded({ conditions, triggers: fitting, ref: path });
}
