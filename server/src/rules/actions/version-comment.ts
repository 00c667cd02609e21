import type { GitRefs } from '../../core/facts.ts';
import type { Edit } from '../../core/finding.ts';
import { hasBranch, tagNamed } from '../../core/git-versions.ts';
import type { ActionReference } from '../../core/reference.ts';
import type { Span } from '../../core/span.ts';

/** The version that a comment behind a `uses` names. */
export interface VersionComment {
  readonly word: string;
  readonly span: Span;
  /** `constraint` is ratchet's and pin-github-action's own form: it names the ref to follow, not the version of the commit. */
  readonly form: 'version' | 'constraint';
}

/** Words that belong to a tool: they stay as they are, behind a `#` of their own. */
const DIRECTIVE = /^(?:[A-Za-z][\w.-]*(?:[:=[]|\s*ignore\b)|waybill-ignore\b|nosemgrep\b|noqa\b)/;
const CONSTRAINT = /^(\s*(?:ratchet:[^\s@]*@|pin@))(\S+)\s*$/;
const VERSION_WORD = /^(\s*(?:(?:tag|version|ver)\s*[=:]\s*)?)([^\s,;]+)(.*)$/s;

/**
 * The version in a comment; undefined where there is no comment, or none that names one. `refs` are the repository's, as far
 * as they are known: any tag of it counts, whatever it looks like.
 */
export function versionComment(
  { comment, ref }: Pick<ActionReference, 'comment' | 'ref'>,
  text: string,
  refs: GitRefs = NO_REFS,
): VersionComment | undefined {
  if (comment === undefined) return undefined;
  const bodyAt = comment.span.start + 1;
  const body = text.slice(bodyAt, comment.span.end);
  const [, prefix, target] = CONSTRAINT.exec(body) ?? [];
  if (prefix !== undefined && target !== undefined) return { ...word(target, bodyAt + prefix.length), form: 'constraint' };
  const [, before = '', first = '', rest = ''] = VERSION_WORD.exec(body) ?? [];
  const isVersion = first !== '' && isVersionWord(first, { isAlone: rest.trim() === '', ref, refs });
  return isVersion ? { ...word(first, bodyAt + before.length), form: 'version' } : undefined;
}

const NO_REFS: GitRefs = { refs: [] };

function word(text: string, start: number): { readonly word: string; readonly span: Span } {
  return { word: text, span: { start, end: start + text.length } };
}

/** Writes a version into the comment: in place of the one that is there, or before what somebody else wrote. */
export function writeVersion(
  action: Pick<ActionReference, 'comment' | 'commentAt' | 'ref'>,
  text: string,
  { version, refs }: { readonly version: string; readonly refs: GitRefs },
): Edit | undefined {
  const { comment, commentAt, ref } = action;
  if (comment === undefined) {
    if (commentAt === undefined || isLeftOpen(text, commentAt)) return undefined;
    return { span: { start: commentAt, end: commentAt }, text: ` # ${version}` };
  }
  const { start, end } = comment.span;
  const body = text.slice(start + 1, end);
  const written = versionComment(action, text, refs);
  // A constraint is right as long as it is the ref that was there.
  if (written?.form === 'constraint' && written.word === ref) return undefined;
  if (written?.form === 'version') return written.word === version ? undefined : { span: written.span, text: version };
  if (written !== undefined || DIRECTIVE.test(body.trim())) return { span: { start, end: start }, text: `# ${version} ` };
  const blanks = body.length - body.trimStart().length;
  if (body.trim() === '') return { span: { start, end }, text: `# ${version}` };
  return blanks === 0
    ? { span: { start: start + 1, end: start + 1 }, text: ` ${version} ` }
    : { span: { start: start + 1 + blanks, end: start + 1 + blanks }, text: `${version} ` };
}

/** Whether a line ends inside of a flow collection that nothing closes: nobody reads a comment there as one. */
function isLeftOpen(text: string, lineEnd: number): boolean {
  const line = text.slice(text.lastIndexOf('\n', lineEnd - 1) + 1, lineEnd);
  const count = (brackets: RegExp): number => line.match(brackets)?.length ?? 0;
  return count(/[{[]/g) > count(/[}\]]/g) && !/[}\]]/.test(text.slice(lineEnd));
}

/** Whether a comment's first word says which version is used. A lone number is one only when nothing follows it. */
function isVersionWord(
  text: string,
  { isAlone, ref, refs }: { readonly isAlone: boolean; readonly ref: string; readonly refs: GitRefs },
): boolean {
  if (/^v?\d+\.\d+(?:\.\d+)?(?:[-+.][\w.+-]*)?$/.test(text) || /^v\d+(?:-[\w.]+)?$/.test(text)) return true;
  if (/^[\w.-]+\/v?\d+(?:\.\d+){0,2}$/.test(text)) return true;
  if (isAlone && (/^\d+$/.test(text) || text === ref)) return true;
  return tagNamed(refs, text) !== undefined || (isAlone && hasBranch(refs, text));
}
