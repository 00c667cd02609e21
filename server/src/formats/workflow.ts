import type { Format, Manifest } from '../core/manifest.ts';
import type { ActionReference, ImageReference } from '../core/reference.ts';
import type { SourceFile } from '../core/source-file.ts';
import { type Span, span } from '../core/span.ts';
import type { LineIndex } from '../core/text.ts';
import { isPlaceholder } from './credential.ts';
import { matrixName, matrixValues, type Path, runnerDialect, type Step, type StepDefaults, StepReader } from './workflow-steps.ts';
import {
  asScalar,
  entriesOf,
  entryOf,
  nodeOf,
  parseYaml,
  scalarOf,
  scalarsOf,
  type YamlDocument,
  type YamlEntry,
  type YamlMap,
  type YamlNode,
  type YamlScalar,
} from './yaml-document.ts';
import { outlineFrom } from './yaml-outline.ts';

/** One event of `on`, in any of its three forms. */
export interface Trigger {
  readonly name: string;
  readonly span: Span;
  /** `types`; empty where none are named. */
  readonly types: readonly YamlScalar[];
  /** The event's settings, where it has some. */
  readonly node: YamlNode | undefined;
}

/** One line of a `permissions` map. */
export interface PermissionScope {
  readonly name: string;
  readonly nameSpan: Span;
  readonly access: YamlScalar;
  readonly isMerged: boolean;
}

/** A `permissions` of a workflow or a job. */
export interface Permissions {
  readonly keySpan: Span;
  /** `read-all`, `write-all`. */
  readonly all?: YamlScalar;
  readonly scopes: readonly PermissionScope[];
  readonly isFlow: boolean;
}

/** The container of a job, or one of its services. */
export interface Container {
  /** The service's name; undefined for the job's own container. */
  readonly name?: string;
  readonly node: YamlNode;
  readonly image?: ImageReference;
  readonly credentials: readonly YamlEntry[];
  readonly env: readonly YamlEntry[];
}

/** A job. */
export interface Job {
  readonly id: string;
  readonly keySpan: Span;
  readonly node: YamlMap;
  readonly path: Path;
  readonly name?: YamlScalar;
  readonly condition?: YamlScalar;
  readonly permissions?: Permissions;
  /** The called workflow. */
  readonly uses?: ActionReference;
  readonly with: readonly YamlEntry[];
  /** `secrets: inherit`, or the secrets that are handed over by name. */
  readonly secrets?: YamlNode;
  readonly runsOn?: YamlNode;
  readonly environment?: YamlNode;
  readonly matrix?: YamlNode;
  readonly container?: Container;
  readonly services: readonly Container[];
  readonly env: readonly YamlEntry[];
  readonly steps: readonly Step[];
}

/** A workflow (GitHub documentation, "Workflow syntax for GitHub Actions"). */
export interface Workflow {
  /** The document's tree, for what is not named below. */
  readonly root?: YamlMap;
  readonly name?: YamlScalar;
  readonly triggers: readonly Trigger[];
  readonly permissions?: Permissions;
  readonly env: readonly YamlEntry[];
  /** The `jobs` key, without quotes. */
  readonly jobsKey?: Span;
  readonly jobs: readonly Job[];
}

/** The workflows of GitHub Actions. */
export const format: Format<Workflow> = {
  id: 'workflow',
  title: 'GitHub workflow',
  globs: ['**/.github/workflows/*.{yml,yaml}'],
  languageIds: ['github-actions-workflow'],
  parse,
};

/** A manifest as a workflow, undefined where it is another format's. */
export function asWorkflow(manifest: Manifest): Workflow | undefined {
  // The format id and the model's type are set together, here.
  return manifest.format === format.id ? (manifest.model as Workflow) : undefined;
}

function parse(file: SourceFile): Manifest<Workflow> {
  const document = parseYaml(file.text);
  const reader = new StepReader(document);
  const model = readWorkflow(document, reader, repositoryFolder(file.path));
  readBroken(document, reader, model);
  return { ...reader.manifest(file, format.id, model), secrets: literalPasswords(model).map(({ password }) => password.raw) };
}

/** A password of a registry that stands in a workflow as it is. */
export interface LiteralPassword {
  readonly password: YamlScalar;
  readonly job: string;
  /** Of a service's image; undefined for the job's own container. */
  readonly service: string | undefined;
}

