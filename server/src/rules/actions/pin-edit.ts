import type { Answer, Unknown } from '../../core/answer.ts';
import { type GitRefs, gitRefs } from '../../core/facts.ts';
import type { Edit, Fix, FixFailure } from '../../core/finding.ts';
import { exactTagFor, newestStable, resolveRef } from '../../core/git-versions.ts';
import type { ActionReference } from '../../core/reference.ts';
import { isRefName } from '../../formats/action-reference.ts';

/** What a `uses` is to be pinned to. */
export interface PinTarget {
  readonly commit: string;
  /** What the comment says: an exact version, or a branch. Undefined writes none. */
  readonly version?: string | undefined;
}

/** How a target is chosen from a repository's refs. */
export type ChooseTarget = (refs: GitRefs) => PinTarget | FixFailure;

/** A fix that pins an action; the repository is asked when the fix is chosen. */
export interface PinFix {
  readonly title: string;
  readonly safety: 'safe' | 'review';
  readonly inFixAll: boolean;
  readonly choose: ChooseTarget;
}

/** The fix, or none where the value does not stand in the document as it is read. `text` is the document's. */
export function pinFix(action: ActionReference, text: string, { title, safety, inFixAll, choose }: PinFix): Fix[] {
  if (!action.editable) return [];
  const { owner, repo } = action;
  return [
    {
      title,
      safety,
      online: true,
      inFixAll,
      resolve: async (io, signal) => {
        const answer = await io.fetch(gitRefs, { owner, repo }, signal);
        if (answer.state !== 'known') return { failed: `the refs of ${owner}/${repo} are not known: ${reasonOf(answer)}` };
        const target = choose(answer.value);
        return 'failed' in target ? target : pinEdits(action, text, { target, refs: answer.value });
      },
    },
  ];
}

const REASONS: Readonly<Record<Unknown, string>> = {
  pending: 'the look-up has not finished',
  offline: 'the network is off',
  timeout: 'the host did not answer in time',
  denied: 'the repository does not exist or may not be read without a token',
  untrusted: 'the workspace is not trusted',
  error: 'the look-up failed',
  unparsable: 'the answer could not be read',
  'too-large': 'the answer is too large',
};

function reasonOf(answer: Exclude<Answer<GitRefs>, { readonly state: 'known' }>): string {
  return answer.state === 'absent' ? 'there is no such repository' : REASONS[answer.why];
}

/** The commit that the written tag means now; of a tag and a branch of one name the tag's, as on the runner. */
export function pinCurrent({ ref, subPath }: ActionReference): ChooseTarget {
  return (refs) => {
    const resolved = resolveRef(refs, ref);
    // A branch's head is somebody's choice to make, never a fix that leaves things as they are.
    if (resolved.kind === 'branch') return { failed: `\`${ref}\` is a branch: choose its head or a release` };
    if (resolved.kind !== 'tag' && resolved.kind !== 'both') return { failed: `the repository has no tag \`${ref}\`` };
    const { name, commit } = resolved;
    return { commit, version: exactTagFor(refs, commit, { requested: name, subPath }) ?? name };
  };
}

/** The head of the branch that the written ref names, also where a tag has the same name; of `HEAD` the default branch. */
export function pinBranch({ ref }: ActionReference): ChooseTarget {
  return (refs) => {
    const resolved = resolveRef(refs, ref === 'HEAD' ? (refs.head ?? ref) : ref);
    if (resolved.kind === 'both') return { commit: resolved.branchCommit, version: resolved.name };
    if (resolved.kind === 'branch') return { commit: resolved.commit, version: resolved.name };
    return { failed: `the repository has no branch \`${ref}\`` };
  };
}

/** The newest stable release. */
export function pinNewest({ subPath }: ActionReference): ChooseTarget {
  return (refs) => {
    const newest = newestStable(refs, { subPath });
    return newest === undefined ? { failed: 'the repository has no stable version tag' } : { commit: newest.commit, version: newest.tag };
  };
}

