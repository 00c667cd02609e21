import type { Manifest } from '../core/manifest.ts';
import type { Surroundings } from '../core/rule.ts';
import { baseName, folderOf, foldersUp, joinPath } from '../core/source-file.ts';
import { type Span, span } from '../core/span.ts';
import type { PackageManager } from './install-command.ts';
import { asLockFile } from './lock-model.ts';
import { asPackageJson } from './package-json.ts';

/** The lockfiles of each manager, the one it reads first in front. */
export const LOCKFILES: Readonly<Record<PackageManager, readonly [string, ...string[]]>> = {
  npm: ['npm-shrinkwrap.json', 'package-lock.json'],
  yarn: ['yarn.lock'],
  pnpm: ['pnpm-lock.yaml'],
  bun: ['bun.lock', 'bun.lockb'],
  uv: ['uv.lock'],
};

/** A lockfile that a command would use. */
export interface FoundLockfile {
  readonly path: string;
  /** Whether it lies in the likeliest folder itself, not in a workspace's root or another possible folder. */
  readonly here: boolean;
}

/** The lockfile for a command that runs in one of some folders, likeliest first. */
export function findLockfile(surroundings: Surroundings, manager: PackageManager, folders: readonly string[]): FoundLockfile | undefined {
  for (const [i, folder] of folders.entries()) {
    const path = lockfileIn(surroundings, manager, folder);
    if (path !== undefined) return { path, here: i === 0 };
  }
  for (const folder of foldersUp(folders[0] ?? '').slice(1)) {
    const path = lockfileIn(surroundings, manager, folder);
    if (path !== undefined) return isWorkspaceRoot(surroundings, manager, folder) ? { path, here: false } : undefined;
  }
  return undefined;
}

function lockfileIn(surroundings: Surroundings, manager: PackageManager, folder: string): string | undefined {
  return LOCKFILES[manager].flatMap((name) => joinPath(folder, name) ?? []).find((path) => surroundings.exists(path));
}

function isWorkspaceRoot(surroundings: Surroundings, manager: PackageManager, folder: string): boolean {
  if (manager === 'uv') return true;
  if (manager === 'pnpm') return surroundings.exists(joinPath(folder, 'pnpm-workspace.yaml') ?? '');
  const root = packageJsonIn(surroundings, folder);
  return root !== undefined && root.workspaces.length > 0;
}

function packageJsonIn(surroundings: Surroundings, folder: string) {
  const manifest = surroundings.manifest(joinPath(folder, 'package.json') ?? '');
  return manifest && asPackageJson(manifest);
}

/**
 * Whether a lockfile records what the manifest beside it asks for. A lockfile that no format here reads, or without a readable
 * manifest beside it, is `unknown`; one that cannot be read to its end is of no use to a frozen install and counts as `drifted`.
 * Workspaces are not compared.
 */
export function lockInStep(surroundings: Surroundings, lockfile: string): 'in-step' | 'drifted' | 'unknown' {
  const manifest = surroundings.manifest(lockfile);
  if (manifest !== undefined && manifest.problems.length > 0) return 'drifted';
  const recorded = asLockFile(manifest)?.importers.find(({ path }) => path === '')?.requests;
  const wanted = packageJsonIn(surroundings, folderOf(lockfile))?.dependencies;
  if (recorded === undefined || wanted === undefined) return 'unknown';
  const asked = new Set(wanted.map(({ group, name, spec }) => `${group}\n${name}\n${spec}`));
  const known = new Set(recorded.map(({ group, name, spec }) => `${group}\n${name}\n${spec}`));
  return asked.size === known.size && [...asked].every((request) => known.has(request)) ? 'in-step' : 'drifted';
}

/** Which Yarn a project uses; undefined where nothing says so. Folders are tried in order, each with those above it. */
export function yarnGeneration(surroundings: Surroundings, folders: readonly string[]): 'classic' | 'berry' | undefined {
  for (const start of folders) {
    for (const folder of foldersUp(start)) {
      const version = /^yarn@(\d+)/.exec(packageJsonIn(surroundings, folder)?.packageManager ?? '')?.[1];
      if (version !== undefined) return Number(version) < 2 ? 'classic' : 'berry';
      if (surroundings.exists(joinPath(folder, '.yarnrc.yml') ?? '')) return 'berry';
      const lock = surroundings.manifest(joinPath(folder, 'yarn.lock') ?? '');
      // Yarn 2 and later start their lockfile with this key; Yarn 1 has none like it.
      if (lock !== undefined) return /^__metadata:/m.test(lock.file.text) ? 'berry' : 'classic';
      if (surroundings.exists(joinPath(folder, '.yarnrc') ?? '')) return 'classic';
    }
  }
  return undefined;
}

