import type { Problem } from '../core/manifest.ts';
import { type MappedText, MappedTextBuilder, mappedCharacters, mappedPart, offsetAt, sourceSpan } from '../core/mapped-text.ts';
import { type Span, span } from '../core/span.ts';
import { readJsonWords } from './dockerfile-words.ts';
import { memberOf, parseJson, stringContent } from './json.ts';

/** A flag behind a keyword: `--from=nginx`. */
export interface Flag {
  /** Without the dashes; case counts. */
  readonly name: string;
  /** What stands behind `=`, quotes and escapes removed; undefined for a flag without `=`. */
  readonly value?: MappedText;
  readonly span: Span;
}

/** A here-document of RUN, COPY or ADD. */
export interface Heredoc {
  readonly name: string;
  /** `<<-`: leading tabs are removed from the body. */
  readonly chomp: boolean;
  /** The file descriptor in front of `<<`; 0 where none is written. */
  readonly descriptor: number;
  /** `<<EOF`, as offsets into the instruction's `args.text`; empty where it stands among the flags. */
  readonly word: Span;
  /** The lines between, with their line ends. */
  readonly body: Span;
}

/** One instruction, with its continuation lines joined. All spans are offsets into the document unless they say otherwise. */
export interface Instruction {
  /** In upper case; behind ONBUILD, the keyword that follows it. */
  readonly keyword: string;
  readonly keywordSpan: Span;
  readonly onbuild: boolean;
  /** From the keyword (or ONBUILD) to the end of the last line, here-documents included. */
  readonly span: Span;
  readonly flags: readonly Flag[];
  /** What follows the flags, without surrounding white space; comments inside a continuation are gone. */
  readonly args: MappedText;
  /** The strings of the JSON form; undefined for the shell form. */
  readonly json?: readonly MappedText[];
  readonly heredocs: readonly Heredoc[];
}

/** A parser directive: `# escape=...`. */
export interface Directive {
  readonly name: string;
  readonly value: Span;
}

/** The character that continues lines and escapes. */
export type Escape = '\\' | '`';

/** A Dockerfile as BuildKit's parser cuts it up. */
export interface LexedDockerfile {
  readonly directives: readonly Directive[];
  /** The image of `# syntax=`, in any of its forms. */
  readonly syntax?: Span;
  readonly escape: Escape;
  readonly instructions: readonly Instruction[];
  readonly problems: readonly Problem[];
}

/**
 * Cuts a Dockerfile into instructions as BuildKit does (frontend/dockerfile/parser: `parser.go`, `split_command.go`,
 * `directives.go`). Total and linear. A here-document without an end is a problem, and the lines below are read as
 * instructions: BuildKit refuses the file, and while somebody types, what stands below should stay checked.
 */
export function lexDockerfile(text: string): LexedDockerfile {
  const lines = splitLines(text);
  const directives = readDirectives(text, lines, 0, '#');
  const escapeChar = directives.find(({ name, value }) => name === 'escape' && text.slice(value.start, value.end) === '`') ? '`' : '\\';
  const syntax = findSyntax(text, lines, directives);
  const lexer = new Lexer(text, lines, escapeChar);
  lexer.run();
  const { instructions, problems } = lexer;
  return { directives, ...(syntax === undefined ? {} : { syntax }), escape: escapeChar, instructions, problems };
}

/** Whether BuildKit's parser takes a character for white space between words. */
function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\t' || char === '\r' || char === '\v' || char === '\f';
}

/** The lines without their line ends; as in BuildKit, only a line feed ends one, and carriage returns before it belong to the end. */
function splitLines(text: string): Span[] {
  const lines: Span[] = [];
  for (let start = text.startsWith('\ufeff') ? 1 : 0; start <= text.length; ) {
    const feed = text.indexOf('\n', start);
    const next = feed < 0 ? text.length : feed;
    let end = next;
    while (end > start && text[end - 1] === '\r') end--;
    lines.push({ start, end });
    if (feed < 0) break;
    start = feed + 1;
  }
  return lines;
}

const DIRECTIVE = /^\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(\S(?:.*\S)?)\s*$/;

