import type { FetchFact } from './answer.ts';
import type { LookalikeName } from './lookalike.ts';
import type { SourceFile } from './source-file.ts';
import type { Span } from './span.ts';

/** How grave a finding is. */
export type Severity = 'error' | 'warning' | 'info' | 'hint';

/** From least to most grave. */
export const SEVERITIES = ['hint', 'info', 'warning', 'error'] as const satisfies readonly Severity[];

/** Whether `a` is as grave as `b`, or graver. */
export function isAtLeast(a: Severity, b: Severity): boolean {
  return SEVERITIES.indexOf(a) >= SEVERITIES.indexOf(b);
}

/** One replacement in the document that the finding is about. An empty span inserts. */
export interface Edit {
  readonly span: Span;
  readonly text: string;
}

/** What a lazily resolved fix may use. */
export interface FixIo {
  readonly fetch: FetchFact;
}

/** Why a fix could not be made now: a sentence for the user. */
export interface FixFailure {
  readonly failed: string;
}

/**
 * A way out. `safe` leaves what happens today as it is (a tag becomes what it means now); `review` may change what is
 * built or allowed, and its title says what to check. `online` fixes look something up when, and only when, they are chosen.
 */
export type Fix =
  | (FixBase & { readonly online: false; readonly edits: readonly Edit[] })
  | (FixBase & {
      readonly online: true;
      /** Whether fix-all may use it. A fix that picks another version than today's never does. */
      readonly inFixAll: boolean;
      resolve(io: FixIo, signal: AbortSignal): Promise<readonly Edit[] | FixFailure>;
    });

/** What every fix has. */
interface FixBase {
  readonly title: string;
  readonly safety: 'safe' | 'review';
  /** It puts the name that was meant in the place of one that looks like it: the same can be done wherever that name stands. */
  readonly purpose?: 'replace';
}

/** Another place that explains a finding. */
export interface Related {
  readonly file: SourceFile;
  readonly span: Span;
  readonly note: string;
}

/** What a rule hands in. */
export interface Draft {
  readonly messageId: string;
  readonly args: Readonly<Record<string, string>>;
  readonly span: Span;
  /** Where it differs from the rule's default: `run/pipe-to-shell` is an error over http. */
  readonly severity?: Severity;
  readonly related?: readonly Related[];
  readonly fixes?: readonly Fix[];
  /** What the fingerprint is made of instead of the text under `span`, where that text is a secret or changes often. */
  readonly identity?: string;
  /** The name that it is about, where that looks like another: it can be allowed, compared, and replaced wherever it stands. */
  readonly lookalike?: LookalikeName;
}

/** A finding, ready for a front to show. */
export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  readonly message: Message;
  readonly span: Span;
  readonly related: readonly Related[];
  readonly fixes: readonly Fix[];
  /** Hex digits that stay when lines move: rule, path, text and, among equals, which one. */
  readonly fingerprint: string;
  readonly lookalike?: LookalikeName;
}

/** The three parts of a message (style.md 6), each one full sentence or more, arguments filled in. */
export interface Message {
  readonly what: string;
  readonly why: string;
  readonly remedy: string;
}

/** A message in one line of text. */
export function messageText(message: Message): string {
  return `${message.what} ${message.why} ${message.remedy}`;
}
