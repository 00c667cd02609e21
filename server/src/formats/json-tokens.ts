import { createScanner, type JSONScanner } from 'jsonc-parser';
import type { Span } from '../core/span.ts';

/** A token of JSON; `word` is anything that JSON has no such token for, `end` the end of the text. */
export type JsonToken = '{' | '}' | '[' | ']' | ',' | ':' | 'null' | 'true' | 'false' | 'string' | 'number' | 'word' | 'end';

/** JSON as RFC 8259 has it, or with comments and trailing commas. */
export type JsonDialect = 'json' | 'jsonc';

/** Told of a place that the dialect does not allow, in document order. */
export type OnJsonProblem = (message: string, span: Span) => void;

// By jsonc-parser's SyntaxKind, an ambient const enum, which `verbatimModuleSyntax` does not let us name.
const KINDS: readonly (JsonToken | 'comment' | 'space')[] = [
  'word',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  'null',
  'true',
  'false',
  'string',
  'number',
  'comment',
  'comment',
  'space',
  'space',
  'word',
  'end',
];

// By jsonc-parser's ScanError.
const ERRORS: readonly string[] = [
  '',
  'a comment is not closed',
  'the closing quote of a string is missing',
  'a number ends too early',
  'a `\\u` escape needs four hex digits',
  'there is no such escape in a string',
  'a control character stands in a string',
];

/** The tokens of a text, one after the other. Never throws; what is no token is reported and goes on as `word`. */
export class JsonTokens {
  /** The current token. */
  kind: JsonToken = 'end';
  /** Whether the current token was reported: a string without its closing quote, or with an escape that is none. */
  broken = false;
  readonly #scanner: JSONScanner;
  readonly #length: number;
  readonly #dialect: JsonDialect;
  readonly #report: OnJsonProblem;

  /** Stands on the first token at or behind `from`, a UTF-16 offset; a byte order mark is skipped (RFC 8259, section 8.1). */
  constructor(text: string, from: number, dialect: JsonDialect, report: OnJsonProblem) {
    this.#scanner = createScanner(text, false);
    this.#length = text.length;
    this.#scanner.setPosition(from === 0 && text.startsWith('\ufeff') ? 1 : from);
    this.#dialect = dialect;
    this.#report = report;
    this.next();
  }

  /** Whether the current token is of a kind. */
  is(kind: JsonToken): boolean {
    return this.kind === kind;
  }

  /** The offset of the current token's first character. */
  get start(): number {
    return this.#scanner.getTokenOffset();
  }

  /** The offset behind the current token. */
  get end(): number {
    // The scanner takes the missing second half of a comment's `*/` for read.
    return Math.min(this.#scanner.getPosition(), this.#length);
  }

  /** The current string decoded, or the current token's text. */
  get value(): string {
    return this.#scanner.getTokenValue();
  }

  /** Where the current token stands. */
  get span(): Span {
    return { start: this.start, end: this.end };
  }

  /** Goes to the next token. */
  next(): void {
    for (;;) {
      const kind = KINDS[this.#scanner.scan()] ?? 'word';
      const error = this.#scanner.getTokenError();
      this.broken = error !== 0;
      if (error !== 0) this.#report(ERRORS[error] ?? 'something is malformed', this.span);
      if (kind === 'space') continue;
      if (kind === 'comment') {
        if (this.#dialect === 'json') this.#report('JSON has no comments', this.span);
        continue;
      }
      this.kind = kind;
      return;
    }
  }
}
