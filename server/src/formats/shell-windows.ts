import type { MappedText } from '../core/mapped-text.ts';
import type { CommandList, Pipeline, Redirection, SimpleCommand, Substitution, Word } from './shell-tree.ts';
import { MAX_SHELL_DEPTH } from './shell-tree.ts';

/**
 * Splits PowerShell text into commands (about_Parsing, about_Quoting_Rules). Expressions are not understood: they
 * are words, and what stands in `( )`, `$( )`, `@( )` and `{ }` is kept as the commands it holds. Total and linear.
 */
export function parsePowerShell(source: MappedText): CommandList {
  return new WindowsParser(source, 'powershell').list('');
}

/** Splits a batch script's text into commands (`cmd /?`). Total and linear. */
export function parseCmd(source: MappedText): CommandList {
  return new WindowsParser(source, 'cmd').list('');
}

interface Draft {
  value: string;
  dynamic: boolean;
  quoted: boolean;
  readonly substitutions: Substitution[];
}

const REDIRECTION = /([\d*]?)(>>|>&\d|>|<)/y;

class WindowsParser {
  readonly #source: MappedText;
  readonly #text: string;
  readonly #dialect: 'powershell' | 'cmd';
  #at = 0;
  #depth = 0;

  constructor(source: MappedText, dialect: 'powershell' | 'cmd') {
    this.#source = source;
    this.#text = source.text;
    this.#dialect = dialect;
  }

