import { parseDocument } from 'yaml';

/** One value that differs between two YAML documents. `undefined` stands for nothing there. */
export interface Change {
  readonly path: readonly string[];
  readonly before: unknown;
  readonly after: unknown;
}

/** A YAML text as plain data, read by the `yaml` library alone, with merge keys; and how many errors it has. */
export function plainYaml(text: string): { readonly value: unknown; readonly errors: number } {
  const document = parseDocument(text, { uniqueKeys: true, merge: true, logLevel: 'silent' });
  return { value: document.errors.length === 0 ? document.toJS({ maxAliasCount: 1_000 }) : undefined, errors: document.errors.length };
}

/** What differs, at the outermost places that are only on one side, and at the innermost ones that are on both. */
export function changesBetween(before: unknown, after: unknown, path: readonly string[] = []): Change[] {
  if (Object.is(before, after)) return [];
  const isPair = isObject(before) && isObject(after) && Array.isArray(before) === Array.isArray(after);
  if (!isPair) return [{ path, before, after }];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => changesBetween(before[key], after[key], [...path, key]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Parts of a document by a pattern of its path, in which `*` stands for one key: `jobs.*.steps.*.run`. */
export function fits(path: readonly string[], pattern: string): boolean {
  const parts = pattern.split('.');
  return parts.length === path.length && parts.every((part, i) => part === '*' || part === path[i]);
}

/** The value at a path, `undefined` where there is none. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
}