/** The block of directives from a line on: it ends with the first line that is none, or that repeats one. */
function readDirectives(text: string, lines: readonly Span[], from: number, sign: '#' | '//'): Directive[] {
  const found: Directive[] = [];
  for (const { start, end } of lines.slice(from, from + 4)) {
    const line = text.slice(start, end);
    const match = line.startsWith(sign) ? DIRECTIVE.exec(line.slice(sign.length)) : null;
    const name = match?.[1]?.toLowerCase() ?? '';
    const value = match?.[2] ?? '';
    if (!['syntax', 'escape', 'check'].includes(name) || found.some((other) => other.name === name)) break;
    const at = start + line.indexOf(value, line.indexOf('=') + 1);
    found.push({ name, value: span(at, at + value.length) });
  }
  return found;
}

/** BuildKit's `DetectSyntax`: behind a shebang too, in `//` comments too. The value ends at its first space. */
function findSyntax(text: string, lines: readonly Span[], directives: readonly Directive[]): Span | undefined {
  const first = text.startsWith('#!', lines[0]?.start) ? 1 : 0;
  const all = [...directives, ...(first === 1 ? readDirectives(text, lines, 1, '#') : []), ...readDirectives(text, lines, first, '//')];
  const value = all.find(({ name }) => name === 'syntax')?.value;
  if (value === undefined) return jsonSyntax(text);
  const space = text.indexOf(' ', value.start);
  return span(value.start, space < 0 ? value.end : Math.min(space, value.end));
}

/** A document that is one JSON object names its frontend in `"syntax"`. */
function jsonSyntax(text: string): Span | undefined {
  if (text[text.startsWith('\ufeff') ? 1 : 0] !== '{') return undefined;
  const { root, problems } = parseJson(text);
  const node = problems.length === 0 ? memberOf(root, 'syntax') : undefined;
  if (node?.type !== 'string') return undefined;
  const value = stringContent(node);
  return text.slice(value.start, value.end).includes('\\') ? undefined : value;
}

class Lexer {
  readonly instructions: Instruction[] = [];
  readonly problems: Problem[] = [];
  readonly #text: string;
  readonly #lines: readonly Span[];
  readonly #escape: Escape;
  readonly #continuation: RegExp;
  #at = 0;
  /** Numbers of the lines with a given text, without and with leading tabs removed; made when the first here-document comes. */
  #terminators: { readonly plain: Map<string, number[]>; readonly chomped: Map<string, number[]> } | undefined;

  constructor(text: string, lines: readonly Span[], escapeChar: Escape) {
    this.#text = text;
    this.#lines = lines;
    this.#escape = escapeChar;
    // Not where the escape character is itself escaped.
    this.#continuation = escapeChar === '`' ? /(?:^|[^`])`[ \t]*$/ : /(?:^|[^\\])\\[ \t]*$/;
  }

  run(): void {
    while (this.#at < this.#lines.length) {
      const source = this.#logicalLine();
      if (source !== undefined) this.#instruction(source);
    }
  }

  /** The next line with what continues it, or undefined for a comment or an empty line. Moves on. */
  #logicalLine(): MappedText | undefined {
    const joined = new MappedTextBuilder();
    let first = true;
    for (; this.#at < this.#lines.length; this.#at++) {
      const line = this.#lines[this.#at] ?? span(0, 0);
      const start = this.#skipSpace(line);
      if (start === line.end || this.#text[start] === '#') {
        if (!first) continue;
        this.#at++;
        return undefined;
      }
      const from = first ? start : line.start;
      first = false;
      const tail = this.#mayContinue(line.end) ? this.#continuation.exec(this.#text.slice(from, line.end)) : null;
      const cut = tail === null ? line.end : this.#text.lastIndexOf(this.#escape, line.end - 1);
      joined.addVerbatim(this.#text, from, cut);
      if (tail !== null) continue;
      this.#at++;
      break;
    }
    return joined.build();
  }

