import type { Answer } from '../core/answer.ts';
import { minuteOf } from '../core/as-of.ts';
import type { GitRefs, gitRefs } from '../core/facts.ts';
import { exactTagFor, newestStable, type ResolvedRef, resolveRef, tagsOf } from '../core/git-versions.ts';
import type { ActionReference } from '../core/reference.ts';
import { reasonOf } from '../rules/actions/pin-edit.ts';
import type { Line } from './hover.ts';

/** How many tags of one commit are named. */
const MAX_TAGS = 6;

/** What the repository's tags and branches say about an action, for its hover. Everything in it is foreign text. */
export function* actionPapers(action: ActionReference, answer: Answer<GitRefs>): Generator<Line> {
  switch (answer.state) {
    case 'unknown':
      yield {
        label: 'Tags',
        value: `unknown (${reasonOf(answer)}${answer.detail === undefined ? '' : `, ${answer.detail}`})`,
        isCode: false,
      };
      return;
    case 'absent':
      yield { label: 'Tags', value: 'there is no such repository', isCode: false };
      break;
    case 'known':
      yield* known(action, answer.value);
  }
  yield { label: 'As of', value: minuteOf(answer.asOf), isCode: false };
}

function* known(action: ActionReference, refs: GitRefs): Generator<Line> {
  const { ref, subPath } = action;
  if (refs.movedTo !== undefined) yield { label: 'Moved to', value: `${refs.movedTo.owner}/${refs.movedTo.repo}`, isCode: true };
  const resolved = ref === '' ? undefined : resolveRef(refs, ref);
  if (resolved !== undefined) yield* standsFor(resolved, action, refs);
  const newest = newestStable(refs, { subPath });
  yield newest === undefined
    ? { label: 'Newest release', value: 'none with a version', isCode: false }
    : { label: 'Newest release', value: `${newest.tag} ${newest.commit}`, isCode: true };
}

function* standsFor(resolved: ResolvedRef, { ref, subPath }: ActionReference, refs: GitRefs): Generator<Line> {
  switch (resolved.kind) {
    case 'none':
      yield { label: 'Stands for', value: 'nothing (no tag or branch has this name)', isCode: false };
      return;
    case 'tag':
    case 'branch':
      yield { label: 'Stands for', value: resolved.commit, isCode: true };
      break;
    case 'both':
      yield { label: 'Tag', value: resolved.commit, isCode: true };
      yield { label: 'Branch', value: resolved.branchCommit, isCode: true };
      break;
    case 'tag-object':
      yield { label: 'Stands for', value: `the tag object ${resolved.name}, of the commit ${resolved.commit}`, isCode: false };
      break;
    case 'commit':
      break;
  }
  const version = exactTagFor(refs, resolved.commit, { requested: resolved.kind === 'commit' ? undefined : ref, subPath });
  yield { label: 'Version', value: version ?? 'unknown (no tag of this commit is one)', isCode: version !== undefined };
  const others = tagsOf(refs, resolved.commit).filter((tag) => tag !== version && tag !== ref);
  if (others.length > 0) {
    const more = others.length > MAX_TAGS ? ` and ${others.length - MAX_TAGS} more` : '';
    yield { label: 'Other tags of the commit', value: `${others.slice(0, MAX_TAGS).join(', ')}${more}`, isCode: true };
  }
  if (resolved.kind === 'commit' && !resolved.isTip) {
    yield { label: 'In the repository', value: 'unknown (no tag or branch points at it)', isCode: false };
  }
}

/** The fact that a hover of an action shows. */
export function papersKey({ owner, repo, verdict }: ActionReference): Parameters<typeof gitRefs.key>[0] | undefined {
  return owner === '' || repo === '' || verdict === 'invalid-uses' ? undefined : { owner, repo };
}
