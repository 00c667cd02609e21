import type { Manifest } from '../core/manifest.ts';
import type { Surroundings } from '../core/rule.ts';
import type { SourceFile } from '../core/source-file.ts';
import { formatForPath } from './formats.ts';

/** How a front reads files. Paths are relative to the project's root; a path outside it is never asked for. */
export interface FileReader {
  exists(path: string): boolean;
  /** The file as a document, undefined where it does not exist or is too large. */
  read(path: string): SourceFile | undefined;
}

/**
 * Parsed files of one root, kept until they are forgotten. Bounded in number and in characters: the one that was not asked
 * for the longest goes first, so that the lockfile stays while the package.json of hundreds of workspaces pass by.
 */
export class Project implements Surroundings {
  /** A workspace of 500 packages, and what lies beside them. */
  static readonly MAX_MANIFESTS = 1024;
  /** UTF-16 units of text, of which a tree takes about ten times as many bytes. */
  static readonly MAX_CHARACTERS = 24_000_000;
  readonly #reader: FileReader;
  readonly #manifests = new Map<string, Manifest | undefined>();
  #characters = 0;

  constructor(reader: FileReader) {
    this.#reader = reader;
  }

  exists(path: string): boolean {
    return this.#reader.exists(path);
  }

  manifest(path: string): Manifest | undefined {
    if (this.#manifests.has(path)) {
      const known = this.#manifests.get(path);
      // A Map keeps the order of insertion: put in anew, this one is the last to go.
      this.#manifests.delete(path);
      this.#manifests.set(path, known);
      return known;
    }
    const manifest = this.#parse(path);
    this.#manifests.set(path, manifest);
    this.#characters += sizeOf(manifest);
    // The newest stays whatever its size: the caller is about to read it.
    for (const oldest of this.#manifests.keys()) {
      if (oldest === path || (this.#manifests.size <= Project.MAX_MANIFESTS && this.#characters <= Project.MAX_CHARACTERS)) break;
      this.forget(oldest);
    }
    return manifest;
  }

  /** Forgets what was parsed of a file, after it changed. */
  forget(path: string): void {
    this.#characters -= sizeOf(this.#manifests.get(path));
    this.#manifests.delete(path);
  }

  /** Forgets what was parsed of all files in a folder. True where there was some. */
  forgetBelow(folder: string): boolean {
    const below = [...this.#manifests.keys()].filter((path) => path.startsWith(`${folder}/`));
    for (const path of below) this.forget(path);
    return below.length > 0;
  }

  /** Forgets everything that was parsed. */
  forgetAll(): void {
    this.#manifests.clear();
    this.#characters = 0;
  }

  #parse(path: string): Manifest | undefined {
    const format = formatForPath(path);
    const file = format && this.#reader.read(path);
    return format && file && format.parse(file);
  }
}

function sizeOf(manifest: Manifest | undefined): number {
  return manifest?.file.text.length ?? 0;
}
