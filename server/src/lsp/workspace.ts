import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { URI } from 'vscode-uri';
import type { Manifest } from '../core/manifest.ts';
import type { SourceFile } from '../core/source-file.ts';
import { type DiskRoot, diskRoot, gitHubParent } from '../disk/disk-root.ts';
import { toSlashes } from '../disk/walk.ts';
import { formatForLanguage, formatForPath } from '../engine/formats.ts';

/** A document's place: the root it belongs to, and its path in there. */
export interface Place {
  readonly root: DiskRoot;
  readonly path: string;
}

/** The folders that are open, and the documents in them. An open document's text counts, not the file's. */
export class Workspace {
  readonly #open: (uri: string) => TextDocument | undefined;
  readonly #folders = new Map<string, DiskRoot>();
  /** Roots of documents outside every folder: their own folder and nothing above it. */
  readonly #loose = new Map<string, DiskRoot>();

  /** `open` gives an open document by its normalised URI. */
  constructor(open: (uri: string) => TextDocument | undefined) {
    this.#open = open;
  }

  /** Folders that are open, in the order they were added. */
  get folders(): readonly DiskRoot[] {
    return [...this.#folders.values()];
  }

  /** Adds a folder; one that is no file URI has no surroundings that could be read. */
  addFolder(uri: string): void {
    const folder = fileOf(uri);
    if (folder !== undefined) this.#folders.set(normalise(uri), this.#root(folder));
    this.#loose.clear();
  }

  removeFolder(uri: string): void {
    this.#folders.delete(normalise(uri));
    this.#loose.clear();
  }

  /** Where a document belongs: the innermost open folder around it, else its own folder. Untitled documents get an empty place. */
  placeOf(uri: string): Place {
    const file = fileOf(uri);
    if (file === undefined) return { root: this.#looseRoot(''), path: URI.parse(uri).path.replace(/^\/+/, '') };
    const around = this.folders.filter(({ root }) => isInside(file, root)).sort((a, b) => b.root.length - a.root.length)[0];
    const root = around ?? this.#looseRoot(looseFolder(file));
    return { root, path: toSlashes(path.relative(root.root, file)) };
  }

  /** Reads an open document as its format; undefined where none of ours reads it. */
  parse(document: TextDocument): { manifest: Manifest; place: Place } | undefined {
    const place = this.placeOf(document.uri);
    const untitled = URI.parse(document.uri).scheme === 'untitled';
    const format = formatForPath(place.path) ?? (untitled ? formatForLanguage(document.languageId) : undefined);
    if (format === undefined) return undefined;
    const file: SourceFile = { uri: document.uri, path: place.path, text: document.getText(), version: document.version };
    return { manifest: format.parse(file), place };
  }

  /** Forgets what was parsed of a file, after it changed on disk or in the editor. */
  forget(uri: string): void {
    for (const { root, path: relative } of this.#placesOf(uri)) root.project.forget(relative);
  }

  /** Forgets what was parsed of all files in a folder, after it went. True where there was some. */
  forgetBelow(uri: string): boolean {
    return this.#placesOf(uri).filter(({ root, path: relative }) => root.project.forgetBelow(relative)).length > 0;
  }

  /** A document was closed: what surrounds it is read again when it, or one beside it, is asked about. */
  closed(uri: string): void {
    this.forget(uri);
    const file = fileOf(uri);
    if (file !== undefined) this.#loose.delete(looseFolder(file));
  }

  /** A file's place in every root around it: folders may be nested, and the outer one's files depend on it, too. */
  #placesOf(uri: string): Place[] {
    const file = fileOf(uri);
    if (file === undefined) return [];
    const around = [...this.folders, ...this.#loose.values()].filter(({ root }) => root !== '' && isInside(file, root));
    return around.map((root) => ({ root, path: toSlashes(path.relative(root.root, file)) }));
  }

  #looseRoot(folder: string): DiskRoot {
    const known = this.#loose.get(folder);
    if (known !== undefined) return known;
    const made = this.#root(folder);
    this.#loose.set(folder, made);
    return made;
  }

  #root(folder: string): DiskRoot {
    return diskRoot(folder, (file) => this.#open(normalise(pathToFileURL(file).href))?.getText());
  }
}

/** A URI in one spelling, so that `file:///c%3A/x` and `file:///C:/x` are one document. */
export function normalise(uri: string): string {
  return URI.parse(uri).toString();
}

function fileOf(uri: string): string | undefined {
  const parsed = URI.parse(uri);
  return parsed.scheme === 'file' ? parsed.fsPath : undefined;
}

/** The root of a file outside every folder: its own folder, or the repository's where the file stands in its `.github`. */
function looseFolder(file: string): string {
  return gitHubParent(file) ?? path.dirname(file);
}

function isInside(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
}
