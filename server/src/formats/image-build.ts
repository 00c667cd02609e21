import type { Manifest } from '../core/manifest.ts';
import { baseName, folderOf } from '../core/source-file.ts';
import { asDockerfile } from './dockerfile.ts';
import type { Instruction } from './dockerfile-lexer.ts';

/** What a Dockerfile says about the build in which its commands run. */
export interface ImageBuild {
  /** Whether a lockfile is brought into the stage that holds an offset of the document, before it. */
  brings(lockfile: string, before: number): boolean;
  /** Whether `ENV` or `ARG` sets a variable. */
  sets(variable: string): boolean;
}

/** Reads what a Dockerfile copies and sets. Any other manifest brings and sets nothing. */
export function imageBuildOf(manifest: Manifest): ImageBuild {
  const instructions = asDockerfile(manifest)?.instructions ?? [];
  let variables: ReadonlySet<string> | undefined;
  const broughtBy = new Map<string, readonly boolean[]>();
  return {
    brings: (lockfile, before) => {
      const brought = broughtBy.get(lockfile) ?? broughtAfterEach(instructions, lockfile);
      broughtBy.set(lockfile, brought);
      return brought[indexBefore(instructions, before)] ?? false;
    },
    sets: (variable) => {
      // Hardly any Dockerfile names it at all.
      if (!manifest.file.text.includes(variable)) return false;
      variables ??= variablesOf(instructions);
      return variables.has(variable);
    },
  };
}

/** The names that stand in front of a `=`, or alone, in any `ENV` or `ARG`. */
function variablesOf(instructions: readonly Instruction[]): Set<string> {
  return new Set(
    instructions
      .filter(({ keyword }) => keyword === 'ENV' || keyword === 'ARG')
      .flatMap(({ args }) => wordsOf(args.text).map((word) => word.split('=')[0] ?? word)),
  );
}

/** For each instruction, whether a lockfile is in its stage once it has run. */
function broughtAfterEach(instructions: readonly Instruction[], lockfile: string): boolean[] {
  let brought = false;
  return instructions.map((instruction) => {
    brought = instruction.keyword !== 'FROM' && (brought || bringsIn(instruction, lockfile));
    return brought;
  });
}

/** The index of the last instruction that starts before an offset; -1 where there is none. */
function indexBefore(instructions: readonly Instruction[], offset: number): number {
  let low = 0;
  let high = instructions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((instructions[middle]?.span.start ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function bringsIn({ keyword, flags, args, json }: Instruction, lockfile: string): boolean {
  if (keyword === 'RUN') return flags.some(({ name, value }) => name === 'mount' && mounts(value?.text ?? '', lockfile));
  if (keyword !== 'COPY' && keyword !== 'ADD') return false;
  if (flags.some(({ name }) => name === 'from')) return false;
  // The last word is where it goes.
  const sources = (json?.map(({ text }) => text) ?? wordsOf(args.text)).slice(0, -1);
  const folder = folderOf(lockfile);
  return sources.some((source) => {
    const path = source.replace(/^(?:\.?\/)+/, '').replace(/\/$/, '');
    return path === '' || path === '.' || path === '*' || path === folder || matchesName(baseName(path), baseName(lockfile));
  });
}

/** `RUN --mount=type=bind,source=package-lock.json,...` */
function mounts(options: string, lockfile: string): boolean {
  return options
    .split(',')
    .some((option) => /^(?:source|src)=/.test(option) && baseName(option.slice(option.indexOf('=') + 1)) === baseName(lockfile));
}

function wordsOf(text: string): string[] {
  return text.split(/[\s"]+/).filter((word) => word !== '');
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
