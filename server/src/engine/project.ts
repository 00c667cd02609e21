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

/** Parsed files of one root, kept until they are forgotten. Bounded: the oldest goes when there are too many. */
export class Project implements Surroundings {
  static readonly MAX_MANIFESTS = 64;
  readonly #reader: FileReader;
  readonly #manifests = new Map<string, Manifest | undefined>();

  constructor(reader: FileReader) {
    this.#reader = reader;
  }

  exists(path: string): boolean {
    return this.#reader.exists(path);
  }

  manifest(path: string): Manifest | undefined {
    if (this.#manifests.has(path)) return this.#manifests.get(path);
    const manifest = this.#parse(path);
    if (this.#manifests.size >= Project.MAX_MANIFESTS) {
      const oldest = this.#manifests.keys().next();
      if (!oldest.done) this.#manifests.delete(oldest.value);
    }
    this.#manifests.set(path, manifest);
    return manifest;
  }

  /** Forgets what was parsed of a file, after it changed. */
  forget(path: string): void {
    this.#manifests.delete(path);
  }

  /** Forgets what was parsed of all files in a folder. True where there was some. */
  forgetBelow(folder: string): boolean {
    const below = [...this.#manifests.keys()].filter((path) => path.startsWith(`${folder}/`));
    for (const path of below) this.#manifests.delete(path);
    return below.length > 0;
  }

  /** Forgets everything that was parsed. */
  forgetAll(): void {
    this.#manifests.clear();
  }

  #parse(path: string): Manifest | undefined {
    const format = formatForPath(path);
    const file = format && this.#reader.read(path);
    return format && file && format.parse(file);
  }
}
