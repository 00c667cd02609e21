import type { Reference } from './reference.ts';
import type { Script } from './script.ts';
import type { SourceFile } from './source-file.ts';
import type { Span } from './span.ts';

/** A place where a document could not be read as its format. */
export interface Problem {
  readonly message: string;
  readonly span: Span;
}

/** A comment in which somebody asks for silence. */
export interface IgnoreMarker {
  /** Our rule ids or `area/*`, as written; for foreign markers, the rules they stand for. */
  readonly rules: readonly string[];
  readonly reason: string;
  /** Whose marker it is: ours must have a reason and be used, those of other tools need neither. */
  readonly origin: 'waybill' | 'zizmor' | 'ratchet' | 'hadolint';
  /** The comment's text from its first character (`#`) to its last. */
  readonly span: Span;
  /** Where each name of `rules` stands, for a did-you-mean; empty for foreign markers. */
  readonly ruleSpans: readonly Span[];
  /** Findings that start in here are silenced. */
  readonly scope: Span;
}

/** A document, read. `model` is the format's own view; the other fields are what every rule can use. */
export interface Manifest<M = unknown> {
  readonly file: SourceFile;
  readonly format: string;
  readonly model: M;
  readonly refs: readonly Reference[];
  readonly scripts: readonly Script[];
  readonly ignores: readonly IgnoreMarker[];
  /** In document order. Empty means that the document was read to its end. */
  readonly problems: readonly Problem[];
  /** Passwords and tokens in the document: no report may show what stands there, whichever rule a finding is of. */
  readonly secrets?: readonly Span[];
}

/** A file format. `parse` is total: it never throws, and a broken document yields what can be known and its problems. */
export interface Format<M = unknown> {
  readonly id: string;
  readonly title: string;
  /** Path patterns (picomatch), relative to any folder: matched against the path and every tail of it. */
  readonly globs: readonly string[];
  /** Path patterns of files that are not of this format although a glob fits: `Dockerfile.md`. Globs stay plain for editors' sake. */
  readonly except?: readonly string[];
  /** Language ids that an untitled document may have to be of this format; empty where the name alone decides. */
  readonly languageIds: readonly string[];
  parse(file: SourceFile): Manifest<M>;
}