/** The passwords of `credentials` that are no expressions, each once however many aliases repeat it. */
export function literalPasswords({ jobs }: Workflow): LiteralPassword[] {
  const found = new Map<YamlScalar, LiteralPassword>();
  for (const { id, container, services } of jobs) {
    for (const { name, credentials } of container === undefined ? services : [container, ...services]) {
      const password = asScalar(credentials.find(({ key }) => key === 'password')?.value);
      if (password === undefined || password.text.includes('${{') || isPlaceholder(password.text) || found.has(password)) continue;
      found.set(password, { password, job: id, service: name });
    }
  }
  return [...found.values()];
}

/** The folder that holds `.github`; an untitled document is taken to be of the root. */
function repositoryFolder(path: string): string {
  const at = path.lastIndexOf('.github/workflows/');
  return at <= 0 ? '' : path.slice(0, at - 1);
}

function readWorkflow(document: YamlDocument, reader: StepReader, folder: string): Workflow {
  const root = document.root?.kind === 'map' ? document.root : undefined;
  const jobsEntry = entryOf(root, 'jobs');
  const name = scalarOf(root, 'name');
  const run = nodeOf(nodeOf(root, 'defaults'), 'run');
  const permissions = readPermissions(entryOf(root, 'permissions'));
  return {
    ...(root === undefined ? {} : { root }),
    ...(name === undefined ? {} : { name }),
    triggers: readTriggers(nodeOf(root, 'on')),
    ...(permissions === undefined ? {} : { permissions }),
    env: entriesOf(nodeOf(root, 'env')),
    ...(jobsEntry === undefined ? {} : { jobsKey: jobsEntry.keySpan }),
    jobs: entriesOf(jobsEntry?.value).flatMap((entry) => readJob(entry, reader, { run, folder }) ?? []),
  };
}

function readTriggers(on: YamlNode | undefined): Trigger[] {
  if (on?.kind === 'map') {
    return on.entries.map(({ key, keySpan, value }) => ({
      name: key,
      span: keySpan,
      types: scalarsOf(nodeOf(value, 'types')),
      node: value,
    }));
  }
  return scalarsOf(on).map((event) => ({ name: event.text, span: event.span, types: [], node: undefined }));
}

function readPermissions(entry: YamlEntry | undefined): Permissions | undefined {
  if (entry === undefined) return undefined;
  const { value, keySpan } = entry;
  const all = asScalar(value);
  const scopes = entriesOf(value).flatMap((scope) => {
    const access = asScalar(scope.value);
    return access === undefined ? [] : [{ name: scope.key, nameSpan: scope.keySpan, access, isMerged: scope.isMerged || entry.isMerged }];
  });
  return { keySpan, ...(all === undefined ? {} : { all }), scopes, isFlow: value?.kind === 'map' && value.isFlow };
}

interface WorkflowDefaults {
  /** `defaults.run` of the workflow. */
  readonly run: YamlNode | undefined;
  readonly folder: string;
}

function readJob({ key, keySpan, value: node }: YamlEntry, reader: StepReader, { run, folder }: WorkflowDefaults): Job | undefined {
  if (node?.kind !== 'map') return undefined;
  const path = ['jobs', key];
  const matrix = nodeOf(nodeOf(node, 'strategy'), 'matrix');
  const runsOn = nodeOf(node, 'runs-on');
  const jobRun = nodeOf(nodeOf(node, 'defaults'), 'run');
  const defaults: StepDefaults = {
    shell: scalarOf(jobRun, 'shell') ?? scalarOf(run, 'shell'),
    workingDirectory: scalarOf(jobRun, 'working-directory') ?? scalarOf(run, 'working-directory'),
    dialect: runnerDialect(runsOn, matrix),
    folder,
    job: key,
  };
  const usesValue = scalarOf(node, 'uses');
  const uses = usesValue && reader.uses(usesValue, [...path, 'uses'], { level: 'job', job: key });
  return {
    id: key,
    keySpan,
    node,
    path,
    ...optional('name', scalarOf(node, 'name')),
    ...optional('condition', scalarOf(node, 'if')),
    ...optional('permissions', readPermissions(entryOf(node, 'permissions'))),
    ...optional('uses', uses?.ecosystem === 'github-actions' ? uses : undefined),
    with: entriesOf(nodeOf(node, 'with')),
    ...optional('secrets', nodeOf(node, 'secrets')),
    ...optional('runsOn', runsOn),
    ...optional('environment', nodeOf(node, 'environment')),
    ...optional('matrix', matrix),
    ...optional('container', readContainer(nodeOf(node, 'container'), reader, { path: [...path, 'container'], matrix })),
    services: entriesOf(nodeOf(node, 'services')).flatMap(
      (entry) => readContainer(entry.value, reader, { path: [...path, 'services', entry.key], matrix, name: entry.key }) ?? [],
    ),
    env: entriesOf(nodeOf(node, 'env')),
    steps: reader.steps(nodeOf(node, 'steps'), [...path, 'steps'], defaults),
  };
}

