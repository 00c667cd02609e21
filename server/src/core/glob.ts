import picomatch from 'picomatch';

/** A matcher for paths with `/`, relative to a root. */
export type PathMatcher = (path: string) => boolean;

/**
 * Compiles path patterns. A pattern that starts with `**` + `/` matches at any depth; dot files match like others.
 * Windows' `\` is never a separator here: fronts hand in paths with `/`.
 */
export function pathMatcher(patterns: readonly string[]): PathMatcher {
  const match = picomatch([...patterns], { dot: true });
  return (path) => match(path);
}
