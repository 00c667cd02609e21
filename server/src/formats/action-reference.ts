import { isVerbatim, type MappedText, offsetAt, sourceSpan } from '../core/mapped-text.ts';
import type { ActionReference, ActionVerdict, Pin, TrailingComment } from '../core/reference.ts';
import { remember } from '../core/remember.ts';
import type { Span } from '../core/span.ts';

/** Why a `uses` is `invalid-uses`; the rule turns each into a sentence. */
export type UsesProblem =
  | 'empty'
  /** `${{ }}`: GitHub reads `uses` before it knows any value. */
  | 'expression'
  /** `./x@v1`: a path in the same repository has no ref of its own. */
  | 'local-with-ref'
  /** More than one `@`. */
  | 'several-refs'
  /** No owner or no repository: `checkout@v4`, `owner/@v4`. */
  | 'no-repository'
  /** A path of this repository without `./`. */
  | 'local-without-dot'
  /** An address, `https://...` or `github.com/...`. */
  | 'address'
  /** An owner or repository that no GitHub account or repository can have. */
  | 'bad-name'
  /** Not a name that git allows for a ref. */
  | 'bad-ref'
  /** A reusable workflow called as a step. */
  | 'workflow-as-step'
  /** An action called as a job. */
  | 'action-as-job';

/** A `uses` text, taken apart. */
export interface ParsedUses {
  readonly verdict: ActionVerdict;
  readonly reason?: UsesProblem;
  readonly owner: string;
  readonly repo: string;
  readonly subPath: string;
  readonly ref: string;
  /** The offset of the `@` in the text; -1 where there is none, or more than one. */
  readonly at: number;
}

/** Refs that are branches by their name alone (rules.md, "One verdict per reference"). */
const BRANCH_NAMES: ReadonlySet<string> = new Set(['main', 'master', 'develop', 'dev', 'trunk', 'HEAD']);
const BRANCH_PREFIXES = ['release/', 'releases/', 'refs/heads/'] as const;

const OWNER = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;
const REPOSITORY = /^[A-Za-z0-9._-]+$/;

/**
 * The verdict over a `uses` without the network. The order of the questions is GitHub's: container image, path of this
 * repository, `owner/repo[/path]@ref` (actions/runner, `PipelineTemplateConverter.ConvertToStep`). Never throws.
 */
export function parseUses(text: string, level: 'step' | 'job'): ParsedUses {
  return level === 'step' ? parseStepUses(text) : parseJobUses(text);
}

/** How many texts are remembered for steps, and for jobs. */
const REMEMBERED = 2_000;

const parseStepUses = remember((text) => readUses(text, 'step'), REMEMBERED);
const parseJobUses = remember((text) => readUses(text, 'job'), REMEMBERED);

function readUses(text: string, level: 'step' | 'job'): ParsedUses {
  const nothing = { owner: '', repo: '', subPath: '', ref: '', at: -1 };
  const invalid = (reason: UsesProblem, parts: Partial<ParsedUses> = {}): ParsedUses => ({
    ...nothing,
    ...parts,
    verdict: 'invalid-uses',
    reason,
  });
  if (text.startsWith('docker://')) return { ...nothing, verdict: 'docker' };
  if (text.trim() === '') return invalid('empty');
  if (text.includes('${{')) return invalid('expression');
  if (/^(?:\.[/\\]|\$\/)/.test(text)) return hasLocalRef(text, level) ? invalid('local-with-ref') : { ...nothing, verdict: 'local' };
  if (/^(?:https?:\/\/|git@|(?:www\.)?github\.com\/)/i.test(text)) return invalid('address');
  const at = text.indexOf('@');
  if (text.indexOf('@', at + 1) > at && at >= 0) return invalid('several-refs');
  const name = at < 0 ? text : text.slice(0, at);
  const ref = at < 0 ? '' : text.slice(at + 1);
  // The runner drops empty segments and takes `\` for `/`; `.` is dropped as every file system does.
  const [owner, repo, ...rest] = name.split(/[/\\]/).filter((segment) => segment !== '' && segment !== '.');
  if (/^\.github[/\\]/.test(name)) return invalid('local-without-dot', { at });
  if (owner === undefined || repo === undefined) return invalid('no-repository', { ref, at });
  const parts = { owner, repo, subPath: rest.join('/'), ref, at };
  if (!OWNER.test(owner) || !REPOSITORY.test(repo) || repo === '..') return invalid('bad-name', parts);
  if (ref !== '' && !isRefName(ref)) return invalid('bad-ref', parts);
  const isWorkflow = /^\.github\/workflows\/[^/]+\.ya?ml$/i.test(parts.subPath);
  if (level === 'step' && isWorkflow) return invalid('workflow-as-step', parts);
  if (level === 'job' && !isWorkflow) return invalid('action-as-job', parts);
  return { ...parts, verdict: verdictOf(ref) };
}

