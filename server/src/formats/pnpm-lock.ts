import type { Format, Manifest } from '../core/manifest.ts';
import type { SourceFile } from '../core/source-file.ts';
import { NO_SPAN, type Span } from '../core/span.ts';
import type { LockEntry, LockFile, LockImporter, LockRequest, LockSource } from './lock-model.ts';
import { withSecrets } from './lock-secrets.ts';
import { keysOf, readPackageKey, withoutPeers } from './pnpm-lock-keys.ts';
import { contentOf, flowMembers, type LockLine, LockLines } from './pnpm-lock-lines.ts';

/**
 * pnpm-lock.yaml of versions 5, 6 and 9 (pnpm's `@pnpm/lockfile.types`), also with several documents: the first then locks
 * the package manager itself.
 */
export const format: Format<LockFile> = {
  id: 'pnpm-lock',
  title: 'pnpm-lock.yaml',
  globs: ['**/pnpm-lock.yaml'],
  languageIds: [],
  parse: (file) => withSecrets(parse(file)),
};

function parse(file: SourceFile): Manifest<LockFile> {
  const reader = new LockReader(file.text);
  const model = reader.read();
  const { problem } = reader;
  return { file, format: format.id, model, refs: [], scripts: [], ignores: [], problems: problem === undefined ? [] : [problem] };
}

/** Where the texts of a package stand, with quotes. */
interface Places {
  key: Span;
  version?: Span;
  resolved?: Span;
  integrity?: Span;
}

/** What a `resolution` says. */
interface Resolution {
  tarball?: string;
  integrity?: string;
  repo?: string;
  commit?: string;
  type?: string;
  directory?: string;
  gitHosted?: string;
}

const RESOLUTION_FIELDS = ['tarball', 'integrity', 'repo', 'commit', 'type', 'directory', 'gitHosted'] as const;
const IMPORTED = ['dependencies', 'devDependencies', 'optionalDependencies'] as const;

interface Importer {
  readonly requests: LockRequest[];
  /** What each name is locked at, as the file refers to it. */
  readonly references: Map<string, string>;
  /** Version 5: what is asked for, which the groups then only name. */
  readonly specifiers: Map<string, string>;
}

class LockReader {
  readonly #text: string;
  readonly #lines: LockLines;
  readonly #entries: LockEntry[] = [];
  readonly #places: Places[] = [];
  readonly #asked: LockRequest[][] = [];
  /** Version 9: what a package asks for stands under its key with peers; by key without. */
  readonly #snapshots = new Map<string, { readonly requests: LockRequest[]; optional: boolean }>();
  readonly #importers = new Map<string, Importer>();
  readonly #overrides = new Map<string, string>();
  readonly #catalogs = new Map<string, Map<string, string>>();
  #version: string | undefined;
  #major = 9;
  #checksum = false;

  constructor(text: string) {
    this.#text = text;
    this.#lines = new LockLines(text);
  }

  get problem() {
    return this.#lines.problem;
  }

