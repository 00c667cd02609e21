import type { Manifest } from '../../server/src/core/manifest.ts';
import { mappedSlice } from '../../server/src/core/mapped-text.ts';
import type { Script, ShellDialect } from '../../server/src/core/script.ts';
import { sourceFile } from './memory-project.ts';

/** A manifest that is nothing but one shell script at the root, as a workflow's `run:` would hold it. */
export function scriptManifest(
  text: string,
  options: { readonly dialect?: ShellDialect; readonly place?: Script['place'] } = {},
): Manifest {
  const { dialect = 'posix', place = 'workflow-run' } = options;
  const script: Script = {
    source: mappedSlice(text, 0, text.length),
    dialect,
    place,
    folder: '',
    span: { start: 0, end: text.length },
    path: ['jobs', 'build', 'steps', 0, 'run'],
  };
  return { file: sourceFile('ci.yml', text), format: 'workflow', model: undefined, refs: [], scripts: [script], ignores: [], problems: [] };
}
