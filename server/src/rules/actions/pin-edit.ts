import type { Answer, Unknown } from '../../core/answer.ts';
import { firstSeen, type GitRefs, gitDates, gitRefs } from '../../core/facts.ts';
import type { Edit, Fix, FixFailure, FixIo } from '../../core/finding.ts';
import { commitOf, exactTagFor, resolveRef, stableReleases, tagNamed, versionKind } from '../../core/git-versions.ts';
import type { ActionReference } from '../../core/reference.ts';
import { isRefName } from '../../formats/action-reference.ts';
import { writeVersion } from './version-comment.ts';

/** What a `uses` is to be pinned to. */
export interface PinTarget {
  readonly commit: string;
  /** What the comment says: an exact version, or a branch. Undefined writes none. */
  readonly version?: string | undefined;
}

/** What may be asked for besides a repository's refs while a target is chosen. */
export interface Look {
  readonly io: FixIo;
  readonly signal: AbortSignal;
  /** When the refs were asked for, in milliseconds since the epoch. */
  readonly now: number;
}

/** How a target is chosen from a repository's refs. */
export type ChooseTarget = (refs: GitRefs, look: Look) => PinTarget | FixFailure | Promise<PinTarget | FixFailure>;

/** A fix that pins an action; the repository is asked when the fix is chosen. */
export interface PinFix {
  readonly title: string;
  readonly safety: 'safe' | 'review';
  readonly inFixAll: boolean;
  readonly choose: ChooseTarget;
}

/** What of a reference a pin needs. */
export type Pinnable = Pick<
  ActionReference,
  'owner' | 'repo' | 'subPath' | 'ref' | 'versionSpan' | 'valueSpan' | 'comment' | 'commentAt' | 'editable'
>;

/** The fix, or none where the value does not stand in the document as it is read. `text` is the document's. */
export function pinFix(action: Pinnable, text: string, { title, safety, inFixAll, choose }: PinFix): Fix[] {
  if (!action.editable) return [];
  return [{ title, safety, online: true, inFixAll, resolve: (io, signal) => resolvePin(action, text, { choose, io, signal }) }];
}

/** Asks the repository, chooses, and gives the edits; or a sentence that says why nothing can be pinned. */
export async function resolvePin(
  action: Pinnable,
  text: string,
  { choose, io, signal }: { readonly choose: ChooseTarget; readonly io: FixIo; readonly signal: AbortSignal },
): Promise<readonly Edit[] | FixFailure> {
  const { owner, repo } = action;
  const answer = await io.fetch(gitRefs, { owner, repo }, signal);
  if (answer.state !== 'known') return { failed: `the refs of ${owner}/${repo} are not known: ${reasonOf(answer)}` };
  const look = { io, signal, now: answer.asOf };
  const target = await choose(answer.value, look);
  if ('failed' in target) return target;
  return (await refusalOfMoved(action, target, { refs: answer.value, look })) ?? pinEdits(action, text, { target, refs: answer.value });
}

/** A full version whose tag was moved is not pinned: what it stands for now is what an attacker would want. */
async function refusalOfMoved(
  { owner, repo }: Pinnable,
  { commit, version }: PinTarget,
  { refs, look: { io, signal } }: { readonly refs: GitRefs; readonly look: Look },
): Promise<FixFailure | undefined> {
  const tag = version === undefined || versionKind(version) !== 'full' ? undefined : tagNamed(refs, version);
  if (version === undefined || tag === undefined || commitOf(tag) !== commit) return undefined;
  const first = await io.fetch(firstSeen, { owner, repo, tag: version, commit }, signal);
  if (first.state !== 'known' || first.value.commit === commit) return undefined;
  return { failed: `the tag ${version} stood for another commit when it was first seen here, on ${dayOf(first.value.seen)}` };
}

