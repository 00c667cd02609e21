/**
 * One document, as the engine sees it. `path` is relative to the checked root, with `/`; it is what findings,
 * fingerprints and globs use. `uri` tells documents of several roots apart and goes back to the front unchanged.
 */
export interface SourceFile {
  readonly uri: string;
  readonly path: string;
  readonly text: string;
  /** The editor's version of the text; 0 for a file read from disk. */
  readonly version: number;
}

/** The folder of a path with `/`; `''` for a path without one. */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

/** The last part of a path with `/`. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** `name` in `folder`, both with `/`, with `.` and `..` resolved; undefined where that leaves the root. */
export function joinPath(folder: string, name: string): string | undefined {
  if (folder === '' && !name.startsWith('.') && !name.includes('/')) return name;
  const parts: string[] = [];
  for (const part of `${folder}/${name}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}

/** A folder and all folders above it up to the root (`''`), nearest first. */
export function foldersUp(folder: string): string[] {
  const folders = [folder];
  for (let at = folder; at !== ''; ) {
    at = folderOf(at);
    folders.push(at);
  }
  return folders;
}
