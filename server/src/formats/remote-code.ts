import { sourceSpan } from '../core/mapped-text.ts';
import { baseName } from '../core/source-file.ts';
import { contains, movedSpan, type Span } from '../core/span.ts';
import { type Download, downloadOf, fileKey, isCheck, isWholeSubstitution } from './download.ts';
import { type KeptScript, keptPerScript } from './kept-scripts.ts';
import { shellOf, walkCommands, walkShell } from './shell.ts';
import { type Interpretation, type Invocation, interpretationOf, invocationOf } from './shell-invocation.ts';
import type { CommandList, Pipeline, Redirection, ShellNode, SimpleCommand, Word } from './shell-tree.ts';

/** A place where a script runs what it downloaded, without a check in between. */
export interface RemoteRun {
  readonly download: Pick<Download, 'url' | 'plain'>;
  /** The command that downloads it, as a whole. */
  readonly downloadedBy: Span;
  /** What runs it: a shell's name, or the downloaded file. */
  readonly runner: string;
  /** From the first to the last word of what runs it; in a pipeline from the download on. */
  readonly span: Span;
  /** Where the download stands, where that is another command. */
  readonly downloadSpan: Span | undefined;
}

/** The runs of downloaded code in a script, in document order; found once for each text, and kept with the script. */
export const remoteRunsOf: (script: KeptScript) => readonly RemoteRun[] = keptPerScript(findRuns, (runs, by) =>
  runs.map((run) => ({
    ...run,
    downloadedBy: movedSpan(run.downloadedBy, by),
    span: movedSpan(run.span, by),
    downloadSpan: run.downloadSpan && movedSpan(run.downloadSpan, by),
  })),
);

function findRuns(script: KeptScript): readonly RemoteRun[] {
  const search = new Search();
  walkShell(shellOf(script), {
    pipeline: (pipeline) => search.pipeline(pipeline),
    command: (command, pipeline) => search.command(command, pipeline),
    enter: (scope) => search.enter('kind' in scope && scope.kind === 'command'),
    leave: (scope) => search.leave('kind' in scope && scope.kind === 'command'),
  });
  return search.runs;
}

class Search {
  readonly runs: RemoteRun[] = [];
  /** Unchecked downloads by their file's key. */
  readonly #files = new Map<string, Download>();
  /** The same by their name without folders. */
  readonly #names = new Map<string, Download>();
  /** Variables that hold a download. */
  readonly #variables = new Map<string, Download>();
  #substitutions = 0;
  #moved = false;

  enter(isSubstitution: boolean): void {
    if (isSubstitution) this.#substitutions++;
  }

  leave(isSubstitution: boolean): void {
    if (isSubstitution) this.#substitutions--;
  }

