import type { IgnoreMarker, Manifest, Problem } from '../core/manifest.ts';
import { type MappedText, mappedPart, offsetAt } from '../core/mapped-text.ts';
import type { ActionReference, ImagePlace, ImageReference, Reference } from '../core/reference.ts';
import type { Script, ShellDialect } from '../core/script.ts';
import { joinPath, type SourceFile } from '../core/source-file.ts';
import type { Span } from '../core/span.ts';
import { actionReference } from './action-reference.ts';
import { scanIgnoreMarkers } from './ignore-markers.ts';
import { imageReference } from './image-reference.ts';
import {
  asScalar,
  commentPlace,
  entriesOf,
  nodeOf,
  scalarOf,
  scalarSource,
  scalarsOf,
  type YamlDocument,
  type YamlEntry,
  type YamlMap,
  type YamlNode,
  type YamlScalar,
} from './yaml-document.ts';

/** A place in a document, for SARIF: `['jobs', 'build', 'steps', 0]`. */
export type Path = readonly (string | number)[];

/** A step of a job or of a composite action. A step that an alias repeats is one object. */
export interface Step {
  readonly node: YamlMap;
  readonly path: Path;
  readonly id?: YamlScalar;
  readonly name?: YamlScalar;
  readonly condition?: YamlScalar;
  /** The action; undefined where the step runs none, or a container image. */
  readonly uses?: ActionReference;
  /** The image of `docker://`. */
  readonly image?: ImageReference;
  readonly run?: Script;
  readonly with: readonly YamlEntry[];
  readonly env: readonly YamlEntry[];
  readonly shell?: YamlScalar;
  readonly workingDirectory?: YamlScalar;
}

/** What holds for all steps of a job, unless they say otherwise. */
export interface StepDefaults {
  /** `defaults.run.shell` of the job, or else of the workflow. */
  readonly shell: YamlScalar | undefined;
  readonly workingDirectory: YamlScalar | undefined;
  /** The dialect of the runner's own shell. */
  readonly dialect: ShellDialect;
  /** The folder that scripts start in, relative to the checked root; undefined where it cannot be known. */
  readonly folder: string | undefined;
  readonly job?: string;
}

/** Collects what a workflow or action refers to, each written value once however many aliases repeat it. */
export class StepReader {
  readonly refs: Reference[] = [];
  readonly scripts: Script[] = [];
  readonly #document: YamlDocument;
  readonly #steps = new Map<YamlMap, Step>();
  readonly #lists = new Map<YamlNode, readonly Step[]>();
  readonly #taken = new Map<number, Reference>();
  readonly #scripts = new Map<number, Script>();

  constructor(document: YamlDocument) {
    this.#document = document;
  }

  /** The steps of a sequence, nested groups of parallel steps included. */
  steps(node: YamlNode | undefined, path: Path, defaults: StepDefaults): readonly Step[] {
    if (node?.kind !== 'seq') return [];
    const known = this.#lists.get(node);
    if (known !== undefined) return known;
    const steps: Step[] = [];
    this.#lists.set(node, steps);
    node.items.forEach((item, i) => {
      if (item?.kind !== 'map') return;
      steps.push(this.#step(item, [...path, i], defaults));
      for (const group of ['steps', 'parallel']) steps.push(...this.steps(nodeOf(item, group), [...path, i, group], defaults));
    });
    return steps;
  }

  #step(node: YamlMap, path: Path, defaults: StepDefaults): Step {
    const known = this.#steps.get(node);
    if (known !== undefined) return known;
    const shell = scalarOf(node, 'shell');
    const workingDirectory = scalarOf(node, 'working-directory');
    const target = this.#all(node, 'uses').map((value) => this.uses(value, [...path, 'uses'], { level: 'step', ...jobOf(defaults) }))[0];
    const [run] = this.#all(node, 'run').map((value) => this.run(value, [...path, 'run'], { defaults, shell, workingDirectory }));
    const step: Step = {
      node,
      path,
      ...scalarField(node, 'id', 'id'),
      ...scalarField(node, 'name', 'name'),
      ...scalarField(node, 'if', 'condition'),
      ...(target?.ecosystem === 'github-actions' ? { uses: target } : {}),
      ...(target?.ecosystem === 'oci' ? { image: target } : {}),
      ...(run === undefined ? {} : { run }),
      with: entriesOf(nodeOf(node, 'with')),
      env: entriesOf(nodeOf(node, 'env')),
      ...(shell === undefined ? {} : { shell }),
      ...(workingDirectory === undefined ? {} : { workingDirectory }),
    };
    this.#steps.set(node, step);
    return step;
  }