  /** Reads pipelines up to `closer`, which stays, or the end. */
  list(closer: string): Pipeline[] {
    const pipelines: Pipeline[] = [];
    let joint: Pipeline['joint'] = '';
    for (;;) {
      const separator = this.#separators(closer);
      if (pipelines.length > 0) joint = separator;
      if (this.#at >= this.#text.length || this.#text[this.#at] === closer) return pipelines;
      const before = this.#at;
      const pipeline = this.#pipeline(joint);
      if (pipeline.commands.length > 0) pipelines.push(pipeline);
      if (this.#at === before) this.#at++;
    }
  }

  #separators(closer: string): ';' | '&&' | '||' {
    let joint: ';' | '&&' | '||' = ';';
    while (this.#at < this.#text.length) {
      this.#blanks();
      const c = this.#text[this.#at] ?? '';
      if (c === '' || c === closer) return joint;
      if ((c === '&' || c === '|') && this.#text[this.#at + 1] === c) {
        joint = c === '&' ? '&&' : '||';
        this.#at += 2;
      } else if ('\n\r;&|)}'.includes(c) || (this.#dialect === 'cmd' && '@('.includes(c))) this.#at++;
      else if (!this.#comment()) return joint;
    }
    return joint;
  }

  #pipeline(joint: Pipeline['joint']): Pipeline {
    const commands: SimpleCommand[] = [];
    const start = this.#at;
    for (;;) {
      const command = this.#simple();
      if (command !== undefined) commands.push(command);
      if (this.#text[this.#at] !== '|' || this.#text[this.#at + 1] === '|') break;
      this.#at++;
      this.#blanks();
      // PowerShell goes on behind a pipe at the end of a line.
      while (this.#dialect === 'powershell' && /[\r\n]/.test(this.#text[this.#at] ?? '')) {
        this.#at++;
        this.#blanks();
      }
    }
    return { commands, joint, start, end: Math.max(start, commands.at(-1)?.end ?? start) };
  }

  #simple(): SimpleCommand | undefined {
    const start = this.#at;
    const assignments: Word[] = [];
    const words: Word[] = [];
    const redirections: Redirection[] = [];
    let end = start;
    while (this.#at < this.#text.length) {
      this.#blanks();
      if (this.#comment()) continue;
      const c = this.#text[this.#at] ?? '';
      // The call operator in front of a command is no part of it.
      if (c === '&' && words.length === 0 && this.#dialect === 'powershell' && this.#text[this.#at + 1] !== '&') {
        this.#at++;
        continue;
      }
      const redirection = this.#redirection();
      if (redirection !== undefined) redirections.push(redirection);
      else {
        const word = this.#word();
        if (word === undefined) break;
        const [name] = words;
        if (word.value === '=' && !word.quoted && words.length === 1 && name?.value.startsWith('$') === true) {
          assignments.push(name);
          words.length = 0;
        } else words.push(word);
      }
      end = this.#at;
    }
    if (words.length + assignments.length + redirections.length === 0) return undefined;
    const first = words[0] ?? assignments[0];
    return {
      kind: 'simple',
      source: this.#source,
      dialect: this.#dialect,
      assignments,
      words,
      redirections,
      start: Math.min(first?.start ?? start, assignments[0]?.start ?? end),
      end,
    };
  }

  #redirection(): Redirection | undefined {
    REDIRECTION.lastIndex = this.#at;
    const match = REDIRECTION.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    this.#blanks();
    const target = (match[2] ?? '').includes('&') ? undefined : this.#word();
    return { operator: match[2] ?? '', descriptor: match[1] ?? '', target, hereDocument: undefined };
  }

  #word(): Word | undefined {
    const start = this.#at;
    const draft: Draft = { value: '', dynamic: false, quoted: false, substitutions: [] };
    while (this.#at < this.#text.length) {
      const c = this.#text[this.#at] ?? '';
      if (' \t\r\n;&|'.includes(c) && !(c === ';' && this.#dialect === 'cmd')) break;
      if (c === '>' || c === '<') break;
      if (this.#text.startsWith('${{', this.#at)) this.#expression(draft);
      else if (this.#dialect === 'cmd') {
        if (c === ')') break;
        this.#cmdCharacter(draft, c);
      } else if (c === ')' || c === '}') break;
      else if (!this.#powerShellPart(draft, c, start)) break;
    }
    if (this.#at === start) return undefined;
    const { value, dynamic, quoted, substitutions } = draft;
    return { value, start, end: this.#at, dynamic, quoted, substitutions };
  }

  #cmdCharacter(draft: Draft, c: string): void {
    if (c === '"') {
      draft.quoted = true;
      const from = ++this.#at;
      while (this.#at < this.#text.length && !'"\n'.includes(this.#text[this.#at] ?? '')) this.#at++;
      draft.value += this.#text.slice(from, this.#at);
      if (this.#text[this.#at] === '"') this.#at++;
    } else if (c === '^') {
      this.#at++;
      if (/[\r\n]/.test(this.#text[this.#at] ?? '')) return;
      draft.value += this.#text[this.#at] ?? '';
      this.#at = Math.min(this.#at + 1, this.#text.length);
    } else {
      if (c === '%') draft.dynamic = true;
      draft.value += c;
      this.#at++;
    }
  }

  /** One part of a PowerShell word; false where the word ends. */
  #powerShellPart(draft: Draft, c: string, start: number): boolean {
    const next = this.#text[this.#at + 1] ?? '';
    if (c === "'") this.#literalString(draft);
    else if (c === '"') this.#expandableString(draft);
    else if (c === '@' && (next === "'" || next === '"')) this.#hereString(draft, next);
    else if (c === '`') {
      if (next === '\n' || next === '\r' || next === '') return false;
      draft.value += next;
      draft.quoted = true;
      this.#at += 2;
    } else if ((c === '$' || c === '@') && next === '(') this.#nested(draft, 2, ')', 'command');
    else if (c === '(') this.#nested(draft, 1, ')', 'command');
    else if (c === '@' && next === '{') this.#nested(draft, 2, '}', 'block');
    else if (c === '$' && next === '{') this.#keepThrough(draft, '}');
    else if (c === '{') {
      // A block is a word of its own: `try{`, `%{`.
      if (this.#at > start) return false;
      this.#nested(draft, 1, '}', 'block');
      return false;
    } else {
      if (c === '$') draft.dynamic = true;
      draft.value += c;
      this.#at++;
    }
    return true;
  }

  /** `'it''s'`. */
  #literalString(draft: Draft): void {
    draft.quoted = true;
    this.#at++;
    while (this.#at < this.#text.length) {
      const c = this.#text[this.#at] ?? '';
      if (c === "'" && this.#text[this.#at + 1] !== "'") break;
      draft.value += c;
      this.#at += c === "'" ? 2 : 1;
    }
    this.#at = Math.min(this.#at + 1, this.#text.length);
  }

  #expandableString(draft: Draft): void {
    draft.quoted = true;
    this.#at++;
    while (this.#at < this.#text.length) {
      const c = this.#text[this.#at] ?? '';
      const next = this.#text[this.#at + 1] ?? '';
      if (c === '"' && next !== '"') break;
      if (c === '`' || c === '"') {
        draft.value += next;
        this.#at = Math.min(this.#at + 2, this.#text.length);
      } else if (c === '$' && next === '(') this.#nested(draft, 2, ')', 'command');
      else {
        if (c === '$') draft.dynamic = true;
        draft.value += c;
        this.#at++;
      }
    }
    this.#at = Math.min(this.#at + 1, this.#text.length);
  }

  /** `@'` to `'@` at the start of a line. */
  #hereString(draft: Draft, quote: string): void {
    draft.quoted = true;
    const from = this.#at + 2;
    const close = this.#text.indexOf(`\n${quote}@`, from);
    const end = close < 0 ? this.#text.length : close;
    draft.value += this.#text.slice(from, end);
    this.#at = close < 0 ? end : close + 3;
  }

  /** Commands between `width` characters and a closer; the value keeps the text as written. */
  #nested(draft: Draft, width: number, closer: string, kind: Substitution['kind']): void {
    const start = this.#at;
    this.#at += width;
    draft.dynamic = true;
    if (this.#depth < MAX_SHELL_DEPTH) {
      this.#depth++;
      const body = this.list(closer);
      this.#depth--;
      if (this.#text[this.#at] === closer) this.#at++;
      draft.substitutions.push({ kind, body, start, end: this.#at });
    }
    draft.value += this.#text.slice(start, this.#at);
  }

  #keepThrough(draft: Draft, closer: string): void {
    const start = this.#at;
    while (this.#at < this.#text.length && this.#text[this.#at] !== closer && this.#text[this.#at] !== '\n') this.#at++;
    if (this.#text[this.#at] === closer) this.#at++;
    draft.dynamic = true;
    draft.value += this.#text.slice(start, this.#at);
  }

  /** `${{ ... }}`, on one line. */
  #expression(draft: Draft): void {
    const start = this.#at;
    this.#at += 3;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '\n' && !this.#text.startsWith('}}', this.#at)) this.#at++;
    if (this.#text[this.#at] === '}') this.#at += 2;
    draft.dynamic = true;
    draft.value += this.#text.slice(start, this.#at);
  }

  /** Skips a comment; false where none starts here. */
  #comment(): boolean {
    if (this.#dialect === 'cmd') {
      const start = this.#text.slice(this.#at, this.#at + 4);
      if (!/^(?:::|rem(?=\s|$))/i.test(start) || !this.#atLineStart()) return false;
    } else if (this.#text.startsWith('<#', this.#at)) {
      while (this.#at < this.#text.length && !this.#text.startsWith('#>', this.#at)) this.#at++;
      this.#at = Math.min(this.#at + 2, this.#text.length);
      return true;
    } else if (this.#text[this.#at] !== '#') return false;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') this.#at++;
    return true;
  }

  /** Whether only blanks and `@` stand before this place on its line; looks back no further than those. */
  #atLineStart(): boolean {
    let at = this.#at - 1;
    while (at >= 0 && ' \t@'.includes(this.#text[at] ?? '')) at--;
    return at < 0 || '\n&|('.includes(this.#text[at] ?? '');
  }

  #blanks(): void {
    const mark = this.#dialect === 'cmd' ? '^' : '`';
    while (this.#at < this.#text.length) {
      const c = this.#text[this.#at] ?? '';
      if (c === ' ' || c === '\t') this.#at++;
      else if (c === mark && this.#text[this.#at + 1] === '\n') this.#at += 2;
      else if (c === mark && this.#text.startsWith('\r\n', this.#at + 1)) this.#at += 3;
      else return;
    }
  }
}
