import {
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  type ParsedNode,
  Parser,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { Problem } from '../core/manifest.ts';
import type { MappedText } from '../core/mapped-text.ts';
import type { TrailingComment } from '../core/reference.ts';
import type { Span } from '../core/span.ts';
import { LineIndex, wholeCharacters } from '../core/text.ts';
import { readCommonYaml } from './yaml-common.ts';
import { contentSpan, mapScalar, type ScalarToken } from './yaml-scalars.ts';

/** A scalar: its value as text, whatever its type, and where it stands. */
export interface YamlScalar extends ScalarToken {
  readonly kind: 'scalar';
  readonly text: string;
  /** The content without quotes, indentation and surrounding white space; of an empty quoted scalar both quotes. */
  readonly span: Span;
  /** Where the rest of its (first) line begins: behind the value and its quotes, or behind a block scalar's header. */
  readonly restAt: number;
  /** Nothing is written: `key:`. */
  readonly isNull: boolean;
  /** The end of the innermost flow collection (`{}`, `[]`) around it. */
  readonly flowEnd?: number;
  /** The aliases (`*name`) that stand for this very scalar. */
  readonly aliases: readonly Span[];
}

/** A key and its value. `value` is undefined where it could not be read. */
export interface YamlEntry {
  readonly key: string;
  readonly keySpan: Span;
  readonly value: YamlNode | undefined;
  /** Whether it came in through a merge key (`<<`) and stands elsewhere. */
  readonly isMerged: boolean;
}

/** A mapping. Entries stand in document order; a key that is written twice is there twice. */
export interface YamlMap {
  readonly kind: 'map';
  readonly span: Span;
  readonly isFlow: boolean;
  readonly entries: readonly YamlEntry[];
}

/** A sequence. */
export interface YamlSeq {
  readonly kind: 'seq';
  readonly span: Span;
  readonly isFlow: boolean;
  readonly items: readonly (YamlNode | undefined)[];
}

/**
 * A value. An alias is the very object that its anchor names (the nearest one before it), so the same object can be met
 * twice, and one that contains itself can be met for ever: whoever walks the tree keeps a set of what was seen.
 */
export type YamlNode = YamlScalar | YamlMap | YamlSeq;

/** A YAML stream, read. */
export interface YamlDocument {
  readonly text: string;
  readonly lines: LineIndex;
  /** The first document's value; undefined where there is none. */
  readonly root: YamlNode | undefined;
  /** The values of all documents; `undefined` for an empty one. */
  readonly roots: readonly (YamlNode | undefined)[];
  /** In document order, at most `MAX_PROBLEMS`. */
  readonly problems: readonly Problem[];
  /** Where the tree stops being trustworthy: the first syntax error, or the start of a string that swallowed one. */
  readonly brokenFrom: number | undefined;
  /** Every block scalar from its header to its end. */
  readonly blocks: readonly Span[];
}

/** How many problems of one document are kept: the first says where to look, the rest is echo. */
export const MAX_PROBLEMS = 20;

/** Deeper documents are not read as a tree: the library's recursion would end the process. */
export const MAX_DEPTH = 200;

/** How many entries merge keys may add to one document. Chains of merges grow with the square of their length. */
export const MAX_MERGED_ENTRIES = 10_000;

/** Reads a YAML stream. Never throws; a broken one yields what the library could make of it, and its problems. */
export function parseYaml(text: string): YamlDocument {
  const lines = new LineIndex(text);
  const common = readCommonYaml(text);
  if (common !== undefined) return { text, lines, ...common, roots: [common.root], problems: [], brokenFrom: undefined };
  const tokens = tokensOf(text);
  const tooDeep = tokens === undefined ? 0 : tokens.map(deepAt).find((offset) => offset !== undefined);
  if (tokens === undefined || tooDeep !== undefined) {
    const problems = [
      {
        message: `more than ${MAX_DEPTH} levels of nesting`,
        span: wholeCharacters(text, { start: tooDeep ?? 0, end: (tooDeep ?? 0) + 1 }),
      },
    ];
    return { text, lines, root: undefined, roots: [], problems, brokenFrom: 0, blocks: [] };
  }
  // `<<` is resolved here and duplicate keys are told here, because both need the places of what they find.
  const options = { keepSourceTokens: true, uniqueKeys: false, prettyErrors: false, logLevel: 'silent' } as const;
  const documents = [...new Composer(options).compose(tokens, true, text.length)];
  const reader = new Reader(text, lines, documents);
  const roots = documents.map((document) => reader.convert(document.contents));
  const problems = [...reader.errors, ...reader.problems].sort((a, b) => a.span.start - b.span.start).slice(0, MAX_PROBLEMS);
  return { text, lines, root: roots[0], roots, problems, brokenFrom: reader.brokenFrom(), blocks: reader.blocks };
}

/** A scalar's value with the place of each character. */
export function scalarSource(document: YamlDocument, scalar: YamlScalar): MappedText {
  return mapScalar(document.text, scalar);
}

/** The value of a map's key (the first one, where it is written twice; its own before a merged one). */
export function nodeOf(node: YamlNode | undefined, key: string): YamlNode | undefined {
  return entryOf(node, key)?.value;
}

/** A map's entry by key, undefined where the node is no map or has no such key. */
export function entryOf(node: YamlNode | undefined, key: string): YamlEntry | undefined {
  return node?.kind === 'map' ? node.entries.find((entry) => entry.key === key) : undefined;
}

/** The scalar under a map's key; undefined where there is none, something else, or nothing written. */
export function scalarOf(node: YamlNode | undefined, key: string): YamlScalar | undefined {
  return asScalar(nodeOf(node, key));
}

/** A node as a scalar with something written. */
export function asScalar(node: YamlNode | undefined): YamlScalar | undefined {
  return node?.kind === 'scalar' && !node.isNull ? node : undefined;
}

/** A scalar, or a sequence's scalars. */
export function scalarsOf(node: YamlNode | undefined): readonly YamlScalar[] {
  const nodes = node?.kind === 'seq' ? node.items : [node];
  return nodes.flatMap((item) => asScalar(item) ?? []);
}

/** A map's entries; none of any other node. */
export function entriesOf(node: YamlNode | undefined): readonly YamlEntry[] {
  return node?.kind === 'map' ? node.entries : [];
}

/** Where a comment behind a value goes, and the comment that is there. */
export interface CommentPlace {
  /** The end of what stands on the line before any comment. */
  readonly at: number;
  readonly comment?: TrailingComment;
}

/**
 * The place for a comment on a scalar's line: behind the value, or behind the flow collection that it closes with
 * (the header's line of a block scalar). Undefined where more stands on the line.
 */
export function commentPlace(text: string, scalar: Pick<YamlScalar, 'restAt' | 'flowEnd'>): CommentPlace | undefined {
  const lineEnd = lineEndFrom(text, scalar.restAt);
  const isClosed = scalar.flowEnd !== undefined && scalar.flowEnd <= lineEnd;
  const from = isClosed ? (scalar.flowEnd ?? scalar.restAt) : scalar.restAt;
  const rest = text.slice(from, lineEnd);
  const closing = scalar.flowEnd === undefined ? '' : (/^[\s,\]}]*[,\]}]/.exec(rest)?.[0] ?? '');
  const behind = rest.slice(closing.length);
  const at = from + closing.length;
  if (behind.trim() === '') return { at };
  const blanks = behind.length - behind.trimStart().length;
  if (blanks === 0 || behind[blanks] !== '#') return undefined;
  const start = at + blanks;
  const end = start + behind.trim().length;
  return { at, comment: { span: { start, end }, text: text.slice(start + 1, end).trim() } };
}

