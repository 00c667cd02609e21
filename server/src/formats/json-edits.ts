import type { Edit } from '../core/finding.ts';
import { span } from '../core/span.ts';
import type { JsonMember, JsonObject } from './json.ts';

/** A member to add; the value is any JSON value. */
export interface NewMember {
  readonly key: string;
  readonly value: unknown;
}

/**
 * The edit that adds members behind an object's last one, in the document's own layout: its indentation, its line ends, its
 * spaces around colons; on one line where the object is. Several such edits of one object that has members may be applied together.
 */
export function addMembers(text: string, object: JsonObject, added: readonly NewMember[]): Edit {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const unit = /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ';
  const last = object.members.at(-1);
  if (last === undefined) {
    const outer = indentAt(text, object.start);
    const isMinified = !text.slice(0, object.start).includes('\n') && object.start > 0;
    const body = added.map(({ key, value }) =>
      isMinified ? member(key, value, ': ') : member(key, value, ': ', { indent: outer + unit, unit, eol }),
    );
    const layout = isMinified ? ` ${body.join(', ')} ` : `${eol}${outer}${unit}${body.join(`,${eol}${outer}${unit}`)}${eol}${outer}`;
    return { span: span(object.start + 1, object.end - 1), text: layout };
  }
  const colon = text.slice(last.key.end, last.value.start);
  const before = text.slice(0, last.key.start);
  const gap = before.slice(before.trimEnd().length);
  const at = span(last.value.end, last.value.end);
  if (!gap.includes('\n')) return { span: at, text: added.map(({ key, value }) => `,${gap}${member(key, value, colon)}`).join('') };
  const indent = gap.slice(gap.lastIndexOf('\n') + 1);
  return { span: at, text: added.map(({ key, value }) => `,${eol}${indent}${member(key, value, colon, { indent, unit, eol })}`).join('') };
}

interface Layout {
  readonly indent: string;
  readonly unit: string;
  readonly eol: string;
}

function member(key: string, value: unknown, colon: string, layout?: Layout): string {
  const json =
    layout === undefined ? onOneLine(value) : JSON.stringify(value, null, layout.unit).replaceAll('\n', layout.eol + layout.indent);
  return `${JSON.stringify(key)}${colon}${json}`;
}

/** As people write an object on one line: with spaces inside the braces. */
function onOneLine(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, inner]) => member(key, inner, ': '));
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

/** The white space that the line of an offset starts with. */
function indentAt(text: string, at: number): string {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, at))?.[0] ?? '';
}

/** The edit that removes a member of an object with one of its commas; an object that had no other is left empty, on one line. */
export function removeMember(text: string, object: JsonObject, member: JsonMember): Edit {
  const at = object.members.indexOf(member);
  const next = object.members[at + 1];
  if (next !== undefined) return { span: span(member.key.start, next.key.start), text: '' };
  const previous = object.members[at - 1];
  if (previous !== undefined) return { span: span(previous.value.end, member.value.end), text: '' };
  const isClosed = text[object.end - 1] === '}';
  return { span: isClosed ? span(object.start + 1, object.end - 1) : span(member.key.start, member.value.end), text: '' };
}
