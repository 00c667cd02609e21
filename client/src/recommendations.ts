import { type Node, type ParseError, parseTree, visit } from 'jsonc-parser';

/** A text that comes in the place of another one. UTF-16 offsets. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What to do with a `.vscode/extensions.json`. */
export type Recommendation =
  /** In the order of their offsets, none over another. */
  | { readonly kind: 'edit'; readonly edits: readonly TextEdit[] }
  | { readonly kind: 'present' }
  /** The file says that the extension is unwanted, which wins over a recommendation; the entry's offsets. */
  | { readonly kind: 'unwanted'; readonly start: number; readonly end: number }
  /** The file is no list that can be added to; `reason` completes "it …". */
  | { readonly kind: 'unusable'; readonly reason: string };

/** A new file with one recommendation. */
export function newRecommendations(extension: string): string {
  return `{\n  "recommendations": [\n    ${JSON.stringify(extension)}\n  ]\n}\n`;
}

/**
 * Adds an extension to the `recommendations` of a `.vscode/extensions.json` (JSON with comments and trailing commas).
 * Comments, order, indentation and line ends stay. Never throws.
 */
export function recommend(text: string, extension: string): Recommendation {
  const problems: ParseError[] = [];
  const root = parseTree(text, problems, { allowTrailingComma: true, disallowComments: false });
  if (problems.length > 0) return { kind: 'unusable', reason: 'has syntax errors' };
  if (root?.type !== 'object') return { kind: 'unusable', reason: 'does not hold an object' };
  const unwanted = entry(propertyValue(root, 'unwantedRecommendations'), extension);
  if (unwanted !== undefined) return { kind: 'unwanted', start: unwanted.offset, end: unwanted.offset + unwanted.length };
  const list = propertyValue(root, 'recommendations');
  if (list === undefined) return { kind: 'edit', edits: append(text, root, (layout) => property(extension, layout)) };
  if (list.type !== 'array') return { kind: 'unusable', reason: 'has "recommendations" that are no list' };
  if (entry(list, extension) !== undefined) return { kind: 'present' };
  return { kind: 'edit', edits: append(text, list, () => JSON.stringify(extension)) };
}

/** How a file is laid out, and how deep the new item stands. */
interface Layout {
  readonly eol: string;
  readonly unit: string;
  readonly indent: string;
}

function property(extension: string, { eol, unit, indent }: Layout): string {
  return `"recommendations": [${eol}${indent}${unit}${JSON.stringify(extension)}${eol}${indent}]`;
}

/** The value of a property; of several, the last counts, as everywhere in JSON. */
function propertyValue(object: Node, name: string): Node | undefined {
  return object.children?.findLast(({ children }) => children?.[0]?.value === name)?.children?.[1];
}

/** An extension's entry in a list. Ids are compared without case, as VS Code does. */
function entry(list: Node | undefined, extension: string): Node | undefined {
  return list?.children?.find(({ value }) => typeof value === 'string' && value.toLowerCase() === extension.toLowerCase());
}

/** What appends an item to an array or object: the comma goes to the last item, the new item after its comments. */
function append(text: string, container: Node, item: (layout: Layout) => string): TextEdit[] {
  const close = container.offset + container.length - 1;
  const last = container.children?.at(-1);
  const after = last === undefined ? container.offset + 1 : last.offset + last.length;
  const { comma, place } = lookAfter(text, after, close, last === undefined);
  const eol = /\r\n|\n|\r/.exec(text)?.[0] ?? '\n';
  const unit = /^(?:\t| {1,8})(?=["/])/m.exec(text)?.[0] ?? '  ';
  const outer = indentAt(text, close);
  const indent = last !== undefined && startsLine(text, last.offset) ? indentAt(text, last.offset) : outer + unit;
  const written = item({ eol, unit, indent }) + (comma ? ',' : '');
  const needsComma = last !== undefined && !comma;
  const rest = text.slice(place, close);
  const lines = /[\r\n]/.test(text.slice(after, close)) || written.includes('\n');
  const lead = lines ? eol + indent : last === undefined && place === after ? '' : ' ';
  // The closing bracket gets a line of its own; in an empty list nothing but blanks is left before it.
  const whole = lines && (last === undefined || !/[\r\n]/.test(rest));
  const added = { start: place, end: whole ? close : place, text: lead + written + (whole ? eol + outer : '') };
  if (!needsComma) return [added];
  if (place === after) return [{ ...added, text: `,${added.text}` }];
  return [{ start: after, end: after, text: ',' }, added];
}

/**
 * Whether a comma follows an item already, and where the next item may stand: after the comments of the item's own line,
 * or, in an empty container (`all`), after every comment.
 */
function lookAfter(text: string, from: number, close: number, all: boolean): { readonly comma: boolean; readonly place: number } {
  let comma = false;
  let place = from;
  const see = (offset: number, length: number, isComment: boolean) => {
    if (offset < from || offset >= close) return;
    if (!isComment) comma = true;
    else if (!all && /[\r\n]/.test(text.slice(from, offset))) return;
    place = offset + length;
  };
  visit(text, {
    onComment: (offset, length) => see(offset, length, true),
    onSeparator: (character, offset, length) => {
      if (character === ',') see(offset, length, false);
    },
  });
  return { comma, place };
}

function startsLine(text: string, offset: number): boolean {
  return /(?:^|[\r\n])[ \t]*$/.test(text.slice(lineStart(text, offset), offset));
}

function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset)))?.[0] ?? '';
}

function lineStart(text: string, offset: number): number {
  return Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1;
}
