import { folderOf, joinPath } from '../core/source-file.ts';
import type { Project } from '../engine/project.ts';
import type { LockEntry, LockRequest } from '../formats/lock-model.ts';
import { lockPaths } from '../formats/lock-paths.ts';
import type { Locked } from '../formats/locked.ts';
import { asPackageJson } from '../formats/package-json.ts';
import { fitsRequirement } from '../formats/version-order.ts';
import { type CardLine, codeLine, textLine, unknownLine } from './card.ts';
import { type LineLink, lineIn } from './line-link.ts';
import type { PackageSubject } from './package-subject.ts';

const LABEL = 'Brought in by';

const MAX_STEPS = 6;

/** In how many of the projects that ask for a package its line is looked for: each may have to be read. */
const MAX_IMPORTERS = 4;

/**
 * Who asks for a package: of what is locked, a shortest path to it, which leads to the line of a package.json that it begins with. What
 * a package.json or a command asks for, it asks for itself.
 */
export function broughtInLine({ locked, isDirect, broughtBy }: PackageSubject, project: Project): CardLine[] {
  if (broughtBy !== undefined) return [textLine(LABEL, broughtBy)];
  if (isDirect) return [textLine(LABEL, 'this file, directly')];
  if (locked === undefined) return [];
  const paths = lockPaths(locked.lock);
  const isRequired = paths.isDirect(locked.entry);
  const asker = isRequired && !isOfProject(locked) ? askerOf(locked) : undefined;
  if (asker === 'nobody') return [unknownLine(LABEL, 'the lockfile does not say')];
  const own = locked.entry.alias ?? locked.entry.name;
  const path = asker === undefined ? paths.pathTo(locked.entry) : [...paths.pathTo(asker), own];
  const [first = '', ...rest] = path.length > MAX_STEPS ? [...path.slice(0, 2), '…', ...path.slice(3 - MAX_STEPS)] : path;
  const asked = requestOf(first, locked, project);
  const link = asked?.link === undefined ? {} : { link: asked.link };
  if (isRequired && asker === undefined) return [{ ...textLine(LABEL, asked?.words ?? 'the project'), note: ', directly', ...link }];
  const way = rest.map((name) => `> ${name}`).join(' ');
  return [{ ...codeLine(LABEL, first, asked === undefined ? way : `(${asked.words}) ${way}`), ...link }];
}

/** Whether a project has this very version of what it asks for by name: several may be installed. Where no project asks, it may. */
function isOfProject({ lock, entry }: Locked): boolean {
  const name = entry.alias ?? entry.name;
  const asked = lock.importers.flatMap((one) =>
    one.requests.filter((request) => request.name === name).map(({ spec }) => ({ ...one, spec })),
  );
  return asked.length === 0 || asked.some(({ path, spec }) => lock.locked(path, name, spec)?.index === entry.index);
}

/** A package that asks for this version, which the projects have another one of. */
function askerOf({ lock, entry }: Locked): LockEntry | 'nobody' {
  const name = entry.alias ?? entry.name;
  // Yarn names the protocol, pnpm the version with what its peers are.
  const fits = ({ name: wanted, spec }: LockRequest): boolean =>
    wanted === name && fitsRequirement(entry.version ?? '', spec.replace(/^npm:/, '').replace(/\(.*$/s, ''));
  return lock.entries.find((one) => one.source !== 'root' && one.source !== 'workspace' && lock.requestsOf(one).some(fits)) ?? 'nobody';
}

/** The line of a package.json of the project that asks for a name; undefined where none does that can be read. */
function requestOf(name: string, { lock, path }: Locked, project: Project): LineLink | undefined {
  // npm's first lockfiles do not say who asks: it is the package.json beside them.
  const importers = lock.importers.filter(({ requests }) => requests.some((one) => one.name === name)).map((one) => one.path);
  for (const importer of importers.length === 0 ? [''] : importers.slice(0, MAX_IMPORTERS)) {
    const file = joinPath(folderOf(path), importer === '' ? 'package.json' : `${importer}/package.json`);
    const manifest = file === undefined ? undefined : project.manifest(file);
    const dependency = manifest && asPackageJson(manifest)?.dependencies.find((one) => one.name === name);
    if (file !== undefined && dependency !== undefined) return lineIn(project, file, dependency.nameSpan.start);
  }
  return undefined;
}