  read(): LockFile {
    while (this.#lines.startDocument()) this.#lines.members(-1, (line) => this.#section(line));
    for (const entry of this.#entries) {
      const snapshot = this.#snapshots.get(entry.key);
      if (snapshot === undefined) continue;
      this.#asked[entry.index]?.push(...snapshot.requests);
      if (snapshot.optional) this.#entries[entry.index] = { ...entry, optional: true };
    }
    return this.#model();
  }

  #model(): LockFile {
    const entries: readonly LockEntry[] = this.#entries;
    let byKey: Map<string, LockEntry> | undefined;
    return {
      manager: 'pnpm',
      lockfileVersion: this.#version,
      importers: [...this.#importers].map(([path, importer]): LockImporter => ({ path, requests: requestsOf(importer) })),
      entries,
      overrides: this.#overrides,
      catalogs: this.#catalogs,
      rewritten: this.#checksum,
      requestsOf: (entry) => this.#asked[entry.index] ?? [],
      locked: (importer, name) => {
        const reference = this.#importers.get(importer)?.references.get(name);
        if (reference === undefined) return undefined;
        byKey ??= new Map(entries.map((entry) => [entry.key, entry]));
        for (const key of keysOf(name, reference)) {
          const entry = byKey.get(key);
          if (entry !== undefined) return entry.name === name ? entry : { ...entry, alias: name };
        }
        return undefined;
      },
      isLinked: (importer, name) => this.#importers.get(importer)?.references.get(name)?.startsWith('link:') === true,
      spanOf: (entry, field): Span => {
        const places = this.#places[entry.index];
        return places === undefined ? NO_SPAN : contentOf(this.#text, places[field] ?? places.key);
      },
    };
  }

  #section(section: LockLine): void {
    const lines = this.#lines;
    const { indent } = section;
    switch (section.key) {
      case 'lockfileVersion':
        this.#version = lines.textOf(section);
        this.#major = Number.parseInt(this.#version, 10) || this.#major;
        return;
      case 'pnpmfileChecksum':
        this.#checksum = true;
        return;
      case 'overrides':
        lines.members(indent, (line) => this.#overrides.set(line.key, lines.textOf(line)));
        return;
      case 'catalogs':
        lines.members(indent, (line) => this.#catalog(line));
        return;
      case 'importers':
        lines.members(indent, (line) => {
          const importer = this.#importer(line.key);
          lines.members(line.indent, (group) => this.#group(importer, group));
        });
        return;
      case 'packages':
        lines.members(indent, (line) => this.#package(line));
        return;
      case 'snapshots':
        lines.members(indent, (line) => this.#snapshot(line));
        return;
      case 'specifiers':
      case 'dependencies':
      case 'devDependencies':
      case 'optionalDependencies':
        // Versions 5 and 6 leave out the importers where the root is the only one.
        this.#group(this.#importer('.'), section);
    }
  }

  #catalog({ key, indent }: LockLine): void {
    const lines = this.#lines;
    const catalog = new Map<string, string>();
    this.#catalogs.set(key, catalog);
    lines.members(indent, (line) => {
      lines.members(line.indent, (field) => {
        if (field.key === 'specifier') catalog.set(line.key, lines.textOf(field));
      });
    });
  }

  #importer(folder: string): Importer {
    const path = folder === '.' ? '' : folder;
    const importer = this.#importers.get(path) ?? { requests: [], references: new Map(), specifiers: new Map() };
    this.#importers.set(path, importer);
    return importer;
  }

  /** A group of an importer; its members are `name: version`, or have a `specifier` and a `version` each. */
  #group(importer: Importer, { key, indent }: LockLine): void {
    const lines = this.#lines;
    if (key === 'specifiers') {
      lines.members(indent, (line) => importer.specifiers.set(line.key, lines.textOf(line)));
      return;
    }
    const group = IMPORTED.find((one) => one === key);
    if (group === undefined) return;
    lines.members(indent, (line) => {
      const dependency = line.key;
      let spec = '';
      let reference = lines.textOf(line);
      lines.members(line.indent, (field) => {
        const which = field.key;
        if (which === 'specifier') spec = lines.textOf(field);
        if (which === 'version') reference = lines.textOf(field);
      });
      importer.requests.push({ group, name: dependency, spec });
      importer.references.set(dependency, reference);
    });
  }

  #package({ key, keySpan, indent }: LockLine): void {
    const lines = this.#lines;
    const { faults } = lines;
    const places: Places = { key: keySpan };
    const texts: Record<string, string> = {};
    const asked: LockRequest[] = [];
    let resolution: Resolution = {};
    lines.members(indent, (field) => {
      const name = field.key;
      switch (name) {
        case 'resolution':
          resolution = this.#resolution(field, places);
          return;
        case 'version':
          places.version = field.value;
          texts[name] = lines.textOf(field);
          return;
        case 'name':
        case 'deprecated':
        case 'dev':
        case 'optional':
        case 'requiresBuild':
        case 'hasInstallScript':
          texts[name] = lines.textOf(field);
          return;
        case 'dependencies':
        case 'optionalDependencies':
        case 'peerDependencies':
          lines.members(field.indent, (line) => asked.push({ group: name, name: line.key, spec: lines.textOf(line) }));
      }
    });
    // A field that was lost must not be taken for one that is missing.
    if (lines.faults > faults) return;
    const index = this.#entries.length;
    const { name, reference } = readPackageKey(key, this.#major);
    const { repo, commit, tarball, integrity } = resolution;
    this.#places.push(places);
    this.#asked.push(asked);
    this.#entries.push({
      index,
      key,
      name: texts.name ?? name,
      alias: undefined,
      version: texts.version ?? (/^\d/.test(reference) ? reference : undefined),
      resolved: tarball ?? (repo === undefined || commit === undefined ? repo : `${repo}#${commit}`),
      integrity,
      source: sourceOf(resolution, reference),
      dev: texts.dev === 'true',
      optional: texts.optional === 'true',
      peer: false,
      hasInstallScript: texts.requiresBuild === 'true' || texts.hasInstallScript === 'true',
      deprecated: texts.deprecated,
    });
  }

  #resolution({ value, indent }: LockLine, places: Places): Resolution {
    const lines = this.#lines;
    const found: Resolution = {};
    const add = (field: LockLine): void => {
      const name = RESOLUTION_FIELDS.find((one) => one === field.key);
      if (name === undefined) return;
      found[name] = lines.textOf(field);
      if (name === 'integrity') places.integrity = field.value;
      if (name === 'tarball' || name === 'repo') places.resolved = field.value;
    };
    if (this.#text[value.start] === '{' && value.end > value.start) for (const field of flowMembers(this.#text, value)) add(field);
    else lines.members(indent, add);
    return found;
  }

  #snapshot({ key, indent }: LockLine): void {
    const lines = this.#lines;
    const requests: LockRequest[] = [];
    let optional = false;
    lines.members(indent, (field) => {
      const name = field.key;
      if (name === 'optional') optional = lines.textOf(field) === 'true';
      if (name !== 'dependencies' && name !== 'optionalDependencies') return;
      lines.members(field.indent, (line) => requests.push({ group: name, name: line.key, spec: lines.textOf(line) }));
    });
    const bare = withoutPeers(key);
    const before = this.#snapshots.get(bare);
    // One package with several sets of peers is optional where all of them are.
    if (before === undefined) this.#snapshots.set(bare, { requests, optional });
    else before.optional &&= optional;
  }
}

function requestsOf({ requests, specifiers }: Importer): LockRequest[] {
  return specifiers.size === 0 ? requests : requests.map((request) => ({ ...request, spec: specifiers.get(request.name) ?? request.spec }));
}

/** Archives that git hosts make of a commit: they have no lasting hash, and pnpm treats them as git. */
const GIT_ARCHIVE =
  /^https:\/\/(?:codeload\.github\.com|gitlab\.com\/.+\/archive\.tar\.gz|gitlab\.com\/api\/.+\/archive|bitbucket\.org\/.+\/get)\b/;

function sourceOf({ tarball, type, repo, directory, gitHosted }: Resolution, reference: string): LockSource {
  if (type === 'git' || repo !== undefined || gitHosted === 'true') return 'git';
  if (directory !== undefined || type === 'directory' || reference.startsWith('file:')) return 'file';
  if (tarball !== undefined) {
    if (GIT_ARCHIVE.test(tarball)) return 'git';
    return tarball.startsWith('file:') ? 'file' : 'tarball';
  }
  // A runtime (`node@runtime:`) has an archive and a hash for each platform, below `variants`.
  return type === undefined ? 'tarball' : 'file';
}
