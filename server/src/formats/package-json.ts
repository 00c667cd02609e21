import type { Edit } from '../core/finding.ts';
import type { Format, Manifest } from '../core/manifest.ts';
import type { PackageReference, Pin } from '../core/reference.ts';
import type { Script } from '../core/script.ts';
import { folderOf, type SourceFile } from '../core/source-file.ts';
import { type Span, span } from '../core/span.ts';
import {
  type JsonNode,
  type JsonObject,
  jsonEscaped,
  memberOf,
  membersOf,
  parseJson,
  stringContent,
  stringSource,
  textOf,
} from './json.ts';
import { parseSpec, type Spec } from './npm-spec.ts';
import { credentialsIn } from './settings-credentials.ts';
import type { SettingsFile } from './settings-file.ts';
import { packageSettings } from './settings-json.ts';

/** The dependency groups of a package.json that something is installed from. */
export const DEPENDENCY_GROUPS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const;

/** One of `DEPENDENCY_GROUPS`. */
export type DependencyGroup = (typeof DEPENDENCY_GROUPS)[number];

/** One dependency of a package.json. Spans are the strings' content; that of an empty string is both quotes. */
export interface Dependency {
  readonly group: DependencyGroup;
  readonly name: string;
  readonly spec: string;
  /** `spec`, read. */
  readonly parsed: Spec;
  readonly nameSpan: Span;
  readonly specSpan: Span;
}

/** One entry of `overrides` (npm), `resolutions` (yarn) or `pnpm.overrides`. */
export interface Override {
  readonly field: 'overrides' | 'resolutions' | 'pnpm.overrides';
  /** The selectors from the outermost to this one's: npm nests them, the others write `a>b` or `a/b` in one. */
  readonly path: readonly string[];
  readonly spec: string;
  /** `spec`, read. */
  readonly parsed: Spec;
  readonly nameSpan: Span;
  readonly specSpan: Span;
}

/** The name in a selector of an override: `a`, `a@^1`, `b>a`, `b/a`, with globs; undefined where there is none. */
export function selectedName(selector: string): string | undefined {
  return /((?:@[^/@>]+\/)?[^/@>]+)(?:@[^/>]*)?$/.exec(selector)?.[1];
}

/** The name that an override is about: its last selector's, where npm's `.` stands for the one around it. */
export function overriddenName(path: readonly string[]): string | undefined {
  const selector = path.at(-1) === '.' ? path.at(-2) : path.at(-1);
  return selector === undefined ? undefined : selectedName(selector);
}

/** A package manager that `devEngines.packageManager` names (npm documentation, "devEngines"). */
export interface DevEngine {
  readonly name: string;
  readonly version?: string;
  /** Where the version stands, or else the name. */
  readonly span: Span;
}

