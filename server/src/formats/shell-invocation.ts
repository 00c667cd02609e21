import { type MappedText, mappedCharacters, offsetAt } from '../core/mapped-text.ts';
import { posixWordOffsets } from './shell-posix.ts';
import type { SimpleCommand, Word } from './shell-tree.ts';

/** A command as it is run: who runs it for whom (`sudo`, `env`, `xargs`) taken off. */
export interface Invocation {
  readonly command: SimpleCommand;
  /** The program's name without folder and `.exe`; lower case in the dialects of Windows. */
  readonly name: string;
  /** From the program's word on; never empty. */
  readonly words: readonly Word[];
  /** `NAME=value` in front and behind `sudo` or `env`. */
  readonly assignments: readonly Word[];
  /** The names that were taken off, outermost first. */
  readonly prefixes: readonly string[];
}

/** What a program that runs other text was given: its standard input, text in its words, or a file. */
export type Program =
  | { readonly kind: 'stdin' }
  | { readonly kind: 'code'; readonly words: readonly Word[] }
  | { readonly kind: 'file'; readonly word: Word }
  | { readonly kind: 'none' };

/** An invocation of something that runs other text, and the language of that text. */
export interface Interpretation {
  readonly language: 'posix' | 'powershell' | 'cmd' | 'other';
  readonly program: Program;
}

interface Prefix {
  /** Options that take the next word: letters, and long names. */
  readonly letters?: string;
  readonly long?: readonly string[];
  /** How many words of its own stand before the command. */
  readonly operands?: number;
  readonly assignments?: true;
}

/** Commands that run the command in their words. */
const PREFIXES: Readonly<Record<string, Prefix>> = {
  sudo: {
    letters: 'ughpCrtTUDR',
    long: ['user', 'group', 'host', 'prompt', 'close-from', 'role', 'type', 'command-timeout', 'other-user', 'chdir', 'chroot'],
    assignments: true,
  },
  doas: { letters: 'uC' },
  env: { letters: 'uC', long: ['unset', 'chdir'], assignments: true },
  time: { letters: 'fo', long: ['format', 'output'] },
  timeout: { letters: 'ks', long: ['kill-after', 'signal'], operands: 1 },
  nice: { letters: 'n', long: ['adjustment'] },
  ionice: { letters: 'cn', long: ['class', 'classdata'] },
  stdbuf: { letters: 'ioe', long: ['input', 'output', 'error'] },
  xargs: { letters: 'adEILnPs', long: ['arg-file', 'delimiter', 'max-lines', 'max-args', 'max-procs', 'max-chars'] },
  exec: { letters: 'a' },
  gosu: { operands: 1 },
  'su-exec': { operands: 1 },
  'cross-env': { assignments: true },
  'cross-env-shell': { assignments: true },
  nohup: {},
  command: {},
  builtin: {},
  setsid: {},
  unbuffer: {},
  chronic: {},
  busybox: {},
  corepack: {},
  call: {},
};

/** What corepack does itself; anything else is a command of a package manager. */
const COREPACKS_OWN: ReadonlySet<string> = new Set(['enable', 'disable', 'install', 'use', 'up', 'pack', 'prepare', 'hydrate', 'cache']);

const ASSIGNMENT = /^[A-Za-z_]\w*=/;

/** A command without what only runs it for somebody else; undefined where it has no words. */
export function invocationOf(command: SimpleCommand): Invocation | undefined {
  const assignments = [...command.assignments];
  const prefixes: string[] = [];
  let at = 0;
  for (;;) {
    const word = command.words[at];
    if (word === undefined) break;
    const name = programName(word, command);
    const prefix = Object.hasOwn(PREFIXES, name) ? PREFIXES[name] : undefined;
    const next = prefix && skipPrefix(command.words, at + 1, prefix, assignments);
    // `command -v x` asks where x is; `sudo -s` alone is a shell.
    if (next === undefined || next >= command.words.length) break;
    if (name === 'corepack' && COREPACKS_OWN.has(command.words[next]?.value ?? '')) break;
    if (name === 'command' && /^-[vVp]*[vV]/.test(command.words[at + 1]?.value ?? '')) break;
    prefixes.push(name);
    at = next;
  }
  const first = command.words[at];
  if (first === undefined) return undefined;
  return { command, name: programName(first, command), words: command.words.slice(at), assignments, prefixes };
}

