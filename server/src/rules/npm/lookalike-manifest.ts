import { valid } from 'semver';
import type { Edit, Fix, FixFailure, FixIo } from '../../core/finding.ts';
import type { RuleContext } from '../../core/rule.ts';
import { type Span, span } from '../../core/span.ts';
import { plain } from '../../core/untrusted.ts';
import { type JsonMember, jsonEscaped, membersOf } from '../../formats/json.ts';
import { removeMember } from '../../formats/json-edits.ts';
import { locksOf } from '../../formats/locked.ts';
import { type Dependency, editSpec, type PackageJson } from '../../formats/package-json.ts';
import { packageKeys } from '../../formats/registry-settings.ts';
import { realRequirement, thenInstall } from './real-version.ts';

/** A package that a package.json asks its registry for, however often. */
export interface AskedPackage {
  /** The registry's name: of an alias the aliased one. */
  readonly name: string;
  /** Where the name stands first. */
  readonly span: Span;
  /** All dependencies that ask for it. */
  readonly dependencies: readonly Dependency[];
}

/** The packages of the registry that a package.json asks for, each once. Folders, workspaces, repositories and addresses are none. */
export function packagesAsked({ dependencies }: PackageJson): AskedPackage[] {
  const asked = new Map<string, { span: Span; dependencies: Dependency[] }>();
  for (const dependency of dependencies) {
    const name = registryName(dependency);
    if (name === undefined || name === '') continue;
    const known = asked.get(name);
    if (known === undefined) asked.set(name, { span: nameSpan(dependency), dependencies: [dependency] });
    else known.dependencies.push(dependency);
  }
  return [...asked].map(([name, rest]) => ({ name, ...rest }));
}

function registryName({ name, spec, parsed }: Dependency): string | undefined {
  switch (parsed.kind) {
    case 'version':
    case 'range':
    case 'tag':
    case 'catalog':
      return name;
    case 'alias':
      // JSR is another registry, with names of its own.
      return /^jsr:/i.test(spec) ? undefined : (parsed.name?.text ?? name);
    case 'invalid':
      // A version on its way; what has a colon or a slash is something else on its way.
      return /[:/]/.test(spec) ? undefined : name;
    default:
      return undefined;
  }
}

function nameSpan({ parsed, nameSpan: key, spec, specSpan }: Dependency): Span {
  if (parsed.kind !== 'alias' || parsed.name === undefined) return key;
  const { start, end } = parsed.name.span;
  return specSpan.end - specSpan.start === spec.length ? span(specSpan.start + start, specSpan.start + end) : specSpan;
}

/** Ways out: the package that was meant, in all groups of this package.json; or none. */
export function manifestFixes(context: RuleContext, model: PackageJson, asked: AskedPackage, target: string): Fix[] {
  // Half-typed, the members around it may not be what they seem.
  if (context.manifest.problems.length > 0) return [];
  return [...replace(context, model, asked, target), ...remove(context, model, asked)];
}