  /** A download that flows into an interpreter, or into a file. */
  pipeline({ commands }: Pipeline): void {
    let found: { download: Download; node: ShellNode } | undefined;
    for (const node of commands) {
      if (found !== undefined) {
        const reader = readerOf(node);
        if (reader !== undefined) {
          this.#report(found.download, nameOf(reader), {
            source: reader.command.source,
            start: firstWord(found.node),
            end: lastWord(node),
          });
          return;
        }
        for (const file of writtenBy(node)) this.#save(file, found.download);
      }
      const download = this.#outputOf(node);
      if (download !== undefined) found = { download, node };
    }
  }

  command(command: SimpleCommand, pipeline: Pipeline): void {
    for (const word of command.assignments) this.#assign(word, command);
    const invocation = invocationOf(command);
    if (invocation === undefined) return;
    this.#runs(invocation);
    const isPiped = pipeline.commands.length > 1 && pipeline.commands.at(-1) !== command;
    if (isCheck(invocation, this.#substitutions > 0 || isPiped)) {
      this.#files.clear();
      this.#names.clear();
    }
    this.#moves(invocation);
    const download = downloadOf(invocation);
    if (download === undefined || download.trusted) return;
    for (const file of [...download.files, ...writtenBy(command)]) this.#save(file, download);
    const [variable] = command.assignments;
    if (command.dialect === 'powershell' && variable !== undefined) this.#variables.set(variable.value, download);
  }

  /** What a member of a pipeline hands on: a download, or one that a file or a variable holds. */
  #outputOf(node: ShellNode): Download | undefined {
    if (node.kind === 'group') return downloadIn(node.body);
    const direct = streamedBy(node);
    if (direct !== undefined) return direct;
    const invocation = invocationOf(node);
    if (invocation?.name === 'cat' || invocation?.name === 'get-content')
      return invocation.words.slice(1).flatMap(({ value }) => this.#fileNamed(value) ?? [])[0];
    if (invocation?.name !== 'echo' && invocation?.name !== 'printf') {
      const [only] = node.words;
      return node.dialect === 'powershell' && only !== undefined ? this.#variables.get(only.value) : undefined;
    }
    return invocation.words.slice(1).flatMap((word) => this.#textOf(word, node) ?? [])[0];
  }

  /** The download that a word expands to as a whole. */
  #textOf(word: Word, { source, dialect }: SimpleCommand): Download | undefined {
    const name = /^\$(?:\{(\w+)\}|(\w+))$/.exec(word.value);
    if (name !== null) return this.#variables.get(dialect === 'powershell' ? word.value : (name[1] ?? name[2] ?? ''));
    const isWhole = dialect === 'powershell' || isWholeSubstitution(source.text, word);
    return isWhole
      ? word.substitutions.filter(({ kind }) => kind === 'command').flatMap(({ body }) => downloadIn(body) ?? [])[0]
      : undefined;
  }

  /** `NAME=$(curl ...)`. */
  #assign(word: Word, { source, dialect }: SimpleCommand): void {
    if (dialect === 'powershell') return;
    const equals = word.value.indexOf('=');
    const [only] = word.substitutions;
    if (only === undefined || !isWholeSubstitution(source.text, { ...word, start: word.start + equals + 1 })) return;
    const download = downloadIn(only.body);
    if (download !== undefined) this.#variables.set(word.value.slice(0, equals), download);
  }

  #runs(invocation: Invocation): void {
    const { command, words } = invocation;
    const interpretation = interpretationOf(invocation);
    const found = interpretation === undefined ? this.#calledDirectly(invocation) : this.#interpreted(command, interpretation);
    if (found === undefined) return;
    const start = words[0]?.start ?? command.start;
    // What a redirection hands to an interpreter belongs to what runs it.
    const inputs = command.redirections.filter(isInput).map(({ target }) => target?.end ?? start);
    const end = interpretation?.program.kind === 'stdin' ? Math.max(lastWord(command), ...inputs) : lastWord(command);
    this.#report(found, nameOf(invocation), { source: command.source, start, end });
  }

  /** A downloaded file that is called by its path, or a download that stands where a command does. */
  #calledDirectly({ command, words, name }: Invocation): Download | undefined {
    const [first, second] = words;
    if (first === undefined) return undefined;
    if (command.dialect === 'powershell' && (name === 'start-process' || name === 'invoke-item')) {
      return words.slice(1).flatMap(({ value }) => this.#fileNamed(value) ?? [])[0] ?? (second && this.#fileNamed(second.value));
    }
    if (/[\\/]/.test(first.value) && first.substitutions.length === 0) return this.#fileNamed(first.value);
    if (command.dialect === 'powershell') return /scriptblock/i.test(first.value) ? this.#textOf(first, command) : undefined;
    return isWholeSubstitution(command.source.text, first) ? this.#textOf(first, command) : undefined;
  }

  #interpreted(command: SimpleCommand, { program }: Interpretation): Download | undefined {
    switch (program.kind) {
      case 'code':
        return program.words.flatMap((word) => this.#textOf(word, command) ?? [])[0];
      case 'file':
        return processInput(program.word) ?? this.#fileNamed(program.word.value);
      case 'stdin':
        return command.redirections.filter(isInput).flatMap(({ operator, target }) => this.#redirected(operator, target, command) ?? [])[0];
      case 'none':
        return undefined;
    }
  }

  #redirected(operator: string, target: Word | undefined, command: SimpleCommand): Download | undefined {
    if (target === undefined) return undefined;
    if (operator === '<<<') return this.#textOf(target, command);
    return processInput(target) ?? this.#fileNamed(target.value);
  }

  /** The unchecked download in a file; after a `cd` its name alone decides. */
  #fileNamed(name: string): Download | undefined {
    const key = fileKey(name);
    const exact = this.#files.get(key);
    if (exact !== undefined || !this.#moved) return exact;
    const base = baseName(key);
    return key === base ? this.#names.get(base) : this.#files.get(base);
  }

  #save(file: string, download: Download): void {
    const key = fileKey(file);
    this.#files.set(key, download);
    this.#names.set(baseName(key), download);
  }

  /** `mv`, `cp` and `install` give a download another name; `cd` makes paths mean something else. */
  #moves({ name, words }: Invocation): void {
    if (/^(?:cd|pushd|set-location)$/.test(name)) this.#moved = true;
    if (!/^(?:mv|cp|install|ln|move-item|copy-item)$/.test(name)) return;
    const operands = words.slice(1).filter(({ value }) => !value.startsWith('-'));
    const target = operands.at(-1)?.value ?? '';
    for (const { value } of operands.slice(0, -1)) {
      const download = this.#files.get(fileKey(value));
      if (download === undefined) continue;
      this.#save(target, download);
      this.#save(`${target.replace(/\/$/, '')}/${baseName(fileKey(value))}`, download);
    }
  }

  #report(download: Download, runner: string, place: { source: SimpleCommand['source']; start: number; end: number }): void {
    const span = sourceSpan(place.source, place.start, place.end);
    // The script inside `sh -c "$(curl ...)"`, or the block inside `& ([scriptblock]::Create(...))`, is the same run told twice.
    const last = this.runs.at(-1);
    if (last !== undefined && contains(last.span, span)) return;
    if (last !== undefined && contains(span, last.span)) this.runs.pop();
    const { url, plain, invocation } = download;
    const { command } = invocation;
    const downloadSpan = sourceSpan(command.source, firstWord(command), lastWord(command));
    const downloadedBy = sourceSpan(command.source, command.start, command.end);
    const isApart = !contains(span, downloadSpan);
    this.runs.push({ download: { url, plain }, downloadedBy, runner, span, downloadSpan: isApart ? downloadSpan : undefined });
  }
}

