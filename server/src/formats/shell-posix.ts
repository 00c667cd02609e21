import type { MappedText } from '../core/mapped-text.ts';
import type { CommandList, Group, Pipeline, Redirection, ShellNode, SimpleCommand, Substitution, Word } from './shell-tree.ts';
import { MAX_SHELL_DEPTH } from './shell-tree.ts';

/**
 * Splits text for `sh`, `bash` and their kin (POSIX.1-2024, Shell Command Language, with bash's additions) into
 * commands. Total and linear: what does not close ends with the text, what does not belong is skipped.
 */
export function parsePosix(source: MappedText): CommandList {
  return new PosixParser(source, 0, source.text.length).list();
}

/** For each character of a word's value, its index in the text that holds the word. */
export function posixWordOffsets(source: MappedText, word: Word): readonly number[] {
  return new PosixParser(source, word.start, word.end).wordOffsets();
}

/** The characters that end a word (POSIX, 2.3 "Token Recognition"); a carriage return belongs to the line end. */
const META = new Set([' ', '\t', '\n', '\r', ';', '&', '|', '(', ')', '<', '>']);
const RESERVED = /(?:if|then|elif|else|fi|while|until|for|select|do|done|case|esac|function|[{}!])(?=[\s;&|()<>`]|$)/y;
/** Reserved words that only part two lists. */
const PARTING = new Set(['then', 'elif', 'else', 'do', '!']);
const CLOSING = new Set(['fi', 'done', 'esac', '}']);
const CLOSER: Readonly<Record<string, string>> = { if: 'fi', while: 'done', until: 'done', for: 'done', select: 'done', '{': '}' };
const REDIRECTION = /(\d*)(<<<|<<-|<<|<&|<>|<|&>>|&>|>>|>\||>&|>)/y;
const ASSIGNMENT = /[A-Za-z_]\w*(?:\[[\w@*]*\])?\+?=/y;
const PARAMETER = /\$(?:[A-Za-z_]\w*|[0-9@*#?$!-])/y;
const ANSI_ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\u0007',
  b: '\b',
  e: '\u001b',
  E: '\u001b',
  f: '\f',
  v: '\v',
};
const ANSI_CODE = /\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3}))/y;

/** A word while it is read. `offsets` is only kept for the word that somebody asked about. */
interface Draft {
  value: string;
  readonly offsets: number[] | undefined;
  dynamic: boolean;
  quoted: boolean;
  readonly substitutions: Substitution[];
}

interface PendingDocument {
  readonly delimiter: string;
  readonly stripTabs: boolean;
  readonly redirection: { hereDocument: { start: number; end: number } | undefined };
}

class PosixParser {
  readonly #source: MappedText;
  readonly #text: string;
  #at: number;
  #end: number;
  #depth = 0;
  /** What may close a list that is open, innermost last; `)` and substitutions start a new stack. */
  #closers: string[] = [];
  #documents: PendingDocument[] = [];
  /** The last `}}` that was searched for, so that text without one is searched once. */
  #expressionEnd = -1;

  constructor(source: MappedText, start: number, end: number) {
    this.#source = source;
    this.#text = source.text;
    this.#at = start;
    this.#end = end;
  }

  /** Reads pipelines up to what closes an open list, or the end. */
  list(): Pipeline[] {
    const pipelines: Pipeline[] = [];
    let joint: Pipeline['joint'] = '';
    for (;;) {
      const separator = this.#separators();
      if (separator !== undefined && pipelines.length > 0) joint = separator;
      if (this.#at >= this.#end || this.#closes()) return pipelines;
      const before = this.#at;
      const pipeline = this.#pipeline(joint);
      if (pipeline.commands.length > 0) pipelines.push(pipeline);
      joint = ';';
      if (this.#at === before) this.#at++;
    }
  }

  /** The indexes of the characters that make up the value of the word that starts here. */
  wordOffsets(): readonly number[] {
    const offsets: number[] = [];
    this.#readWord(offsets);
    return offsets;
  }

  /** Skips blanks, comments, line ends and operators between pipelines; says how the next one follows. */
  #separators(): Pipeline['joint'] | undefined {
    let joint: Pipeline['joint'] | undefined;
    for (;;) {
      this.#blanks();
      if (this.#at >= this.#end) return joint;
      const c = this.#text[this.#at];
      if (c === '#') this.#comment();
      else if (this.#atNewline()) {
        this.#newline();
        joint ??= ';';
      } else if (c === '&' || c === '|') {
        if (c === '&' && this.#text[this.#at + 1] === '>') return joint;
        const double = this.#text[this.#at + 1] === c && this.#at + 1 < this.#end;
        this.#at += double ? 2 : 1;
        joint = double ? (c === '&' ? '&&' : '||') : ';';
      } else if (c === ';') {
        if (this.#text[this.#at + 1] === ';' && this.#closers.includes('esac')) return joint;
        this.#at++;
        joint = ';';
      } else {
        const word = this.#reserved();
        if (word === undefined || !PARTING.has(word) || word === '!') return joint;
        this.#at += word.length;
        joint = ';';
      }
    }
  }

  /** Whether an open list ends here. A closer that nothing waits for is skipped. */
  #closes(): boolean {
    for (;;) {
      const c = this.#text[this.#at];
      const word = c === ')' ? ')' : c === ';' ? 'esac' : this.#reserved();
      if (word === undefined || (word !== ')' && !CLOSING.has(word))) return false;
      if (this.#closers.includes(word)) return true;
      this.#at += c === ';' ? 1 : word.length;
      this.#separators();
      if (this.#at >= this.#end) return true;
    }
  }

  #pipeline(joint: Pipeline['joint']): Pipeline {
    const commands: ShellNode[] = [];
    const start = this.#at;
    let end = start;
    for (;;) {
      this.#blanks();
      while (this.#reserved() === '!') {
        this.#at++;
        this.#blanks();
      }
      const command = this.#command();
      if (command !== undefined) commands.push(command);
      end = Math.max(end, command?.end ?? end);
      this.#blanks();
      if (this.#text[this.#at] !== '|' || this.#at >= this.#end || this.#text[this.#at + 1] === '|') break;
      this.#at += this.#text[this.#at + 1] === '&' ? 2 : 1;
      this.#linebreaks();
      // `a | )` or `a |` at the end: nothing follows.
      if (this.#at >= this.#end || this.#text[this.#at] === ')') break;
    }
    return { commands, joint, start: commands[0]?.start ?? start, end };
  }

  #command(): ShellNode | undefined {
    if (this.#at >= this.#end) return undefined;
    if (this.#text[this.#at] === '(') {
      if (this.#text[this.#at + 1] === '(') return this.#arithmetic();
      return this.#nested(() => this.#subshell());
    }
    const word = this.#reserved();
    if (word === undefined) return this.#simple();
    if (PARTING.has(word) || CLOSING.has(word)) return undefined;
    return this.#nested(() => {
      if (word === 'case') return this.#case();
      if (word === 'function') return this.#function();
      return this.#compound(word, CLOSER[word] ?? '');
    });
  }

  /** Runs a reader one level deeper. Too deep, one character is skipped, so that nesting costs no stack. */
  #nested(read: () => ShellNode | undefined): ShellNode | undefined {
    if (this.#depth >= MAX_SHELL_DEPTH) {
      this.#at++;
      return undefined;
    }
    this.#depth++;
    const node = read();
    this.#depth--;
    return node;
  }

  #subshell(): Group {
    const start = this.#at++;
    const outer = this.#closers;
    this.#closers = [')'];
    const body = this.list();
    this.#closers = outer;
    if (this.#at < this.#end && this.#text[this.#at] === ')') this.#at++;
    return this.#group('subshell', body, start);
  }

  /** `(( ))` computes and runs nothing; it is skipped. */
  #arithmetic(): undefined {
    let open = 0;
    for (; this.#at < this.#end; this.#at++) {
      const c = this.#text[this.#at];
      if (c === '(') open++;
      else if (c === ')' && --open === 0) {
        this.#at++;
        return undefined;
      }
    }
    return undefined;
  }

  /** `if`, `while`, `for`, `{` and their closers. */
  #compound(opener: string, closer: string): Group {
    const start = this.#at;
    const body: Pipeline[] = [];
    if (opener === 'for' || opener === 'select') {
      const header = this.#simple();
      if (header !== undefined) body.push({ commands: [header], joint: '', start: header.start, end: header.end });
      this.#blanks();
      if (this.#text.startsWith('((', this.#at)) this.#arithmetic();
    } else {
      this.#at += opener.length;
    }
    this.#closers.push(closer);
    this.#append(body);
    this.#closers.pop();
    if (this.#reserved() === closer) this.#at += closer.length;
    return this.#group(opener === '{' ? 'braces' : 'compound', body, start);
  }

  /** Reads a list onto what a compound command holds already. */
  #append(body: Pipeline[]): void {
    for (const pipeline of this.list()) body.push(body.length > 0 && pipeline.joint === '' ? { ...pipeline, joint: ';' } : pipeline);
  }

  #case(): Group {
    const start = this.#at;
    const body: Pipeline[] = [];
    const keyword = this.#wordHere();
    this.#blanks();
    const subject = this.#wordHere();
    // The subject may hold commands; the keyword in front keeps it from being taken for one.
    if (keyword !== undefined && subject !== undefined) body.push(this.#alone(start, [keyword, subject]));
    this.#linebreaks();
    if (/^in(?=\s|$)/.test(this.#text.slice(this.#at, this.#at + 3))) this.#at += 2;
    this.#closers.push('esac');
    while (this.#at < this.#end) {
      const before = this.#at;
      this.#linebreaks();
      if (this.#reserved() === 'esac') break;
      this.#pattern();
      this.#append(body);
      if (this.#text[this.#at] === ';') while (this.#at < this.#end && /[;&]/.test(this.#text[this.#at] ?? '')) this.#at++;
      else if (this.#at < this.#end && this.#reserved() !== 'esac') break;
      if (this.#at === before) break;
    }
    this.#closers.pop();
    if (this.#reserved() === 'esac') this.#at += 'esac'.length;
    return this.#group('compound', body, start);
  }

  /** `a | "b"*)` of a case clause. */
  #pattern(): void {
    while (this.#at < this.#end) {
      this.#blanks();
      const c = this.#text[this.#at];
      if (c === ')') {
        this.#at++;
        return;
      }
      if (this.#atNewline() || c === ';' || c === '&') return;
      if (c === '|' || c === '(' || c === '<' || c === '>') this.#at++;
      else if (this.#wordHere() === undefined) return;
    }
  }

  /** `function name [()] command`. */
  #function(): ShellNode | undefined {
    const start = this.#at;
    this.#at += 'function'.length;
    this.#blanks();
    this.#wordHere();
    return this.#functionBody(start);
  }

  #functionBody(start: number): Group {
    this.#blanks();
    this.#emptyParentheses();
    this.#linebreaks();
    const command = this.#command();
    const body = command === undefined ? [] : [{ commands: [command], joint: '' as const, start: command.start, end: command.end }];
    return { kind: 'group', type: 'function', body, redirections: [], start, end: command?.end ?? this.#at };
  }

  /** Consumes `( )`, if that is what stands here. */
  #emptyParentheses(): boolean {
    if (this.#text[this.#at] !== '(') return false;
    let at = this.#at + 1;
    while (this.#text[at] === ' ' || this.#text[at] === '\t') at++;
    if (this.#text[at] !== ')' || at >= this.#end) return false;
    this.#at = at + 1;
    return true;
  }

  #group(type: Group['type'], body: CommandList, start: number): Group {
    const redirections: Redirection[] = [];
    let end = this.#at;
    for (;;) {
      this.#blanks();
      const redirection = this.#redirection();
      if (redirection === undefined) break;
      redirections.push(redirection);
      end = this.#at;
    }
    return { kind: 'group', type, body, redirections, start, end };
  }

  #alone(start: number, words: readonly Word[]): Pipeline {
    const command = this.#simpleOf(start, { assignments: [], words, redirections: [] });
    return { commands: [command], joint: '', start, end: command.end };
  }

  #simpleOf(start: number, parts: Pick<SimpleCommand, 'assignments' | 'words' | 'redirections'>): SimpleCommand {
    return { kind: 'simple', source: this.#source, dialect: 'posix', ...parts, start, end: this.#at };
  }

  #simple(): ShellNode | undefined {
    const start = this.#at;
    const assignments: Word[] = [];
    const words: Word[] = [];
    const redirections: Redirection[] = [];
    let end = start;
    for (;;) {
      this.#blanks();
      if (this.#at >= this.#end || this.#atNewline()) break;
      const redirection = this.#redirection();
      if (redirection !== undefined) {
        redirections.push(redirection);
        end = this.#at;
        continue;
      }
      const c = this.#text[this.#at];
      if (c === '#') {
        this.#comment();
        break;
      }
      if (c === '(' && words.length === 1 && assignments.length === 0 && this.#emptyParentheses()) {
        return this.#nested(() => this.#functionBody(start));
      }
      const isAssignment = words.length === 0 && this.#matches(ASSIGNMENT) !== undefined;
      const word = this.#wordHere();
      if (word === undefined) break;
      (isAssignment ? assignments : words).push(word);
      end = this.#at;
      if (words.length === 1 && !isAssignment && word.value === '[[' && !word.quoted) {
        this.#conditional(words);
        end = this.#at;
      }
    }
    if (words.length + assignments.length + redirections.length === 0) return undefined;
    return { ...this.#simpleOf(start, { assignments, words, redirections }), end };
  }

  /** The rest of `[[ ... ]]`, in which operators of the shell are operators of the test. */
  #conditional(words: Word[]): void {
    let mayBreak = false;
    while (this.#at < this.#end) {
      this.#blanks();
      if (this.#atNewline()) {
        if (!mayBreak) return;
        this.#newline();
        continue;
      }
      const c = this.#text[this.#at] ?? '';
      if (c === ';' || this.#at >= this.#end) return;
      if ('&|()<>'.includes(c)) {
        mayBreak = c === '&' || c === '|';
        this.#at++;
        continue;
      }
      const word = this.#wordHere();
      if (word === undefined) return;
      words.push(word);
      mayBreak = false;
      if (word.value === ']]') return;
    }
  }

  #redirection(): Redirection | undefined {
    const c = this.#text[this.#at] ?? '';
    if (this.#at >= this.#end || !'<>&0123456789'.includes(c)) return undefined;
    const match = this.#matches(REDIRECTION);
    if (match === undefined) return undefined;
    // `<(` begins a substitution, and `2>(` a word that holds one.
    if ((match[2] === '<' || match[2] === '>') && this.#text[this.#at + match[0].length] === '(') return undefined;
    this.#at = Math.min(this.#at + match[0].length, this.#end);
    this.#blanks();
    const operator = match[2] ?? '';
    const target = this.#atNewline() ? undefined : this.#wordHere();
    const redirection: Redirection & { hereDocument: { start: number; end: number } | undefined } = {
      operator,
      descriptor: match[1] ?? '',
      target,
      hereDocument: undefined,
    };
    if ((operator === '<<' || operator === '<<-') && target !== undefined)
      this.#documents.push({ delimiter: target.value, stripTabs: operator === '<<-', redirection });
    return redirection;
  }

  /** The word here; undefined where none starts. */
  #wordHere(): Word | undefined {
    const start = this.#at;
    if (this.#text[start] === '#') return undefined;
    const draft = this.#readWord(undefined);
    if (this.#at === start) return undefined;
    const { value, dynamic, quoted, substitutions } = draft;
    return { value, start, end: this.#at, dynamic, quoted, substitutions };
  }

  #readWord(offsets: number[] | undefined): Draft {
    const draft: Draft = { value: '', offsets, dynamic: false, quoted: false, substitutions: [] };
    const start = this.#at;
    while (this.#at < this.#end) {
      const c = this.#text[this.#at] ?? '';
      const next = this.#text[this.#at + 1];
      if ((c === '<' || c === '>') && next === '(') this.#substitution(draft, c === '<' ? 'input' : 'output');
      else if (c === '(' && this.#text[this.#at - 1] === '=' && this.#isAssignment(start)) this.#array(draft);
      else if (META.has(c)) break;
      else if (c === '\\') this.#escape(draft);
      else if (c === "'") this.#singleQuoted(draft);
      else if (c === '"') this.#doubleQuoted(draft);
      else if (c === '`') this.#backticks(draft);
      else if (c === '$' && next === "'") this.#ansiQuoted(draft);
      else if (c === '$' && next === '"') {
        this.#at++;
        this.#doubleQuoted(draft);
      } else if (c === '$') this.#dollar(draft);
      else this.#plain(draft);
    }
    return draft;
  }

  #isAssignment(start: number): boolean {
    ASSIGNMENT.lastIndex = start;
    return start + (ASSIGNMENT.exec(this.#text)?.[0].length ?? -1) === this.#at;
  }

  #plain(draft: Draft): void {
    const start = this.#at++;
    while (this.#at < this.#end) {
      const c = this.#text[this.#at] ?? '';
      if (META.has(c) || c === '\\' || c === "'" || c === '"' || c === '`' || c === '$') break;
      this.#at++;
    }
    this.#keep(draft, start);
  }

  /** Takes the text from `start` to here into the value as it stands. */
  #keep(draft: Draft, start: number): void {
    draft.value += this.#text.slice(start, this.#at);
    if (draft.offsets !== undefined) for (let i = start; i < this.#at; i++) draft.offsets.push(i);
  }

  #decoded(draft: Draft, text: string, from: number): void {
    draft.value += text;
    for (let i = 0; i < text.length; i++) draft.offsets?.push(from);
  }

  #escape(draft: Draft): void {
    const width = this.#continuation();
    if (width > 0) {
      this.#at += width;
      return;
    }
    draft.quoted = true;
    const from = this.#at;
    const escaped = from + 1 < this.#end ? (this.#text[from + 1] ?? '') : '\\';
    this.#at = Math.min(from + 2, this.#end);
    this.#decoded(draft, escaped, from);
  }

  /** The length of a backslash and the line end behind it, 0 where they do not stand here. */
  #continuation(): number {
    if (this.#text[this.#at] !== '\\') return 0;
    const width = this.#text[this.#at + 1] === '\n' ? 2 : this.#text.startsWith('\r\n', this.#at + 1) ? 3 : 0;
    return this.#at + width <= this.#end ? width : 0;
  }

  #singleQuoted(draft: Draft): void {
    draft.quoted = true;
    let from = ++this.#at;
    while (this.#at < this.#end) {
      const c = this.#text[this.#at];
      if (c === "'") break;
      if (c === '$' && this.#text.startsWith('${{', this.#at)) {
        // GitHub replaces it before the shell sees the quotes.
        this.#keep(draft, from);
        this.#expression(draft);
        from = this.#at;
      } else this.#at++;
    }
    this.#keep(draft, from);
    if (this.#at < this.#end) this.#at++;
  }

  #ansiQuoted(draft: Draft): void {
    draft.quoted = true;
    this.#at += 2;
    while (this.#at < this.#end) {
      const from = this.#at;
      const c = this.#text[this.#at] ?? '';
      if (c === "'") break;
      if (c === '\\') {
        const code = this.#matches(ANSI_CODE);
        const digits = code?.[1] ?? code?.[2] ?? code?.[3] ?? code?.[4];
        const next = this.#text[this.#at + 1] ?? '';
        this.#at = Math.min(from + (code?.[0].length ?? 2), this.#end);
        if (digits !== undefined) this.#decoded(draft, codePoint(Number.parseInt(digits, code?.[4] === undefined ? 16 : 8)), from);
        else this.#decoded(draft, this.#at - from < 2 ? '\\' : (ANSI_ESCAPES[next] ?? next), from);
        continue;
      }
      while (this.#at < this.#end && this.#text[this.#at] !== "'" && this.#text[this.#at] !== '\\') this.#at++;
      this.#keep(draft, from);
    }
    if (this.#at < this.#end) this.#at++;
  }

  #doubleQuoted(draft: Draft): void {
    draft.quoted = true;
    this.#at++;
    while (this.#at < this.#end) {
      const from = this.#at;
      const c = this.#text[from] ?? '';
      if (c === '"') break;
      if (c === '\\') {
        const width = this.#continuation();
        const next = this.#text[from + 1] ?? '';
        if (width > 0) this.#at += width;
        else if (from + 1 < this.#end && '$`"\\'.includes(next)) {
          this.#at += 2;
          this.#decoded(draft, next, from);
        } else {
          this.#at++;
          this.#keep(draft, from);
        }
      } else if (c === '$') this.#dollar(draft);
      else if (c === '`') this.#backticks(draft);
      else {
        while (this.#at < this.#end && !'"\\$`'.includes(this.#text[this.#at] ?? '')) this.#at++;
        this.#keep(draft, from);
      }
    }
    if (this.#at < this.#end) this.#at++;
  }

  /** What starts with `$`, but quotes. */
  #dollar(draft: Draft): void {
    const from = this.#at;
    const next = this.#text.slice(from + 1, from + 3);
    if (next === '{{') this.#expression(draft);
    else if (next.startsWith('(') && next !== '((') this.#substitution(draft, 'command');
    else {
      const name = this.#matches(PARAMETER)?.[0];
      if (next === '((') {
        this.#at++;
        this.#arithmetic();
      } else if (next.startsWith('{')) this.#braces(draft);
      else this.#at += name?.length ?? 1;
      // A dollar sign in front of nothing means itself.
      draft.dynamic ||= name !== undefined || /^[({]/.test(next);
      this.#keep(draft, from);
    }
  }

  /** `${{ ... }}`: up to its end, or where that is missing to the end of the line. */
  #expression(draft: Draft): void {
    const from = this.#at;
    if (this.#expressionEnd < from) {
      const found = this.#text.indexOf('}}', from);
      this.#expressionEnd = found < 0 ? Number.POSITIVE_INFINITY : found;
    }
    if (this.#expressionEnd + 2 <= this.#end) this.#at = this.#expressionEnd + 2;
    else while (this.#at < this.#end && this.#text[this.#at] !== '\n') this.#at++;
    draft.dynamic = true;
    this.#keep(draft, from);
  }

  /** `${name...}`; commands that stand in it are kept, its text is not looked at. */
  #braces(draft: Draft): void {
    this.#at += 2;
    if (this.#depth >= MAX_SHELL_DEPTH) return;
    this.#depth++;
    // Only the substitutions count; the value gets the text as written.
    const inner: Draft = { value: '', offsets: undefined, dynamic: false, quoted: false, substitutions: draft.substitutions };
    while (this.#at < this.#end) {
      const c = this.#text[this.#at] ?? '';
      if (c === '}') {
        this.#at++;
        break;
      }
      if (c === '\\') this.#at = Math.min(this.#at + 2, this.#end);
      else if (c === '"') this.#doubleQuoted(inner);
      else if (c === '`') this.#backticks(inner);
      else if (c === '$') this.#dollar(inner);
      else this.#at++;
    }
    this.#depth--;
  }

  /** `$(...)`, `<(...)`, `>(...)`: two characters, commands, a parenthesis. */
  #substitution(draft: Draft, kind: Substitution['kind']): void {
    const start = this.#at;
    this.#at = Math.min(start + 2, this.#end);
    draft.dynamic = true;
    if (this.#depth < MAX_SHELL_DEPTH) {
      this.#depth++;
      const body = this.#inside([')']);
      this.#depth--;
      if (this.#at < this.#end && this.#text[this.#at] === ')') this.#at++;
      draft.substitutions.push({ kind, body, start, end: this.#at });
    }
    this.#keep(draft, start);
  }

  #backticks(draft: Draft): void {
    const start = this.#at;
    let close = start + 1;
    while (close < this.#end && this.#text[close] !== '`') close += this.#text[close] === '\\' ? 2 : 1;
    close = Math.min(close, this.#end);
    draft.dynamic = true;
    if (this.#depth < MAX_SHELL_DEPTH) {
      this.#depth++;
      const end = this.#end;
      this.#at++;
      this.#end = close;
      const body = this.#inside([]);
      this.#end = end;
      this.#depth--;
      draft.substitutions.push({ kind: 'command', body, start, end: Math.min(close + 1, end) });
    }
    this.#at = Math.min(close + 1, this.#end);
    this.#keep(draft, start);
  }

  /** `NAME=( ... )`. */
  #array(draft: Draft): void {
    const start = this.#at++;
    draft.dynamic = true;
    if (this.#depth < MAX_SHELL_DEPTH) {
      this.#depth++;
      for (;;) {
        this.#linebreaks();
        if (this.#at >= this.#end || this.#text[this.#at] === ')') break;
        const word = this.#wordHere();
        if (word === undefined) this.#at++;
        else for (const substitution of word.substitutions) draft.substitutions.push(substitution);
      }
      this.#depth--;
      if (this.#at < this.#end) this.#at++;
    }
    this.#keep(draft, start);
  }

  /** The commands of a substitution: neither closers nor here-documents of what surrounds it count inside. */
  #inside(closers: string[]): Pipeline[] {
    const outer = { closers: this.#closers, documents: this.#documents };
    this.#closers = closers;
    this.#documents = [];
    const body = this.list();
    this.#closers = outer.closers;
    this.#documents = outer.documents;
    return body;
  }

  #blanks(): void {
    while (this.#at < this.#end) {
      const c = this.#text[this.#at];
      if (c === ' ' || c === '\t' || (c === '\r' && !this.#atNewline())) this.#at++;
      else if (c === '\\' && this.#continuation() > 0) this.#at += this.#continuation();
      else return;
    }
  }

  /** Skips blanks, comments and line ends. */
  #linebreaks(): void {
    for (;;) {
      this.#blanks();
      if (this.#at >= this.#end) return;
      if (this.#text[this.#at] === '#') this.#comment();
      else if (this.#atNewline()) this.#newline();
      else return;
    }
  }

  #comment(): void {
    while (this.#at < this.#end && this.#text[this.#at] !== '\n') this.#at++;
  }

  #atNewline(): boolean {
    const c = this.#text[this.#at];
    return this.#at < this.#end && (c === '\n' || (c === '\r' && this.#text[this.#at + 1] === '\n' && this.#at + 1 < this.#end));
  }

  /** Passes a line end, and with it the here-documents that start behind it. */
  #newline(): void {
    this.#at += this.#text[this.#at] === '\r' ? 2 : 1;
    const documents = this.#documents;
    if (documents.length === 0) return;
    this.#documents = [];
    for (const { delimiter, stripTabs, redirection } of documents) {
      const start = this.#at;
      let end = this.#end;
      while (this.#at < this.#end) {
        const lineStart = this.#at;
        const feed = this.#text.indexOf('\n', lineStart);
        const lineEnd = feed < 0 || feed >= this.#end ? this.#end : feed;
        this.#at = Math.min(lineEnd + 1, this.#end);
        const line = this.#text.slice(lineStart, lineEnd).replace(/\r$/, '');
        if ((stripTabs ? line.replace(/^\t+/, '') : line) === delimiter) {
          end = lineStart;
          break;
        }
      }
      redirection.hereDocument = { start, end };
    }
  }

  #reserved(): string | undefined {
    return this.#matches(RESERVED)?.[0];
  }

  /** A sticky expression's match here, where it lies within the text to read. */
  #matches(pattern: RegExp): RegExpExecArray | undefined {
    if (this.#at >= this.#end) return undefined;
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    return match === null || this.#at + match[0].length > this.#end ? undefined : match;
  }
}

function codePoint(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
}
