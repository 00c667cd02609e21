import type { Manifest } from '../core/manifest.ts';
import { folderOf, foldersUp, joinPath } from '../core/source-file.ts';
import type { Project } from '../engine/project.ts';
import { projectFolders } from '../formats/adhoc-package.ts';
import { providerOf } from '../formats/available-packages.ts';
import { type Locked, lockedDependency } from '../formats/locked.ts';
import { parseSpec } from '../formats/npm-spec.ts';
import type { NpmWords } from '../formats/npm-words.ts';
import { asPackageJson } from '../formats/package-json.ts';
import { type PackageWord, packageWordAt } from '../formats/package-word.ts';
import { choosesRegistry, namesRegistry } from '../formats/registry-choice.ts';
import { packageKeys } from '../formats/registry-settings.ts';
import { fitsRequirement } from '../formats/version-order.ts';
import { isWorkspaceSibling } from '../formats/workspace-siblings.ts';
import { type PackageSubject, unaskedEntry, unaskedSpec, WORKSPACE } from './package-subject.ts';

/** The package that a command under the pointer names; `offset` counts UTF-16 units. Undefined where it names none there. */
export function commandSubject(manifest: Manifest, project: Project, offset: number): PackageSubject | undefined {
  const word = packageWordAt(manifest, offset);
  if (word === undefined) return undefined;
  const { command, use, span, written, requirement: asked } = word;
  const folders = projectFolders(manifest)(command);
  // `npx tsc` is a program of the project's `typescript`, and not the package `tsc`.
  const brings = use.prefersLocal && use.purpose === 'run' && asked === '' ? providerOf(project, folders, word.name) : undefined;
  const name = brings ?? word.name;
  const own = projectsOwn(project, folders, name);
  const locked = own?.locked !== undefined && takesLocked(word, own.locked) ? own.locked : undefined;
  const [folder] = command.folders;
  // What is private is so whether or not the project is where the command runs.
  const here = [...command.folders, folderOf(manifest.file.path)];
  const around = own ?? projectsOwn(project, here, name);
  const unasked = unaskedWord(word, around, manifest) ?? (isSibling(project, here, name) ? WORKSPACE : undefined);
  return {
    span,
    about: [span],
    title: name,
    name,
    ...(written === name ? {} : { named: { text: written, note: use.purpose === 'create' ? INITIALIZER : PROGRAM } }),
    requested: { spec: asked, where: 'this command' },
    isDirect: false,
    broughtBy: broughtBy(use),
    requirement: locked?.entry.version ?? requirementOf(word, own),
    ...(locked === undefined
      ? { notLocked: notLocked(word, own) }
      : { locked, lockedNote: ', which runs where it is installed; elsewhere it is fetched anew' }),
    ...(unasked === undefined ? { key: packageKeys(manifest.file, project, folder).of({ name, locked: around?.locked }) } : { unasked }),
    ...(folder === undefined ? {} : { home: joinPath(folder, 'package.json') ?? manifest.file.path }),
  };
}

/** Why no registry is asked for what a command names. */
function unaskedWord({ command, requirement }: PackageWord, own: Own | undefined, { file }: Manifest): string | undefined {
  if (choosesRegistry(command.invocation) || namesRegistry(file.text)) return 'the command, or one around it, names a registry of its own';
  const reason = unaskedEntry(own?.locked?.entry) ?? (own?.spec === undefined ? undefined : unaskedSpec(parseSpec(own.spec)));
  // With a version it is asked for at the registry, wherever the project has it from; but the name of a workspace is nobody's business.
  return requirement === '' || reason === WORKSPACE ? reason : undefined;
}

function isSibling(project: Project, folders: readonly string[], name: string): boolean {
  return folders.some((folder) => isWorkspaceSibling(project, joinPath(folder, 'package.json') ?? 'package.json', name));
}

const INITIALIZER = ', short for this initializer';
const PROGRAM = ', a program that by its name comes with this package of the project';

/** What the project has of a package: the version that is locked, what its package.json asks for. */
interface Own {
  readonly locked?: Locked;
  readonly spec?: string;
}

function projectsOwn(project: Project, folders: readonly string[], name: string): Own | undefined {
  for (const folder of folders.flatMap((one) => foldersUp(one))) {
    const path = joinPath(folder, 'package.json') ?? 'package.json';
    const manifest = project.manifest(path);
    const spec = manifest && asPackageJson(manifest)?.dependencies.find((one) => one.name === name)?.spec;
    const locked = lockedDependency(project, path, { name, spec: spec ?? '' });
    if (locked !== undefined || spec !== undefined) return { ...(locked && { locked }), ...(spec === undefined ? {} : { spec }) };
  }
  return undefined;
}

/**
 * Whether a command runs the version that is locked, where it is installed. npm does where name and version or range fit
 * (libnpmexec); Bun where no version is asked for. A tag is looked up first. What adds a package asks the registry anew.
 */
function takesLocked({ use, requirement }: PackageWord, { entry }: Locked): boolean {
  if (!use.prefersLocal) return false;
  if (requirement === '') return true;
  const { kind } = parseSpec(requirement);
  return use.manager === 'npm' && (kind === 'version' || kind === 'range') && fitsRequirement(entry.version ?? '', requirement);
}

/** `npm install NAME` takes what fits the requirement that the package.json has already (Arborist, add-rm-pkg-deps). */
function requirementOf({ use, requirement }: PackageWord, own: Own | undefined): string {
  const isAgain = requirement === '' && use.purpose === 'add' && use.manager === 'npm' && !use.isGlobal;
  const spec = isAgain ? own?.spec : undefined;
  return spec !== undefined && /^(?:version|range|tag)$/.test(parseSpec(spec).kind) ? spec : requirement;
}

function broughtBy({ purpose, isGlobal }: NpmWords): string {
  switch (purpose) {
    case 'run':
      return 'this command, which runs a program of it';
    case 'create':
      return 'this command, which lets it set up a project';
    case 'add':
      return isGlobal ? 'this command, which installs it for the whole machine' : 'this command, which adds it to the project';
  }
}

/** Why nothing holds a package to what it is today, and what the project has of it for itself. */
function notLocked({ use, requirement }: PackageWord, own: Own | undefined): string {
  const entry = own?.locked?.entry;
  const has = entry === undefined ? '' : `; ${own?.locked?.path ?? ''} has ${entry.version ?? entry.source}`;
  if (use.isIdle) return `nothing; an option of the command says that nothing is fetched or installed${has}`;
  const isExact = parseSpec(requirement).kind === 'version';
  if (use.purpose === 'add' && !use.isGlobal)
    return `nothing yet; the command ${isExact ? 'takes this version' : 'takes what fits when it runs'} and records it${has}`;
  const why = isExact
    ? 'the version is fixed here, and neither its content nor what it depends on'
    : 'the command takes what fits when it runs';
  return `nothing; ${why}${has}`;
}