/** What runs it, as written; the shell itself where that is the download. */
function nameOf({ words: [first], command }: Invocation): string {
  if (first !== undefined && first.substitutions.length === 0) return first.value;
  return command.dialect === 'powershell' ? 'PowerShell' : 'sh';
}

function firstWord(node: ShellNode): number {
  return node.kind === 'group' ? node.start : (node.words[0]?.start ?? node.start);
}

function lastWord(node: ShellNode): number {
  return node.kind === 'group' ? node.end : (node.words.at(-1)?.end ?? node.end);
}

/** The download that a command writes to its standard output; `wget URL | sh` counts for what was meant. */
function streamedBy(command: SimpleCommand): Download | undefined {
  const invocation = invocationOf(command);
  const download = invocation && downloadOf(invocation);
  if (download === undefined || download.trusted || writtenBy(command).length > 0) return undefined;
  return download.files.length === 0 || download.implicit ? download : undefined;
}

/** The first download that some commands write to their standard output. */
function downloadIn(list: CommandList): Download | undefined {
  let found: Download | undefined;
  walkCommands(list, {
    command: (command) => {
      found ??= streamedBy(command);
    },
  });
  return found;
}

/** `<(curl ...)`. */
function processInput(word: Word): Download | undefined {
  return word.substitutions.filter(({ kind }) => kind === 'input').flatMap(({ body }) => downloadIn(body) ?? [])[0];
}

/** The files that a command's standard output goes to: redirected, or by `tee`. */
function writtenBy(node: ShellNode): readonly string[] {
  const files = node.redirections.flatMap(({ operator, descriptor, target }) =>
    target !== undefined &&
    /^(?:>|>>|>\||&>|&>>)$/.test(operator) &&
    (descriptor === '' || descriptor === '1') &&
    target.substitutions.length === 0
      ? [target.value]
      : [],
  );
  const tee = node.kind === 'simple' ? invocationOf(node) : undefined;
  const teed =
    tee?.name === 'tee'
      ? tee.words
          .slice(1)
          .filter(({ value }) => !value.startsWith('-'))
          .map(({ value }) => value)
      : [];
  return [...files.filter((file) => file !== '/dev/stdout'), ...teed];
}

function isInput({ operator, descriptor }: Redirection): boolean {
  return /^<(?:<<?-?|>)?$/.test(operator) && (descriptor === '' || descriptor === '0');
}

/** The interpreter in a pipeline's member that runs what it reads from the command before it. */
function readerOf(node: ShellNode): Invocation | undefined {
  if (node.kind === 'group') return readerIn(node.body);
  const invocation = invocationOf(node);
  if (invocation === undefined) return undefined;
  const nested = node.words.flatMap(({ substitutions }) => substitutions).filter(({ kind }) => kind === 'output');
  const outer = nested.flatMap(({ body }) => readerIn(body) ?? [])[0];
  if (outer !== undefined) return outer;
  if (invocation.prefixes.includes('xargs') || node.redirections.some(isInput)) return undefined;
  if (invocation.name === 'sudo' && invocation.words.some(({ value }) => /^-[a-zA-Z]*[si]$/.test(value))) return invocation;
  return interpretationOf(invocation)?.program.kind === 'stdin' ? invocation : undefined;
}

function readerIn(list: CommandList): Invocation | undefined {
  for (const { commands } of list) {
    const [first] = commands;
    const reader = first && readerOf(first);
    if (reader !== undefined) return reader;
  }
  return undefined;
}