/**
 * A function of a command that keeps its answers beside the command's words, which are the same list wherever the same text stands:
 * what it gives must not know where that is.
 */
export function keptPerWords<T>(find: (invocation: Invocation) => T): (invocation: Invocation) => T {
  const answers = new WeakMap<Invocation['words'], { readonly answer: T }>();
  return (invocation) => {
    const known = answers.get(invocation.words);
    if (known !== undefined) return known.answer;
    const answer = find(invocation);
    answers.set(invocation.words, { answer });
    return answer;
  };
}

function programName(word: Word, { dialect }: SimpleCommand): string {
  const name = word.value.slice(Math.max(word.value.lastIndexOf('/'), word.value.lastIndexOf('\\')) + 1);
  return (dialect === 'posix' ? name : name.toLowerCase()).replace(/\.(?:exe|cmd|bat)$/i, '');
}

/** The index of the first word behind a prefix's own; its assignments are collected. */
function skipPrefix(words: readonly Word[], from: number, prefix: Prefix, assignments: Word[]): number {
  let at = from;
  let operands = prefix.operands ?? 0;
  for (; at < words.length; at++) {
    const word = words[at];
    const value = word?.value ?? '';
    if (value === '--') return at + 1 + operands;
    if (value.startsWith('-') && value.length > 1) {
      if (takesNext(value, prefix.letters ?? '', prefix.long ?? [])) at++;
    } else if (prefix.assignments && word !== undefined && ASSIGNMENT.test(value)) assignments.push(word);
    else if (operands-- <= 0) break;
  }
  return at;
}

/** Whether an option's value is the next word: `-u root`, `-Eu root`, `--user root`; not `-uroot`, `--user=root`. */
export function takesNext(option: string, letters: string, long: readonly string[]): boolean {
  if (option.startsWith('--')) return long.includes(option.slice(2));
  for (let i = 1; i < option.length; i++) if (letters.includes(option[i] ?? '')) return i === option.length - 1;
  return false;
}

const POSIX_SHELLS = new Set(['sh', 'bash', 'zsh', 'dash', 'ash', 'ksh', 'mksh', 'fish', 'rbash']);

interface Options {
  /** Letters of options whose value is a program. */
  readonly code: string;
  /** Letters of options with another value. */
  readonly values: string;
  /** Letters after which no program is read: versions, modules, syntax checks. */
  readonly none: string;
  readonly longCode: readonly string[];
  readonly longValues: readonly string[];
}

const PYTHON: Options = { code: 'c', values: 'WX', none: 'mVh', longCode: [], longValues: [] };
/** Interpreters that read a program from standard input when they are given none (their manual pages). */
const INTERPRETERS: Readonly<Record<string, Options>> = {
  python: PYTHON,
  pypy: PYTHON,
  node: {
    code: 'ep',
    values: 'rC',
    none: 'vhc',
    longCode: ['eval', 'print'],
    longValues: ['require', 'import', 'loader', 'experimental-loader', 'conditions', 'env-file'],
  },
  perl: { code: 'eE', values: '', none: 'vVhc', longCode: [], longValues: [] },
  ruby: { code: 'e', values: 'rIC', none: 'vhc', longCode: [], longValues: ['encoding'] },
  php: { code: 'rBR', values: 'dcz', none: 'vhimlswF', longCode: ['run'], longValues: ['define', 'php-ini'] },
  lua: { code: 'e', values: 'l', none: 'v', longCode: [], longValues: [] },
};

