import type { Format, Manifest, Problem } from '../core/manifest.ts';
import type { SourceFile } from '../core/source-file.ts';
import { NO_SPAN, type Span } from '../core/span.ts';
import { type JsonNode, memberOf, membersOf, parseJson, stringContent } from './json.ts';
import type { LockEntry, LockField, LockFile, LockImporter, LockRequest, LockSource } from './lock-model.ts';
import { withSecrets } from './lock-secrets.ts';

/** bun.lock, the text lockfile of bun 1.2 and later (bun documentation, "Lockfile"): JSON with comments and trailing commas. */
export const format: Format<LockFile> = {
  id: 'bun-lock',
  title: 'bun.lock',
  globs: ['**/bun.lock'],
  languageIds: [],
  parse: (file) => withSecrets(parse(file)),
};

type Values = Readonly<Record<string, unknown>>;

function parse(file: SourceFile): Manifest<LockFile> {
  const { text } = file;
  let tree: ReturnType<typeof parseJson> | undefined;
  const treeOf = () => {
    tree ??= parseJson(text, 'jsonc');
    return tree;
  };
  const fast = parsedWithoutTrailingCommas(text);
  const problems: readonly Problem[] = fast === undefined ? treeOf().problems : [];
  const root = fast === undefined ? plainValue(treeOf().root, problems) : fast.value;
  const model = lockFile(text, asValues(root) ?? {}, () => treeOf().root);
  return { file, format: format.id, model, refs: [], scripts: [], ignores: [], problems };
}

/**
 * The value of a document in bun's own layout, where trailing commas are all that is no JSON; undefined where something else is
 * too: comments, or a fault. Both are for the tree.
 */
function parsedWithoutTrailingCommas(text: string): { readonly value: unknown } | undefined {
  const parts: string[] = [];
  let from = text.startsWith('\ufeff') ? 1 : 0;
  for (const { index, 1: gap = '' } of text.matchAll(/,(\s*)[\]}]/g)) {
    // Without a line end it may stand in a string, and behind a bracket it is one too many. bun writes neither.
    if (!gap.includes('\n') || /[[{,]\s*$/.test(text.slice(Math.max(0, index - MAX_GAP), index))) return undefined;
    parts.push(text.slice(from, index));
    from = index + 1;
  }
  parts.push(text.slice(from));
  try {
    return { value: JSON.parse(parts.join('')) };
  } catch {
    return undefined;
  }
}

/** How much white space in front of a comma is looked at. */
const MAX_GAP = 64;

function lockFile(text: string, root: Values, tree: () => JsonNode | undefined): LockFile {
  const entries: LockEntry[] = [];
  const raws: (readonly unknown[])[] = [];
  for (const [key, raw] of Object.entries(asValues(root.packages) ?? {})) {
    if (!Array.isArray(raw)) continue;
    entries.push(readEntry(entries.length, key, raw));
    raws.push(raw);
  }
  const workspaces = Object.entries(asValues(root.workspaces) ?? {}).map(([path, value]) => ({ path, value: asValues(value) ?? {} }));
  let byKey: Map<string, LockEntry> | undefined;
  const entryAt = (key: string): LockEntry | undefined => {
    byKey ??= new Map(entries.map((entry) => [entry.key, entry]));
    return byKey.get(key);
  };
  const places = packagePlaces(text, tree);
  return {
    manager: 'bun',
    lockfileVersion: typeof root.lockfileVersion === 'number' ? String(root.lockfileVersion) : undefined,
    importers: workspaces.map(({ path, value }): LockImporter => ({ path, requests: readRequests(value) })),
    entries,
    overrides: textsOf(root.overrides),
    ...(Array.isArray(root.trustedDependencies) ? { trusted: root.trustedDependencies.filter((one) => typeof one === 'string') } : {}),
    catalogs: new Map([
      ['default', textsOf(root.catalog)],
      ...Object.entries(asValues(root.catalogs) ?? {}).map(([name, catalog]) => [name, textsOf(catalog)] as const),
    ]),
    requestsOf: (entry) => readRequests(infoOf(raws[entry.index] ?? [])),
    locked(importer, name) {
      const workspace = workspaces.find(({ path }) => path === importer)?.value;
      if (workspace === undefined) return undefined;
      // What a workspace has for itself stands below its name. Not so for the root, whose name may also be that of a package in the tree.
      return (importer === '' ? undefined : entryAt(`${String(workspace.name)}/${name}`)) ?? entryAt(name);
    },
    spanOf(entry, field): Span {
      const place = places(entry.key, raws[entry.index]?.[0]);
      return (place && fieldSpan(text, place, { entry, field })) ?? place?.key ?? NO_SPAN;
    },
  };
}

/** Where a package stands: its key's content, the offset of its array and the array, whose offsets are relative to that. */
interface PackagePlace {
  readonly key: Span;
  readonly at: number;
  readonly value: JsonNode | undefined;
}

/**
 * Finds packages by their keys: by bun's layout, which has each on a line of its own, and where that does not show the very
 * package, by the tree of the whole document, which takes much longer.
 */
function packagePlaces(text: string, tree: () => JsonNode | undefined): (key: string, id: unknown) => PackagePlace | undefined {
  let lines: Map<string, Span> | undefined;
  let members: Map<string, PackagePlace> | undefined;
  return (key, id) => {
    lines ??= packageLines(text);
    const line = lines.get(key);
    if (line !== undefined) {
      const feed = text.indexOf('\n', line.end);
      const at = line.end + '": '.length;
      const value = parseJson(text.slice(at, feed < 0 ? text.length : feed).replace(/,\s*$/, ''), 'jsonc').root;
      if (value?.type === 'array' && value.items[0]?.type === 'string' && value.items[0].value === id) return { key: line, at, value };
    }
    members ??= new Map(
      membersOf(memberOf(tree(), 'packages')).map((member) => [
        member.key.value,
        { key: stringContent(member.key), at: 0, value: member.value },
      ]),
    );
    return members.get(key);
  };
}

/** The keys' content of the lines that start as a package's does, by key; of one key that stands twice neither. */
function packageLines(text: string): Map<string, Span> {
  const found = new Map<string, Span>();
  const twice = new Set<string>();
  const start = text.indexOf('\n  "packages": {');
  if (start < 0) return found;
  const line = /^ {4}"([^"\\\n]+)": \[/gm;
  line.lastIndex = start;
  for (let match = line.exec(text); match !== null; match = line.exec(text)) {
    const [, key = ''] = match;
    const from = match.index + '    "'.length;
    if (found.has(key)) twice.add(key);
    found.set(key, { start: from, end: from + key.length });
  }
  for (const key of twice) found.delete(key);
  return found;
}