/** A field that is there or not, as `exactOptionalPropertyTypes` wants it. */
function optional<N extends string, V>(name: N, value: V | undefined): { readonly [K in N]?: V } {
  // A computed key widens to `string`; it is exactly `name`.
  return value === undefined ? {} : ({ [name]: value } as { readonly [K in N]?: V });
}

interface ContainerPlace {
  readonly path: Path;
  readonly matrix: YamlNode | undefined;
  /** Of a service. */
  readonly name?: string;
}

function readContainer(node: YamlNode | undefined, reader: StepReader, { path, matrix, name }: ContainerPlace): Container | undefined {
  if (node === undefined) return undefined;
  const place = name === undefined ? 'container' : 'service';
  const inMap = node.kind === 'map';
  const value = inMap ? scalarOf(node, 'image') : asScalar(node);
  const axis = value && matrixName(value.text);
  // Where the matrix says all of the image, its entries are the images.
  for (const entry of axis === undefined ? [] : matrixValues(matrix, axis)) {
    reader.image(entry, place, [...path.slice(0, 2), 'strategy', 'matrix', ...(axis?.split('.') ?? [])]);
  }
  const image = reader.image(value, place, inMap ? [...path, 'image'] : path);
  return {
    ...optional('name', name),
    node,
    ...optional('image', image),
    credentials: entriesOf(nodeOf(node, 'credentials')),
    env: entriesOf(nodeOf(node, 'env')),
  };
}

/** What stands behind a syntax error, read line by line: the parser may have lost it. Values it did read are not taken twice. */
function readBroken(document: YamlDocument, reader: StepReader, { jobs }: Workflow): void {
  if (document.brokenFrom === undefined) return;
  const dialects = new Map(jobs.map(({ id, runsOn, matrix }) => [id, runnerDialect(runsOn, matrix)]));
  for (const { path, value } of outlineFrom(document.text, document.lines, document.brokenFrom)) {
    const [top, job = '', section] = path;
    const key = path.at(-1);
    if (top !== 'jobs' || path.length < 3) continue;
    const isStep = section === 'steps' && path.length === 4;
    const defaults: StepDefaults = {
      shell: undefined,
      workingDirectory: undefined,
      dialect: dialects.get(job) ?? 'posix',
      folder: undefined,
      job,
    };
    if (key === 'uses' && (isStep || path.length === 3)) reader.uses(value, path, { level: isStep ? 'step' : 'job', job });
    else if (key === 'run' && isStep) reader.run(value, path, { defaults, shell: undefined, workingDirectory: undefined });
    else if (section === 'container' && path.length <= 4 && (key === 'image' || path.length === 3)) reader.image(value, 'container', path);
    else if (section === 'services' && key === 'image' && path.length === 5) reader.image(value, 'service', path);
  }
}

/** The white space that one level of a workflow is indented with: that of its first job, else two spaces. */
export function indentUnit({ jobsKey, jobs }: Workflow, lines: LineIndex): string {
  const [first] = jobs;
  if (jobsKey === undefined || first === undefined) return '  ';
  const outer = lines.positionAt(jobsKey.start).line;
  const inner = lines.positionAt(first.keySpan.start).line;
  const indentOf = (line: number): number => /^\ufeff? */.exec(lines.lineText(line))?.[0].replace('\ufeff', '').length ?? 0;
  const width = indentOf(inner) - indentOf(outer);
  return width <= 0 ? '  ' : ' '.repeat(width);
}

/** The span of a job's key and all that belongs to it. */
export function jobSpan(job: Job): Span {
  return span(Math.min(job.keySpan.start, job.node.span.start), job.node.span.end);
}
