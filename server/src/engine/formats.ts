import { type PathMatcher, pathMatcher } from '../core/glob.ts';
import type { Format } from '../core/manifest.ts';
import { formats } from '../formats/index.ts';

const matchers: readonly (readonly [Format, PathMatcher])[] = formats.map((format) => [format, matcherOf(format)]);

function matcherOf({ globs, except }: Format): PathMatcher {
  const fits = pathMatcher(globs);
  if (except === undefined) return fits;
  const isExcepted = pathMatcher(except);
  return (path) => fits(path) && !isExcepted(path);
}

/** The format of a file, by its path relative to the root, with `/`; undefined where none of ours reads it. */
export function formatForPath(path: string): Format | undefined {
  return matchers.find(([, matches]) => matches(path))?.[0];
}

/** The format of an untitled document, by the editor's language id. */
export function formatForLanguage(languageId: string): Format | undefined {
  return formats.find((format) => format.languageIds.includes(languageId));
}

/** All path patterns of all formats. */
export const ALL_GLOBS: readonly string[] = formats.flatMap((format) => format.globs);
