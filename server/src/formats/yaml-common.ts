import type { Span } from '../core/span.ts';
import { blockScalar } from './yaml-block.ts';
import type { YamlEntry, YamlMap, YamlNode, YamlScalar, YamlSeq } from './yaml-document.ts';
import {
  behindSpaces,
  flowCollection,
  flowScalar,
  flowText,
  isColon,
  isDash,
  isRest,
  type Line,
  lineAt,
  plainAt,
  quotedAt,
  UNIT,
} from './yaml-line.ts';
import { contentSpan, type ScalarToken } from './yaml-scalars.ts';

/** A document that was read without the library. */
export interface CommonYaml {
  readonly root: YamlNode;
  /** Every block scalar from its header to its end. */
  readonly blocks: readonly Span[];
}

/**
 * Reads a document that is written as nearly all are: block maps and sequences, scalars and flow collections on one line, block
 * scalars, comments. Undefined for everything else and for everything that is wrong: anchors, tags, tabs, values over several lines,
 * keys that are there twice. Gives exactly what the `yaml` library gives, whose rules for what belongs to a comment are followed
 * (`Parser.blockMap`, `blockSequence` and `pop` of version 2.9), in a twentieth of its time: it is asked at every key.
 */
export function readCommonYaml(text: string): CommonYaml | undefined {
  // A carriage return of its own is no line end for the library, and one for editors.
  if (text.startsWith('\ufeff') || (text.includes('\r') && /\r(?!\n)/.test(text))) return undefined;
  const reader = new CommonReader(text);
  return reader.read() ? reader.result() : undefined;
}

/** Deeper documents are left to the library, and to its limit. */
const MAX_OPEN = 50;

/** Keys may not be longer (YAML 1.2.2, section 7.4.2: 1024 characters up to the colon); the library tells where they are. */
const MAX_KEY_UNITS = 1000;

/** From this many keys on, a set is quicker than looking at each. */
const MANY_KEYS = 8;

/** White space and comments that follow a value on lines of their own, as long as it is not known what they belong to. */
interface Trail {
  readonly end: number;
  /** The largest indentation of its comments; -1 where it has none. */
  readonly commentIndent: number;
}

/** A key whose value has not begun. */
interface Waiting {
  readonly key: string;
  readonly keySpan: Span;
  /** Where an empty value stands: behind the colon and the white space after it. */
  readonly at: number;
  /** The end of the white space and comments behind the colon. */
  end: number;
  hasComment: boolean;
  /** Line ends since the key, or since the last comment that is indented more than it. */
  feeds: number;
  /** Where the second of them stands: what follows it belongs to the next key, if that is of the same map. -1 where there is none. */
  secondFeed: number;
  /** A comment behind that. */
  hasLateComment: boolean;
}

/** What maps and sequences have in common while they are open. */
interface OpenCollection {
  readonly indent: number;
  readonly span: { readonly start: number; end: number };
  /** Behind the last value and what belongs to it. */
  end: number;
  /** Whether comments that are indented more than the collection belong to its last value. */
  takesComments: boolean;
  trail: Trail | undefined;
}

interface OpenMap extends OpenCollection {
  readonly kind: 'map';
  readonly entries: YamlEntry[];
  keys: Set<string> | undefined;
  waiting: Waiting | undefined;
}

interface OpenSeq extends OpenCollection {
  readonly kind: 'seq';
  readonly items: (YamlNode | undefined)[];
}

