import type { YamlEntry, YamlMap, YamlNode, YamlScalar, YamlSeq } from './yaml-document.ts';
import { contentSpan, mapScalar, type ScalarToken } from './yaml-scalars.ts';

// What stands on one line of a YAML document, for `yaml-common.ts`. Whatever is unusual is given up, so that nothing here has to
// know what the library makes of it.

/** UTF-16 units that YAML gives a meaning. */
export const UNIT = {
  tab: 9,
  feed: 10,
  return: 13,
  space: 32,
  doubleQuote: 34,
  hash: 35,
  singleQuote: 39,
  plus: 43,
  comma: 44,
  dash: 45,
  colon: 58,
  greater: 62,
  openBracket: 91,
  backslash: 92,
  closeBracket: 93,
  openBrace: 123,
  bar: 124,
  closeBrace: 125,
} as const;

/** What no plain scalar begins with (YAML 1.2.2, section 7.3.3), as far as one that begins with it is not given up anyway. */
const INDICATORS: ReadonlySet<number> = new Set([...'?:,[]{}#&*!|>\'"%@`'].map((character) => character.charCodeAt(0)));

/** Deeper flow collections are given up. */
const MAX_FLOW_DEPTH = 10;

/** Escapes that mean one character. */
const SIMPLE_ESCAPES = /^(?:[^\\]|\\["\\/nrt])*$/;

/** A line of a text: `end` is where its line end stands, `next` where the next line begins. */
export interface Line {
  readonly start: number;
  readonly end: number;
  readonly next: number;
}

/** The line that begins at an offset. */
export function lineAt(text: string, start: number): Line {
  const feed = text.indexOf('\n', start);
  if (feed < 0) return { start, end: text.length, next: text.length };
  return { start, end: feed > start && text.charCodeAt(feed - 1) === UNIT.return ? feed - 1 : feed, next: feed + 1 };
}

/** A dash that begins an item. */
export function isDash(text: string, at: number, end: number): boolean {
  return text.charCodeAt(at) === UNIT.dash && (at + 1 >= end || text.charCodeAt(at + 1) === UNIT.space);
}

/** A colon behind a key. */
export function isColon(text: string, at: number, end: number): boolean {
  return at < end && text.charCodeAt(at) === UNIT.colon && (at + 1 === end || text.charCodeAt(at + 1) === UNIT.space);
}

/** Whether nothing but white space and a comment stands up to the line's end. */
export function isRest(text: string, from: number, end: number): boolean {
  const at = behindSpaces(text, from);
  return at >= end || (at > from && text.charCodeAt(at) === UNIT.hash);
}

/** The first offset that is no space. */
export function behindSpaces(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) === UNIT.space) at++;
  return at;
}

/** A quoted scalar that is closed before the line's end. */
export function quotedAt(text: string, start: number, end: number): ScalarToken | undefined {
  const quote = text.charCodeAt(start);
  if (quote !== UNIT.doubleQuote && quote !== UNIT.singleQuote) return undefined;
  const isDouble = quote === UNIT.doubleQuote;
  for (let at = start + 1; at < end; at++) {
    const unit = text.charCodeAt(at);
    if (isDouble && unit === UNIT.backslash) at++;
    else if (unit !== quote) continue;
    else if (!isDouble && text.charCodeAt(at + 1) === quote) at++;
    else return { style: isDouble ? 'double' : 'single', raw: { start, end: at + 1 }, header: '', indent: 0 };
  }
  return undefined;
}

/** A plain scalar outside of flow collections, up to a colon, a comment, or the line's end. */
export interface PlainScalar {
  readonly token: ScalarToken;
  /** The colon behind it; -1 where there is none. */
  readonly colon: number;
}

/** The plain scalar at an offset; undefined where none begins there, or where a tab or another control character is in it. */
export function plainAt(text: string, start: number, end: number): PlainScalar | undefined {
  const first = text.charCodeAt(start);
  if (INDICATORS.has(first) || isDash(text, start, end)) return undefined;
  let last = start;
  for (let at = start; at < end; at++) {
    const unit = text.charCodeAt(at);
    if (unit > UNIT.colon) last = at;
    else if (unit < UNIT.space) return undefined;
    else if (unit === UNIT.colon && isColon(text, at, end)) return { token: plainToken(start, last + 1), colon: at };
    else if (unit === UNIT.hash && text.charCodeAt(at - 1) === UNIT.space) break;
    else if (unit !== UNIT.space) last = at;
  }
  return { token: plainToken(start, last + 1), colon: -1 };
}

function plainToken(start: number, end: number): ScalarToken {
  return { style: 'plain', raw: { start, end }, header: '', indent: 0 };
}

