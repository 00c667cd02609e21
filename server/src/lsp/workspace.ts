import type { TextDocument } from 'vscode-languageserver-textdocument';
import { URI } from 'vscode-uri';
import type { Manifest } from '../core/manifest.ts';
import type { SourceFile } from '../core/source-file.ts';
import { formatForLanguage, formatForPath } from '../engine/formats.ts';
import type { Host, Root } from './host.ts';

/** A document's place: the root it belongs to, and its path in there. */
export interface Place {
  readonly root: Root;
  readonly path: string;
}

/** The folders that are open, and the documents in them. An open document's text counts, not the file's. */
export class Workspace {
  readonly #host: Host;
  readonly #open: (uri: string) => TextDocument | undefined;
  readonly #folders = new Map<string, Root>();
  /** Roots of documents outside every folder: their own folder and nothing above it. */
  readonly #loose = new Map<string, Root>();

  /** `open` gives an open document by its normalised URI. */
  constructor(host: Host, open: (uri: string) => TextDocument | undefined) {
    this.#host = host;
    this.#open = open;
  }

  /** Folders that are open, in the order they were added. */
  get folders(): readonly Root[] {
    return [...this.#folders.values()];
  }

  /** Adds a folder; one that the host does not read has no surroundings that could be read. */
  addFolder(uri: string): void {
    const folder = this.#host.fileOf(uri);
    if (folder !== undefined) this.#folders.set(normalise(uri), this.#root(folder));
    this.#loose.clear();
  }

  removeFolder(uri: string): void {
    const key = normalise(uri);
    const known = this.#folders.get(key);
    if (known !== undefined) this.#host.release(known.root);
    this.#folders.delete(key);
    this.#loose.clear();
  }

  /** Where a document belongs: the innermost open folder around it, else its own folder. Untitled documents get an empty place. */
  placeOf(uri: string): Place {
    const file = this.#host.fileOf(uri);
    if (file === undefined) return { root: this.#looseRoot(''), path: URI.parse(uri).path.replace(/^\/+/, '') };
    const isAround = ({ root }: Root) => this.#host.pathBelow(root, file) !== undefined;
    const around = this.folders.filter(isAround).sort((a, b) => b.root.length - a.root.length)[0];
    const root = around ?? this.#looseRoot(this.#host.looseFolder(file));
    return { root, path: this.#host.pathBelow(root.root, file) ?? '' };
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
    const file = this.#host.fileOf(uri);
    if (file !== undefined) this.#loose.delete(this.#host.looseFolder(file));
  }

  /** A file's place in every root around it: folders may be nested, and the outer one's files depend on it, too. */
  #placesOf(uri: string): Place[] {
    const file = this.#host.fileOf(uri);
    if (file === undefined) return [];
    return [...this.folders, ...this.#loose.values()].flatMap((root) => {
      const relative = root.root === '' ? undefined : this.#host.pathBelow(root.root, file);
      return relative === undefined ? [] : [{ root, path: relative }];
    });
  }

  #looseRoot(folder: string): Root {
    const known = this.#loose.get(folder);
    if (known !== undefined) return known;
    const made = this.#root(folder);
    this.#loose.set(folder, made);
    return made;
  }

  #root(folder: string): Root {
    return this.#host.root(folder, (file) => this.#open(normalise(this.#host.uriOf(file)))?.getText());
  }
}

/** A URI in one spelling, so that `file:///c%3A/x` and `file:///C:/x` are one document. */
export function normalise(uri: string): string {
  return URI.parse(uri).toString();
}