/** Where a text of an entry stands; undefined for the key, and for what is only a part of a string. */
function fieldSpan(
  text: string,
  { at, value }: PackagePlace,
  { entry, field }: { readonly entry: LockEntry; readonly field: LockField },
): Span | undefined {
  const wanted = entry[field];
  if (field === 'key' || wanted === undefined || value?.type !== 'array') return undefined;
  for (const item of value.items) {
    if (item.type !== 'string') continue;
    const content = stringContent(item);
    const [start, end] = [content.start + at, content.end + at];
    if (item.value === wanted) return { start, end };
    // `name@1.2.3` and `name@https://...` hold the version and the address behind the name.
    if (item === value.items[0] && text.slice(start, end).endsWith(`@${wanted}`)) return { start: end - wanted.length, end };
  }
  return undefined;
}

/**
 * One package: `[name@version, registry, info, integrity]`, where an empty registry is the one that is configured;
 * `[name@address, info, ...]` for git, archives and folders; `[name@workspace:path]`.
 */
function readEntry(index: number, key: string, raw: readonly unknown[]): LockEntry {
  const id = typeof raw[0] === 'string' ? raw[0] : '';
  const at = id.indexOf('@', 1);
  const name = at < 0 ? id : id.slice(0, at);
  const reference = at < 0 ? '' : id.slice(at + 1);
  const registry = typeof raw[1] === 'string' ? raw[1] : undefined;
  const source = sourceOf(reference, registry !== undefined);
  const isAddress = source === 'git' || (source === 'tarball' && registry === undefined);
  const installedAs = installedName(key);
  const integrity = raw.slice(2).findLast((item) => typeof item === 'string' && (registry !== undefined || /^sha\d+-/.test(item)));
  return {
    index,
    key,
    name,
    alias: installedAs === name ? undefined : installedAs,
    version: registry === undefined ? undefined : reference,
    resolved: isAddress ? reference : registry === '' ? undefined : registry,
    integrity: typeof integrity === 'string' && integrity !== '' ? integrity : undefined,
    source,
    dev: false,
    optional: false,
    peer: false,
    hasInstallScript: false,
    deprecated: undefined,
  };
}

/** The last name of a key that is the path to a package, `parent/@scope/child`. */
function installedName(key: string): string {
  const parts = key.split('/');
  const last = parts.at(-1) ?? '';
  const scope = parts.at(-2) ?? '';
  return scope.startsWith('@') ? `${scope}/${last}` : last;
}

function sourceOf(reference: string, isFromRegistry: boolean): LockSource {
  if (isFromRegistry) return 'tarball';
  if (reference === 'root:') return 'root';
  if (reference.startsWith('workspace:')) return 'workspace';
  if (reference.startsWith('link:')) return 'link';
  if (/^https?:/i.test(reference) && !/\.git(?:#|$)/i.test(reference)) return 'tarball';
  if (/^(?:git|ssh:|github:|gitlab:|bitbucket:|https?:)/i.test(reference)) return 'git';
  return 'file';
}

const GROUPS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const;

function readRequests(value: Values): LockRequest[] {
  return GROUPS.flatMap((group) => [...textsOf(value[group])].map(([name, spec]) => ({ group, name, spec })));
}

/** The object among a package's items. */
function infoOf(raw: readonly unknown[]): Values {
  return raw.map(asValues).find((item) => item !== undefined) ?? {};
}

function textsOf(value: unknown): Map<string, string> {
  return new Map(Object.entries(asValues(value) ?? {}).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text]] : [])));
}

/**
 * A tree as a value. An array with a problem in it is left out: it is a package of which a field may be lost, and that must not be
 * taken for one that is missing. So is a string without its end.
 */
function plainValue(node: JsonNode | undefined, problems: readonly Problem[]): unknown {
  switch (node?.type) {
    case 'object':
      return Object.fromEntries(membersOf(node).map(({ key, value }) => [key.value, plainValue(value, problems)]));
    case 'array':
      return problems.some(({ span }) => span.start >= node.start && span.start <= node.end)
        ? undefined
        : node.items.map((item) => plainValue(item, problems));
    case 'string':
      return node.whole ? node.value : undefined;
    default:
      return node?.value;
  }
}

function asValues(value: unknown): Values | undefined {
  // Checked: an object with string keys.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Values) : undefined;
}