/** Reads line by line. Its methods give false where the library has to read. */
class CommonReader {
  readonly #text: string;
  readonly #blocks: Span[] = [];
  readonly #open: (OpenMap | OpenSeq)[] = [];
  #root: YamlNode | undefined;
  /** Where the next line begins. */
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): boolean {
    const text = this.#text;
    let hasStart = false;
    while (this.#at < text.length) {
      const line = lineAt(text, this.#at);
      this.#at = line.next;
      const content = behindSpaces(text, line.start);
      const indent = content - line.start;
      const isComment = text.charCodeAt(content) === UNIT.hash;
      if (content === line.end || isComment) this.#trivia(line, indent, isComment);
      else if (this.#root === undefined && !hasStart && isDocumentStart(text, line)) hasStart = true;
      else if (!this.#structure(line, content, indent)) return false;
    }
    while (this.#open.length > 0) this.#close();
    return true;
  }

  result(): CommonYaml | undefined {
    return this.#root && { root: this.#root, blocks: this.#blocks };
  }

  /** An empty line or a comment. */
  #trivia({ end, next }: Line, indent: number, isComment: boolean): void {
    const top = this.#open.at(-1);
    if (top === undefined) return;
    if (top.kind === 'map' && top.waiting !== undefined) {
      this.#triviaOf(top.waiting, { end, next }, isComment ? indent : -1, top.indent);
    } else if (isComment && indent > top.indent && top.takesComments && (top.trail?.commentIndent ?? -1) < 0) {
      top.end = next;
      top.trail = undefined;
    } else {
      top.trail = { end: next, commentIndent: Math.max(top.trail?.commentIndent ?? -1, isComment ? indent : -1) };
    }
  }

  /** White space and comments up to the end of a line behind a key without a value; `comment` is a comment's indentation, or -1. */
  #triviaOf(waiting: Waiting, { end, next }: Pick<Line, 'end' | 'next'>, comment: number, mapIndent: number): void {
    if (comment > mapIndent) {
      waiting.hasComment = true;
      waiting.feeds = 0;
      waiting.secondFeed = -1;
    } else if (comment >= 0) {
      if (waiting.secondFeed < 0) waiting.hasComment = true;
      else waiting.hasLateComment = true;
    }
    if (next > end) {
      waiting.feeds++;
      if (waiting.feeds === 2) waiting.secondFeed = end;
    }
    waiting.end = next;
  }

  /** A line that begins with a key or a dash. */
  #structure(line: Line, content: number, indent: number): boolean {
    const isItem = isDash(this.#text, content, line.end);
    let top = this.#open.at(-1);
    if (top !== undefined && indent > 0) this.#indentation(top, content);
    while (top !== undefined && (top.indent > indent || (top.indent === indent && top.kind === 'seq' && !isItem))) {
      this.#close();
      top = this.#open.at(-1);
    }
    if (!isItem) return this.#mapAt(indent, content) && this.#pair(line, content);
    if (top?.kind !== 'seq' || top.indent !== indent) {
      const seq: OpenSeq = { kind: 'seq', ...openAt(content, indent), items: [] };
      if (!this.#begin(seq, seq.indent >= (top?.indent ?? 0))) return false;
      top = seq;
    }
    top.trail = undefined;
    return this.#item(top, line, content);
  }

  /** The white space in front of a line's content belongs to the comments above it. */
  #indentation(top: OpenMap | OpenSeq, content: number): void {
    if (top.kind === 'map' && top.waiting !== undefined) top.waiting.end = content;
    else if (top.trail !== undefined) top.trail = { ...top.trail, end: content };
  }

  /** Makes the map at an indentation the innermost one: it is, or it is the value of the key before. */
  #mapAt(indent: number, start: number): boolean {
    const top = this.#open.at(-1);
    if (top?.kind === 'map' && top.indent === indent) {
      if (top.waiting !== undefined) this.#finishEmpty(top, top.waiting, true);
      top.trail = undefined;
      return true;
    }
    return this.#begin(newMap(start, indent), indent > (top?.indent ?? -1));
  }

  /** Opens a collection as the document's root, or as the value of the key that waits for one. */
  #begin(collection: OpenMap | OpenSeq, isDeeper: boolean): boolean {
    const top = this.#open.at(-1);
    const node = nodeOf(collection);
    if (top === undefined) {
      if (this.#root !== undefined || collection.indent !== 0) return false;
      this.#root = node;
    } else {
      if (!isDeeper || top.kind !== 'map' || top.waiting === undefined || this.#open.length >= MAX_OPEN) return false;
      top.entries.push({ key: top.waiting.key, keySpan: top.waiting.keySpan, value: node, isMerged: false });
      top.waiting = undefined;
    }
    this.#open.push(collection);
    return true;
  }

  /** Ends the innermost collection. What follows it on lines of its own may belong to the one around it. */
  #close(): void {
    const closed = this.#open.pop();
    if (closed === undefined) return;
    if (closed.kind === 'map' && closed.waiting !== undefined) this.#finishEmpty(closed, closed.waiting, false);
    closed.span.end = closed.end;
    const around = this.#open.at(-1);
    if (around === undefined) return;
    const { trail } = closed;
    const moves = trail === undefined || closed.indent === 0 || trail.commentIndent < closed.indent;
    around.end = moves ? closed.end : trail.end;
    around.trail = moves ? trail : undefined;
    around.takesComments = false;
  }

  /** A key without a value; the next key of its map may take over what stands in front of it. */
  #finishEmpty(map: OpenMap, { key, keySpan, at, ...waiting }: Waiting, isNextKey: boolean): void {
    const span = { start: at, end: at };
    const value: YamlScalar = {
      kind: 'scalar',
      style: 'plain',
      raw: span,
      header: '',
      indent: 0,
      text: '',
      span,
      restAt: at,
      isNull: true,
      aliases: [],
    };
    map.entries.push({ key, keySpan, value, isMerged: false });
    map.waiting = undefined;
    map.takesComments = false;
    const isCut = isNextKey && waiting.secondFeed >= 0;
    const hasComment = waiting.hasComment || (waiting.hasLateComment && !isCut);
    map.end = !hasComment ? at : isCut ? waiting.secondFeed : waiting.end;
  }

  /** What stands behind a dash: a map's first key, or a value on the same line. */
  #item(seq: OpenSeq, line: Line, dash: number): boolean {
    const text = this.#text;
    const content = behindSpaces(text, dash + 1);
    if (content >= line.end || isDash(text, content, line.end)) return false;
    const code = text.charCodeAt(content);
    if (code === UNIT.bar || code === UNIT.greater) return false;
    const key = this.#keyAt(line, content);
    if (key === undefined) {
      const value = this.#valueAt(line, content);
      if (value === undefined) return false;
      seq.items.push(value);
      seq.end = line.next;
      seq.takesComments = true;
      return true;
    }
    if (this.#open.length >= MAX_OPEN) return false;
    const map = newMap(content, content - line.start);
    seq.items.push(nodeOf(map));
    this.#open.push(map);
    return this.#pairOf(map, key, line);
  }

  #pair(line: Line, content: number): boolean {
    const map = this.#open.at(-1);
    const key = this.#keyAt(line, content);
    return map?.kind === 'map' && key !== undefined && this.#pairOf(map, key, line);
  }

  /** A key and what stands behind its colon. */
  #pairOf(map: OpenMap, { token, colon }: Key, line: Line): boolean {
    const text = this.#text;
    const key = flowText(text, token);
    if (key === undefined || (key === '<<' && token.style === 'plain') || colon - token.raw.start > MAX_KEY_UNITS) return false;
    if (!isNew(map, key)) return false;
    const keySpan = contentSpan(text, token);
    const at = behindSpaces(text, colon + 1);
    const code = text.charCodeAt(at);
    if (at === line.end || code === UNIT.hash) {
      map.waiting = { key, keySpan, at, end: at, hasComment: false, feeds: 0, secondFeed: -1, hasLateComment: false };
      this.#triviaOf(map.waiting, line, code === UNIT.hash && at < line.end ? map.indent : -1, map.indent);
      return true;
    }
    const isBlock = code === UNIT.bar || code === UNIT.greater;
    const value = isBlock ? blockScalar(text, { start: at, line, indent: map.indent }) : this.#valueAt(line, at);
    if (value === undefined) return false;
    map.entries.push({ key, keySpan, value, isMerged: false });
    if (isBlock && value.kind === 'scalar') {
      this.#blocks.push({ start: at, end: value.raw.end });
      this.#at = value.raw.end;
    }
    map.end = this.#at;
    map.takesComments = !isBlock;
    return true;
  }

  /** The key at an offset, with its colon; undefined where there is none on the line. */
  #keyAt(line: Line, start: number): Key | undefined {
    const text = this.#text;
    const quoted = quotedAt(text, start, line.end);
    if (quoted !== undefined) {
      const colon = behindSpaces(text, quoted.raw.end);
      return isColon(text, colon, line.end) ? { token: quoted, colon } : undefined;
    }
    const plain = plainAt(text, start, line.end);
    return plain === undefined || plain.colon < 0 ? undefined : { token: plain.token, colon: plain.colon };
  }

  /** A scalar or flow collection that ends on its line, with nothing but a comment behind it. */
  #valueAt(line: Line, start: number): YamlNode | undefined {
    const text = this.#text;
    const code = text.charCodeAt(start);
    if (code === UNIT.openBracket || code === UNIT.openBrace) {
      const flow = flowCollection(text, start, line.end);
      return flow !== undefined && isRest(text, flow.span.end, line.end) ? flow : undefined;
    }
    const quoted = quotedAt(text, start, line.end);
    if (quoted !== undefined) return isRest(text, quoted.raw.end, line.end) ? flowScalar(text, quoted) : undefined;
    const plain = plainAt(text, start, line.end);
    return plain === undefined || plain.colon >= 0 ? undefined : flowScalar(text, plain.token);
  }
}

interface Key {
  readonly token: ScalarToken;
  readonly colon: number;
}

function openAt(start: number, indent: number): OpenCollection {
  return { indent, span: { start, end: start }, end: start, takesComments: false, trail: undefined };
}

function newMap(start: number, indent: number): OpenMap {
  return { kind: 'map', ...openAt(start, indent), entries: [], keys: undefined, waiting: undefined };
}

/** The node of a collection that grows, and whose end is not known yet. */
function nodeOf(open: OpenMap | OpenSeq): YamlMap | YamlSeq {
  if (open.kind === 'map') return { kind: 'map', span: open.span, isFlow: false, entries: open.entries };
  return { kind: 'seq', span: open.span, isFlow: false, items: open.items };
}

function isNew(map: OpenMap, key: string): boolean {
  const { entries } = map;
  if (entries.length < MANY_KEYS) return entries.every((entry) => entry.key !== key);
  map.keys ??= new Set(entries.map((entry) => entry.key));
  if (map.keys.has(key)) return false;
  map.keys.add(key);
  return true;
}

/** The line that begins a document, with nothing else on it. */
function isDocumentStart(text: string, { start, end }: Line): boolean {
  return text.startsWith('---', start) && behindSpaces(text, start + 3) >= end;
}
