import type { Problem } from '../core/manifest.ts';
import { type Span, span } from '../core/span.ts';
import { wholeCharacters } from '../core/text.ts';

/** One member of an object that was skimmed. Offsets are UTF-16; both spans include quotes and brackets. */
export interface SkimmedMember {
  readonly key: string;
  readonly keySpan: Span;
  readonly valueSpan: Span;
}

/** A place in front of an object's member, and in how many objects it is. What stands before it is known to be sound. */
export interface InObjects {
  readonly at: number;
  readonly depth: number;
}

/**
 * The first place where a text is not JSON (RFC 8259), undefined where it is. Strict as `JSON.parse`, which does not say
 * where; no tree is made and nothing recurses, so that neither size nor nesting matter. With `from` it begins there.
 */
export function firstJsonProblem(text: string, from?: InObjects): Problem | undefined {
  const skim = new Skim(text, from?.at ?? (text.startsWith('\ufeff') ? 1 : 0));
  if (from === undefined) skim.value();
  else skim.rest(from.depth);
  if (skim.problem === undefined && skim.at < text.length) skim.fail('the text goes on behind its end', skim.at + 1);
  return skim.problem;
}

/**
 * The members of the object whose opening brace stands at `at`, in document order, duplicates included. Stops at the
 * first problem; the last member is then the one with the problem in its value. Layout does not matter.
 */
export function skimMembers(text: string, at: number): SkimmedMember[] {
  const skim = new Skim(text, at);
  const members: SkimmedMember[] = [];
  if (!skim.take(OPEN_BRACE)) return members;
  while (text.charCodeAt(skim.at) === QUOTE) {
    const keySpan = span(skim.at, skim.string());
    if (!skim.take(COLON)) break;
    const start = skim.at;
    const end = skim.value();
    members.push({ key: decoded(text, keySpan), keySpan, valueSpan: span(start, end) });
    if (skim.problem !== undefined || !skim.take(COMMA)) break;
  }
  return members;
}

/** An object whose members of one name hold objects of the same kind, and so on. */
export interface SkimmedTree {
  readonly members: readonly SkimmedMember[];
  /** What the member of that name holds; of several the last. */
  readonly nested: readonly (SkimmedTree & { readonly key: string; readonly keySpan: Span })[];
}

/**
 * The object whose opening brace stands at `at`, with those that nest in its member `name`, in one pass. What nests deeper
 * than `depth` is passed over. Meant for documents without problems; stops at the first.
 */
export function skimTree(text: string, at: number, { name, depth }: { readonly name: string; readonly depth: number }): SkimmedTree {
  return skimLevel(text, new Skim(text, at), { name, depth });
}

function skimLevel(text: string, skim: Skim, { name, depth }: { readonly name: string; readonly depth: number }): SkimmedTree {
  const members: SkimmedMember[] = [];
  let nested: SkimmedTree['nested'] = [];
  eachMember(text, skim, (key, keySpan) => {
    const start = skim.at;
    if (key !== name || depth === 0 || text.charCodeAt(start) !== OPEN_BRACE) {
      members.push({ key, keySpan, valueSpan: span(start, skim.value()) });
      return;
    }
    const children: (SkimmedTree & { key: string; keySpan: Span })[] = [];
    eachMember(text, skim, (childKey, childSpan) => {
      if (text.charCodeAt(skim.at) !== OPEN_BRACE) skim.value();
      else children.push({ key: childKey, keySpan: childSpan, ...skimLevel(text, skim, { name, depth: depth - 1 }) });
    });
    nested = children;
  });
  return { members, nested };
}

/** Goes over the object that opens here; `onValue` has to go over each value. */
function eachMember(text: string, skim: Skim, onValue: (key: string, keySpan: Span) => void): void {
  if (!skim.take(OPEN_BRACE)) return;
  while (text.charCodeAt(skim.at) === QUOTE) {
    const keySpan = span(skim.at, skim.string());
    if (!skim.take(COLON)) return;
    onValue(decoded(text, keySpan), keySpan);
    if (skim.problem !== undefined || !skim.take(COMMA)) break;
  }
  skim.take(CLOSE_BRACE);
}