/** What a Dockerfile says about the build in which its commands run, as far as its lines show it. */
export interface ImageBuild {
  /** Whether a lockfile is brought into the stage before an offset of the document. */
  brings(lockfile: string, before: number): boolean;
  /** Whether `ENV` or `ARG` sets a variable. */
  sets(variable: string): boolean;
}

interface Instruction {
  readonly at: number;
  readonly name: string;
  readonly words: readonly string[];
}

const INSTRUCTION = /^[ \t]*(FROM|COPY|ADD|ENV|ARG|RUN)[ \t]+((?:[^\\\r\n]|\\\r?\n|\\.|\r(?!\n))*)/gim;

/** Reads the lines that matter of a Dockerfile, once. */
export function imageBuildOf({ file }: Manifest): ImageBuild {
  const instructions: readonly Instruction[] = Array.from(file.text.matchAll(INSTRUCTION), ({ index, 1: name = '', 2: rest = '' }) => ({
    at: index,
    name: name.toUpperCase(),
    words: rest.replace(/\\\r?\n/g, ' ').split(/[\s",[\]]+/),
  }));
  const stages = new Map<string, readonly Span[]>();
  return {
    brings: (lockfile, before) => {
      const spans = stages.get(lockfile) ?? broughtIn(instructions, lockfile);
      stages.set(lockfile, spans);
      return isInside(spans, before);
    },
    sets: (variable) =>
      instructions.some(({ name, words }) => (name === 'ENV' || name === 'ARG') && words.some((word) => word.split('=')[0] === variable)),
  };
}

/** The stretches of a Dockerfile in which a lockfile has been brought into the stage. */
function broughtIn(instructions: readonly Instruction[], lockfile: string): Span[] {
  const spans: Span[] = [];
  let from: number | undefined;
  const close = (end: number) => {
    if (from !== undefined) spans.push(span(from, end));
    from = undefined;
  };
  for (const { at, name, words } of instructions) {
    if (name === 'FROM') close(at);
    else if (name === 'RUN' ? mounts(words, lockfile) : /^(?:COPY|ADD)$/.test(name) && copies(words, lockfile)) from ??= at;
  }
  close(Number.POSITIVE_INFINITY);
  return spans;
}

/** Whether an offset lies in one of some spans, which are in order. */
function isInside(spans: readonly Span[], at: number): boolean {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle]?.end ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return (spans[low]?.start ?? Number.POSITIVE_INFINITY) < at;
}

/** `COPY package*.json ./`, `COPY . .`: the last word is where it goes. */
function copies(words: readonly string[], lockfile: string): boolean {
  const sources = words.filter((word) => word !== '').slice(0, -1);
  if (sources.some((word) => /^--from=/i.test(word))) return false;
  const folder = folderOf(lockfile);
  return sources.some((source) => {
    const path = source.replace(/^(?:\.?\/)+/, '').replace(/\/$/, '');
    return path === '' || path === '.' || path === '*' || path === folder || matchesName(baseName(path), baseName(lockfile));
  });
}

/** `RUN --mount=type=bind,source=package-lock.json,...`; the words were cut at commas. */
function mounts(words: readonly string[], lockfile: string): boolean {
  return words.some((word) => /^(?:source|src)=/.test(word) && baseName(word.slice(word.indexOf('=') + 1)) === baseName(lockfile));
}

/** Whether a file name pattern with `*` and `?` fits a name. */
export function matchesName(pattern: string, name: string): boolean {
  if (pattern.length > MAX_PATTERN_UNITS || (pattern.match(/\*/g)?.length ?? 0) > MAX_PATTERN_STARS) return false;
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`).test(name);
}

/** Patterns beyond these bounds name no lockfile and would only cost time. */
const MAX_PATTERN_UNITS = 100;
const MAX_PATTERN_STARS = 4;