function lineEndFrom(text: string, offset: number): number {
  const feed = text.indexOf('\n', offset);
  const end = feed < 0 ? text.length : feed;
  return end > offset && text[end - 1] === '\r' ? end - 1 : end;
}

type Token = ReturnType<Parser['parse']> extends Iterable<infer T> ? T : never;

/** The library's tokens; undefined where they nest so deep (`: : : …`, thousands of times) that its own recursion ends the stack. */
function tokensOf(text: string): Token[] | undefined {
  try {
    return [...new Parser().parse(text)];
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The offset of the first token that is nested more deeply than `MAX_DEPTH`. Without recursion: that is the point. */
function deepAt(root: Token): number | undefined {
  const stack: { readonly token: Token; readonly depth: number }[] = [{ token: root, depth: 0 }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { token, depth } = top;
    if (depth > MAX_DEPTH) return token.offset;
    if ('value' in token && token.value !== undefined) stack.push({ token: token.value, depth });
    if (!('items' in token)) continue;
    for (const item of token.items) {
      if (item.key) stack.push({ token: item.key, depth: depth + 1 });
      if (item.value) stack.push({ token: item.value, depth: depth + 1 });
    }
  }
  return undefined;
}

/** Turns the library's nodes into ours, resolving aliases and merges on the way in document order. */
class Reader {
  readonly blocks: Span[] = [];
  readonly problems: Problem[] = [];
  readonly errors: readonly Problem[];
  readonly #text: string;
  readonly #lines: LineIndex;
  readonly #errorLines: ReadonlySet<number>;
  readonly #anchors = new Map<string, YamlNode>();
  /** The lists behind `YamlScalar.aliases`, as long as they grow. */
  readonly #aliases = new Map<YamlScalar, Span[]>();
  #mergedEntries = 0;
  #swallowedFrom: number | undefined;

  constructor(text: string, lines: LineIndex, documents: readonly Document.Parsed[]) {
    this.#text = text;
    this.#lines = lines;
    const errors = documents.flatMap((document) => document.errors);
    // At the text's end the library's positions point behind it; between CR and LF editors have no place.
    const inText = (offset: number): number => {
      const at = Math.min(offset, text.length);
      return text[at - 1] === '\r' && text[at] === '\n' ? at - 1 : at;
    };
    this.errors = errors.map(({ message, pos: [start, end] }) => ({
      message: describe(message),
      span: wholeCharacters(text, { start: inText(start), end: inText(Math.max(start, end)) }),
    }));
    this.#errorLines = new Set(errors.map(({ pos }) => lines.positionAt(pos[0]).line));
  }

  brokenFrom(): number | undefined {
    const starts = [...this.errors.map(({ span }) => span.start), this.#swallowedFrom ?? Number.POSITIVE_INFINITY];
    return this.errors.length === 0 ? undefined : Math.min(...starts);
  }

  convert(node: ParsedNode | null, flowEnd?: number): YamlNode | undefined {
    if (isAlias(node)) return this.#alias(node.source, node.range ?? [0, 0, 0]);
    if (isScalar(node)) return this.#scalar(node, flowEnd);
    if (isMap(node)) return this.#map(node);
    if (isSeq(node)) return this.#seq(node);
    return undefined;
  }

  #alias(name: string, [start, end]: readonly [number, number, number]): YamlNode | undefined {
    const target = this.#anchors.get(name);
    if (target === undefined) this.problems.push({ message: `no anchor is named \`${name}\``, span: { start, end } });
    if (target?.kind === 'scalar') this.#aliases.get(target)?.push({ start, end });
    return target;
  }

  #scalar(node: Scalar, flowEnd: number | undefined): YamlScalar | undefined {
    const token = scalarToken(node);
    const { style, raw } = token;
    if (this.#isSwallowed(style, raw)) {
      this.#swallowedFrom = Math.min(this.#swallowedFrom ?? raw.start, raw.start);
      return undefined;
    }
    const [start] = node.range ?? [0];
    if (token.header !== '') this.blocks.push({ start, end: raw.end });
    const aliases: Span[] = [];
    const scalar: YamlScalar = {
      kind: 'scalar',
      ...token,
      text: node.source ?? '',
      span: contentSpan(this.#text, token),
      restAt: token.header === '' ? raw.end : start + token.header.length,
      isNull: style === 'plain' && raw.start === raw.end,
      ...(flowEnd === undefined ? {} : { flowEnd }),
      aliases,
    };
    if (node.anchor !== undefined) this.#aliases.set(scalar, aliases);
    return this.#named(node.anchor, scalar);
  }

  /** Whether a quoted string ran over a line with an error: most likely its closing quote is missing, and it is none. */
  #isSwallowed(style: ScalarToken['style'], raw: Span): boolean {
    if (this.#errorLines.size === 0 || (style !== 'single' && style !== 'double')) return false;
    const first = this.#lines.positionAt(raw.start).line;
    const last = this.#lines.positionAt(raw.end).line;
    if (first === last) return false;
    return this.#errorLines.has(first) || this.#errorLines.has(last);
  }

  #map(node: YAMLMap.Parsed): YamlMap {
    const entries: YamlEntry[] = [];
    const [start, end] = node.range ?? [0, 0];
    const isFlow = node.flow === true;
    const map = this.#named(node.anchor, { kind: 'map', span: { start, end }, isFlow, entries } satisfies YamlMap);
    const merges: (YamlNode | undefined)[] = [];
    const seen = new Set<string>();
    for (const pair of node.items) {
      const { key, value } = this.#pair(pair, isFlow ? end : undefined);
      if (key === undefined) continue;
      if (key.style === 'plain' && key.text === '<<') merges.push(value);
      else entries.push({ key: key.text, keySpan: key.span, value, isMerged: false });
      if (seen.has(key.text)) this.problems.push({ message: `the key \`${key.text}\` is written twice`, span: key.span });
      seen.add(key.text);
    }
    for (const merge of merges) this.#merge(merge, entries, seen);
    return map;
  }

  /** Adds what a merge key brings in (YAML 1.1, "Merge Key"): a map or several; nearer keys win. */
  #merge(node: YamlNode | undefined, entries: YamlEntry[], seen: Set<string>): void {
    const sources = node?.kind === 'seq' ? node.items : [node];
    for (const source of sources) {
      // A copy, because a map may merge itself.
      for (const entry of source?.kind === 'map' ? [...source.entries] : []) {
        if (seen.has(entry.key) || this.#mergedEntries >= MAX_MERGED_ENTRIES) continue;
        this.#mergedEntries++;
        seen.add(entry.key);
        entries.push({ ...entry, isMerged: true });
      }
    }
  }

  #pair(
    pair: Pair<ParsedNode, ParsedNode | null>,
    flowEnd: number | undefined,
  ): { readonly key: YamlScalar | undefined; readonly value: YamlNode | undefined } {
    const key = this.convert(pair.key, flowEnd);
    const value = this.convert(pair.value, flowEnd);
    return { key: key?.kind === 'scalar' ? key : undefined, value };
  }

  #seq(node: YAMLSeq.Parsed): YamlSeq {
    const items: (YamlNode | undefined)[] = [];
    const [start, end] = node.range ?? [0, 0];
    const isFlow = node.flow === true;
    const seq = this.#named(node.anchor, { kind: 'seq', span: { start, end }, isFlow, items } satisfies YamlSeq);
    for (const item of node.items) items.push(this.convert(item, isFlow ? end : undefined));
    return seq;
  }

  #named<N extends YamlNode>(anchor: string | undefined, node: N): N {
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    return node;
  }
}

const STYLES: Readonly<Record<string, ScalarToken['style']>> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'literal',
  BLOCK_FOLDED: 'folded',
};

function scalarToken(node: Scalar): ScalarToken {
  const style = STYLES[node.type ?? 'PLAIN'] ?? 'plain';
  const [start, end] = node.range ?? [0, 0];
  const token = node.srcToken;
  if (token?.type !== 'block-scalar') return { style, raw: { start, end }, header: '', indent: 0 };
  const header = token.props.find((prop) => prop.type === 'block-scalar-header');
  const body = end - token.source.length;
  return { style, raw: { start: body, end }, header: header && 'source' in header ? header.source : '', indent: token.indent };
}

/** The library's message as the end of a sentence. */
function describe(message: string): string {
  return message
    .replace(/'quote/, 'single quote')
    .replace(/"quote/, 'double quote')
    .replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase())
    .replace(/\.$/, '');
}
