import type { Problem } from '../core/manifest.ts';
import { type MappedText, MappedTextBuilder } from '../core/mapped-text.ts';
import { type Span, span } from '../core/span.ts';
import { type JsonDialect, JsonTokens } from './json-tokens.ts';

/** How many problems of one document are kept: the first says where to look, the rest is echo. */
export const MAX_PROBLEMS = 20;

/** How deeply values may nest; what lies deeper is skipped and said so. Manifests need about six. */
const MAX_DEPTH = 100;

/** A string; its span includes the quotes, the closing one only where there is one. */
export interface JsonString extends Span {
  readonly type: 'string';
  readonly value: string;
  /**
   * Whether both quotes are there and every escape is one. A string without its closing quote ends at its line's end;
   * what it was meant to say is anybody's guess.
   */
  readonly whole: boolean;
}

/** A number, `true`, `false` or `null`. */
export interface JsonScalar extends Span {
  readonly type: 'number' | 'boolean' | 'null';
  readonly value: number | boolean | null;
}

/** An array; a broken one holds what could be read. */
export interface JsonArray extends Span {
  readonly type: 'array';
  readonly items: readonly JsonNode[];
}

/** A member of an object whose value could be read. */
export interface JsonMember {
  readonly key: JsonString;
  readonly value: JsonNode;
}

/** An object; `members` in document order, duplicates included. */
export interface JsonObject extends Span {
  readonly type: 'object';
  readonly members: readonly JsonMember[];
}

/** A JSON value with its place in the document. */
export type JsonNode = JsonString | JsonScalar | JsonArray | JsonObject;

/** A JSON document, read as far as it can be. */
export interface JsonDocument {
  readonly root: JsonNode | undefined;
  /** What the dialect does not allow, in document order; at most `MAX_PROBLEMS`. */
  readonly problems: readonly Problem[];
}

/**
 * Reads a small JSON document with positions. Total, and made for half-typed documents: a member without a value, a
 * colon, a comma or a closing quote is lost alone, and the next one counts again. Not for lockfiles (see json-skim.ts).
 */
export function parseJson(text: string, dialect: JsonDialect = 'json'): JsonDocument {
  return new TreeReader(text, dialect).document();
}

/** The members that count: of those with one name the last, as `JSON.parse` has it. None where the node is no object. */
export function membersOf(node: JsonNode | undefined): JsonMember[] {
  if (node?.type !== 'object') return [];
  const last = new Map<string, JsonMember>();
  for (const member of node.members) last.set(member.key.value, member);
  return node.members.filter((member) => last.get(member.key.value) === member);
}

/** The value of a member by its name; undefined where there is none. */
export function memberOf(node: JsonNode | undefined, name: string): JsonNode | undefined {
  return membersOf(node).find(({ key }) => key.value === name)?.value;
}

/** A node's text where it is a whole string, else undefined: half a string says nothing yet. */
export function textOf(node: JsonNode | undefined): string | undefined {
  return node?.type === 'string' && node.whole ? node.value : undefined;
}

/** The span of a whole string's content, without quotes; of an empty string both quotes. */
export function stringContent(node: JsonString): Span {
  return node.end - node.start === 2 ? span(node.start, node.end) : span(node.start + 1, node.end - 1);
}

/** A whole string's value, each character of which knows its place in the document; escapes (RFC 8259, section 7) are decoded. */
export function stringSource(text: string, node: JsonString): MappedText {
  const builder = new MappedTextBuilder();
  const end = node.end - 1;
  let at = node.start + 1;
  while (at < end) {
    if (text[at] !== '\\') {
      const next = text.indexOf('\\', at);
      const stop = next < 0 || next > end ? end : next;
      builder.addVerbatim(text, at, stop);
      at = stop;
      continue;
    }
    const length = text[at + 1] === 'u' ? 6 : 2;
    const stop = Math.min(at + length, end);
    builder.addDecoded(decodeEscape(text.slice(at, stop)), at, stop);
    at = stop;
  }
  return builder.build();
}

/** A text as it stands between the quotes of a JSON string. */
export function jsonEscaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function decodeEscape(sequence: string): string {
  const kind = sequence[1] ?? '';
  if (kind === 'u') return /^\\u[0-9a-fA-F]{4}$/.test(sequence) ? String.fromCharCode(Number.parseInt(sequence.slice(2), 16)) : '\ufffd';
  return ESCAPES[kind] ?? kind;
}

class TreeReader {
  readonly #text: string;
  readonly #tokens: JsonTokens;
  readonly #dialect: JsonDialect;
  readonly #problems: Problem[] = [];
  #objects = 0;
  #arrays = 0;

  constructor(text: string, dialect: JsonDialect) {
    this.#text = text;
    this.#dialect = dialect;
    this.#tokens = new JsonTokens(text, 0, dialect, (message, at) => this.#report(message, at));
  }

