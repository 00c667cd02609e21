import type { Span } from './span.ts';

/** How firmly a reference names what will be used. */
export type Pin = 'digest' | 'commit' | 'integrity' | 'exact' | 'tag' | 'range' | 'none';

interface ReferenceBase {
  /** The text that findings about the reference cover. */
  readonly span: Span;
  readonly nameSpan: Span;
  readonly versionSpan?: Span;
  readonly name: string;
  readonly requested: string;
  readonly pin: Pin;
  /** Where in the document, for SARIF's logical location: `['jobs', 'build', 'steps', 0, 'uses']`. */
  readonly path: readonly (string | number)[];
}

/** A dependency of a package manifest. */
export interface PackageReference extends ReferenceBase {
  readonly ecosystem: 'npm';
  readonly group: string;
}

/** An image reference's parts, as distribution/reference reads them, with the default registry filled in. */
export interface ImageName {
  /** `docker.io` where none is written. */
  readonly registry: string;
  /** `library/node` for a bare `node` of the default registry. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** Where an image reference stands. */
export type ImagePlace =
  | 'from'
  | 'copy-from'
  | 'run-mount'
  | 'onbuild-copy-from'
  | 'onbuild-run-mount'
  | 'syntax'
  | 'container'
  | 'service'
  | 'uses'
  | 'runs-image';

/** What an image reference is. Only the first four and `invalid` get a finding; the rest name no image to pin. */
export type ImageVerdict =
  | 'mutable-tag'
  | 'latest'
  | 'implicit-latest'
  | 'invalid'
  | 'pinned'
  | 'stage'
  | 'scratch'
  | 'unresolved'
  | 'template'
  | 'docker-image-url';

/** An ARG whose default takes part in an image reference. */
export interface ImageArgument {
  readonly name: string;
  /** The default's text, without quotes. */
  readonly span: Span;
  /** The default's text as written, without quotes. */
  readonly value: string;
  /** How many image references of the document this ARG takes part in; a stage or a platform that reads it counts too. */
  readonly uses: number;
}

/** A reference to a container image. `span` is the reference without quotes and, in `uses`, without `docker://`. */
export interface ImageReference extends ReferenceBase {
  readonly ecosystem: 'oci';
  readonly place: ImagePlace;
  readonly verdict: ImageVerdict;
  /** Why an `invalid` reference is: `uppercase`, `bad-digest`, `bad-tag`, `empty`, `no-such-stage`, `variables-not-expanded-here`, ... */
  readonly reason?: string;
  /** The parts of the reference after variables were replaced; absent where there is no valid one. */
  readonly image?: ImageName;
  /** The reference after variables were replaced, where that differs from `requested`. */
  readonly resolved?: string;
  /** Names of the variables that took part. */
  readonly variables: readonly string[];
  /** Those variables that have a default in the document. */
  readonly arguments: readonly ImageArgument[];
  /** Whether the text stands in one piece, so that an edit at its end is an edit of the reference. */
  readonly editable: boolean;
}

/** A comment behind a value on the same line. */
export interface TrailingComment {
  /** From the `#` to the end of the line, without the line end. */
  readonly span: Span;
  /** The comment without `#` and surrounding white space. */
  readonly text: string;
}

/** What an action reference is, decided without the network; in this order, the first that fits (rules.md, "One verdict per reference"). */
export type ActionVerdict = 'local' | 'docker' | 'invalid-uses' | 'missing-ref' | 'pinned' | 'short-sha' | 'branch-ref' | 'unpinned';

/** A `uses:` of a workflow or of a composite action. */
export interface ActionReference extends ReferenceBase {
  readonly ecosystem: 'github-actions';
  readonly verdict: ActionVerdict;
  /** Why `invalid-uses` is; a word that the rule turns into a sentence. */
  readonly reason?: string;
  readonly owner: string;
  readonly repo: string;
  /** The path in the repository behind `owner/repo`, without a leading slash; `''` for the root. */
  readonly subPath: string;
  /** What stands behind `@`; `''` where nothing does. */
  readonly ref: string;
  /** The whole value without quotes. */
  readonly valueSpan: Span;
  /** The place in the document where a version comment goes, undefined where none can stand (flow style with more behind it). */
  readonly commentAt?: number;
  readonly comment?: TrailingComment;
  /** `step` runs an action, `job` calls a reusable workflow. */
  readonly level: 'step' | 'job';
  /** The job's id; undefined in an action.yml. */
  readonly job?: string;
  /** YAML aliases elsewhere in the document that stand for this value: what happens to it happens there too. */
  readonly aliases?: readonly Span[];
  /** Whether the value stands in one piece, so that an edit inside it is an edit of the reference. */
  readonly editable: boolean;
}

/** One thing pulled in from outside. */
export type Reference = PackageReference | ImageReference | ActionReference;

/** The span from a reference's name to its version, whichever comes first and last. */
export function wholeSpan({ span, nameSpan, versionSpan }: Reference): Span {
  const parts = versionSpan === undefined ? [span, nameSpan] : [span, nameSpan, versionSpan];
  return { start: Math.min(...parts.map(({ start }) => start)), end: Math.max(...parts.map(({ end }) => end)) };
}