/** What an invocation runs, where it is one of a shell or another interpreter; undefined for every other program. */
export function interpretationOf(invocation: Invocation): Interpretation | undefined {
  const { name, words, command } = invocation;
  const operands = words.slice(1);
  if (command.dialect !== 'posix' && (name === 'iex' || name === 'invoke-expression')) {
    const code = operands.filter(({ value }) => !/^-command$/i.test(value));
    return { language: 'powershell', program: code.length > 0 ? { kind: 'code', words: code } : { kind: 'stdin' } };
  }
  if (POSIX_SHELLS.has(name)) return { language: 'posix', program: posixProgram(operands) };
  if (name === 'eval') return { language: 'posix', program: operands.length > 0 ? { kind: 'code', words: operands } : { kind: 'none' } };
  if (name === 'source' || name === '.') return { language: 'posix', program: fileProgram(operands[0]) };
  if (name === 'su') return { language: 'posix', program: suProgram(operands) };
  if (name === 'pwsh' || name === 'powershell') return { language: 'powershell', program: powerShellProgram(name, operands) };
  if (name === 'cmd') return { language: 'cmd', program: cmdProgram(operands) };
  const options = optionsOf(name);
  return options && { language: 'other', program: programOf(operands, options) };
}

function optionsOf(name: string): Options | undefined {
  const plain = name === 'nodejs' ? 'node' : name.replace(/\d+(?:\.\d+)*$/, '');
  return Object.hasOwn(INTERPRETERS, plain) ? INTERPRETERS[plain] : undefined;
}

function fileProgram(word: Word | undefined): Program {
  if (word === undefined) return { kind: 'none' };
  return word.value === '-' || word.value === '/dev/stdin' ? { kind: 'stdin' } : { kind: 'file', word };
}

/** POSIX.1-2024, `sh`: the first operand is the text behind `-c`, the input's first argument behind `-s`, else a file. */
function posixProgram(operands: readonly Word[]): Program {
  let hasCode = false;
  let fromInput = false;
  let at = 0;
  for (; at < operands.length; at++) {
    const value = operands[at]?.value ?? '';
    if (value === '--version' || value === '--help') return { kind: 'none' };
    if (value === '-' || value === '--') {
      at++;
      break;
    }
    if (!/^[-+]./.test(value)) break;
    if (value.startsWith('--')) {
      if (value === '--rcfile' || value === '--init-file') at++;
      continue;
    }
    hasCode ||= value.startsWith('-') && value.includes('c');
    fromInput ||= value.startsWith('-') && value.includes('s');
    if (/[oO]/.test(value)) at++;
  }
  const operand = operands[at];
  if (hasCode) return operand === undefined ? { kind: 'none' } : { kind: 'code', words: [operand] };
  if (fromInput || operand === undefined) return { kind: 'stdin' };
  return fileProgram(operand);
}

function suProgram(operands: readonly Word[]): Program {
  const at = operands.findIndex(({ value }) => value === '-c' || value === '--command' || /^-[lmp]+c$/.test(value));
  const code = at < 0 ? undefined : operands[at + 1];
  return code === undefined ? { kind: 'none' } : { kind: 'code', words: [code] };
}

