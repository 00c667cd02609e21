import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { fail, ok, type Result } from '../core/result.ts';

/** An object of a git repository; its id is the hash of what it says, so that nobody can answer with another one. */
export interface GitObject {
  readonly id: string;
  readonly type: 'commit' | 'tree' | 'blob' | 'tag';
  readonly body: Uint8Array;
}

const HEADER_BYTES = 12;

/** Types by their number in a pack (gitformat-pack, "Object types"). */
const TYPES: Readonly<Record<number, GitObject['type']>> = { 1: 'commit', 2: 'tree', 3: 'blob', 4: 'tag' };

/** A difference to another object of the pack, by id. The other kind, by offset, is sent only to those who ask for it. */
const REF_DELTA = 7;

/** How many objects a pack may have. Nobody here asks for more than a few dozen. */
const MAX_OBJECTS = 512;

/** How much larger than one object all of them together may be: a few bytes can be made to say a lot. */
const MAX_TIMES = 8;

/** How a pack is read. */
interface PackOptions {
  readonly format: 'sha1' | 'sha256';
  /** The longest object to accept. */
  readonly maxBytes: number;
}

/** A difference whose base may come later. */
interface Delta {
  readonly base: string;
  readonly body: Uint8Array;
}

/**
 * The objects of a small pack (gitformat-pack) by their ids, which are computed here. A pack that ends early, one that goes on,
 * and a difference to something that is not in it are errors.
 */
export function parsePack(pack: Uint8Array, options: PackOptions): Result<ReadonlyMap<string, GitObject>> {
  const bytes = Buffer.from(pack.buffer, pack.byteOffset, pack.byteLength);
  const idBytes = options.format === 'sha1' ? 20 : 32;
  if (bytes.length < HEADER_BYTES + idBytes || bytes.toString('latin1', 0, 4) !== 'PACK') return fail('the answer holds no pack');
  const version = bytes.readUInt32BE(4);
  const count = bytes.readUInt32BE(8);
  if (version !== 2 && version !== 3) return fail('the pack is of an unknown version');
  if (count > MAX_OBJECTS) return fail(TOO_LARGE);
  const objects = new Map<string, GitObject>();
  const deltas: Delta[] = [];
  let total = 0;
  // The pack ends with its own hash, as long as an id.
  const end = bytes.length - idBytes;
  let at = HEADER_BYTES;
  for (let read = 0; read < count; read++) {
    const header = entryHeader(bytes, at, end);
    if (header === undefined) return fail('the pack ends early');
    const isDelta = header.type === REF_DELTA;
    const type = TYPES[header.type];
    if (type === undefined && !isDelta) return fail('the pack has an entry that was not asked for');
    total += header.size;
    if (header.size > options.maxBytes || total > MAX_TIMES * options.maxBytes) return fail(TOO_LARGE);
    const start = header.at + (isDelta ? idBytes : 0);
    const inflated = inflate(bytes.subarray(start, end), header.size);
    if (inflated === undefined) return fail('the pack has an entry that cannot be read');
    if (type === undefined) deltas.push({ base: bytes.toString('hex', header.at, start), body: inflated.body });
    else add(objects, { type, body: inflated.body }, options);
    at = start + inflated.consumed;
  }
  if (at !== end) return fail('the pack goes on after its end');
  return resolveDeltas(objects, deltas, options);
}

function add(objects: Map<string, GitObject>, { type, body }: Omit<GitObject, 'id'>, { format }: PackOptions): void {
  const id = createHash(format).update(`${type} ${body.length}\0`).update(body).digest('hex');
  objects.set(id, { id, type, body });
}

/** Applies the differences as their bases become known; each round settles one at least, or the rest has no base. */
function resolveDeltas(
  objects: Map<string, GitObject>,
  deltas: readonly Delta[],
  options: PackOptions,
): Result<ReadonlyMap<string, GitObject>> {
  let left = deltas;
  let total = 0;
  while (left.length > 0) {
    const later: Delta[] = [];
    for (const delta of left) {
      const base = objects.get(delta.base);
      if (base === undefined) {
        later.push(delta);
        continue;
      }
      const body = applyDelta(base.body, delta.body, options.maxBytes);
      if (body === undefined) return fail('the pack has an entry that cannot be read');
      total += body.length;
      if (total > MAX_TIMES * options.maxBytes) return fail(TOO_LARGE);
      add(objects, { type: base.type, body }, options);
    }
    if (later.length === left.length) return fail('the pack has an entry without its base');
    left = later;
  }
  return ok(objects);
}

