import type { MappedText } from './mapped-text.ts';
import type { Span } from './span.ts';

/** The language that shell text is written in. */
export type ShellDialect = 'posix' | 'powershell' | 'cmd' | 'unknown';

/** Shell text, wherever it stands: a RUN, a workflow's `run:`, a script of package.json. */
export interface Script {
  readonly source: MappedText;
  readonly dialect: ShellDialect;
  readonly place: 'docker-run' | 'workflow-run' | 'package-script';
  /** `image` and `ci` builds should install from the lockfile; a `package-script` is judged by who may call it. */
  readonly name?: string;
  /**
   * The folder the script runs in, relative to the checked root, where the document says it (`working-directory`,
   * a Dockerfile's own folder); undefined where it cannot be known.
   */
  readonly folder?: string;
  /** In an image build, the folders whose manifests were copied to where the script runs, likeliest first. */
  readonly copied?: readonly string[];
  readonly span: Span;
  readonly path: readonly (string | number)[];
}
