import { type MappedText, MappedTextBuilder, mappedCharacters, mappedSlice, offsetAt, sourceSpan } from '../core/mapped-text.ts';
import type { ImageName } from '../core/reference.ts';
import type { Script, ShellDialect } from '../core/script.ts';
import { folderOf, joinPath, type SourceFile } from '../core/source-file.ts';
import { contextFolders } from './dockerfile-folders.ts';
import type { DockerImage, Stage } from './dockerfile-images.ts';
import type { Heredoc, Instruction } from './dockerfile-lexer.ts';
import { splitQuotedWords } from './dockerfile-words.ts';

/** What `readScripts` reads. */
export interface DockerfileParts {
  readonly instructions: readonly Instruction[];
  readonly stages: readonly Stage[];
  readonly images: readonly DockerImage[];
}

/**
 * The shell text of every RUN. `SHELL` changes the dialect, and a stage inherits it from the stage that it builds on.
 * Bodies of here-documents are scripts of their own where a shell reads them, and none where another program does.
 */
export function readScripts(file: SourceFile, { instructions, stages, images }: DockerfileParts): Script[] {
  const bases = new Map<number, ImageName | undefined>();
  for (const { reference, instruction } of images) if (reference.place === 'from') bases.set(instruction, reference.image);
  const folders = contextFolders(instructions, stages);
  const folder = folderOf(file.path);
  const contexts = folder === '' ? [''] : [folder, ''];
  const copied = new Map<readonly string[], readonly string[]>();
  const copiedTo = (index: number): readonly string[] => {
    const names = folders[index] ?? NO_FOLDERS;
    const known = copied.get(names) ?? contexts.flatMap((context) => names.flatMap((name) => joinPath(context, name) ?? []));
    copied.set(names, known);
    return known;
  };
  const dialects: ShellDialect[] = [];
  let dialect: ShellDialect = 'posix';
  const scripts: Script[] = [];
  let index = -1;
  for (const instruction of instructions) {
    index++;
    const { keyword, onbuild, json } = instruction;
    if (keyword === 'FROM' && !onbuild) {
      const base = stages[dialects.length]?.base;
      dialect = (base === undefined ? undefined : dialects[base]) ?? defaultDialect(bases.get(index));
      dialects.push(dialect);
    } else if (keyword === 'SHELL' && !onbuild && json !== undefined) {
      dialect = dialectOf(json[0]?.text ?? '');
      if (dialects.length > 0) dialects[dialects.length - 1] = dialect;
    } else if (keyword === 'RUN') {
      for (const found of shellTexts(file.text, instruction, dialect)) {
        scripts.push({
          source: found.source,
          dialect: found.dialect,
          place: 'docker-run',
          folder,
          copied: copiedTo(index),
          span: sourceSpan(found.source, 0, found.source.text.length),
          path: ['instructions', index, 'RUN'],
        });
      }
    }
  }
  return scripts;
}

const NO_FOLDERS: readonly string[] = [];

/** Windows images run RUN in cmd unless SHELL says otherwise; those of Microsoft's registry are known by their name. */
function defaultDialect(image: ImageName | undefined): ShellDialect {
  return image?.registry === 'mcr.microsoft.com' && /^(windows|dotnet\/framework)(\/|$)/.test(image.repository) ? 'cmd' : 'posix';
}

const POSIX_SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'dash', 'ash', 'zsh', 'ksh', 'busybox']);

/** The dialect of a program that is called as a shell: `/bin/bash`, `powershell.exe`. */
function dialectOf(program: string): ShellDialect {
  const name = programName(program);
  if (POSIX_SHELLS.has(name)) return 'posix';
  if (name === 'powershell' || name === 'pwsh') return 'powershell';
  return name === 'cmd' ? 'cmd' : 'unknown';
}

function programName(path: string): string {
  return path
    .slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
    .toLowerCase()
    .replace(/\.exe$/, '');
}

type ShellText = Pick<Script, 'source' | 'dialect'>;

function shellTexts(text: string, { args, json, heredocs }: Instruction, dialect: ShellDialect): ShellText[] {
  const [first] = heredocs;
  if (json !== undefined) return json.length === 0 ? [] : [execForm(json)];
  if (args.text === '') return [];
  if (first === undefined) return [{ source: args, dialect }];
  // `RUN <<EOF` and nothing else: the body is what the shell runs, unless it starts with a shebang.
  if (first.word.start === 0 && first.word.end === args.text.length) return bodyScript(text, first, dialect);
  const bodies = heredocs.filter((heredoc) => heredoc.descriptor === 0 && isReadByShell(args.text, heredoc, heredocs));
  return [{ source: args, dialect }, ...bodies.flatMap((heredoc) => bodyScript(text, heredoc, 'posix'))];
}