/** A day as people and machines read it, `2026-11-22`, in UTC. `ms` is since the epoch. */
export function dayOf(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? 'an unknown day' : date.toISOString().slice(0, 10);
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

/** Why there is no answer, as the end of a sentence. */
export function reasonOf(answer: Exclude<Answer<unknown>, { readonly state: 'known' }>): string {
  return answer.state === 'absent' ? 'there is no such repository' : REASONS[answer.why];
}

/** The commit that the written tag means now. Where a branch of the same name is elsewhere, that is somebody's choice to make. */
export function pinCurrent({ ref, subPath }: Pinnable): ChooseTarget {
  return (refs) => {
    const resolved = resolveRef(refs, ref);
    if (resolved.kind === 'both') return { failed: `\`${ref}\` is a tag and a branch, and they differ: choose one of them` };
    // A branch's head is somebody's choice to make, never a fix that leaves things as they are.
    if (resolved.kind === 'branch') return { failed: `\`${ref}\` is a branch: choose its head or a release` };
    if (resolved.kind !== 'tag') return { failed: `the repository has no tag \`${ref}\`` };
    return tagTarget(refs, resolved, subPath);
  };
}

/** The commit of a tag, whether or not a branch has its name too. */
export function pinTag(tag: string, { subPath }: Pick<Pinnable, 'subPath'>): ChooseTarget {
  return (refs) => {
    const ref = tagNamed(refs, tag);
    if (ref === undefined) return { failed: `the repository has no tag \`${tag}\`` };
    return tagTarget(refs, { name: tag, commit: commitOf(ref) }, subPath);
  };
}

function tagTarget(refs: GitRefs, { name, commit }: { readonly name: string; readonly commit: string }, subPath: string): PinTarget {
  return { commit, version: exactTagFor(refs, commit, { requested: name, subPath }) ?? name };
}

/** The head of the branch that the written ref names, also where a tag has the same name; of `HEAD` the default branch. */
export function pinBranch({ ref }: Pick<Pinnable, 'ref'>): ChooseTarget {
  return (refs) => {
    const resolved = resolveRef(refs, ref === 'HEAD' ? (refs.head ?? ref) : ref);
    if (resolved.kind === 'both') return { commit: resolved.branchCommit, version: resolved.name };
    if (resolved.kind === 'branch') return { commit: resolved.commit, version: resolved.name };
    return { failed: `the repository has no branch \`${ref}\`` };
  };
}

/** How old a release must be so that somebody else would have noticed what is wrong with it, in days (Dependabot's `cooldown`). */
export const MIN_AGE_DAYS = 7;
const DAY_MS = 24 * 60 * 60 * 1000;

/** How many releases are asked for their dates, newest first: one question. */
const MAX_DATED = 20;

/** The newest stable release, whatever its age. */
export function pinNewest({ subPath }: Pick<Pinnable, 'subPath'>): ChooseTarget {
  return (refs) => {
    const [newest] = stableReleases(refs, { subPath });
    return newest === undefined ? NO_RELEASE : { commit: newest.commit, version: newest.tag };
  };
}

const NO_RELEASE: FixFailure = { failed: 'the repository has no stable version tag' };

/** The newest stable release that is `MIN_AGE_DAYS` old by its own date. Without dates there is none. */
export function pinSeasoned({ owner, repo, subPath }: Pick<Pinnable, 'owner' | 'repo' | 'subPath'>): ChooseTarget {
  return async (refs, { io, signal, now }) => {
    const releases = stableReleases(refs, { subPath }).slice(0, MAX_DATED);
    if (releases.length === 0) return NO_RELEASE;
    const answer = await io.fetch(gitDates, { owner, repo, ids: [...new Set(releases.map(({ id }) => id))] }, signal);
    if (answer.state !== 'known') return { failed: `the age of the releases is not known: ${reasonOf(answer)}` };
    const seasoned = releases.find(({ id }) => {
      const date = answer.value[id];
      return date !== undefined && now - date >= MIN_AGE_DAYS * DAY_MS;
    });
    if (seasoned === undefined) return { failed: `none of the newest ${releases.length} releases is ${MIN_AGE_DAYS} days old` };
    return { commit: seasoned.commit, version: seasoned.tag };
  };
}

/** The two ways to a newer release. `check` is what the user has to look at, as the end of a sentence. */
export function newestFixes(action: Pinnable, text: string, check: string): Fix[] {
  const common = { safety: 'review', inFixAll: false } as const;
  return [
    ...pinFix(action, text, {
      ...common,
      title: `Pin to the newest stable release that is at least ${MIN_AGE_DAYS} days old: ${check}`,
      choose: pinSeasoned(action),
    }),
    ...pinFix(action, text, {
      ...common,
      title: `Pin to the newest stable release, of whatever age: ${check}`,
      choose: pinNewest(action),
    }),
  ];
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
  action: Pinnable,
  text: string,
  { target: { commit, version }, refs }: { readonly target: PinTarget; readonly refs: GitRefs },
): readonly Edit[] | FixFailure {
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) return { failed: 'the repository answered with something that is no commit' };
  const { versionSpan, valueSpan } = action;
  const pin =
    versionSpan === undefined
      ? { span: { start: valueSpan.end, end: valueSpan.end }, text: `@${commit}` }
      : { span: versionSpan, text: commit };
  if (version === undefined || !isWritable(version)) return [pin];
  const comment = writeVersion(action, text, { version, refs });
  return comment === undefined ? [pin] : [pin, comment];
}

/** Whether a name from the network may be written into a comment: what some YAML readers take for a line end would end it. */
export function isWritable(version: string): boolean {
  return isRefName(version) && /^[\x21-\x7e]{1,200}$/.test(version);
}