/** about_Pwsh: parameters in any case, abbreviated; the rest of the line behind `-Command` is the program. */
function powerShellProgram(name: string, operands: readonly Word[]): Program {
  for (let at = 0; at < operands.length; at++) {
    const word = operands[at];
    const value = word?.value.toLowerCase() ?? '';
    if (word === undefined) break;
    if (!/^[-/]./.test(value)) {
      if (value === '-') return { kind: 'stdin' };
      return name === 'pwsh' && /\.ps1$/.test(value) ? { kind: 'file', word } : { kind: 'code', words: operands.slice(at) };
    }
    const parameter = value.slice(1);
    const rest = operands.slice(at + 1);
    if (parameter === 'c' || 'command'.startsWith(parameter)) {
      if (rest.length === 0) return { kind: 'none' };
      return rest[0]?.value === '-' ? { kind: 'stdin' } : { kind: 'code', words: rest };
    }
    if (parameter === 'f' || parameter === 'file') return fileProgram(rest[0]);
    if (/^(?:e|ec|enc\w*|encodedcommand|version|help|h|\?)$/.test(parameter)) return { kind: 'none' };
    if (/^(?:ex\w*|ep|wo\w*|wd|w|windowstyle|inp\w*|if|o\w*|config\w*|settings\w*|custompipename)$/.test(parameter)) at++;
  }
  return { kind: 'stdin' };
}

function cmdProgram(operands: readonly Word[]): Program {
  const at = operands.findIndex(({ value }) => /^\/[ck]$/i.test(value));
  if (at < 0) return { kind: operands.length === 0 ? 'stdin' : 'none' };
  return { kind: 'code', words: operands.slice(at + 1) };
}

function programOf(operands: readonly Word[], options: Options): Program {
  for (let at = 0; at < operands.length; at++) {
    const word = operands[at];
    const value = word?.value ?? '';
    if (word === undefined) break;
    if (value === '-') return { kind: 'stdin' };
    if (value === '--') {
      // `php -- --flag` hands arguments to the program on the standard input.
      const file = options === INTERPRETERS.php ? undefined : operands[at + 1];
      return file === undefined ? { kind: 'stdin' } : fileProgram(file);
    }
    if (!value.startsWith('-')) return fileProgram(word);
    const next = operands[at + 1];
    if (value.startsWith('--')) {
      const name = value.slice(2);
      if (options.longCode.includes(name)) return next === undefined ? { kind: 'none' } : { kind: 'code', words: [next] };
      if (name === 'version' || name === 'help' || options.longCode.some((long) => name.startsWith(`${long}=`))) return { kind: 'none' };
      if (options.longValues.includes(name)) at++;
      continue;
    }
    for (let i = 1; i < value.length; i++) {
      const letter = value[i] ?? '';
      if (options.none.includes(letter)) return { kind: 'none' };
      const isLast = i === value.length - 1;
      if (options.code.includes(letter)) {
        if (!isLast && !options.code.includes(value[i + 1] ?? '')) return { kind: 'code', words: [word] };
        if (isLast) return next === undefined ? { kind: 'none' } : { kind: 'code', words: [next] };
      } else if (options.values.includes(letter)) {
        if (isLast) at++;
        break;
      } else if (/[MI0iF]/.test(letter)) break;
    }
  }
  return { kind: 'stdin' };
}

/**
 * The values of some words of a command with blanks between them, as a text that knows its places: what `sh -c` or
 * `eval` runs. Undefined where there are none.
 */
export function joinedWords({ source, dialect }: SimpleCommand, words: readonly Word[]): MappedText | undefined {
  let text = '';
  const offsets: number[] = [];
  for (const word of words) {
    if (text !== '') {
      text += ' ';
      offsets.push(offsetAt(source, word.start - 1));
    }
    text += word.value;
    const indexes = dialect === 'posix' ? posixWordOffsets(source, word) : windowsWordOffsets(source, word);
    for (let i = 0; i < word.value.length; i++) offsets.push(offsetAt(source, indexes[i] ?? word.start));
  }
  const last = offsets.at(-1);
  return last === undefined ? undefined : mappedCharacters(text, offsets, last + 1);
}

/** Exact where the word is one quoted string without escapes, else the word's start for every character. */
function windowsWordOffsets(source: MappedText, { value, start, end }: Word): number[] {
  const raw = source.text.slice(start, end);
  const at = raw === value ? 0 : raw.slice(1, -1) === value ? 1 : undefined;
  return Array.from({ length: value.length }, (_, i) => (at === undefined ? start : start + at + i));
}
