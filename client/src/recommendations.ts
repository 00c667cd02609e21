import { type Node, type ParseError, parseTree } from 'jsonc-parser';
import { appendItem, type Layout, propertyValue, type TextEdit } from '../../server/src/policy/json-append.ts';

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
  if (list === undefined) return { kind: 'edit', edits: appendItem(text, root, (layout) => property(extension, layout)) };
  if (list.type !== 'array') return { kind: 'unusable', reason: 'has "recommendations" that are no list' };
  if (entry(list, extension) !== undefined) return { kind: 'present' };
  return { kind: 'edit', edits: appendItem(text, list, () => JSON.stringify(extension)) };
}

function property(extension: string, { eol, unit, indent }: Layout): string {
  return `"recommendations": [${eol}${indent}${unit}${JSON.stringify(extension)}${eol}${indent}]`;
}

/** An extension's entry in a list. Ids are compared without case, as VS Code does. */
function entry(list: Node | undefined, extension: string): Node | undefined {
  return list?.children?.find(({ value }) => typeof value === 'string' && value.toLowerCase() === extension.toLowerCase());
}
