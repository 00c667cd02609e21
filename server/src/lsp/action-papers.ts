import type { Answer } from '../core/answer.ts';
import { minuteOf } from '../core/as-of.ts';
import type { GitRefs, gitRefs } from '../core/facts.ts';
import { exactTagFor, newestStable, type ResolvedRef, resolveRef, tagsOf } from '../core/git-versions.ts';
import type { ActionReference } from '../core/reference.ts';
import { AS_OF, type CardLine, codeLine, textLine, unansweredLine, unknownLine } from './card.ts';

/** How many tags of one commit are named. */
const MAX_TAGS = 6;

/** What the repository's tags and branches say about an action, for its hover. Everything in it is foreign text. */
export function* actionPapers(action: ActionReference, answer: Answer<GitRefs>): Generator<CardLine> {
  switch (answer.state) {
    case 'unknown':
      yield unansweredLine('Tags', answer);
      return;
    case 'absent':
      yield textLine('Tags', 'there is no such repository');
      break;
    case 'known':
      yield* known(action, answer.value);
  }
  yield textLine(AS_OF, minuteOf(answer.asOf));
}

function* known(action: ActionReference, refs: GitRefs): Generator<CardLine> {
  const { ref, subPath } = action;
  if (refs.movedTo !== undefined) yield codeLine('Moved to', `${refs.movedTo.owner}/${refs.movedTo.repo}`);
  const resolved = ref === '' ? undefined : resolveRef(refs, ref);
  if (resolved !== undefined) yield* standsFor(resolved, action, refs);
  const newest = newestStable(refs, { subPath });
  yield newest === undefined
    ? textLine('Newest release', 'none with a version')
    : codeLine('Newest release', `${newest.tag} ${newest.commit}`);
}

function* standsFor(resolved: ResolvedRef, { ref, subPath }: ActionReference, refs: GitRefs): Generator<CardLine> {
  switch (resolved.kind) {
    case 'none':
      yield textLine('Stands for', 'nothing (no tag or branch has this name)');
      return;
    case 'tag':
    case 'branch':
      yield codeLine('Stands for', resolved.commit);
      break;
    case 'both':
      yield codeLine('Tag', resolved.commit);
      yield codeLine('Branch', resolved.branchCommit);
      break;
    case 'tag-object':
      yield textLine('Stands for', `the tag object ${resolved.name}, of the commit ${resolved.commit}`);
      break;
    case 'commit':
      break;
  }
  const version = exactTagFor(refs, resolved.commit, { requested: resolved.kind === 'commit' ? undefined : ref, subPath });
  yield version === undefined ? unknownLine('Version', 'no tag of this commit is one') : codeLine('Version', version);
  const others = tagsOf(refs, resolved.commit).filter((tag) => tag !== version && tag !== ref);
  if (others.length > 0) {
    const more = others.length > MAX_TAGS ? ` and ${others.length - MAX_TAGS} more` : '';
    yield codeLine('Other tags of the commit', `${others.slice(0, MAX_TAGS).join(', ')}${more}`);
  }
  if (resolved.kind === 'commit' && !resolved.isTip) {
    yield unknownLine('In the repository', 'no tag or branch points at it');
  }
}

/** The fact that a hover of an action shows. */
export function papersKey({ owner, repo, verdict }: ActionReference): Parameters<typeof gitRefs.key>[0] | undefined {
  return owner === '' || repo === '' || verdict === 'invalid-uses' ? undefined : { owner, repo };
}
