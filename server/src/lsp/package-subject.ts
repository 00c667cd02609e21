import type { Manifest } from '../core/manifest.ts';
import type { PackageKey } from '../core/npm-facts.ts';
import { folderOf } from '../core/source-file.ts';
import { type Span, span } from '../core/span.ts';
import type { Project } from '../engine/project.ts';
import { catalogEntries } from '../formats/catalog.ts';
import { lockEntryAt } from '../formats/lock-entry-at.ts';
import type { LockEntry } from '../formats/lock-model.ts';
import { type Locked, lockedDependency, locksOf, nearestLockfiles } from '../formats/locked.ts';
import { parseSpec, type Spec } from '../formats/npm-spec.ts';
import { asPackageJson, type Dependency, type Override, overriddenName, type PackageJson } from '../formats/package-json.ts';
import { packageKeys, registryDependency } from '../formats/registry-settings.ts';
import { fitsRequirement } from '../formats/version-order.ts';

/** A package that a document names at some place. */
export interface PackageSubject {
  /** What the hover is about, in the document. */
  readonly span: Span;
  /** Everything that the document says of it there: findings in it belong to the package. */
  readonly about: readonly Span[];
  /** As the document names it: of an alias the alias; of a program and an initializer the package. */
  readonly title: string;
  /** The package's own name. */
  readonly name: string;
  /** What is written where that is not the package's name, and what it has to do with it. The title is the name then. */
  readonly named?: { readonly text: string; readonly note: string };
  /** What the document asks for (`''` for any version), and which part of it. Absent in a lockfile, which asks for nothing. */
  readonly requested?: { readonly spec: string; readonly where: string };
  /** Whether the document asks for it itself, and not for what some package asks for. */
  readonly isDirect: boolean;
  /** What brings it in, where that is neither the document itself nor what is locked. */
  readonly broughtBy?: string;
  /** What is installed, and how a card goes on behind it. */
  readonly locked?: Locked;
  readonly lockedNote?: string;
  /** Why nothing is known to be installed. */
  readonly notLocked?: string;
  /** How its registry is asked; absent where none is, with `unasked` as the reason. */
  readonly key?: PackageKey;
  readonly unasked?: string;
  /** A version or range: what to look for among the registry's versions. */
  readonly requirement: string;
  /** The package.json, there or not, whose settings hold for it; the document itself unless given. Relative to the checked root. */
  readonly home?: string;
}

/** The package under the pointer; `offset` counts UTF-16 units. Undefined where the document names none there. */
export function packageSubject(manifest: Manifest, project: Project, offset: number): PackageSubject | undefined {
  const model = asPackageJson(manifest);
  const dependency = model?.dependencies.find((one) => holds(one, offset));
  if (dependency !== undefined) return ofDependency(dependency, manifest, project);
  const override = model?.overrides.find((one) => holds(one, offset));
  if (model !== undefined && override !== undefined) return ofOverride(override, { model, manifest, project });
  const entry = catalogEntries(manifest).find((one) => holds(one, offset));
  if (entry === undefined) return ofLockEntry(manifest, project, offset);
  const { catalog, name, spec } = entry;
  const where = catalog === 'default' ? 'the catalog' : `the catalog ${catalog}`;
  return ofRequirement({ title: name, name, spec, where, span: wholeOf(entry) }, manifest, project);
}

/** Why no registry is asked for a package of the project itself. */
export const WORKSPACE = 'it is a package of this workspace';

type Placed = Pick<Dependency, 'nameSpan' | 'specSpan'>;

function holds(placed: Placed, offset: number): boolean {
  const { start, end } = wholeOf(placed);
  return start <= offset && offset <= end;
}

function wholeOf({ nameSpan, specSpan }: Placed): Span {
  return span(Math.min(nameSpan.start, specSpan.start), Math.max(nameSpan.end, specSpan.end));
}

function ofDependency(dependency: Dependency, manifest: Manifest, project: Project): PackageSubject {
  const { file } = manifest;
  const { name: title, spec, parsed, group } = dependency;
  const found = registryDependency(dependency, file, project);
  const locked = found?.locked ?? lockedDependency(project, file.path, { name: title, spec });
  const name = found?.name ?? locked?.entry.name ?? title;
  return {
    span: wholeOf(dependency),
    about: [wholeOf(dependency)],
    title,
    name,
    requested: { spec, where: group },
    isDirect: true,
    requirement: locked?.entry.version ?? requirementOf(parsed, spec),
    ...(locked === undefined ? { notLocked: notLocked(file.path, project) } : { locked }),
    ...(found === undefined
      ? { unasked: unaskedSpec(parsed) ?? unaskedEntry(locked?.entry) ?? WORKSPACE }
      : { key: packageKeys(file, project).of(found) }),
  };
}

