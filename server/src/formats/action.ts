import type { Format, Manifest } from '../core/manifest.ts';
import type { ImageReference } from '../core/reference.ts';
import type { SourceFile } from '../core/source-file.ts';
import { type Step, type StepDefaults, StepReader } from './workflow-steps.ts';
import {
  entriesOf,
  nodeOf,
  parseYaml,
  scalarOf,
  type YamlDocument,
  type YamlEntry,
  type YamlMap,
  type YamlScalar,
} from './yaml-document.ts';
import { outlineFrom } from './yaml-outline.ts';

/** An action.yml (GitHub documentation, "Metadata syntax for GitHub Actions"). */
export interface Action {
  readonly root?: YamlMap;
  readonly name?: YamlScalar;
  readonly inputs: readonly YamlEntry[];
  /** `runs.using`: `composite`, `docker`, `node24`, ... */
  readonly using?: YamlScalar;
  /** `runs.image` of a container action: an image, or the path of a Dockerfile. */
  readonly image?: YamlScalar;
  readonly imageReference?: ImageReference;
  /** Of a composite action. */
  readonly steps: readonly Step[];
}

/** The metadata files of actions. A workflow that is called action.yml is a workflow. */
export const format: Format<Action> = {
  id: 'action',
  title: 'GitHub action',
  globs: ['**/action.{yml,yaml}'],
  except: ['**/.github/workflows/*'],
  languageIds: [],
  parse,
};

/** A manifest as an action, undefined where it is another format's. */
export function asAction(manifest: Manifest): Action | undefined {
  // The format id and the model's type are set together, here.
  return manifest.format === format.id ? (manifest.model as Action) : undefined;
}

/** A composite action runs in its caller's folder, on its caller's system; every step names its shell. */
const DEFAULTS: StepDefaults = { shell: undefined, workingDirectory: undefined, dialect: 'posix', folder: undefined };

function parse(file: SourceFile): Manifest<Action> {
  const document = parseYaml(file.text);
  const reader = new StepReader(document);
  const model = readAction(document, reader);
  readBroken(document, reader);
  return reader.manifest(file, format.id, model);
}

function readAction(document: YamlDocument, reader: StepReader): Action {
  const root = document.root?.kind === 'map' ? document.root : undefined;
  const runs = nodeOf(root, 'runs');
  const name = scalarOf(root, 'name');
  const using = scalarOf(runs, 'using');
  const image = scalarOf(runs, 'image');
  // Without `docker://` it is a Dockerfile's path.
  const isReference = image?.text.trim().startsWith('docker://') === true;
  const imageReference = isReference ? reader.image(image, 'runs-image', ['runs', 'image']) : undefined;
  return {
    ...(root === undefined ? {} : { root }),
    ...(name === undefined ? {} : { name }),
    inputs: entriesOf(nodeOf(root, 'inputs')),
    ...(using === undefined ? {} : { using }),
    ...(image === undefined ? {} : { image }),
    ...(imageReference === undefined ? {} : { imageReference }),
    steps: reader.steps(nodeOf(runs, 'steps'), ['runs', 'steps'], DEFAULTS),
  };
}

/** What stands behind a syntax error, read line by line. */
function readBroken(document: YamlDocument, reader: StepReader): void {
  if (document.brokenFrom === undefined) return;
  for (const { path, value } of outlineFrom(document.text, document.lines, document.brokenFrom)) {
    if (path[0] !== 'runs') continue;
    const key = path.at(-1);
    const isStep = path[1] === 'steps' && path.length === 3;
    if (key === 'uses' && isStep) reader.uses(value, path, { level: 'step' });
    else if (key === 'run' && isStep) reader.run(value, path, { defaults: DEFAULTS, shell: undefined, workingDirectory: undefined });
    else if (key === 'image' && path.length === 2 && value.text.startsWith('docker://')) reader.image(value, 'runs-image', path);
  }
}