function verdictOf(ref: string): ActionVerdict {
  if (ref === '') return 'missing-ref';
  if (/^[0-9a-f]{40}$/i.test(ref)) return 'pinned';
  if (/^[0-9a-f]{7,39}$/i.test(ref)) return 'short-sha';
  if (BRANCH_NAMES.has(ref) || BRANCH_PREFIXES.some((prefix) => ref.startsWith(prefix))) return 'branch-ref';
  return 'unpinned';
}

/** A step may use a folder with an `@` in its path (`./node_modules/@scope/x`); a ref stands at the end of a name. */
function hasLocalRef(text: string, level: 'step' | 'job'): boolean {
  return level === 'job' ? text.includes('@') : /[^/\\]@[^/\\]+$/.test(text);
}

/** Whether git allows a text as the name of a ref (git-check-ref-format, rules 1 and 3 to 10; one level is enough). */
export function isRefName(ref: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: git forbids control characters in names.
  if (ref === '@' || /[\u0000- \u007f~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.$/.test(ref)) return false;
  return !ref.split('/').some((part) => part.startsWith('.') || part.endsWith('.lock'));
}

/** What the caller knows of a `uses`. */
export interface UsesText {
  /** The value as the program reads it, each character with its place. */
  readonly source: MappedText;
  /** The value without quotes. */
  readonly valueSpan: Span;
  readonly level: 'step' | 'job';
  readonly job?: string;
  readonly path: readonly (string | number)[];
  readonly commentAt?: number;
  readonly comment?: TrailingComment;
  readonly aliases: readonly Span[];
}

/** A reference for `Manifest.refs`. */
export function actionReference({ source, valueSpan, aliases, ...known }: UsesText): ActionReference {
  const { text } = source;
  const { verdict, reason, at, ...parts } = parseUses(text, known.level);
  const name = sourceSpan(source, 0, at < 0 ? text.length : at);
  const version = at < 0 ? undefined : { start: at + 1 < text.length ? offsetAt(source, at + 1) : valueSpan.end, end: valueSpan.end };
  // The length tells an escape at the very end, which the offsets do not.
  const isAsRead = text !== '' && isVerbatim(source, 0, text.length) && valueSpan.end - valueSpan.start === text.length;
  return {
    ecosystem: 'github-actions',
    verdict,
    ...(reason === undefined ? {} : { reason }),
    ...parts,
    name: at < 0 ? text : text.slice(0, at),
    requested: text,
    pin: verdict === 'unpinned' ? 'tag' : verdict === 'pinned' ? 'commit' : 'none',
    span: verdict === 'invalid-uses' || version === undefined ? valueSpan : version,
    nameSpan: text === '' ? valueSpan : name,
    ...(version === undefined ? {} : { versionSpan: version }),
    valueSpan,
    ...known,
    ...(aliases.length === 0 ? {} : { aliases }),
    editable: isAsRead,
  } satisfies ActionReference & { readonly pin: Pin };
}