/** A flow scalar's value; undefined where it has an escape that not everybody knows. */
export function flowText(text: string, { style, raw }: ScalarToken): string | undefined {
  if (style === 'plain') return text.slice(raw.start, raw.end);
  const content = text.slice(raw.start + 1, raw.end - 1);
  if (style === 'single') return content.replaceAll("''", "'");
  if (!content.includes('\\')) return content;
  return SIMPLE_ESCAPES.test(content) ? mapScalar(text, { style, raw, header: '', indent: 0 }).text : undefined;
}

/** A flow scalar as a node. `flowEnd` is the end of the flow collection around it. */
export function flowScalar(text: string, token: ScalarToken, flowEnd?: number): YamlScalar | undefined {
  const value = flowText(text, token);
  if (value === undefined) return undefined;
  return {
    kind: 'scalar',
    style: token.style,
    raw: token.raw,
    header: '',
    indent: 0,
    text: value,
    span: contentSpan(text, token),
    restAt: token.raw.end,
    isNull: false,
    ...(flowEnd === undefined ? {} : { flowEnd }),
    aliases: [],
  };
}

/** What stands in a flow collection, before its end is known. */
type Part = ScalarToken | FlowPart;

interface FlowPart {
  readonly style: 'map' | 'seq';
  readonly raw: { readonly start: number; readonly end: number };
  /** Of a map: key and value by turns. */
  readonly parts: readonly Part[];
}

/** The flow collection at an offset, which ends before the line does; undefined for one with anything unusual. */
export function flowCollection(text: string, start: number, end: number): YamlMap | YamlSeq | undefined {
  const part = flowPart(text, start, { end, depth: 0 });
  return part && collectionOf(text, part);
}

interface FlowBounds {
  /** The line's end. */
  readonly end: number;
  readonly depth: number;
}

function flowPart(text: string, start: number, { end, depth }: FlowBounds): FlowPart | undefined {
  const isMap = text.charCodeAt(start) === UNIT.openBrace;
  const close = isMap ? UNIT.closeBrace : UNIT.closeBracket;
  const style = isMap ? 'map' : 'seq';
  const parts: Part[] = [];
  let at = behindSpaces(text, start + 1);
  if (text.charCodeAt(at) === close) return { style, raw: { start, end: at + 1 }, parts };
  if (depth >= MAX_FLOW_DEPTH) return undefined;
  while (at < end) {
    const part = partAt(text, at, { end, depth });
    if (part === undefined) return undefined;
    parts.push(part);
    at = behindSpaces(text, part.raw.end);
    if (at >= end) return undefined;
    const unit = text.charCodeAt(at);
    if (isMap && parts.length % 2 === 1) {
      if ('parts' in part || !isColon(text, at, end)) return undefined;
    } else if (unit === close) return { style, raw: { start, end: at + 1 }, parts };
    else if (unit !== UNIT.comma) return undefined;
    at = behindSpaces(text, at + 1);
  }
  return undefined;
}

function partAt(text: string, start: number, { end, depth }: FlowBounds): Part | undefined {
  const unit = text.charCodeAt(start);
  if (unit === UNIT.openBrace || unit === UNIT.openBracket) return flowPart(text, start, { end, depth: depth + 1 });
  return quotedAt(text, start, end) ?? flowPlain(text, start, end);
}

/** A plain scalar in a flow collection: of characters that mean the same inside and outside. */
const FLOW_PLAIN =
  /[\w./$~<=(^+;\u00a1-\ud7ff](?:[-\w./$~<=(^+;)*@|>!%&?\u00a1-\ud7ff]|:(?=[\w/])| (?=[-\w./$~<=(^+;)*@|>!%&?\u00a1-\ud7ff]))*/y;

function flowPlain(text: string, start: number, end: number): ScalarToken | undefined {
  FLOW_PLAIN.lastIndex = start;
  const found = FLOW_PLAIN.exec(text)?.[0];
  return found === undefined || start + found.length > end ? undefined : plainToken(start, start + found.length);
}

function collectionOf(text: string, { style, raw, parts }: FlowPart): YamlMap | YamlSeq | undefined {
  const nodes: YamlNode[] = [];
  for (const part of parts) {
    const node = 'parts' in part ? collectionOf(text, part) : flowScalar(text, part, raw.end);
    if (node === undefined) return undefined;
    nodes.push(node);
  }
  if (style === 'seq') return { kind: 'seq', span: raw, isFlow: true, items: nodes };
  const entries: YamlEntry[] = [];
  const seen = new Set<string>();
  for (let i = 0; i < nodes.length; i += 2) {
    const key = nodes[i];
    if (key?.kind !== 'scalar' || seen.has(key.text) || key.text === '<<') return undefined;
    seen.add(key.text);
    entries.push({ key: key.text, keySpan: key.span, value: nodes[i + 1], isMerged: false });
  }
  return { kind: 'map', span: raw, isFlow: true, entries };
}