/** A package.json, as far as rules need it. Of members with one name the last counts. */
export interface PackageJson {
  readonly name?: string;
  readonly version?: string;
  readonly packageManager?: string;
  readonly packageManagerSpan?: Span;
  readonly devEngines: readonly DevEngine[];
  readonly workspaces: readonly string[];
  readonly dependencies: readonly Dependency[];
  /** Names of peer dependencies that `peerDependenciesMeta` makes optional. */
  readonly optionalPeers: readonly string[];
  readonly overrides: readonly Override[];
  /** The key of each group that has at least one dependency. */
  readonly groupKeys: Readonly<Partial<Record<DependencyGroup, Span>>>;
  /** The fields that hold settings of a package manager. */
  readonly settings: SettingsFile;
  /** The document, for edits that add members; undefined where it is no object. */
  readonly root?: JsonObject;
  /** The opening brace; undefined where the document is no object. */
  readonly openingBrace?: Span;
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

/** The edit that replaces a part of a dependency's requirement; `part` is relative to `spec`, the new text is not escaped yet. */
export function editSpec(document: string, dependency: Dependency, part: Span, text: string): Edit {
  const { spec, specSpan } = dependency;
  if (spec !== '' && document.slice(specSpan.start, specSpan.end) === spec) {
    return { span: span(specSpan.start + part.start, specSpan.start + part.end), text: jsonEscaped(text) };
  }
  const whole = jsonEscaped(spec.slice(0, part.start) + text + spec.slice(part.end));
  return { span: specSpan, text: spec === '' ? `"${whole}"` : whole };
}

function parse(file: SourceFile): Manifest<PackageJson> {
  const { root, problems } = parseJson(file.text);
  const settings = packageSettings(file.text, root);
  const dependencies: Dependency[] = [];
  const groupKeys: Partial<Record<DependencyGroup, Span>> = {};
  for (const { key, value } of membersOf(root)) {
    const group = DEPENDENCY_GROUPS.find((name) => name === key.value);
    if (group === undefined) continue;
    const found = readGroup(group, value);
    dependencies.push(...found);
    if (found.length > 0) groupKeys[group] = stringContent(key);
  }
  const packageManager = memberOf(root, 'packageManager');
  const name = textOf(memberOf(root, 'name'));
  const version = textOf(memberOf(root, 'version'));
  return {
    file,
    format: format.id,
    model: {
      ...(name === undefined ? {} : { name }),
      ...(version === undefined ? {} : { version }),
      ...(packageManager?.type === 'string' && packageManager.whole
        ? { packageManager: packageManager.value, packageManagerSpan: stringContent(packageManager) }
        : {}),
      devEngines: readDevEngines(memberOf(memberOf(root, 'devEngines'), 'packageManager')),
      workspaces: readWorkspaces(memberOf(root, 'workspaces')),
      dependencies,
      optionalPeers: membersOf(memberOf(root, 'peerDependenciesMeta')).flatMap(({ key, value }) => {
        const optional = memberOf(value, 'optional');
        return optional?.type === 'boolean' && optional.value === true ? [key.value] : [];
      }),
      overrides: [
        ...readOverrides('overrides', memberOf(root, 'overrides'), []),
        ...readOverrides('resolutions', memberOf(root, 'resolutions'), []),
        ...readOverrides('pnpm.overrides', memberOf(memberOf(root, 'pnpm'), 'overrides'), []),
      ],
      groupKeys,
      settings,
      ...(root?.type === 'object' ? { root, openingBrace: span(root.start, root.start + 1) } : {}),
    },
    refs: dependencies.map(toReference),
    scripts: readScripts(file, memberOf(root, 'scripts')),
    ignores: [],
    problems,
    secrets: credentialsIn(settings).map(({ span }) => span),
  };
}

function readGroup(group: DependencyGroup, node: JsonNode): Dependency[] {
  return membersOf(node).flatMap(({ key, value }) => {
    if (value.type !== 'string' || !value.whole) return [];
    return [
      {
        group,
        name: key.value,
        spec: value.value,
        parsed: parseSpec(value.value),
        nameSpan: stringContent(key),
        specSpan: stringContent(value),
      },
    ];
  });
}

function readScripts(file: SourceFile, node: JsonNode | undefined): Script[] {
  return membersOf(node).flatMap(({ key, value }): Script[] => {
    if (value.type !== 'string' || !value.whole) return [];
    return [
      {
        source: stringSource(file.text, value),
        dialect: 'posix',
        place: 'package-script',
        name: key.value,
        folder: folderOf(file.path),
        span: stringContent(value),
        path: ['scripts', key.value],
      },
    ];
  });
}

/** The patterns of `workspaces`: a list, or yarn's `{packages: [...]}`. */
function readWorkspaces(node: JsonNode | undefined): string[] {
  const list = node?.type === 'array' ? node : memberOf(node, 'packages');
  return list?.type === 'array' ? list.items.flatMap((item) => textOf(item) ?? []) : [];
}

function readDevEngines(node: JsonNode | undefined): DevEngine[] {
  const engines = node?.type === 'array' ? node.items : node === undefined ? [] : [node];
  return engines.flatMap((engine): DevEngine[] => {
    const name = memberOf(engine, 'name');
    const version = memberOf(engine, 'version');
    if (name?.type !== 'string' || !name.whole) return [];
    if (version?.type !== 'string' || !version.whole) return [{ name: name.value, span: stringContent(name) }];
    return [{ name: name.value, version: version.value, span: stringContent(version) }];
  });
}

function readOverrides(field: Override['field'], node: JsonNode | undefined, outer: readonly string[]): Override[] {
  return membersOf(node).flatMap(({ key, value }): Override[] => {
    const path = [...outer, key.value];
    if (value.type === 'object') return readOverrides(field, value, path);
    if (value.type !== 'string' || !value.whole) return [];
    return [
      { field, path, spec: value.value, parsed: parseSpec(value.value), nameSpan: stringContent(key), specSpan: stringContent(value) },
    ];
  });
}

function toReference(dependency: Dependency): PackageReference {
  return {
    ecosystem: 'npm',
    group: dependency.group,
    name: dependency.name,
    requested: dependency.spec,
    pin: pinOf(dependency.parsed),
    span: span(dependency.nameSpan.start, dependency.specSpan.end),
    nameSpan: dependency.nameSpan,
    versionSpan: dependency.specSpan,
    path: [dependency.group, dependency.name],
  };
}

function pinOf(spec: Spec): Pin {
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
