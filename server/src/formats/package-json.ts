import { type Node, parseTree } from 'jsonc-parser';
import type { Format, Manifest, Problem } from '../core/manifest.ts';
import type { PackageReference, Pin } from '../core/reference.ts';
import type { Script } from '../core/script.ts';
import { folderOf, type SourceFile } from '../core/source-file.ts';
import { type Span, span } from '../core/span.ts';
import { jsonProblems, stringContent, stringSource } from './json.ts';
import { parseSpec } from './npm-spec.ts';

/** The dependency groups of a package.json that something is installed from. */
export const DEPENDENCY_GROUPS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const;

/** One of `DEPENDENCY_GROUPS`. */
export type DependencyGroup = (typeof DEPENDENCY_GROUPS)[number];

/** One dependency of a package.json. Spans are the strings' content; that of an empty string is both quotes. */
export interface Dependency {
  readonly group: DependencyGroup;
  readonly name: string;
  readonly spec: string;
  readonly nameSpan: Span;
  readonly specSpan: Span;
}

/** A package.json, as far as rules need it. */
export interface PackageJson {
  readonly name?: string;
  readonly version?: string;
  readonly packageManager?: string;
  readonly workspaces: readonly string[];
  readonly dependencies: readonly Dependency[];
  /** The key of each group that has at least one dependency. */
  readonly groupKeys: Readonly<Partial<Record<DependencyGroup, Span>>>;
}

/** package.json of npm, yarn, pnpm and bun (npm documentation, "package.json"). */
export const format: Format<PackageJson> = {
  id: 'package-json',
  title: 'package.json',
  globs: ['**/package.json'],
  languageIds: [],
  parse,
};

/** A manifest as a package.json, undefined where it is another format's. */
export function asPackageJson(manifest: Manifest): PackageJson | undefined {
  // The format id and the model's type are set together, here.
  return manifest.format === format.id ? (manifest.model as PackageJson) : undefined;
}

function parse(file: SourceFile): Manifest<PackageJson> {
  const problems: Problem[] = [];
  const root = parseTree(file.text, [], { allowTrailingComma: true });
  problems.push(...jsonProblems(file.text));
  const dependencies: Dependency[] = [];
  const groupKeys: Partial<Record<DependencyGroup, Span>> = {};
  const scripts: Script[] = [];
  const scalars = new Map<string, string>();
  const workspaces: string[] = [];
  for (const [key, value] of properties(root)) {
    const group = DEPENDENCY_GROUPS.find((name) => name === key.value);
    if (group !== undefined) {
      const found = readGroup(file.text, group, value);
      dependencies.push(...found);
      if (found.length > 0) groupKeys[group] = stringContent(file.text, key);
    } else if (key.value === 'scripts') {
      scripts.push(...readScripts(file, value));
    } else if (key.value === 'workspaces') {
      workspaces.push(...readWorkspaces(value));
    } else if (typeof value.value === 'string') {
      scalars.set(String(key.value), value.value);
    }
  }
  const optional = (name: 'name' | 'version' | 'packageManager') => (scalars.has(name) ? { [name]: scalars.get(name) } : {});
  return {
    file,
    format: format.id,
    model: { ...optional('name'), ...optional('version'), ...optional('packageManager'), workspaces, dependencies, groupKeys },
    refs: dependencies.map(toReference),
    scripts,
    ignores: [],
    problems,
  };
}

function* properties(node: Node | undefined): Generator<readonly [Node, Node]> {
  if (node?.type !== 'object') return;
  for (const property of node.children ?? []) {
    const [key, value] = property.children ?? [];
    if (key !== undefined && value !== undefined) yield [key, value];
  }
}

function readGroup(text: string, group: DependencyGroup, node: Node): Dependency[] {
  const found: Dependency[] = [];
  for (const [key, value] of properties(node)) {
    if (typeof value.value !== 'string') continue;
    found.push({
      group,
      name: String(key.value),
      spec: value.value,
      nameSpan: stringContent(text, key),
      specSpan: stringContent(text, value),
    });
  }
  return found;
}

function readScripts(file: SourceFile, node: Node): Script[] {
  const scripts: Script[] = [];
  for (const [key, value] of properties(node)) {
    if (typeof value.value !== 'string') continue;
    scripts.push({
      source: stringSource(file.text, value),
      dialect: 'posix',
      place: 'package-script',
      name: String(key.value),
      folder: folderOf(file.path),
      span: stringContent(file.text, value),
      path: ['scripts', String(key.value)],
    });
  }
  return scripts;
}

function readWorkspaces(node: Node): string[] {
  const list = node.type === 'array' ? node : [...properties(node)].find(([key]) => key.value === 'packages')?.[1];
  return (list?.children ?? []).flatMap((child) => (typeof child.value === 'string' ? [child.value] : []));
}

function toReference(dependency: Dependency): PackageReference {
  return {
    ecosystem: 'npm',
    group: dependency.group,
    name: dependency.name,
    requested: dependency.spec,
    pin: pinOf(dependency.spec),
    span: span(dependency.nameSpan.start, dependency.specSpan.end),
    nameSpan: dependency.nameSpan,
    versionSpan: dependency.specSpan,
    path: [dependency.group, dependency.name],
  };
}

function pinOf(text: string): Pin {
  const spec = parseSpec(text);
  switch (spec.kind) {
    case 'version':
      return 'exact';
    case 'range':
      return 'range';
    case 'tag':
      return 'tag';
    case 'git':
      return spec.commit === undefined ? 'tag' : 'commit';
    case 'alias':
      return pinOf(spec.spec);
    default:
      return 'none';
  }
}