/** npm lets an override name a dependency of the project with `$`: whatever is required of that. */
function ofOverride(
  override: Override,
  { model, manifest, project }: { readonly model: PackageJson; readonly manifest: Manifest; readonly project: Project },
): PackageSubject | undefined {
  const name = overriddenName(override.path);
  if (name === undefined) return undefined;
  const same = override.spec.startsWith('$') ? model.dependencies.find((one) => one.name === override.spec.slice(1)) : undefined;
  const wanted = { title: name, name, spec: same?.spec ?? override.spec, where: override.field, span: wholeOf(override) };
  return ofRequirement(wanted, manifest, project);
}

interface Requirement {
  readonly title: string;
  readonly name: string;
  readonly spec: string;
  readonly where: string;
  readonly span: Span;
}

/** What a document requires of a package wherever it comes from: locked is whatever of its versions fits, if that is one alone. */
function ofRequirement({ title, name: written, spec, where, span }: Requirement, manifest: Manifest, project: Project): PackageSubject {
  const { file } = manifest;
  const parsed = parseSpec(spec);
  const name = parsed.kind === 'alias' ? (parsed.name?.text ?? written) : written;
  const requirement = requirementOf(parsed, spec);
  const fitting = locksOf(project, file.path).flatMap(({ lock, path }) =>
    lock.entries
      .filter((entry) => entry.name === name && entry.source === 'tarball' && fitsRequirement(entry.version ?? '', requirement))
      .map((entry): Locked => ({ lock, entry, path })),
  );
  const versions = [...new Set(fitting.map(({ entry }) => entry.version))];
  const [locked] = versions.length === 1 ? fitting : [];
  const unasked = unaskedSpec(parsed) ?? unaskedEntry(locked?.entry);
  const several = versions.length > 1 ? `in several versions: ${versions.join(', ')}` : undefined;
  return {
    span,
    about: [span],
    title,
    name,
    requested: { spec, where },
    isDirect: false,
    requirement: locked?.entry.version ?? requirement,
    ...(locked === undefined ? { notLocked: several ?? notLocked(file.path, project) } : { locked }),
    ...(unasked === undefined ? { key: packageKeys(file, project).of({ name, locked }) } : { unasked }),
  };
}

function ofLockEntry(manifest: Manifest, project: Project, offset: number): PackageSubject | undefined {
  const found = lockEntryAt(manifest, offset);
  if (found === undefined || found.entry.source === 'root' || found.entry.name === '') return undefined;
  const { lock, entry, span, about } = found;
  const { file } = manifest;
  const locked: Locked = { lock, entry, path: file.path };
  const unasked = unaskedEntry(entry);
  return {
    span,
    about,
    title: entry.alias ?? entry.name,
    name: entry.name,
    isDirect: false,
    requirement: entry.version ?? '',
    locked,
    ...(unasked === undefined ? { key: packageKeys(file, project, folderOf(file.path)).of({ name: entry.name, locked }) } : { unasked }),
  };
}

function requirementOf(parsed: Spec, spec: string): string {
  return parsed.kind === 'alias' ? parsed.specPart.text : spec;
}

/** Why no registry is asked for what a requirement says; undefined where one is. */
export function unaskedSpec(parsed: Spec): string | undefined {
  switch (parsed.kind) {
    case 'version':
    case 'range':
    case 'tag':
    case 'catalog':
      return undefined;
    case 'alias':
      return unaskedSpec(parsed.spec);
    case 'git':
      return 'it comes from a git repository';
    case 'remote':
      return 'it comes from an address, and not from a registry';
    case 'path':
      return 'it comes from a file or folder';
    case 'workspace':
      return WORKSPACE;
    case 'protocol':
      return `no registry of npm serves ${parsed.protocol}:`;
    case 'invalid':
      return 'the requirement is none that a package manager reads';
  }
}

/** Why no registry is asked, by what a lockfile says of where it comes from. */
export function unaskedEntry(entry: LockEntry | undefined): string | undefined {
  switch (entry?.source) {
    case 'git':
      return 'it comes from a git repository';
    case 'file':
      return 'it comes from a file or folder';
    case 'bundled':
      return 'it came inside of another package';
    case 'link':
    case 'workspace':
    case 'root':
      return WORKSPACE;
    default:
      return undefined;
  }
}

function notLocked(path: string, project: Project): string {
  const lockfiles = nearestLockfiles(path, project);
  return lockfiles.length === 0 ? 'no lockfile here or above' : `${lockfiles.join(', ')} does not say, or is not read yet`;
}
