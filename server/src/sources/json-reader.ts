/**
 * Reads a JSON text (RFC 8259) in pieces, so that a document of many megabytes is never held as one text or one tree: the members of
 * an object one after the other, each value when it is asked for. As strict as `JSON.parse`, which reads every piece, those too that
 * nobody keeps; the differential test holds it against that. Throws a SyntaxError where the text is no JSON.
 */
export class JsonReader {
  readonly #bytes: Buffer;
  #at = 0;

  /** The text in UTF-8; a byte order mark in front of it is skipped. */
  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.#at = 3;
    this.#space();
  }

  /** Whether an object stands here. */
  get isObject(): boolean {
    return this.#bytes[this.#at] === OPEN_BRACE;
  }

  /**
   * The names of the members of the object that stands here, in the text's order, of equal ones each. Between two of them the value has
   * to be read, with `value` or `members`.
   */
  *members(): Generator<string, void> {
    this.#take(OPEN_BRACE);
    if (this.#bytes[this.#at] === CLOSE_BRACE) return this.#take(CLOSE_BRACE);
    for (;;) {
      if (this.#bytes[this.#at] !== QUOTE) throw new SyntaxError('a property name is missing');
      const name = this.value();
      this.#take(COLON);
      yield String(name);
      if (this.#bytes[this.#at] === CLOSE_BRACE) return this.#take(CLOSE_BRACE);
      this.#take(COMMA);
    }
  }

  /** The value that stands here. */
  value(): unknown {
    const end = this.#endOfValue();
    const value: unknown = JSON.parse(this.#bytes.toString('utf8', this.#at, end));
    this.#at = end;
    this.#space();
    return value;
  }

  /** Nothing may follow. */
  end(): void {
    if (this.#at < this.#bytes.length) throw new SyntaxError('the text goes on behind its end');
  }

  #take(code: number): void {
    if (this.#bytes[this.#at] !== code) throw new SyntaxError(`no ${String.fromCharCode(code)} at byte ${this.#at}`);
    this.#at++;
    this.#space();
  }

  #space(): void {
    for (;;) {
      const code = this.#bytes[this.#at];
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  /** Behind a value, if it is one: brackets are counted here, and `JSON.parse` sees whether they fit. */
  #endOfValue(): number {
    const bytes = this.#bytes;
    let depth = 0;
    for (let at = this.#at; at < bytes.length; at++) {
      switch (bytes[at]) {
        case QUOTE:
          at = endOfString(bytes, at);
          if (depth === 0) return at + 1;
          break;
        case OPEN_BRACE:
        case OPEN_BRACKET:
          depth++;
          break;
        case CLOSE_BRACE:
        case CLOSE_BRACKET:
          if (depth === 0) return at;
          if (--depth === 0) return at + 1;
          break;
        case COMMA:
        case COLON:
          if (depth === 0) return at;
          break;
        default:
      }
    }
    return bytes.length;
  }
}

/** The closing quote of the string that opens at `start`; the text's end where there is none. No byte of a longer character is a quote. */
function endOfString(bytes: Buffer, start: number): number {
  for (let at = start + 1; at < bytes.length; at++) {
    const code = bytes[at];
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at++;
  }
  return bytes.length;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
