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
  readonly tokens: readonly string[];
  readonly keeps: boolean;
}

/** More patterns, or longer ones, no project has; they would only cost time. */
const MAX_PATTERNS = 1_000;
const MAX_PATTERN_UNITS = 200;

/** Patterns as a .dockerignore has them, one on a line; those of `--exclude` are read alike. */
export function readPatterns(text: string): DockerIgnore {
  const lines = text.replace(/^\ufeff/, '').split('\n', MAX_PATTERNS);
  const patterns = lines.flatMap((line) => (line.startsWith('#') ? [] : patternOf(line.trim())));
  return {
    ignores: (path) => {
      // A folder that is left out takes along what is in it; the last pattern that fits decides.
      const paths = foldersUp(path).filter((part) => part !== '');
      return patterns.findLast(({ tokens }) => paths.some((part) => fits(tokens, part)))?.keeps === false;
    },
  };
}

function patternOf(line: string): Pattern[] {
  const keeps = line.startsWith('!');
  const written = (keeps ? line.slice(1) : line).trim();
  // Go's `filepath.Clean`, and patterns that start with a slash mean the context's root as all others do.
  const clean = joinPath('', written);
  if (!clean || clean.length > MAX_PATTERN_UNITS) return [];
  const tokens: readonly string[] = clean.match(TOKEN) ?? [];
  // A range of characters without an end, which BuildKit refuses.
  return tokens.includes('[') || tokens.includes('\\') ? [] : [{ tokens, keeps }];
}

const TOKEN = /\*\*\/|\*\*|\[\^?[^\]]+\]|\\.|./gs;

/**
 * Whether a pattern fits a path as a whole. All places of the pattern that the path so far may lead to are kept at once, so that
 * no pattern costs more than its length times that of the path. An odd place is inside of what a `**` + `/` passes over.
 */
function fits(tokens: readonly string[], path: string): boolean {
  let places = reach(tokens, new Set([0]));
  for (const char of path) {
    const next = new Set<number>();
    for (const place of places) {
      const token = tokens[place >> 1];
      if (token === undefined) continue;
      if (token === '**/') {
        next.add(place | 1);
        if (char === '/') next.add((place | 1) + 1);
      } else if (token === '**' || (token === '*' && char !== '/')) next.add(place);
      else if (token !== '*' && isOne(token, char)) next.add(place + 2);
    }
    places = reach(tokens, next);
    if (places.size === 0) return false;
  }
  return places.has(tokens.length * 2);
}

/** The places that need no further character: behind stars. */
function reach(tokens: readonly string[], places: Set<number>): Set<number> {
  for (const place of places) if (place % 2 === 0 && tokens[place >> 1]?.startsWith('*')) places.add(place + 2);
  return places;
}

function isOne(token: string, char: string): boolean {
  if (token === '?') return char !== '/';
  if (token.length === 1) return token === char;
  if (token.startsWith('\\')) return token[1] === char;
  const inside = token.slice(token[1] === '^' ? 2 : 1, -1);
  let isIn = false;
  for (let i = 0; i < inside.length; i++) {
    const first = inside[i] ?? '';
    const isRange = inside[i + 1] === '-' && i + 2 < inside.length;
    if (isRange ? first <= char && char <= (inside[i + 2] ?? '') : first === char) isIn = true;
    if (isRange) i += 2;
  }
  return isIn === (token[1] !== '^');
}

/** The folders that may be a Dockerfile's build context, likeliest first: its own, and the root. */
export function contextsOf(dockerfile: string): readonly string[] {
  const folder = folderOf(dockerfile);
  return folder === '' ? [''] : [folder, ''];
}
