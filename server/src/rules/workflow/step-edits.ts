import type { Edit } from '../../core/finding.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { Span } from '../../core/span.ts';
import { LineIndex, lineEndOf } from '../../core/text.ts';
import { asWorkflow, indentUnit } from '../../formats/workflow.ts';
import type { YamlEntry, YamlMap } from '../../formats/yaml-document.ts';

/** A line `name: value`; the value is written as YAML. */
export type NewEntry = readonly [name: string, value: string];

/** What is added to a map of a map: to its `env`, its `with`, its `permissions`. */
export interface Addition {
  /** The map that holds or gets the inner one: a step, a job. */
  readonly node: YamlMap;
  /** The key of the inner map. */
  readonly key: string;
  readonly entries: readonly NewEntry[];
  /** The key of `node` before which a new inner map goes; behind that key's line with `behind`. */
  readonly beside: string;
  readonly behind?: true;
  /** The white space of one more level. */
  readonly unit: string;
}

/**
 * The edit that adds entries to an inner map, at its top, or that adds the inner map. Undefined where it cannot be done by
 * lines alone: flow style, a value that an alias or a merge key brings in, a map given as an expression.
 */
export function addEntries({ file: { text } }: Manifest, { node, key, entries, beside, behind, unit }: Addition): Edit | undefined {
  if (node.isFlow || entries.length === 0) return undefined;
  const eol = lineEndOf(text);
  const inner = node.entries.find((entry) => entry.key === key);
  const lines = (indent: string): string[] => entries.map(([name, value]) => `${indent}${name}: ${value}`);
  if (inner !== undefined) {
    const first = inner.value?.kind === 'map' && !inner.value.isFlow ? firstWritten(inner.value) : undefined;
    const place = first && keyPlace(text, first);
    // What an alias stands for, or an anchor names, others may have too.
    const isShared =
      inner.value !== undefined && text.slice(inner.keySpan.end, Math.max(inner.keySpan.end, inner.value.span.start)).includes('&');
    if (isShared || inner.isMerged || place === undefined || inner.value === undefined || inner.value.span.start < inner.keySpan.end)
      return undefined;
    const added = lines(place.indent).join(eol).slice(place.indent.length);
    return { span: { start: place.at, end: place.at }, text: added + eol + place.indent };
  }
  const neighbour = node.entries.find((entry) => entry.key === beside && !entry.isMerged);
  const place = neighbour && keyPlace(text, neighbour);
  if (neighbour === undefined || place === undefined) return undefined;
  const block = [`${place.indent}${key}:`, ...lines(place.indent + unit)].join(eol);
  if (behind === undefined) {
    return { span: { start: place.at, end: place.at }, text: block.slice(place.indent.length) + eol + place.indent };
  }
  const { value } = neighbour;
  if (value?.kind !== 'scalar' || value.header !== '' || value.raw.start < neighbour.keySpan.end) return undefined;
  const end = endOfLine(text, value.restAt);
  // Of a value over several lines the end is elsewhere.
  return { span: { start: end, end }, text: eol + block };
}

/** Where a step lacks an input: its `with`, or its `uses` where there is none. */
export function inputPlace({ entries }: YamlMap): Span | undefined {
  return (entries.find(({ key }) => key === 'with') ?? entries.find(({ key }) => key === 'uses'))?.keySpan;
}

/** The edit that removes an entry with all its lines; undefined where something else stands on them. */
export function removeEntry({ file: { text } }: Manifest, { keySpan, value, isMerged }: YamlEntry): Edit | undefined {
  if (isMerged || value?.kind !== 'scalar' || value.header !== '' || value.raw.start < keySpan.end) return undefined;
  const place = keyPlace(text, { keySpan });
  const start = text.lastIndexOf('\n', keySpan.start) + 1;
  if (place === undefined || text.slice(start, place.at).trim() !== '') return undefined;
  const end = endOfLine(text, value.raw.end);
  const rest = text.slice(value.raw.end, end);
  if (rest.trim() !== '' && !/^\s+#/.test(rest)) return undefined;
  const next = text.indexOf('\n', end);
  return next < 0 ? undefined : { span: { start, end: next + 1 }, text: '' };
}

/** The white space of one level, as a step writes it below its keys; else that of the workflow. */
export function unitOf(manifest: Manifest, node: YamlMap): string {
  const { text } = manifest.file;
  for (const { keySpan, value, isMerged } of node.entries) {
    if (isMerged || value?.kind !== 'map' || value.isFlow || value.span.start < keySpan.end) continue;
    const first = firstWritten(value);
    const outer = keyPlace(text, { keySpan });
    const inner = first && keyPlace(text, first);
    if (outer !== undefined && inner !== undefined && inner.indent.length > outer.indent.length) {
      return inner.indent.slice(outer.indent.length);
    }
  }
  const workflow = asWorkflow(manifest);
  return workflow === undefined ? '  ' : indentUnit(workflow, new LineIndex(text));
}

function firstWritten({ entries }: YamlMap): YamlEntry | undefined {
  return entries.find(({ isMerged }) => !isMerged);
}

/** Where a key begins, with its quote, and the white space that a key below it needs; undefined where more stands before it. */
function keyPlace(text: string, { keySpan }: Pick<YamlEntry, 'keySpan'>): { readonly at: number; readonly indent: string } | undefined {
  const at = /["']/.test(text[keySpan.start - 1] ?? '') ? keySpan.start - 1 : keySpan.start;
  const before = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
  const indent = /^\ufeff?( *(?:-[ ]+)*)$/.exec(before)?.[1]?.replaceAll('-', ' ');
  return indent === undefined ? undefined : { at, indent };
}

function endOfLine(text: string, from: number): number {
  const feed = text.indexOf('\n', from);
  const end = feed < 0 ? text.length : feed;
  return end > from && text[end - 1] === '\r' ? end - 1 : end;
}