function replace(context: RuleContext, model: PackageJson, { dependencies }: AskedPackage, target: string): Fix[] {
  // Twice the same key: the removal says it better.
  const isThere = model.dependencies.some(({ name, group }) => name === target && dependencies.some((one) => one.group === group));
  if (target === '' || isThere) return [];
  const { text } = context.manifest.file;
  const renamedAll = (version: (dependency: Dependency) => string | undefined): Edit[] =>
    dependencies.flatMap((dependency) => renamed(text, dependency, { target, version: version(dependency) }));
  const common = { safety: 'review', purpose: 'replace' } as const;
  const then = thenInstall(context);
  const name = plain(target);
  const known = versionInProject(context, model, target);
  if (known !== undefined) {
    const title = `Replace it by ${name} (${plain(known.range)}, as in ${plain(known.from)}; ${then})`;
    return [{ ...common, title, online: false, edits: renamedAll(() => known.range) }];
  }
  if (dependencies.every(({ parsed }) => parsed.kind === 'catalog')) {
    const title = `Replace the name by ${name} (check that the catalog has it, ${then})`;
    return [{ ...common, title, online: false, edits: renamedAll(() => undefined) }];
  }
  const resolve = async (io: FixIo, signal: AbortSignal): Promise<readonly Edit[] | FixFailure> => {
    const key = packageKeys(context.manifest.file, context.surroundings).of({ name: target, locked: undefined });
    const versions = new Map<Dependency, string>();
    for (const dependency of dependencies) {
      const requirement = requirementOf(dependency);
      const real = requirement === undefined ? undefined : await realRequirement(io, { key, requirement }, signal);
      if (typeof real === 'object') return real;
      if (real !== undefined && real !== requirement) versions.set(dependency, real);
    }
    return renamedAll((dependency) => versions.get(dependency));
  };
  return [
    { ...common, title: `Replace it by ${name}, in a version that the registry has (${then})`, online: true, inFixAll: false, resolve },
    {
      ...common,
      title: `Replace only the name by ${name} (check that it has a version for what is asked for here, ${then})`,
      online: false,
      edits: renamedAll(() => undefined),
    },
  ];
}

/** The requirement of a dependency as its registry understands it; undefined where a catalog has it. */
function requirementOf({ parsed, spec }: Dependency): string | undefined {
  if (parsed.kind === 'catalog') return undefined;
  return parsed.kind === 'alias' ? parsed.specPart.text : spec;
}

/** Puts another name in the place of a dependency's, and another requirement where one is given. */
function renamed(
  text: string,
  dependency: Dependency,
  { target, version }: { readonly target: string; readonly version: string | undefined },
): Edit[] {
  const { parsed, spec, nameSpan: key } = dependency;
  if (parsed.kind === 'alias' && parsed.name !== undefined) {
    const { start, end } = parsed.name.span;
    return [
      version === undefined
        ? editSpec(text, dependency, span(start, end), target)
        : editSpec(text, dependency, span(start, spec.length), `${target}@${version}`),
    ];
  }
  const name = { span: key, text: jsonEscaped(target) };
  return version === undefined || parsed.kind === 'catalog' ? [name] : [name, editSpec(text, dependency, span(0, spec.length), version)];
}

/** The version that the project has of a package already: in another group, or further down in the lockfile. */
function versionInProject(
  { manifest, surroundings }: RuleContext,
  model: PackageJson,
  name: string,
): { readonly range: string; readonly from: string } | undefined {
  const sibling = model.dependencies.find((one) => one.name === name && (one.parsed.kind === 'range' || one.parsed.kind === 'version'));
  if (sibling !== undefined) return { range: sibling.spec, from: sibling.group };
  for (const { lock, importer, path } of locksOf(surroundings, manifest.file.path)) {
    const entry = lock.locked(importer, name, '*') ?? lock.entries.find((one) => one.name === name && one.source === 'tarball');
    const version = valid(entry?.version ?? null);
    if (entry?.name === name && version !== null) return { range: `^${version}`, from: path };
  }
  return undefined;
}

function remove({ manifest }: RuleContext, model: PackageJson, { name, dependencies }: AskedPackage): Fix[] {
  const edits = dependencies.flatMap((dependency): Edit[] => {
    const group = membersOf(model.root).find(({ key }) => key.value === dependency.group)?.value;
    if (group?.type !== 'object') return [];
    const member = group.members.find(
      (one: JsonMember) => one.key.start <= dependency.nameSpan.start && dependency.nameSpan.end <= one.key.end,
    );
    return member === undefined ? [] : [removeMember(group, member, manifest.file.text)];
  });
  const where = plain(manifest.file.path);
  return edits.length === 0
    ? []
    : [
        {
          title: `Remove ${plain(name)} from ${where} (check what uses it, and update the lockfile)`,
          safety: 'review',
          online: false,
          edits,
        },
      ];
}
