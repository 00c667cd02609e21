import { existsSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SourceFile } from '../core/source-file.ts';
import { Project } from '../engine/project.ts';
import { readTextFile } from './files.ts';
import { toSlashes } from './walk.ts';

/** A root folder on disk, as the engine sees it. */
export interface DiskRoot {
  /** Absolute, in the system's form. */
  readonly root: string;
  readonly project: Project;
  /** The document of an absolute path with a given text. */
  document(file: string, text: string): SourceFile;
}

/**
 * The folder that holds the `.github` of an absolute path: a repository's root, as workflows see it, also where there is no
 * `.git`. Undefined for a path outside of any `.github`.
 */
export function gitHubParent(file: string): string | undefined {
  return /^(.+?)[\\/]\.github(?:[\\/]|$)/.exec(file)?.[1];
}

/**
 * A folder on disk as a project; `''` is a folder with nothing in it. Nothing outside the folder is read, also not through
 * symbolic links. `open` gives the text of a file that an editor has open, by absolute path: it counts instead of the file's.
 */
export function diskRoot(root: string, open: (file: string) => string | undefined = () => undefined): DiskRoot {
  const document = (file: string, text: string): SourceFile => ({
    uri: pathToFileURL(file).href,
    path: toSlashes(path.relative(root, file)),
    text,
    version: 0,
  });
  let realRoot: string | undefined;
  // Most files that rules ask for are not there, and of what is there a link could lead anywhere: the cheap question comes first.
  const inside = (relative: string): string | undefined => {
    if (root === '') return undefined;
    const file = path.join(root, relative);
    if (!existsSync(file)) return undefined;
    try {
      realRoot ??= realpathSync.native(root);
      const away = path.relative(realRoot, realpathSync.native(file));
      return away.startsWith('..') || path.isAbsolute(away) ? undefined : file;
    } catch {
      return undefined;
    }
  };
  const project = new Project({
    exists: (relative) => inside(relative) !== undefined,
    read: (relative) => {
      const file = inside(relative);
      if (file === undefined || !statSync(file).isFile()) return undefined;
      const edited = open(file);
      if (edited !== undefined) return document(file, edited);
      const text = readTextFile(file);
      return text.ok ? document(file, text.value) : undefined;
    },
  });
  return { root, project, document };
}