/** Makes `v4#note` `v4 #note`: only a plain value at the end of its line can have a comment there. */
export function gluedCommentFix({ ref, versionSpan, valueSpan, commentAt, editable }: ActionReference, text: string): Fix[] {
  const hash = ref.indexOf('#');
  const isPlain = !/["']/.test(text[valueSpan.start - 1] ?? '') && commentAt === valueSpan.end;
  if (hash <= 0 || versionSpan === undefined || !isPlain || !editable) return [];
  const at = versionSpan.start + hash;
  const title = 'Put a space before the #, so that a comment begins there: check the ref that is left';
  return [{ title, safety: 'review', online: false, edits: [{ span: { start: at, end: at }, text: ' ' }] }];
}

/** The edits of a pin: the ref, and the version in a comment. A name from the network is written only where git allows it. */
export function pinEdits(
  action: ActionReference,
  text: string,
  { target: { commit, version }, refs }: { readonly target: PinTarget; readonly refs: GitRefs },
): readonly Edit[] | FixFailure {
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) return { failed: 'the repository answered with something that is no commit' };
  const { versionSpan, valueSpan } = action;
  const pin =
    versionSpan === undefined
      ? { span: { start: valueSpan.end, end: valueSpan.end }, text: `@${commit}` }
      : { span: versionSpan, text: commit };
  if (version === undefined || !isRefName(version)) return [pin];
  const comment = commentEdit(action, text, { version, refs });
  return comment === undefined ? [pin] : [pin, comment];
}

/** Words that belong to a tool: they stay as they are, behind a `#` of their own. */
const DIRECTIVE = /^(?:[A-Za-z][\w.-]*(?:[:=[]|\s*ignore\b)|waybill-ignore\b|nosemgrep\b|noqa\b)/;
const RATCHET = /^(?:ratchet:[^\s@]*@|pin@)(\S+)$/;
const VERSION_WORD = /^(\s*(?:(?:tag|version|ver)\s*[=:]\s*)?)([^\s,;]+)(.*)$/s;

/** Writes the version into the comment: in place of the version that is there, or before what somebody else wrote. */
function commentEdit(
  { comment, commentAt, ref }: ActionReference,
  text: string,
  { version, refs }: { readonly version: string; readonly refs: GitRefs },
): Edit | undefined {
  if (comment === undefined) {
    return commentAt === undefined ? undefined : { span: { start: commentAt, end: commentAt }, text: ` # ${version}` };
  }
  const { start, end } = comment.span;
  const body = text.slice(start + 1, end);
  // Ratchet's own form names the constraint, not the version; it is right as long as it is the ref that was there.
  const ratchet = RATCHET.exec(body.trim());
  if (ratchet !== null && ratchet[1] === ref) return undefined;
  const match = VERSION_WORD.exec(body);
  if (match !== null && ratchet === null) {
    const [, before = '', word = '', rest = ''] = match;
    if (isVersionWord(word, { isAlone: rest.trim() === '', ref, refs })) {
      const at = start + 1 + before.length;
      return word === version ? undefined : { span: { start: at, end: at + word.length }, text: version };
    }
  }
  if (ratchet !== null || DIRECTIVE.test(body.trim())) return { span: { start, end: start }, text: `# ${version} ` };
  const blanks = body.length - body.trimStart().length;
  if (body.trim() === '') return { span: { start, end }, text: `# ${version}` };
  return blanks === 0
    ? { span: { start: start + 1, end: start + 1 }, text: ` ${version} ` }
    : { span: { start: start + 1 + blanks, end: start + 1 + blanks }, text: `${version} ` };
}

/** Whether a comment's first word says which version is used. A lone number is one only when nothing follows it. */
function isVersionWord(
  word: string,
  { isAlone, ref, refs }: { readonly isAlone: boolean; readonly ref: string; readonly refs: GitRefs },
): boolean {
  if (/^v?\d+\.\d+(?:\.\d+)?(?:[-+.][\w.+-]*)?$/.test(word) || /^v\d+(?:-[\w.]+)?$/.test(word)) return true;
  if (/^[\w.-]+\/v?\d+(?:\.\d+){0,2}$/.test(word)) return true;
  if (isAlone && (/^\d+$/.test(word) || word === ref)) return true;
  return refs.refs.some(({ name }) => name === `refs/tags/${word}` || (isAlone && name === `refs/heads/${word}`));
}