/** gitformat-pack, "Deltified representation". Undefined where it asks for what is not there. */
function applyDelta(base: Uint8Array, delta: Uint8Array, maxBytes: number): Uint8Array | undefined {
  let at = 0;
  const next = (): number => delta[at++] ?? 0;
  const size = (): number => {
    let value = 0;
    for (let scale = 1; at < delta.length && Number.isSafeInteger(scale); scale *= 128) {
      const byte = next();
      value += (byte & 0x7f) * scale;
      if ((byte & 0x80) === 0) break;
    }
    return value;
  };
  const from = size();
  const length = size();
  if (from !== base.length || length > maxBytes) return undefined;
  const body = new Uint8Array(length);
  let filled = 0;
  while (at < delta.length) {
    const op = next();
    let piece: Uint8Array;
    if ((op & 0x80) === 0) {
      piece = delta.subarray(at, at + op);
      at += op;
      if (op === 0 || piece.length !== op) return undefined;
    } else {
      let offset = 0;
      let count = 0;
      for (let bit = 0; bit < 4; bit++) if ((op & (1 << bit)) !== 0) offset += next() * 256 ** bit;
      for (let bit = 0; bit < 3; bit++) if ((op & (0x10 << bit)) !== 0) count += next() * 256 ** bit;
      piece = base.subarray(offset, offset + (count || 0x10000));
      if (piece.length !== (count || 0x10000)) return undefined;
    }
    if (filled + piece.length > length) return undefined;
    body.set(piece, filled);
    filled += piece.length;
  }
  return filled === length ? body : undefined;
}

/** The error of an object above `maxBytes`. */
export const TOO_LARGE = 'the object is too large';

/** Type and size of an entry: three bits and four, then seven bits a byte. Undefined where it does not end. */
function entryHeader(
  bytes: Buffer,
  start: number,
  end: number,
): { readonly type: number; readonly size: number; readonly at: number } | undefined {
  let at = start;
  const first = bytes[at++] ?? 0;
  let size = first & 0x0f;
  let more = first & 0x80;
  for (let scale = 16; more !== 0; scale *= 128) {
    if (at >= end || !Number.isSafeInteger(scale)) return undefined;
    const next = bytes[at++] ?? 0;
    size += (next & 0x7f) * scale;
    more = next & 0x80;
  }
  return at > end ? undefined : { type: (first >> 4) & 7, size, at };
}

/** Exactly `size` bytes, and how many compressed ones they took. Undefined where the data says anything else. */
function inflate(bytes: Buffer, size: number): { readonly body: Uint8Array; readonly consumed: number } | undefined {
  try {
    // `info` also gives the engine, which knows how far it has read; the types do not say so.
    const result: unknown = inflateSync(bytes, { info: true, maxOutputLength: Math.max(1, size) });
    if (!isInflated(result) || result.buffer.length !== size) return undefined;
    return { body: result.buffer, consumed: result.engine.bytesWritten };
  } catch {
    return undefined;
  }
}

function isInflated(value: unknown): value is { readonly buffer: Uint8Array; readonly engine: { readonly bytesWritten: number } } {
  if (typeof value !== 'object' || value === null || !('buffer' in value) || !('engine' in value)) return false;
  const { buffer, engine } = value;
  return buffer instanceof Uint8Array && typeof engine === 'object' && engine !== null && 'bytesWritten' in engine;
}

/** A header line of a commit or a tag: `tree`, `object`, `committer`. Undefined where there is none. */
export function headerOf({ body }: GitObject, name: string): string | undefined {
  const text = Buffer.from(body).toString('latin1');
  const head = text.slice(0, Math.max(0, text.indexOf('\n\n')) || text.length);
  const line = head.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return line?.slice(name.length + 1);
}

/** The date of a `committer` or `tagger` line, in milliseconds since the epoch. */
export function dateOf(line: string | undefined): number | undefined {
  const seconds = /> (\d{1,11}) [+-]\d{4}$/.exec(line ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/** One line of a tree. */
export interface TreeEntry {
  readonly name: string;
  readonly id: string;
  /** `40000` is a folder, `100644` and `100755` are files, `120000` is a link. */
  readonly mode: string;
}

/** The entries of a tree (gitformat-pack does not say; git-ls-tree's source does: mode, space, name, NUL, id). Undefined where it is none. */
export function treeEntries({ body, id }: GitObject): readonly TreeEntry[] | undefined {
  const bytes = Buffer.from(body);
  const idBytes = id.length / 2;
  const entries: TreeEntry[] = [];
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const nul = bytes.indexOf(0, at);
    if (space < 0 || nul < space || nul + 1 + idBytes > bytes.length) return undefined;
    entries.push({
      mode: bytes.toString('latin1', at, space),
      name: bytes.toString('utf8', space + 1, nul),
      id: bytes.toString('hex', nul + 1, nul + 1 + idBytes),
    });
    at = nul + 1 + idBytes;
  }
  return entries;
}
