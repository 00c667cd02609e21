import { valid } from 'semver';
import type { Edit, Fix } from '../../core/finding.ts';
import type { RuleContext } from '../../core/rule.ts';
import { type Span, span } from '../../core/span.ts';
import { plain } from '../../core/untrusted.ts';
import { type JsonMember, jsonEscaped, membersOf } from '../../formats/json.ts';
import { removeMember } from '../../formats/json-edits.ts';
import { locksOf } from '../../formats/locked.ts';
import { type Dependency, editSpec, type PackageJson } from '../../formats/package-json.ts';

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

function replace({ manifest, surroundings }: RuleContext, model: PackageJson, { dependencies }: AskedPackage, target: string): Fix[] {
  // Twice the same key: the removal says it better.
  const isThere = model.dependencies.some(({ name, group }) => name === target && dependencies.some((one) => one.group === group));
  if (target === '' || isThere) return [];
  const { text, path } = manifest.file;
  const known = versionOf(target);
  const edits = dependencies.flatMap((dependency): Edit[] => {
    const { parsed, spec, nameSpan: key } = dependency;
    if (parsed.kind === 'alias' && parsed.name !== undefined) {
      const { start } = parsed.name.span;
      return [
        editSpec(
          text,
          dependency,
          span(start, known === undefined ? parsed.name.span.end : spec.length),
          known === undefined ? target : `${target}@${known.range}`,
        ),
      ];
    }
    const name = { span: key, text: jsonEscaped(target) };
    return known === undefined || parsed.kind === 'catalog'
      ? [name]
      : [name, editSpec(text, dependency, span(0, spec.length), known.range)];
  });
  const check = known === undefined ? 'check the version: it is the one that was asked for here' : `${known.range}, as in ${known.from}`;
  return [{ title: `Replace it by ${plain(target)} (${plain(check)})`, safety: 'review', online: false, edits }];

  /** The version that the project has of the target already: in another group, or further down in the lockfile. */
  function versionOf(name: string): { readonly range: string; readonly from: string } | undefined {
    const sibling = model.dependencies.find((one) => one.name === name && (one.parsed.kind === 'range' || one.parsed.kind === 'version'));
    if (sibling !== undefined) return { range: sibling.spec, from: sibling.group };
    for (const { lock, importer, path: lockPath } of locksOf(surroundings, path)) {
      const entry = lock.locked(importer, name, '*') ?? lock.entries.find((one) => one.name === name && one.source === 'tarball');
      const version = valid(entry?.version ?? null);
      if (entry?.name === name && version !== null) return { range: `^${version}`, from: lockPath };
    }
    return undefined;
  }
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
