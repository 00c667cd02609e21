import type { Format, Manifest, Problem } from '../core/manifest.ts';
import type { SourceFile } from '../core/source-file.ts';
import { NO_SPAN, type Span, span } from '../core/span.ts';
import { sourceOfAddress } from './lock-address.ts';
import type { LockEntry, LockField, LockFile, LockImporter, LockRequest, LockSource } from './lock-model.ts';
import { withSecrets } from './lock-secrets.ts';
import { bothSides, conflictMarkers, sidesOf } from './merge-conflict.ts';
import { parseSpec } from './npm-spec.ts';
import { readRequests, type Scalar, scanYarnLock, type YarnBlock } from './yarn-lock-blocks.ts';

/** A yarn.lock. */
export interface YarnLock extends LockFile {
  /** Which Yarn wrote it: 1, or 2 and later; undefined where nothing says so, as in an empty file. */
  readonly generation: 'classic' | 'berry' | undefined;
}

/**
 * yarn.lock of Yarn 1 (yarn documentation, "yarn.lock") and of Yarn 2 and later, which is YAML as far as Yarn writes it.
 * Both are read line by line; a file with conflict markers is read as both of its sides.
 */
export const format: Format<YarnLock> = {
  id: 'yarn-lock',
  title: 'yarn.lock',
  globs: ['**/yarn.lock'],
  languageIds: [],
  parse: (file) => withSecrets(parse(file)),
};

/** A manifest as a yarn.lock, undefined where it is another format's. */
export function asYarnLock(manifest: Manifest | undefined): YarnLock | undefined {
  // The format id and the model's type are set together, here.
  return manifest?.format === format.id ? (manifest.model as YarnLock) : undefined;
}

function parse(file: SourceFile): Manifest<YarnLock> {
  const [ours, theirs] = (sidesOf(file.text) ?? [file.text]).map(readText);
  const base = { file, format: format.id, refs: [], scripts: [], ignores: [] };
  if (ours === undefined) return { ...base, model: readText('').model, problems: [] };
  if (theirs === undefined) return { ...base, model: ours.model, problems: ours.problem === undefined ? [] : [ours.problem] };
  const generation = ours.model.generation ?? theirs.model.generation;
  const [marker] = conflictMarkers(file.text);
  return {
    ...base,
    model: { ...bothSides(ours.model, theirs.model), generation },
    problems: [{ message: 'a merge conflict is not resolved', span: marker?.span ?? NO_SPAN }],
  };
}

/** An entry, and where its texts stand. */
interface ReadEntry {
  readonly entry: LockEntry;
  readonly block: YarnBlock;
  readonly descriptors: readonly string[];
  /** Where the address stands; undefined where it has no text of its own. */
  readonly resolvedSpan: Span | undefined;
  readonly integritySpan: Span | undefined;
  /** The folder of a workspace. */
  readonly workspace: string | undefined;
}

function readText(text: string): { readonly model: YarnLock; readonly problem: Problem | undefined } {
  const { blocks, problem, isClassic } = scanYarnLock(text);
  const metadata = blocks.find(({ keys }) => keys[0] === '__metadata');
  const generation = metadata !== undefined ? 'berry' : isClassic || blocks.length > 0 ? 'classic' : undefined;
  const read: ReadEntry[] = [];
  for (const block of blocks) {
    if (block === metadata || block.torn) continue;
    const one = generation === 'berry' ? berryEntry(read.length, block) : classicEntry(read.length, block);
    if (one !== undefined) read.push(one);
  }
  const requestsOf = ({ index }: LockEntry): LockRequest[] => {
    const block = read[index]?.block;
    return block === undefined ? [] : readRequests(text, block);
  };
  const importers = read.flatMap(({ entry, workspace }): LockImporter[] =>
    workspace === undefined ? [] : [{ path: workspace, requests: requestsOf(entry) }],
  );
  let byDescriptor: Map<string, LockEntry> | undefined;
  const model: YarnLock = {
    manager: 'yarn',
    generation,
    lockfileVersion: generation === 'classic' ? '1' : metadata?.version?.text,
    importers,
    entries: read.map(({ entry }) => entry),
    requestsOf,
    locked(importer, name, spec) {
      if (generation === 'berry' && !importers.some(({ path }) => path === importer)) return undefined;
      byDescriptor ??= descriptorMap(read);
      // Yarn 2 and later write the registry's protocol in front of a range; an empty requirement means any version.
      const wanted = [`${name}@${spec}`, `${name}@npm:${spec}`, ...(spec.trim() === '' ? [name, `${name}@*`, `${name}@npm:*`] : [])];
      for (const descriptor of wanted) {
        const entry = byDescriptor.get(descriptor) ?? byDescriptor.get(boundTo(descriptor, importer));
        if (entry !== undefined) return entry;
      }
      return spec.startsWith('catalog:') ? onlyOneNamed(read, name) : undefined;
    },
    spanOf: (entry, field) => spanOf(read[entry.index], field),
  };
  return { model, problem };
}