  /** Every scalar under a key: a key that is written twice is an error, and both values are checked. */
  #all(node: YamlMap, key: string): YamlScalar[] {
    const values: YamlScalar[] = [];
    for (const entry of node.entries) {
      const value = entry.key === key ? asScalar(entry.value) : undefined;
      if (value !== undefined) values.push(value);
    }
    return values;
  }

  /** The reference of a `uses`: an action, or the image behind `docker://`. */
  uses(
    value: YamlScalar,
    path: Path,
    at: { readonly level: 'step' | 'job'; readonly job?: string },
  ): ActionReference | ImageReference | undefined {
    const known = this.#taken.get(value.span.start);
    if (known !== undefined) return known.ecosystem === 'npm' ? undefined : known;
    const source = withoutLastLineEnd(scalarSource(this.#document, value));
    if (source.text.startsWith('docker://')) return this.#image(value, tail(source, 'docker://'.length), { place: 'uses', path });
    const place = commentPlace(this.#document.text, value);
    const reference = actionReference({
      source,
      valueSpan: value.span,
      ...at,
      path,
      aliases: value.aliases,
      ...(place === undefined ? {} : { commentAt: place.at }),
      ...(place?.comment === undefined ? {} : { comment: place.comment }),
    });
    this.#take(value, reference);
    return reference;
  }

  /** The reference of an image value; none where it is empty, which means "no container". */
  image(value: YamlScalar | undefined, place: ImagePlace, path: Path): ImageReference | undefined {
    if (value === undefined || value.text.trim() === '') return undefined;
    const known = this.#taken.get(value.span.start);
    if (known !== undefined) return known.ecosystem === 'oci' ? known : undefined;
    const source = withoutLastLineEnd(scalarSource(this.#document, value));
    const scheme = source.text.startsWith('docker://') ? 'docker://'.length : 0;
    return this.#image(value, tail(source, scheme), { place, path });
  }

  #image(value: YamlScalar, source: MappedText, { place, path }: { readonly place: ImagePlace; readonly path: Path }): ImageReference {
    const read = imageReference({ source, place, path });
    // An escape at the very end shows only in the length.
    const isAsRead = read.span.end === value.span.end && read.span.end - read.span.start === read.requested.length;
    const reference = { ...read, editable: read.editable && isAsRead };
    this.#take(value, reference);
    return reference;
  }

  #take(value: YamlScalar, reference: Reference): void {
    this.#taken.set(value.span.start, reference);
    this.refs.push(reference);
  }

  /** The script of a `run`. */
  run(
    value: YamlScalar,
    path: Path,
    { defaults, shell, workingDirectory }: { readonly defaults: StepDefaults } & Pick<StepDefaults, 'shell' | 'workingDirectory'>,
  ): Script {
    const known = this.#scripts.get(value.raw.start);
    if (known !== undefined) return known;
    const folder = folderIn(defaults.folder, workingDirectory ?? defaults.workingDirectory);
    const shellText = (shell ?? defaults.shell)?.text;
    const script: Script = {
      source: scalarSource(this.#document, value),
      dialect: shellText === undefined ? defaults.dialect : dialectOf(shellText),
      place: 'workflow-run',
      ...(folder === undefined ? {} : { folder }),
      span: value.span,
      path,
    };
    this.#scripts.set(value.raw.start, script);
    this.scripts.push(script);
    return script;
  }

  /** All that was collected, in document order, as the manifest of a format and its model. */
  manifest<M>(file: SourceFile, formatId: string, model: M): Manifest<M> {
    return {
      file,
      format: formatId,
      model,
      refs: this.refs.sort((a, b) => a.span.start - b.span.start),
      scripts: this.scripts.sort((a, b) => a.span.start - b.span.start),
      ignores: this.ignores(),
      problems: this.problems(),
    };
  }

  /** What is wrong with the document, in its order. GitHub reads one YAML document per file, so that a second one is a problem too. */
  problems(): readonly Problem[] {
    const { problems, roots } = this.#document;
    const second = roots[1];
    if (second === undefined) return problems;
    const extra = { message: 'a second YAML document begins here', span: { start: second.span.start, end: second.span.end } };
    return [...problems, extra].sort((a, b) => a.span.start - b.span.start);
  }

  /**
   * The document's ignore comments. One on a line of its own covers the next line that says something; where a block
   * scalar begins on the covered line, the whole of it is covered.
   */
  ignores(): IgnoreMarker[] {
    const { text, lines, blocks } = this.#document;
    // Made with the first marker: hardly any document has one.
    let blockEnds: ReadonlyMap<number, number> | undefined;
    const scopeOf = (line: number): Span => {
      blockEnds ??= new Map(blocks.map(({ start, end }) => [lines.positionAt(start).line, end]));
      const { start, end } = lines.lineSpan(line);
      return { start, end: Math.max(end, blockEnds.get(line) ?? end) };
    };
    // Markers come in document order, so that a block of comments is walked once and not once for each of its lines.
    let next = 0;
    const scopeBelow = (line: number): Span => {
      next = Math.max(next, line + 1);
      while (next < lines.lineCount && /^[ \t]*(?:#|$)/.test(lines.lineText(next))) next++;
      return scopeOf(next);
    };
    return scanIgnoreMarkers(text, lines, { endOfLine: true, scopeBelow }).map((marker) => {
      const line = lines.positionAt(marker.scope.start).line;
      return marker.scope.start < marker.span.start ? { ...marker, scope: scopeOf(line) } : marker;
    });
  }
}

function scalarField<N extends string>(node: YamlMap, key: string, name: N): { readonly [K in N]?: YamlScalar } {
  const value = scalarOf(node, key);
  // A computed key widens to `string`; it is exactly `name`.
  return value === undefined ? {} : ({ [name]: value } as { readonly [K in N]?: YamlScalar });
}

function jobOf({ job }: StepDefaults): { readonly job?: string } {
  return job === undefined ? {} : { job };
}

/** A block scalar's last line feed is not meant. */
function withoutLastLineEnd(source: MappedText): MappedText {
  const length = source.text.replace(/\n+$/, '').length;
  if (length === source.text.length) return source;
  return mappedPart(source, 0, length, offsetAt(source, length));
}

function tail(source: MappedText, from: number): MappedText {
  return from === 0 ? source : mappedPart(source, from, source.text.length, source.end);
}

/** The folder of a `working-directory`; undefined where it is an expression or outside the repository. */
function folderIn(folder: string | undefined, workingDirectory: YamlScalar | undefined): string | undefined {
  if (folder === undefined || workingDirectory === undefined) return folder;
  const path = workingDirectory.text.trim().replaceAll('\\', '/');
  if (/\$|^\/|^~|^[A-Za-z]:/.test(path)) return undefined;
  return joinPath(folder, path);
}

const POSIX_SHELLS: ReadonlySet<string> = new Set(['bash', 'sh', 'dash', 'zsh', 'ksh', 'ash']);

/** The dialect of a `shell:` value: a name, or a command line with `{0}` (GitHub documentation, "Custom shell"). */
export function dialectOf(shell: string): ShellDialect {
  const words = shell.trim().split(/\s+/);
  const name = (word: string | undefined): string =>
    (word ?? '')
      .replace(/^.*[/\\]/, '')
      .replace(/\.exe$/i, '')
      .toLowerCase();
  const command =
    name(words[0]) === 'env' ? name(words.slice(1).find((word) => !word.startsWith('-') && !word.includes('='))) : name(words[0]);
  if (POSIX_SHELLS.has(command)) return 'posix';
  if (command === 'pwsh' || command === 'powershell') return 'powershell';
  return command === 'cmd' ? 'cmd' : 'unknown';
}

/** The dialect of the shell that a runner starts when nobody asks for one: PowerShell where every label says Windows. */
export function runnerDialect(runsOn: YamlNode | undefined, matrix: YamlNode | undefined): ShellDialect {
  const labels = scalarsOf(runsOn?.kind === 'map' ? nodeOf(runsOn, 'labels') : runsOn).flatMap(({ text }) => {
    const name = matrixName(text);
    return name === undefined ? [text] : matrixValues(matrix, name).map((value) => value.text);
  });
  const systems = labels.filter((label) => /windows|ubuntu|linux|macos/i.test(label));
  return systems.length > 0 && systems.every((label) => /windows/i.test(label)) ? 'powershell' : 'posix';
}

/** The values that a matrix gives to `${{ matrix.name }}`, or to `${{ matrix.name.part }}`, as far as they are written; those of `include` too. */
export function matrixValues(matrix: YamlNode | undefined, name: string): readonly YamlScalar[] {
  const [axis = '', ...parts] = name.split('.');
  const included = nodeOf(matrix, 'include');
  const extra = included?.kind === 'seq' ? included.items.map((item) => nodeOf(item, axis)) : [];
  const values = nodeOf(matrix, axis);
  const all = [...(values?.kind === 'seq' ? values.items : [values]), ...extra];
  return all.flatMap((value) => asScalar(parts.reduce(nodeOf, value)) ?? []);
}

/** The axis, and the part of it, that a value takes from the matrix and nothing else: `${{ matrix.image }}`; undefined for any other. */
export function matrixName(text: string): string | undefined {
  return /^\$\{\{\s*matrix\.([\w-]+(?:\.[\w-]+)*)\s*\}\}$/.exec(text.trim())?.[1];
}
