import type { LockEntry, LockField } from './lock-model.ts';

/** A package as the file has it; nothing about its fields is sure yet. */
export type RawPackage = Readonly<Record<string, unknown>>;

/** A value as an object with string keys; undefined where it is something else. */
export function asRecord(value: unknown): RawPackage | undefined {
  // Checked: an object with string keys. `JSON.parse` makes `__proto__` an own property, so no name reaches a prototype.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as RawPackage) : undefined;
}

/** A package of version 1's tree. */
export interface TreePackage {
  /** The folder that its nesting stands for, as later versions have it for a key. */
  readonly key: string;
  /** Its key in the file. */
  readonly name: string;
  /** The position of the package that it nests in; -1 at the top. */
  readonly parent: number;
  /** Its fields under the names of later versions. */
  readonly raw: RawPackage;
  /** Its fields as the file has them. */
  readonly own: RawPackage;
}

/** Packages that nest deeper are left out, because reading them recurses. npm stays far below. */
export const MAX_DEPTH = 64;

/** The packages of version 1's `dependencies`, each in front of those that nest in it. */
export function flattenTree(dependencies: ReadonlyMap<string, unknown>): { readonly packages: TreePackage[]; readonly isCut: boolean } {
  const packages: TreePackage[] = [];
  let isCut = false;
  const visit = (members: Iterable<readonly [string, unknown]>, parent: number, depth: number): void => {
    const folder = parent < 0 ? '' : `${packages[parent]?.key}/`;
    for (const [name, value] of members) {
      const own = asRecord(value);
      if (own === undefined) continue;
      packages.push({ key: `${folder}node_modules/${name}`, name, parent, raw: asLater(own), own });
      const nested = asRecord(own.dependencies);
      if (nested === undefined) continue;
      if (depth < MAX_DEPTH) visit(Object.entries(nested), packages.length - 1, depth + 1);
      else isCut = true;
    }
  };
  visit(dependencies, -1, 1);
  return { packages, isCut };
}

/** Version 1 has an address or an alias (`npm:name@1.2.3`) in `version`, and calls some fields otherwise. */
function asLater(own: RawPackage): RawPackage {
  const { version, resolved, integrity, dev, optional, bundled, requires } = own;
  const common = { version, resolved, integrity, dev, optional, inBundle: bundled, dependencies: requires };
  if (typeof version !== 'string') return common;
  const alias = /^npm:(.+)@([^@]+)$/.exec(version);
  if (alias !== null) return { ...common, name: alias[1], version: alias[2] };
  // A version has no colon and no slash.
  return /[:/]/.test(version) ? { ...common, version: undefined, resolved: resolved ?? version } : common;
}

/** The field of the file that holds an entry's text, and what it says there. */
export function fieldInTree(
  { own }: TreePackage,
  entry: LockEntry,
  field: Exclude<LockField, 'key'>,
): readonly [string, string | undefined] {
  const source = field === 'resolved' && own.resolved === undefined ? 'version' : field;
  const text = source === 'version' ? own.version : entry[field];
  return [source, typeof text === 'string' ? text : undefined];
}