/**
 * Entries by their descriptors. What is relative to a workspace is bound to it in a lockfile (`file:./x::locator=shop%40workspace%3A.`),
 * and not in its manifest: such a one is found by both.
 */
function descriptorMap(read: readonly ReadEntry[]): Map<string, LockEntry> {
  const map = new Map<string, LockEntry>();
  for (const { entry, descriptors } of read) {
    for (const descriptor of descriptors) {
      map.set(descriptor, entry);
      if (!descriptor.includes('locator=')) continue;
      const bound = /^(.*?)::(?:[^:&]*&)*locator=([^&]*)/s.exec(descriptor);
      const folder = bound === null ? undefined : /@workspace:(.*)$/s.exec(decode(bound[2] ?? ''))?.[1];
      if (bound !== null && folder !== undefined) map.set(boundTo(bound[1] ?? '', folder === '.' ? '' : folder), entry);
    }
  }
  return map;
}

/** The key of a descriptor that is relative to a workspace's folder. No descriptor has a line feed. */
function boundTo(descriptor: string, folder: string): string {
  return `${descriptor}\n${folder}`;
}

/** `catalog:` stands for a requirement in .yarnrc.yml: where the lockfile has one version of a package, that is the one. */
function onlyOneNamed(read: readonly ReadEntry[], name: string): LockEntry | undefined {
  const named = read.filter(({ descriptors }) => descriptors.some((descriptor) => nameIn(descriptor) === name));
  return named.length === 1 ? named[0]?.entry : undefined;
}

function spanOf(read: ReadEntry | undefined, field: LockField): Span {
  if (read === undefined) return NO_SPAN;
  const { block, resolvedSpan, integritySpan } = read;
  switch (field) {
    case 'version':
      return block.version?.span ?? block.key;
    case 'resolved':
      return resolvedSpan ?? block.key;
    case 'integrity':
      return integritySpan ?? block.key;
    case 'key':
      return block.key;
  }
}

/** A descriptor or a locator, `name@what`; a scope's sign is not the separator. */
function splitAt(text: string): { readonly name: string; readonly rest: string } {
  const at = text.indexOf('@', 1);
  return at < 0 ? { name: text, rest: '' } : { name: text.slice(0, at), rest: text.slice(at + 1) };
}

function nameIn(descriptor: string): string {
  return splitAt(descriptor).name;
}

/** The name that all descriptors install under, where it is another than the package's own. */
function aliasOf(descriptors: readonly string[], name: string): string | undefined {
  const [first = name, ...others] = descriptors.map(nameIn);
  return first !== name && others.every((other) => other === first) ? first : undefined;
}

/** What stays open in a yarn.lock, which records neither groups nor scripts. */
const UNRECORDED = { dev: false, optional: false, peer: false, hasInstallScript: false, deprecated: undefined } as const;

function classicEntry(index: number, block: YarnBlock): ReadEntry {
  const { keys, version, resolved, integrity } = block;
  const aliased = keys.length === 0 ? undefined : keys.map(aliasedName).find((name) => name !== undefined);
  const name = aliased ?? nameIn(keys[0] ?? '');
  const sha1 = integrity === undefined && resolved !== undefined ? sha1Of(resolved) : undefined;
  return {
    entry: {
      index,
      key: keys.join(', '),
      name,
      alias: aliased === undefined ? undefined : aliasOf(keys, name),
      version: version?.text,
      resolved: resolved?.text,
      integrity: integrity?.text ?? sha1?.text,
      source: classicSource(keys[0] ?? '', resolved?.text),
      ...UNRECORDED,
      checksum: undefined,
      conditions: undefined,
    },
    block,
    descriptors: keys,
    resolvedSpan: resolved?.span,
    integritySpan: integrity?.span ?? sha1?.span,
    workspace: undefined,
  };
}

