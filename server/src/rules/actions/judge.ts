import type { Answer } from '../../core/answer.ts';
import { type GitRefs, gitAncestry, gitRefs } from '../../core/facts.ts';
import type { Related } from '../../core/finding.ts';
import { type ResolvedRef, resolveRef, tipsOf } from '../../core/git-versions.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { ActionReference, ActionVerdict } from '../../core/reference.ts';
import type { RuleContext, Surroundings } from '../../core/rule.ts';

/** An action reference with its one verdict. */
export interface JudgedAction {
  readonly action: ActionReference;
  readonly verdict: ActionVerdict;
  /** Why `invalid-uses` is: a `UsesProblem`, or what the repository's refs say. */
  readonly reason?: string;
  /** What the ref stands for, where the repository's refs are known. */
  readonly resolved?: ResolvedRef;
}

/**
 * The document's action references that have a verdict (rules.md, "One verdict per reference"). Each has exactly one, so
 * of the rules about `uses` exactly one speaks. Facts that are not here yet leave the offline verdict as it is.
 */
export function actionsJudged(context: RuleContext, wanted: ActionVerdict): readonly JudgedAction[] {
  const { manifest, surroundings, fact } = context;
  const kept = judgedIn.get(surroundings);
  const all = kept?.manifest === manifest ? kept : judgeAll(context);
  if (all === kept) {
    // Whoever asks is not sure either, and says so.
    if (all.unknown !== undefined) fact(gitRefs, all.unknown);
  } else judgedIn.set(surroundings, all);
  return all.judged.get(wanted) ?? [];
}

/** All actions of a document, judged once for the six rules that ask for them. */
interface AllJudged {
  readonly manifest: Manifest;
  readonly judged: ReadonlyMap<ActionVerdict, readonly JudgedAction[]>;
  /** The first repository whose refs are not known. */
  readonly unknown: { readonly owner: string; readonly repo: string } | undefined;
}

// Each analysis has surroundings of its own, so that nothing outlives the facts it was judged by.
const judgedIn = new WeakMap<Surroundings, AllJudged>();

function judgeAll({ manifest, fact }: RuleContext): AllJudged {
  const judged = new Map<ActionVerdict, JudgedAction[]>();
  let unknown: AllJudged['unknown'];
  for (const ref of manifest.refs) {
    if (ref.ecosystem !== 'github-actions' || mustBeTagged(ref)) continue;
    let one = offline(ref);
    if (DEPENDS_ON_REFS.has(ref.verdict)) {
      const key = { owner: ref.owner, repo: ref.repo };
      const answer = fact(gitRefs, key);
      if (answer.state === 'unknown') unknown ??= key;
      one = judge(ref, answer);
    }
    const others = judged.get(one.verdict);
    if (others === undefined) judged.set(one.verdict, [one]);
    else others.push(one);
  }
  return { manifest, judged, unknown };
}

/**
 * The workflows of slsa-github-generator read their own tag and refuse to run by commit: verification is by the tag's name
 * (slsa-github-generator, README, "Referencing SLSA builders and generators"). Only a full version is one.
 */
function mustBeTagged({ owner, repo, subPath, ref }: ActionReference): boolean {
  const slug = `${owner}/${repo}`.toLowerCase();
  return slug === 'slsa-framework/slsa-github-generator' && subPath.startsWith('.github/workflows/') && /^v\d+\.\d+\.\d+$/.test(ref);
}

/** The verdicts that a name alone does not settle: a repository may have a tag `main`, or one that looks like a short commit. */
const DEPENDS_ON_REFS: ReadonlySet<ActionVerdict> = new Set(['unpinned', 'branch-ref', 'short-sha']);

function judge(action: ActionReference, answer: Answer<GitRefs>): JudgedAction {
  switch (answer.state) {
    case 'unknown':
      return offline(action);
    case 'absent':
      return { action, verdict: 'invalid-uses', reason: 'repository-not-found' };
    case 'known':
      return judgeRef(action, resolveRef(answer.value, action.ref));
  }
}

function judgeRef(action: ActionReference, resolved: ResolvedRef): JudgedAction {
  switch (resolved.kind) {
    case 'tag':
    case 'both':
      return { action, verdict: 'unpinned', resolved };
    case 'branch':
      return { action, verdict: 'branch-ref', resolved };
    case 'commit':
    case 'tag-object':
      // 64 digits in a repository with SHA-256 ids.
      return { action, verdict: 'pinned', resolved };
    case 'none': {
      // Of a short id that is no tip, of HEAD and of refs outside tags and branches the list of refs says nothing.
      const isListed = action.ref !== 'HEAD' && !/^refs\/(?!tags\/|heads\/)/.test(action.ref);
      if (action.verdict === 'short-sha' || !isListed) return offline(action);
      return { action, verdict: 'invalid-uses', reason: 'ref-not-found' };
    }
  }
}

function offline(action: ActionReference): JudgedAction {
  return { action, verdict: action.verdict, ...(action.reason === undefined ? {} : { reason: action.reason }) };
}

/** An action that is pinned to a commit, of a repository whose refs are known. */
export interface PinnedAction {
  readonly action: ActionReference;
  readonly refs: GitRefs;
  /** The full commit id in lower case, or the one of a tag object. */
  readonly id: string;
  readonly resolved: Extract<ResolvedRef, { readonly kind: 'commit' | 'tag-object' }>;
}

/** The document's actions that name a full id, where the repository's refs say something about it. */
export function pinnedActions({ manifest, fact }: RuleContext): PinnedAction[] {
  return manifest.refs.flatMap((action) => {
    if (action.ecosystem !== 'github-actions' || !FULL_ID.test(action.ref) || !NAMES_AN_ID.has(action.verdict)) return [];
    const answer = fact(gitRefs, { owner: action.owner, repo: action.repo });
    if (answer.state !== 'known') return [];
    const resolved = resolveRef(answer.value, action.ref);
    if (resolved.kind !== 'commit' && resolved.kind !== 'tag-object') return [];
    return [{ action, refs: answer.value, id: action.ref.toLowerCase(), resolved }];
  });
}

const FULL_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i;
// 64 digits are `unpinned` until the repository says that its ids are that long.
const NAMES_AN_ID: ReadonlySet<ActionVerdict> = new Set(['pinned', 'unpinned']);

/** How a commit stands to its repository. `foreign`: it exists there, but no tag or branch leads to it. */
export type Standing = 'tip' | 'reachable' | 'foreign' | 'absent' | 'unknown';

/** Whether a commit is in its repository; asks for nothing where a tag or branch points at it. */
export function standingOf({ action, refs, id, resolved }: PinnedAction, { fact }: RuleContext): Standing {
  if (resolved.kind === 'tag-object' || resolved.isTip) return 'tip';
  const answer = fact(gitAncestry, { owner: action.owner, repo: action.repo, commit: id, tips: tipsOf(refs) });
  switch (answer.state) {
    case 'unknown':
      return 'unknown';
    case 'absent':
      return 'absent';
    case 'known':
      return answer.value.isReachable ? 'reachable' : 'foreign';
  }
}

/** The places where YAML aliases repeat a value that a finding is about. */
export function aliasesOf({ aliases }: ActionReference, { manifest }: RuleContext): Related[] {
  return (aliases ?? []).map((span) => ({ file: manifest.file, span, note: 'the same value is used here, through a YAML alias' }));
}