/** What a string without problems says. */
function decoded(text: string, { start, end }: Span): string {
  const content = text.slice(start + 1, end - 1);
  return content.includes('\\') ? String(JSON.parse(text.slice(start, end))) : content;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Goes over a text; stands on a token's first character, white space in front of it skipped. */
class Skim {
  at: number;
  problem: Problem | undefined;
  readonly #text: string;
  /** The next character, from some string on, that a string may not hold just so: kept, because most strings hold none. */
  #special = -1;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids just these in strings.
  readonly #specials = /[\\\u0000-\u001f]/g;

  constructor(text: string, at: number) {
    this.#text = text;
    this.at = at;
    this.#space();
  }

  /** Notes a problem from the current place to `end`; only the first counts. */
  fail(message: string, end: number): void {
    this.problem ??= { message, span: wholeCharacters(this.#text, span(this.at, Math.min(end, this.#text.length))) };
  }

  /** Goes over one punctuation character where it stands here. */
  take(code: number): boolean {
    if (this.#text.charCodeAt(this.at) !== code) return false;
    this.at++;
    this.#space();
    return true;
  }

  /** Goes over the string that opens here and gives the offset behind its closing quote. */
  string(): number {
    let end = this.#text.indexOf('"', this.at + 1);
    if (this.#special <= this.at) {
      this.#specials.lastIndex = this.at;
      this.#special = this.#specials.test(this.#text) ? this.#specials.lastIndex - 1 : this.#text.length;
    }
    if (end < 0 || this.#special < end) end = this.#carefully();
    else end++;
    this.at = end;
    this.#space();
    return end;
  }

  /** Goes over one value and gives the offset behind it; stops where `problem` gets set. */
  value(): number {
    return this.#closing([]);
  }

  /** Goes over the rest of so many nested objects, from a member's key on. */
  rest(depth: number): void {
    this.#key();
    if (this.problem === undefined) this.#closing(Array.from({ length: depth }, () => CLOSE_BRACE));
  }

  /** Goes over one value and what closes around it: `open` holds the closing brackets, the outermost first. */
  #closing(open: number[]): number {
    for (;;) {
      let end = this.at;
      const code = this.#text.charCodeAt(this.at);
      if (code === OPEN_BRACE || code === OPEN_BRACKET) {
        const closing = code === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET;
        this.take(code);
        if (this.#text.charCodeAt(this.at) !== closing) {
          open.push(closing);
          if (closing === CLOSE_BRACE) this.#key();
          if (this.problem !== undefined) return this.at;
          continue;
        }
        end = this.at + 1;
        this.take(closing);
      } else {
        end = this.#scalar(code);
      }
      for (;;) {
        if (this.problem !== undefined) return end;
        const inside = open.at(-1);
        if (inside === undefined) return end;
        if (this.take(COMMA)) {
          if (inside === CLOSE_BRACE) this.#key();
          break;
        }
        if (this.#text.charCodeAt(this.at) !== inside) {
          const ended = this.at >= this.#text.length;
          this.fail(ended ? `a closing \`${String.fromCharCode(inside)}\` is missing` : 'a comma is missing', this.at + 1);
          return end;
        }
        open.pop();
        end = this.at + 1;
        this.take(inside);
      }
      if (this.problem !== undefined) return end;
    }
  }

  #key(): void {
    if (this.#text.charCodeAt(this.at) !== QUOTE) this.fail('a property name is missing', this.at + 1);
    else this.string();
    if (this.problem === undefined && !this.take(COLON)) this.fail('a colon is missing', this.at + 1);
  }

  #scalar(code: number): number {
    if (code === QUOTE) return this.string();
    SCALAR.lastIndex = this.at;
    if (!SCALAR.test(this.#text)) this.fail('a value is missing', this.at + 1);
    else {
      const end = SCALAR.lastIndex;
      this.at = end;
      this.#space();
      return end;
    }
    return this.at;
  }

  /** A string with something in it that needs a look, character by character. */
  #carefully(): number {
    const text = this.#text;
    for (let at = this.at + 1; ; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) return at + 1;
      if (code === BACKSLASH) {
        ESCAPE.lastIndex = at;
        if (!ESCAPE.test(text)) {
          this.fail('there is no such escape in a string', at + 1);
          return at;
        }
        at = ESCAPE.lastIndex - 1;
      } else if (!(code >= 0x20)) {
        // A line end or the text's end: what is missing is the quote.
        const ended = Number.isNaN(code) || code === 0x0a || code === 0x0d;
        this.fail(ended ? 'the closing quote of a string is missing' : 'a control character stands in a string', at);
        return at;
      }
    }
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.at++;
    }
  }
}

const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