  /** Whether a line that ends here has the escape character at its end, blanks aside. */
  #mayContinue(end: number): boolean {
    let last = end - 1;
    while (this.#text[last] === ' ' || this.#text[last] === '\t') last--;
    return this.#text[last] === this.#escape;
  }

  #skipSpace({ start, end }: Span): number {
    let at = start;
    while (at < end && isSpace(this.#text.charCodeAt(at))) at++;
    return at;
  }

  #instruction(source: MappedText): void {
    const outer = readCommand(source, 0, this.#escape);
    if (outer === undefined) return;
    const onbuild = outer.keyword === 'ONBUILD';
    const command = onbuild ? readCommand(source, outer.argsStart, this.#escape) : outer;
    if (command === undefined) return;
    const args = mappedPart(source, command.argsStart, command.argsEnd);
    const json = JSON_KEYWORDS.has(command.keyword) ? readJsonWords(args) : undefined;
    const heredocs = json === undefined && HEREDOC_KEYWORDS.has(command.keyword) ? this.#heredocs(source, command) : [];
    const lastLine = this.#lines[this.#at - 1];
    this.instructions.push({
      keyword: command.keyword,
      keywordSpan: command.keywordSpan,
      onbuild,
      span: span(outer.keywordSpan.start, Math.max(source.end, heredocs.length > 0 ? (lastLine?.end ?? 0) : 0)),
      flags: command.flags,
      args,
      ...(json === undefined ? {} : { json }),
      heredocs,
    });
  }

  /** Takes the bodies of the here-documents that a line announces. */
  #heredocs(source: MappedText, { argsStart }: Command): Heredoc[] {
    if (!source.text.includes('<<')) return [];
    const found: Heredoc[] = [];
    for (const { start, end, name, chomp, descriptor } of heredocWords(source.text)) {
      const last = this.#terminator(name, chomp);
      if (last === undefined) {
        this.problems.push({ message: `the here-document ${name} has no end`, span: sourceSpan(source, start, end) });
        break;
      }
      const bodyStart = this.#lines[this.#at]?.start ?? this.#text.length;
      const word = span(Math.max(0, start - argsStart), Math.max(0, end - argsStart));
      found.push({ name, chomp, descriptor, word, body: span(bodyStart, this.#lines[last]?.start ?? bodyStart) });
      this.#at = last + 1;
    }
    return found;
  }

  /** The number of the next line that is just `name`. */
  #terminator(name: string, chomp: boolean): number | undefined {
    if (this.#terminators === undefined) {
      this.#terminators = { plain: new Map(), chomped: new Map() };
      for (const [number, { start, end }] of this.#lines.entries()) {
        const line = this.#text.slice(start, end);
        push(this.#terminators.plain, line, number);
        push(this.#terminators.chomped, line.replace(/^\t+/, ''), number);
      }
    }
    const numbers = this.#terminators[chomp ? 'chomped' : 'plain'].get(name) ?? [];
    let low = 0;
    for (let high = numbers.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((numbers[middle] ?? 0) < this.#at) low = middle + 1;
      else high = middle;
    }
    return numbers[low];
  }
}

function push(map: Map<string, number[]>, key: string, value: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

const JSON_KEYWORDS: ReadonlySet<string> = new Set(['ADD', 'CMD', 'COPY', 'ENTRYPOINT', 'RUN', 'SHELL', 'VOLUME']);
const HEREDOC_KEYWORDS: ReadonlySet<string> = new Set(['ADD', 'COPY', 'RUN']);

/** Go's `unicode.IsSpace`, but for the line feed, which no line holds. */
function isSpace(code: number): boolean {
  return (
    code === 32 || (code >= 9 && code <= 13) || code === 0x85 || code === 0xa0 || (code > 0x1600 && /\s/.test(String.fromCharCode(code)))
  );
}

/** A keyword with its flags; `argsStart` and `argsEnd` are offsets into the logical line. */
interface Command {
  readonly keyword: string;
  readonly keywordSpan: Span;
  readonly flags: readonly Flag[];
  readonly argsStart: number;
  readonly argsEnd: number;
}

function readCommand(source: MappedText, from: number, escapeChar: Escape): Command | undefined {
  const { text } = source;
  let argsEnd = text.length;
  while (argsEnd > from && isSpace(text.charCodeAt(argsEnd - 1))) argsEnd--;
  let start = from;
  while (start < argsEnd && isSpace(text.charCodeAt(start))) start++;
  let end = start;
  while (end < argsEnd && !isBlank(text[end])) end++;
  if (end === start) return undefined;
  const { flags, end: flagsEnd } = readFlags(source, end, argsEnd, escapeChar);
  return {
    keyword: text.slice(start, end).toUpperCase(),
    keywordSpan: sourceSpan(source, start, end),
    flags,
    argsStart: flagsEnd,
    argsEnd,
  };
}

/** The words that start with `--`, unquoted, and where the first other word starts. A bare `--` ends them. */
function readFlags(source: MappedText, from: number, to: number, escapeChar: Escape): { flags: Flag[]; end: number } {
  const { text } = source;
  const flags: Flag[] = [];
  for (let at = from; ; ) {
    while (at < to && isSpace(text.charCodeAt(at))) at++;
    if (!text.startsWith('--', at) || at >= to) return { flags, end: at };
    const start = at;
    const kept: number[] = [];
    let quote = '';
    for (; at < to && (quote !== '' || !isSpace(text.charCodeAt(at))); at++) {
      const char = text[at] ?? '';
      if (quote === '' ? char === '"' || char === "'" : char === quote) quote = quote === '' ? char : '';
      else if (char !== escapeChar) kept.push(at);
      else if (at + 1 < to) kept.push(++at);
    }
    const word = kept.map((index) => text[index]).join('');
    if (word === '--') {
      while (at < to && isSpace(text.charCodeAt(at))) at++;
      return { flags, end: at };
    }
    const equals = word.indexOf('=');
    const offsets = kept.slice(equals + 1).map((index) => offsetAt(source, index));
    // An empty value stands where its quotes stand, or at the end of the flag.
    const end = offsets.length === 0 ? sourceSpan(source, start, at).end : (offsets.at(-1) ?? 0) + 1;
    flags.push({
      name: word.slice(2, equals < 0 ? undefined : equals),
      ...(equals < 0 ? {} : { value: mappedCharacters(word.slice(equals + 1), offsets, end) }),
      span: sourceSpan(source, start, at),
    });
  }
}

interface HeredocWord {
  readonly start: number;
  readonly end: number;
  readonly name: string;
  readonly chomp: boolean;
  readonly descriptor: number;
}

const HEREDOC = /^(\d*)<<(-?)\s*([^<]*)$/;

/**
 * The words of a line that announce here-documents: `<<EOF`, `<<-"EOF"`, `3<< EOF`, standing alone between blanks. A line
 * with an open quote has none, as in BuildKit (`heredocsFromLine`).
 */
function heredocWords(text: string): HeredocWord[] {
  const found: HeredocWord[] = [];
  for (let at = 0; at < text.length; ) {
    while (at < text.length && isBlank(text[at])) at++;
    const start = at;
    while (at < text.length && !isBlank(text[at])) {
      const char = text[at] ?? '';
      if (char === '\\') at += 2;
      else if (char === '"' || char === "'") {
        at = closingQuote(text, at);
        if (at < 0) return [];
      } else if (text.startsWith('<<', at)) {
        at += 2;
        while (isBlank(text[at])) at++;
      } else at++;
    }
    const end = Math.min(at, text.length);
    const match = HEREDOC.exec(text.slice(start, end));
    const name = unquote(match?.[3] ?? '');
    if (match === null || name === '') continue;
    found.push({ start, end, name, chomp: match[2] === '-', descriptor: Number(match[1] ?? 0) });
  }
  return found;
}

/** The index behind the quote that closes the one at `at`; -1 where none does. */
function closingQuote(text: string, at: number): number {
  const quote = text[at];
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === quote) return i + 1;
    if (text[i] === '\\' && quote === '"') i++;
  }
  return -1;
}

function unquote(word: string): string {
  return word.replace(/\\(.)|["']/g, '$1');
}
