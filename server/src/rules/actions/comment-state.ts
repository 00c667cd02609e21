import { firstSeen, type GitRefs } from '../../core/facts.ts';
import { commitOf, exactTagFor, hasBranch, isOfVersionLine, tagNamed, tagsOf, versionKind } from '../../core/git-versions.ts';
import type { RuleContext } from '../../core/rule.ts';
import type { PinnedAction } from './judge.ts';
import { versionComment } from './version-comment.ts';

/** What a comment beside a pinned commit is worth. `exact` is the version that belongs there, as a tag of the commit. */
export type CommentState =
  | { readonly kind: 'fine' }
  /** No version is written, and the commit has one. */
  | { readonly kind: 'missing'; readonly exact: string }
  /** A name that moves (`v4`), or another spelling of the tag's. */
  | { readonly kind: 'moving' | 'spelling'; readonly written: string; readonly exact: string }
  /** Another version than the commit's. `elsewhere` is the commit of the written tag, where there is such a tag. */
  | {
      readonly kind: 'mismatch';
      readonly written: string;
      readonly tag?: string;
      readonly elsewhere?: string;
      readonly exact?: string;
    };

const FINE: CommentState = { kind: 'fine' };

/**
 * Compares the comment with the tags of the repository. Any tag may be written, whatever it looks like; a moving one is never
 * wrong as long as the commit has a version of its line, because that is what it stood for once.
 */
export function commentState({ action, refs, id, resolved }: PinnedAction, text: string): CommentState {
  if (resolved.kind === 'tag-object') return FINE;
  const comment = versionComment(action, text, refs);
  const exact = exactTagFor(refs, id, { requested: comment?.word, subPath: action.subPath });
  if (comment === undefined) {
    const isSaid = namesTagOf(refs, id, action.comment?.text ?? '');
    const hasPlace = action.comment !== undefined || action.commentAt !== undefined;
    return exact === undefined || isSaid || !hasPlace ? FINE : { kind: 'missing', exact };
  }
  const { word } = comment;
  const tag = tagMeant(refs, word, action.subPath);
  const kind = versionKind(word);
  // A constraint names what to follow: only a full version, which does not move, can be wrong there.
  if (comment.form === 'constraint' && kind !== 'full') return FINE;
  if (tag === undefined) return withoutTag({ word, kind, exact, refs, subPath: action.subPath });
  if (tag.commit === id) {
    if (exact === undefined || exact === word || comment.form === 'constraint') return FINE;
    return { kind: tag.name === word ? 'moving' : 'spelling', written: word, exact };
  }
  if (kind === 'full') return mismatch(word, { tag: tag.name, elsewhere: tag.commit, exact });
  if (exact === undefined) return FINE;
  const isOfLine = kind === undefined || isOfVersionLine(exact, word, action.subPath);
  return isOfLine ? { kind: 'moving', written: word, exact } : mismatch(word, { tag: tag.name, elsewhere: tag.commit, exact });
}

/**
 * Whether not the comment but the tag was changed: the commit is what the tag stood for when it was first seen here. Then
 * `actions/tag-moved` speaks, and nobody is told to follow the tag.
 */
export function isFirstSeen({ action, id }: PinnedAction, state: CommentState, { fact }: RuleContext): boolean {
  if (state.kind !== 'mismatch' || state.tag === undefined || state.elsewhere === undefined) return false;
  const first = fact(firstSeen, { owner: action.owner, repo: action.repo, tag: state.tag, commit: state.elsewhere });
  return first.state === 'known' && first.value.commit === id;
}

function mismatch(
  written: string,
  { tag, elsewhere, exact }: { readonly tag?: string; readonly elsewhere?: string; readonly exact: string | undefined },
): CommentState {
  return {
    kind: 'mismatch',
    written,
    ...(tag === undefined ? {} : { tag }),
    ...(elsewhere === undefined ? {} : { elsewhere }),
    ...(exact === undefined ? {} : { exact }),
  };
}

/** A word that is no tag of the repository. */
function withoutTag({
  word,
  kind,
  exact,
  refs,
  subPath,
}: {
  readonly word: string;
  readonly kind: ReturnType<typeof versionKind>;
  readonly exact: string | undefined;
  readonly refs: GitRefs;
  readonly subPath: string;
}): CommentState {
  if (kind === undefined || hasBranch(refs, word)) return FINE;
  if (exact === undefined) return /^v\d+\.\d+\.\d+$/.test(word) ? mismatch(word, { exact }) : FINE;
  if (kind === 'moving' && isOfVersionLine(exact, word, subPath)) return { kind: 'moving', written: word, exact };
  return PLAIN_VERSION.test(word) ? mismatch(word, { exact }) : FINE;
}

/** What cannot be a date or somebody's own number. */
const PLAIN_VERSION = /^(?:v\d{1,4}(?:\.\d{1,6}){0,2}|\d{1,3}(?:\.\d{1,6}){2})$/;

/** The tag that a word means: itself, with or without its `v`, or in the name space of the action's folder. */
function tagMeant(refs: GitRefs, word: string, subPath: string): { readonly name: string; readonly commit: string } | undefined {
  const other = word.startsWith('v') ? word.slice(1) : `v${word}`;
  const folder = subPath.slice(subPath.lastIndexOf('/') + 1);
  const names = [word, ...(versionKind(word) === undefined ? [] : [other, ...(folder === '' ? [] : [`${folder}/${word}`])])];
  for (const name of names) {
    const ref = tagNamed(refs, name);
    if (ref !== undefined) return { name, commit: commitOf(ref) };
  }
  return undefined;
}

/** Whether a comment in somebody's own words names a tag of the commit. */
function namesTagOf(refs: GitRefs, commit: string, comment: string): boolean {
  const words = new Set(comment.split(/[\s,;:=()[\]@#'"`]+/));
  return tagsOf(refs, commit).some((tag) => words.has(tag));
}