/** A here-document's body as a script; none where its shebang names a program that is no shell. */
function bodyScript(text: string, heredoc: Heredoc, dialect: ShellDialect): ShellText[] {
  const source = bodyText(text, heredoc);
  const shebang = /^#!\s*(\S+)(?:[ \t]+(?:-S[ \t]+)?(\S+))?/.exec(source.text);
  const program = programName(shebang?.[1] ?? '') === 'env' ? shebang?.[2] : shebang?.[1];
  const spoken = program === undefined ? dialect : dialectOf(program);
  return source.text === '' || (program !== undefined && spoken === 'unknown') ? [] : [{ source, dialect: spoken }];
}

/** The body without carriage returns and, for `<<-`, without the tabs that start its lines. */
function bodyText(text: string, { body, chomp }: Heredoc): MappedText {
  const raw = text.slice(body.start, body.end);
  if (!chomp && !raw.includes('\r')) return mappedSlice(text, body.start, body.end);
  const builder = new MappedTextBuilder();
  for (const line of raw.matchAll(/(\t*)([^\r\n]*)\r*(\n|$)/g)) {
    const start = body.start + line.index + (chomp ? (line[1]?.length ?? 0) : 0);
    const end = body.start + line.index + (line[1]?.length ?? 0) + (line[2]?.length ?? 0);
    const lineEnd = body.start + line.index + line[0].length;
    builder.addVerbatim(text, start, end);
    if (line[3] === '\n') builder.addVerbatim(text, lineEnd - 1, lineEnd);
  }
  return builder.build();
}

/** Programs in front of a command that run it with the same input. */
const PREFIXES: ReadonlySet<string> = new Set(['sudo', 'exec', 'env', 'command', 'time', 'nice']);

/** Whether the command that a here-document is the input of is a shell without a script of its own (`bash -x <<EOF`). */
function isReadByShell(line: string, heredoc: Heredoc, heredocs: readonly Heredoc[]): boolean {
  const words = commandAround(line, heredoc).filter(({ start }) => !heredocs.some(({ word }) => word.start <= start && start < word.end));
  const texts = words.map(({ start, end }) => line.slice(start, end)).filter((word) => !/^\d*[<>]/.test(word));
  const at = texts.findIndex((word) => !PREFIXES.has(word) && !/^\w+=/.test(word));
  const [program = '', ...options] = at < 0 ? [] : texts.slice(at);
  if (dialectOf(program) !== 'posix') return false;
  return options.includes('-s') || options.every((option) => /^[-+]/.test(option) && !/^-\w*c/.test(option));
}

/** The words between the control operators around a here-document's word. */
function commandAround(line: string, { word }: Heredoc) {
  let command: ReturnType<typeof splitQuotedWords> = [];
  for (const part of splitQuotedWords(line, '\\')) {
    const text = line.slice(part.start, part.end);
    const isOperator = /^(?:&&?|\|\|?|;)$/.test(text);
    if (!isOperator) command.push(part);
    if (!isOperator && !text.endsWith(';')) continue;
    if (part.start > word.start) break;
    if (part.end <= word.start) command = [];
  }
  return command;
}

/** The exec form: the text that a shell is handed, else the words as one command. */
function execForm(words: readonly MappedText[]): ShellText {
  const dialect = dialectOf(words[0]?.text ?? '');
  const flag = dialect === 'posix' ? /^-[a-z]*c$/i : dialect === 'powershell' ? /^-c(ommand)?$/i : /^\/[ck]$/i;
  const at = dialect === 'unknown' ? -1 : words.findIndex((word, i) => i > 0 && flag.test(word.text));
  const script = at < 0 ? undefined : words[at + 1];
  return script === undefined ? { source: joinWords(words), dialect: 'posix' } : { source: script, dialect };
}

/**
 * The words joined by spaces. No shell reads them, so a word that would mean something to one is put in single quotes,
 * which stand where the string's own quotes stand.
 */
function joinWords(words: readonly MappedText[]): MappedText {
  let text = '';
  const offsets: number[] = [];
  for (const word of words) {
    const start = word.start - 1;
    const quoted = !/^[\w@%+=:,./-]+$/.test(word.text);
    if (text !== '') {
      text += ' ';
      offsets.push(start);
    }
    if (quoted) {
      text += "'";
      offsets.push(start);
    }
    for (const [i, char] of word.text.split('').entries()) {
      const piece = quoted && char === "'" ? "'\\''" : char;
      text += piece;
      for (let k = 0; k < piece.length; k++) offsets.push(offsetAt(word, i));
    }
    if (quoted) {
      text += "'";
      offsets.push(word.end);
    }
  }
  return mappedCharacters(text, offsets, words.at(-1)?.end ?? 0);
}
