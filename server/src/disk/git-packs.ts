import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { inflate as inflateCallback } from 'node:zlib';

const inflate = promisify(inflateCallback);

/** Where an object stands in a pack file. */
export interface PackPlace {
  readonly pack: Pack;
  readonly offset: number;
}

/** An entry of a pack file: a whole object, or a delta and what it is made from. */
export type PackEntry =
  | { readonly kind: 'whole'; readonly type: string; readonly bytes: Uint8Array }
  | { readonly kind: 'delta'; readonly base: number | string; readonly bytes: Uint8Array };

/** The types of whole objects by their number in a pack. */
const TYPES: Readonly<Record<number, string>> = { 1: 'commit', 2: 'tree', 3: 'blob', 4: 'tag' };

/** So many bytes hold an entry's type, size and base. */
const MAX_HEADER_BYTES = 64;

/** The names behind one first byte are read at once; an index with more of them is none that git made for a project. */
const MAX_NAMES = 4_000_000;

/** How many pack files of one folder are looked into. */
export const MAX_PACKS = 4096;

/** One pack file with its index of version 2 (git documentation, "gitformat-pack"). Opened when first asked. Throws on what it cannot read. */
export class Pack {
  readonly #index: string;
  readonly #file: string;
  readonly #hashBytes: number;
  #opened: Promise<{ readonly index: FileHandle; readonly fanout: Buffer }> | undefined;
  #pack: Promise<FileHandle> | undefined;

  constructor(index: string, hashBytes: number) {
    this.#index = index;
    this.#file = index.replace(/\.idx$/, '.pack');
    this.#hashBytes = hashBytes;
  }

  /** The offset of an object, undefined where the pack has it not. */
  async offsetOf(id: Buffer): Promise<number | undefined> {
    this.#opened ??= this.#openIndex();
    const { index, fanout } = await this.#opened;
    const first = id[0] ?? 0;
    const count = fanout.readUInt32BE(255 * 4);
    const from = first === 0 ? 0 : fanout.readUInt32BE((first - 1) * 4);
    const to = fanout.readUInt32BE(first * 4);
    if (to < from || to > count || to - from > MAX_NAMES) throw new Error('an index of a pack is malformed');
    const names = await readAt(index, NAMES_AT + from * this.#hashBytes, (to - from) * this.#hashBytes);
    const found = search(names, id);
    if (found < 0) return undefined;
    const offsetsAt = NAMES_AT + count * (this.#hashBytes + CRC_BYTES);
    const small = (await readAt(index, offsetsAt + (from + found) * 4, 4)).readUInt32BE(0);
    if (small < 0x80000000) return small;
    const large = await readAt(index, offsetsAt + count * 4 + (small - 0x80000000) * 8, 8);
    return Number(large.readBigUInt64BE(0));
  }

  /** The entry at an offset. Fails, by throwing, where it would be larger than `maxBytes`. */
  async entryAt(offset: number, maxBytes: number): Promise<PackEntry> {
    this.#pack ??= open(this.#file, 'r');
    const file = await this.#pack;
    const header = await readUpTo(file, offset, MAX_HEADER_BYTES);
    let at = 0;
    const next = (): number => {
      const byte = header[at++];
      if (byte === undefined) throw new Error('a pack is cut');
      return byte;
    };
    let byte = next();
    const type = (byte >> 4) & 7;
    let size = byte & 15;
    for (let factor = 16; byte >= 0x80; factor *= 128) {
      byte = next();
      size += (byte & 0x7f) * factor;
    }
    if (size > maxBytes) throw new Error(`an object is larger than ${maxBytes} bytes`);
    let base: number | string | undefined;
    if (type === 6) {
      byte = next();
      let back = byte & 0x7f;
      while (byte >= 0x80) {
        byte = next();
        back = (back + 1) * 128 + (byte & 0x7f);
      }
      if (back <= 0 || back > offset) throw new Error('a delta has no base');
      base = offset - back;
    } else if (type === 7) {
      base = header.subarray(at, at + this.#hashBytes).toString('hex');
      at += this.#hashBytes;
    }
    // zlib never makes more than this of so many bytes ("deflateBound"); what follows belongs to the next entry.
    const packed = await readUpTo(file, offset + at, size + Math.ceil(size / 1000) + 64);
    const bytes = await inflate(packed, { maxOutputLength: Math.max(size, 1) });
    if (bytes.length !== size) throw new Error('an object of a pack has not the size that it says');
    if (base !== undefined) return { kind: 'delta', base, bytes };
    const name = TYPES[type];
    if (name === undefined) throw new Error('a pack holds an object of an unknown type');
    return { kind: 'whole', type: name, bytes };
  }

  async close(): Promise<void> {
    const opened = [this.#opened?.then(({ index }) => index), this.#pack];
    for (const handle of opened) await handle?.then((file) => file.close()).catch(() => undefined);
  }

  async #openIndex() {
    const index = await open(this.#index, 'r');
    const head = await readUpTo(index, 0, NAMES_AT);
    if (head.length === NAMES_AT && head.readUInt32BE(0) === SIGNATURE && head.readUInt32BE(4) === 2)
      return { index, fanout: head.subarray(8) };
    await index.close();
    throw new Error('an index of a pack is damaged, or has an old format');
  }
}

/** What an index of version 2 starts with. */
const SIGNATURE = 0xff744f63;

/** Signature, version and the fan-out table stand in front of the names. */
const NAMES_AT = 8 + 256 * 4;
const CRC_BYTES = 4;

/** The pack files of an objects folder, newest first, as git looks through them. */
export async function packsIn(objects: string, hashBytes: number): Promise<Pack[]> {
  const folder = path.join(objects, 'pack');
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^pack-[0-9a-f]+\.idx$/.test(name)).slice(0, MAX_PACKS);
  const dated = await Promise.all(
    names.map(async (name) => ({ name, time: (await stat(path.join(folder, name)).catch(() => undefined))?.mtimeMs ?? 0 })),
  );
  return dated.sort((a, b) => b.time - a.time).map(({ name }) => new Pack(path.join(folder, name), hashBytes));
}

/** The position of a name in sorted names of its length; -1 where it is not there. */
function search(names: Buffer, id: Buffer): number {
  let low = 0;
  let high = names.length / id.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const order = id.compare(names, middle * id.length, (middle + 1) * id.length);
    if (order === 0) return middle;
    if (order < 0) high = middle - 1;
    else low = middle + 1;
  }
  return -1;
}

async function readUpTo(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = await readUpTo(file, position, length);
  if (buffer.length < length) throw new Error('an index of a pack is cut');
  return buffer;
}
