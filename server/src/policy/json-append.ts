import { type Node, visit } from 'jsonc-parser';

/** A text that comes in the place of another one. UTF-16 offsets. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** How a file is laid out, and how deep the new item stands. */
export interface Layout {
  readonly eol: string;
  readonly unit: string;
  readonly indent: string;
}

/** The value of a property; of several, the last counts, as everywhere in JSON. */
export function propertyValue(object: Node, name: string): Node | undefined {
  return object.children?.findLast(({ children }) => children?.[0]?.value === name)?.children?.[1];
}

/**
 * What appends an item to an array or object of a text (JSON with comments and trailing commas): the comma goes to the last item,
 * the new item after its comments. Comments, order, indentation and line ends stay.
 */
export function appendItem(text: string, container: Node, item: (layout: Layout) => string): TextEdit[] {
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
