import { type Node, type ParseError, parseTree } from 'jsonc-parser';
import { appendItem, type Layout, propertyValue, type TextEdit } from './json-append.ts';
import type { AllowedName } from './policy.ts';

/** How a name is allowed in the text of a policy file. */
export type AllowAdvice =
  /** In the order of their offsets, none over another. */
  | { readonly kind: 'edit'; readonly edits: readonly TextEdit[] }
  /** The name is there already, with a reason. */
  | { readonly kind: 'present' }
  /** The file is nothing that can be added to; `reason` completes "it …". */
  | { readonly kind: 'unusable'; readonly reason: string };

/** A policy that allows one name and decides nothing else. */
export function newPolicy(allowed: AllowedName): string {
  return `{\n  "version": 1,\n  "lookalikes": {\n    "allow": [\n      ${entry(allowed)}\n    ]\n  }\n}\n`;
}

/**
 * Adds a name to `lookalikes.allow` of a policy file. Comments, order, indentation and line ends stay. A name that is there
 * without a reason gets this one. Never throws.
 */
export function allowEdit(text: string, allowed: AllowedName): AllowAdvice {
  const problems: ParseError[] = [];
  // The parser knows no byte order mark; a space keeps every offset.
  const root = parseTree(text.replace(/^\ufeff/, ' '), problems, { allowTrailingComma: true });
  if (problems.length > 0) return { kind: 'unusable', reason: 'has syntax errors' };
  if (root?.type !== 'object') return { kind: 'unusable', reason: 'does not hold an object' };
  const lookalikes = propertyValue(root, 'lookalikes');
  if (lookalikes === undefined) return { kind: 'edit', edits: appendItem(text, root, (layout) => newLookalikes(allowed, layout)) };
  if (lookalikes.type !== 'object') return { kind: 'unusable', reason: 'has "lookalikes" that are no object' };
  const list = propertyValue(lookalikes, 'allow');
  if (list === undefined) return { kind: 'edit', edits: appendItem(text, lookalikes, (layout) => newList(allowed, layout)) };
  if (list.type !== 'array') return { kind: 'unusable', reason: 'has an "allow" that is no list' };
  const there = list.children?.find((node) => memberOf(node, 'ecosystem') === allowed.ecosystem && memberOf(node, 'name') === allowed.name);
  return there === undefined ? { kind: 'edit', edits: appendItem(text, list, () => entry(allowed)) } : fillIn(text, there, allowed.reason);
}

function fillIn(text: string, there: Node, reason: string): AllowAdvice {
  const value = propertyValue(there, 'reason');
  const written = JSON.stringify(reason);
  if (value === undefined) return { kind: 'edit', edits: appendItem(text, there, () => `"reason": ${written}`) };
  if (typeof value.value !== 'string' || value.value.trim() !== '') return { kind: 'present' };
  return { kind: 'edit', edits: [{ start: value.offset, end: value.offset + value.length, text: written }] };
}

function memberOf(node: Node, name: string): unknown {
  return node.type === 'object' ? propertyValue(node, name)?.value : undefined;
}

function newLookalikes(allowed: AllowedName, { eol, unit, indent }: Layout): string {
  return `"lookalikes": {${eol}${indent}${unit}${newList(allowed, { eol, unit, indent: indent + unit })}${eol}${indent}}`;
}

function newList(allowed: AllowedName, { eol, unit, indent }: Layout): string {
  return `"allow": [${eol}${indent}${unit}${entry(allowed)}${eol}${indent}]`;
}

/** On one line, as people write the entries of such lists. */
function entry({ ecosystem, name, reason }: AllowedName): string {
  return `{ "ecosystem": ${JSON.stringify(ecosystem)}, "name": ${JSON.stringify(name)}, "reason": ${JSON.stringify(reason)} }`;
}