/** The package's own name in `alias@npm:name@range`; undefined where there is no alias. */
function aliasedName(descriptor: string): string | undefined {
  if (!descriptor.includes('@npm:')) return undefined;
  const spec = parseSpec(splitAt(descriptor).rest);
  return spec.kind === 'alias' ? spec.name?.text : undefined;
}

function classicSource(descriptor: string, resolved: string | undefined): LockSource {
  if (resolved === undefined) {
    const { rest } = splitAt(descriptor);
    return rest.startsWith('link:') ? 'link' : /^(?:file:|[.~/])/.test(rest) ? 'file' : 'tarball';
  }
  const hash = resolved.indexOf('#');
  const address = hash < 0 ? resolved : resolved.slice(0, hash);
  if (address.startsWith('https://') && address.endsWith('.tgz')) return 'tarball';
  // What Yarn 1 makes of `github:owner/repo`: an archive that its commit holds, as git would.
  if (/^https:\/\/codeload\.github\.com\/[^/]+\/[^/]+\/tar\.gz\/[0-9a-f]{40}$/.test(address)) return 'git';
  // A bare file name is an archive of the offline mirror, made from the registry's.
  return /^[^/:]+\.tgz$/.test(address) ? 'tarball' : sourceOfAddress(resolved);
}

/** The SHA-1 behind the `#` of an address of Yarn 1, which checks archives against it. */
function sha1Of({ text, span: place }: Scalar): Scalar | undefined {
  const hex = /#([0-9a-f]{40})$/.exec(text)?.[1];
  if (hex === undefined || sourceOfAddress(text) === 'git' || /^https:\/\/codeload\.github\.com\//.test(text)) return undefined;
  return {
    text: `sha1-${btoa(hex.replace(/../g, (byte) => String.fromCharCode(Number.parseInt(byte, 16))))}`,
    span: span(place.end - 40, place.end),
  };
}

function berryEntry(index: number, block: YarnBlock): ReadEntry | undefined {
  const { keys, version, resolution, checksum, conditions } = block;
  if (resolution === undefined) return undefined;
  const descriptors = keys.flatMap((key) => (key.includes(',') ? key.split(/ *, */) : [key]));
  const { name, rest } = splitAt(resolution.text);
  const { source, resolved, workspace } = readReference(rest);
  const at = resolved === undefined ? -1 : resolution.text.length - rest.length;
  const isWhole = resolved === rest && resolution.span.end - resolution.span.start === resolution.text.length;
  return {
    entry: {
      index,
      key: descriptors.join(', '),
      name,
      alias: source === 'tarball' || source === 'git' ? aliasOf(descriptors, name) : undefined,
      version: version?.text,
      resolved,
      integrity: undefined,
      source,
      ...UNRECORDED,
      checksum: checksum?.text,
      conditions: conditions?.text,
    },
    block,
    descriptors,
    resolvedSpan: at < 0 ? undefined : isWhole ? span(resolution.span.start + at, resolution.span.end) : resolution.span,
    integritySpan: undefined,
    workspace,
  };
}

interface Reference {
  readonly source: LockSource;
  readonly resolved?: string;
  readonly workspace?: string;
}

/** What stands behind the name of a `resolution` (yarn documentation, "Protocols"). */
function readReference(reference: string): Reference {
  if (reference.startsWith('npm:')) {
    const archive = reference.includes('__archiveUrl=') ? /(?:::|&)__archiveUrl=([^&]*)/.exec(reference)?.[1] : undefined;
    return archive === undefined ? { source: 'tarball' } : { source: 'tarball', resolved: decode(archive) };
  }
  const protocol = /^([a-z]+):/.exec(reference)?.[1];
  switch (protocol) {
    case 'workspace': {
      const folder = reference.slice('workspace:'.length);
      return folder === '.' ? { source: 'root', workspace: '' } : { source: 'workspace', workspace: folder };
    }
    case 'link':
    case 'portal':
      return { source: 'link' };
    case 'patch':
    case 'exec':
    case 'file':
      // Made on this machine; what a patch is applied to has an entry of its own.
      return { source: 'file' };
  }
  if (parseSpec(reference).kind === 'git' || /#commit=/.test(reference)) return { source: 'git', resolved: reference };
  return { source: sourceOfAddress(reference), resolved: reference };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded, whatever it looks like; taken as it stands.
    return text;
  }
}
