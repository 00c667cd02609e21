import { type GitRefs, gitAncestry, gitRefs } from '../../core/facts.ts';
import type { Edit, Fix, FixFailure, FixIo } from '../../core/finding.ts';
import { resolveRef, tagNamed, tipsOf } from '../../core/git-versions.ts';
import type { ActionReference } from '../../core/reference.ts';
import type { Span } from '../../core/span.ts';
import { plain } from '../../core/untrusted.ts';
import { replaceName } from '../lookalike-finding.ts';
import { pinSeasoned, pinTag, reasonOf, resolvePin } from './pin-edit.ts';
import { versionComment } from './version-comment.ts';

/** Where an action's owner and repository stand, and the ones that were meant. */
export interface Replacement {
  readonly slug: Span;
  /** `owner/repo`. */
  readonly target: string;
  /** The document's. */
  readonly text: string;
}

/**
 * Puts the action that was meant in the place of one that looks like it. Where its repository can be asked, the ref stays only if
 * it is one there; else the version that the comment names is pinned, or the newest release that is a week old.
 */
export function replaceAction(action: ActionReference, { slug, target, text }: Replacement): Fix[] {
  const [owner = '', repo = ''] = target.split('/');
  if (!action.editable || owner === '' || repo === '') return [];
  const nameOnly = replaceName(slug, target, 'check that the ref means the same there');
  if (action.ref === '') return nameOnly;
  const meant = { ...action, owner, repo };
  const resolve = async (io: FixIo, signal: AbortSignal): Promise<readonly Edit[] | FixFailure> => {
    const answer = await io.fetch(gitRefs, { owner, repo }, signal);
    if (answer.state !== 'known') return { failed: `the refs of ${plain(target)} are not known: ${reasonOf(answer)}` };
    const rename: Edit = { span: slug, text: target };
    if (await hasRef(meant, answer.value, { io, signal })) return [rename];
    const version = versionComment(action, text, answer.value)?.word;
    const choose = version !== undefined && tagNamed(answer.value, version) !== undefined ? pinTag(version, meant) : pinSeasoned(meant);
    const pinned = await resolvePin(meant, text, { choose, io, signal });
    return 'failed' in pinned ? pinned : [rename, ...pinned];
  };
  const title = `Replace it by ${plain(target)}, at a ref that its repository has`;
  return [{ title, safety: 'review', purpose: 'replace', online: true, inFixAll: false, resolve }, ...nameOnly];
}

/** Whether a repository has what is written behind the `@`: a tag, a branch, or a commit that one of them leads to. */
async function hasRef(
  { owner, repo, ref }: Pick<ActionReference, 'owner' | 'repo' | 'ref'>,
  refs: GitRefs,
  { io, signal }: { readonly io: FixIo; readonly signal: AbortSignal },
): Promise<boolean> {
  const resolved = resolveRef(refs, ref);
  if (resolved.kind === 'none' || resolved.kind === 'tag-object') return false;
  if (resolved.kind !== 'commit' || resolved.isTip) return true;
  const answer = await io.fetch(gitAncestry, { owner, repo, commit: resolved.commit, tips: tipsOf(refs) }, signal);
  return answer.state === 'known' && answer.value.isReachable;
}