  document(): JsonDocument {
    while (this.#tokens.kind === 'word') this.#skipWord('this is no JSON value');
    const root = this.#value();
    if (root === undefined) this.#report('a value is missing', this.#tokens.span);
    else if (this.#tokens.kind !== 'end') this.#report('the text goes on behind its end', this.#tokens.span);
    return { root, problems: this.#problems };
  }

  #report(message: string, at: Span): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push({ message, span: at });
  }

  /** Reads a value, or gives undefined and stays where none stands. */
  #value(): JsonNode | undefined {
    const tokens = this.#tokens;
    const { start, end } = tokens;
    switch (tokens.kind) {
      case '{':
      case '[':
        return this.#nested(tokens.kind);
      case 'string':
        return this.#string();
      case 'number': {
        const value = Number(this.#text.slice(start, end));
        tokens.next();
        return { type: 'number', value, start, end };
      }
      case 'true':
      case 'false': {
        const value = tokens.kind === 'true';
        tokens.next();
        return { type: 'boolean', value, start, end };
      }
      case 'null':
        tokens.next();
        return { type: 'null', value: null, start, end };
      default:
        return undefined;
    }
  }

  #string(): JsonString {
    const { start, end, value, broken } = this.#tokens;
    this.#tokens.next();
    return { type: 'string', value, whole: !broken, start, end };
  }

  #nested(kind: '{' | '['): JsonNode {
    if (this.#objects + this.#arrays === MAX_DEPTH) return this.#skipNested();
    if (kind === '{') this.#objects++;
    else this.#arrays++;
    const node = kind === '{' ? this.#object() : this.#array();
    if (kind === '{') this.#objects--;
    else this.#arrays--;
    return node;
  }

  /** Goes over a value that lies too deep, by counting brackets, so that hostile nesting cannot exhaust the stack. */
  #skipNested(): JsonNode {
    const { start } = this.#tokens;
    this.#report('this is nested too deeply', this.#tokens.span);
    let { end } = this.#tokens;
    for (let open = 0; this.#tokens.kind !== 'end'; ) {
      const { kind } = this.#tokens;
      if (kind === '{' || kind === '[') open++;
      else if (kind === '}' || kind === ']') open--;
      end = this.#tokens.end;
      this.#tokens.next();
      if (open === 0) break;
    }
    return { type: 'null', value: null, start, end };
  }

  #array(): JsonArray {
    const tokens = this.#tokens;
    const { start } = tokens;
    let { end } = tokens;
    const items: JsonNode[] = [];
    let separated = true;
    tokens.next();
    for (;;) {
      if (tokens.kind === ']') {
        if (items.length > 0 && separated && this.#dialect === 'json') this.#report('a value is missing', tokens.span);
        end = tokens.end;
        tokens.next();
        break;
      }
      // Inside an object, its brace, a colon or a member's name means that the closing bracket was forgotten; elsewhere they are stray.
      const foreign = tokens.kind === '}' || tokens.kind === ':' || this.#isKey();
      if (tokens.kind === 'end' || (foreign && this.#objects > 0)) {
        this.#report('a closing `]` is missing', tokens.span);
        break;
      }
      if (tokens.kind === ',') {
        if (separated) this.#report('a value is missing', tokens.span);
        separated = true;
        end = tokens.end;
        tokens.next();
        continue;
      }
      if (!separated) this.#report('a comma is missing', tokens.span);
      separated = false;
      const item = this.#value();
      if (item === undefined) end = this.#skipWord('this is no JSON value');
      else {
        items.push(item);
        end = item.end;
      }
    }
    return { type: 'array', items, start, end };
  }

  #object(): JsonObject {
    const tokens = this.#tokens;
    const { start } = tokens;
    let { end } = tokens;
    const members: JsonMember[] = [];
    let separated = true;
    let any = false;
    tokens.next();
    for (;;) {
      if (tokens.kind === '}') {
        if (any && separated && this.#dialect === 'json') this.#report('a property name is missing', tokens.span);
        end = tokens.end;
        tokens.next();
        break;
      }
      // Inside an array, its bracket means that the closing brace was forgotten; elsewhere it is stray.
      if (tokens.kind === 'end' || (tokens.kind === ']' && this.#arrays > 0)) {
        this.#report('a closing `}` is missing', tokens.span);
        break;
      }
      end = tokens.end;
      if (tokens.kind === ',') {
        if (separated) this.#report('a property name is missing', tokens.span);
        separated = true;
        tokens.next();
        continue;
      }
      if (!separated) this.#report('a comma is missing', tokens.span);
      separated = false;
      any = true;
      const member = this.#member();
      if (member !== undefined) members.push(member);
      end = member?.value.end ?? end;
    }
    return { type: 'object', members, start, end };
  }

  #member(): JsonMember | undefined {
    const tokens = this.#tokens;
    if (!tokens.is('string')) {
      if (tokens.is('{') || tokens.is('[')) {
        this.#report('a property name is missing', tokens.span);
        this.#value();
      } else this.#skipWord('a property name is missing');
      return undefined;
    }
    const key = this.#string();
    if (!tokens.is(':')) {
      this.#report('a colon is missing', tokens.span);
      // What follows on the same line was meant as the value; what follows on the next is the next member.
      if (!/[\r\n]/.test(this.#text.slice(key.end, tokens.start)) && !this.#isKey()) this.#value();
      return undefined;
    }
    tokens.next();
    if (this.#isKey()) {
      this.#report('a value is missing', tokens.span);
      return undefined;
    }
    const value = this.#value();
    if (value === undefined) {
      if (tokens.is('word')) this.#skipWord('this is no JSON value');
      else this.#report('a value is missing', tokens.span);
      return undefined;
    }
    return key.whole ? { key, value } : undefined;
  }

  /** Whether the current token is a string with a colon behind it: the next member's name, wherever a value is due. */
  #isKey(): boolean {
    if (!this.#tokens.is('string')) return false;
    let at = this.#tokens.end;
    while (' \t\r\n'.includes(this.#text[at] ?? '-')) at++;
    return this.#text[at] === ':';
  }

  /** Reports the current token, goes over it, and gives the offset behind it. */
  #skipWord(message: string): number {
    const { end } = this.#tokens;
    this.#report(message, this.#tokens.span);
    this.#tokens.next();
    return end;
  }
}
