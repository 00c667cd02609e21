import type { Trigger } from '../../formats/workflow.ts';

/** Events that anybody can cause and that run with the repository's own token and secrets. */
export const PRIVILEGED_TRIGGERS: ReadonlySet<string> = new Set(['pull_request_target', 'workflow_run', 'issue_comment']);

/** Comparisons that keep out the pull requests of forks. */
const SAME_REPOSITORY = [
  /github\.event\.(?:pull_request\.head\.repo|workflow_run\.head_repository)\.(?:full_name|id|node_id)\s*==\s*(?:github\.|'[^']+')/,
  /(?:github\.repository(?:_id)?|github\.event\.repository\.(?:full_name|id)|'[^']+')\s*==\s*github\.event\.(?:pull_request\.head\.repo|workflow_run\.head_repository)\./,
  /(?:^|[^!])!\s*github\.event\.(?:pull_request\.head\.repo|workflow_run\.head_repository)\.fork\b/,
  /github\.event\.(?:pull_request\.head\.repo|workflow_run\.head_repository)\.fork\s*==\s*false/,
  /github\.event\.workflow_run\.event\s*==\s*'(?!pull_request)\w+'/,
  // Who opened it; `github.actor` is whoever acted last, and proves nothing.
  /github\.event\.pull_request\.user\.login\s*==\s*'[^']+'/,
  /github\.event\.workflow_run\.event\s*!=\s*'pull_request'/,
] as const;

/** What stands around a use of a pull request's head. */
export interface GuardedUse {
  /** The `if` of the job and of the step. */
  readonly conditions: readonly string[];
  /** The privileged triggers of the workflow. */
  readonly triggers: readonly Trigger[];
  /** The text that names the head. */
  readonly ref: string;
}

/**
 * Whether a condition lets only trusted code through: the same repository, an event that strangers cannot cause, or a
 * label that a maintainer put on exactly this commit. In `a || b` both sides must say so; a negated group counts as nothing.
 */
export function isGuarded({ conditions, triggers, ref }: GuardedUse): boolean {
  return conditions.some((condition) => {
    const text = condition.replace(/\[\s*'([\w-]+)'\s*\]/g, '.$1');
    if (text.trim() === '' || /!\s*\(/.test(text)) return false;
    return text.split('||').every((side) => keepsForksOut(side) || isOtherEvent(side, triggers) || isLabelled(side, triggers, ref));
  });
}

function keepsForksOut(condition: string): boolean {
  return SAME_REPOSITORY.some((pattern) => pattern.test(condition));
}

/** `github.event_name` compared so that none of the privileged triggers passes. */
function isOtherEvent(condition: string, triggers: readonly Trigger[]): boolean {
  const comparisons = [...condition.matchAll(/github\.event_name\s*(==|!=)\s*'(\w+)'/g)];
  if (comparisons.some(([, operator, event]) => operator === '==' && !triggers.some(({ name }) => name === event))) return true;
  return triggers.every(({ name }) => comparisons.some(([, operator, event]) => operator === '!=' && event === name));
}

/** The commit of the event does not move: a maintainer has seen what was labelled. A branch name does move. */
function isLabelled(condition: string, triggers: readonly Trigger[], ref: string): boolean {
  const onlyLabels = triggers.every(
    ({ name, types }) => name === 'pull_request_target' && types.length === 1 && types[0]?.text === 'labeled',
  );
  return (
    onlyLabels && /github\.event\.label\.name\s*==/.test(condition) && /\.head\.sha\b/.test(ref) && !/head\.ref\b|head_ref\b/.test(ref)
  );
}
