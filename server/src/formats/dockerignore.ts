import type { Format, Manifest } from '../core/manifest.ts';
import type { Surroundings } from '../core/rule.ts';
import { folderOf, foldersUp, joinPath, type SourceFile } from '../core/source-file.ts';

/** What an image build leaves out of its context. */
export interface DockerIgnore {
  /** Whether a file of the context, by its path relative to the context, is left out. */
  ignores(path: string): boolean;
}

/** .dockerignore as BuildKit reads it (moby/patternmatcher `ignorefile.ReadAll` and `MatchesOrParentMatches`). */
export const format: Format<DockerIgnore> = {
  id: 'dockerignore',
  title: '.dockerignore',
  globs: ['**/.dockerignore', '**/*.dockerignore'],
  languageIds: [],
  parse: (file: SourceFile): Manifest<DockerIgnore> => ({
    file,
    format: 'dockerignore',
    model: readPatterns(file.text),
    refs: [],
    scripts: [],
    ignores: [],
    problems: [],
  }),
};

/** The .dockerignore that a build of a Dockerfile reads: the Dockerfile's own beside it comes before the context's. */
export function ignoreFileOf(surroundings: Surroundings, dockerfile: string, context: string): DockerIgnore {
  for (const path of [`${dockerfile}.dockerignore`, joinPath(context, '.dockerignore') ?? '']) {
    const manifest = surroundings.manifest(path);
    // The format id and the model's type are set together, here.
    if (manifest?.format === format.id) return manifest.model as DockerIgnore;
  }
  return { ignores: () => false };
}

interface Pattern {
  readonly expression: RegExp;
  readonly keeps: boolean;
}

/** More patterns, or longer ones, no project has; they would only cost time. */
const MAX_PATTERNS = 1_000;
const MAX_PATTERN_UNITS = 200;
const MAX_STARS = 12;

/** Patterns as a .dockerignore has them, one on a line; those of `--exclude` are read alike. */
export function readPatterns(text: string): DockerIgnore {
  const lines = text.replace(/^\ufeff/, '').split('\n', MAX_PATTERNS);
  const patterns = lines.flatMap((line) => (line.startsWith('#') ? [] : patternOf(line.trim())));
  return {
    ignores: (path) => {
      // A folder that is left out takes along what is in it; the last pattern that fits decides.
      const paths = foldersUp(path).filter((part) => part !== '');
      return patterns.findLast(({ expression }) => paths.some((part) => expression.test(part)))?.keeps === false;
    },
  };
}

function patternOf(line: string): Pattern[] {
  const keeps = line.startsWith('!');
  const written = (keeps ? line.slice(1) : line).trim();
  // Go's `filepath.Clean`, and patterns that start with a slash mean the context's root as all others do.
  const clean = joinPath('', written);
  if (!clean || clean.length > MAX_PATTERN_UNITS || clean.split('*').length > MAX_STARS + 1) return [];
  try {
    return [{ expression: new RegExp(`^${expressionOf(clean)}$`, 's'), keeps }];
  } catch {
    // A malformed range of characters, which BuildKit refuses.
    return [];
  }
}

function expressionOf(pattern: string): string {
  return pattern.replace(/\*\*\/|\*\*|\*|\?|\[[^\]]*\]|\\.|[.+^${}()|\\]/gs, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.startsWith('[')) return part;
    return part.length === 2 ? part : `\\${part}`;
  });
}

/** The folders that may be a Dockerfile's build context, likeliest first: its own, and the root. */
export function contextsOf(dockerfile: string): readonly string[] {
  const folder = folderOf(dockerfile);
  return folder === '' ? [''] : [folder, ''];
}
