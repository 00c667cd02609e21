import { fail, ok, type Result } from '../core/result.ts';

/** A number in git's little-endian base 128, and the offset behind it; undefined where the bytes end first or it is too large. */
function readSize(bytes: Uint8Array, from: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let at = from, factor = 1; at < bytes.length && factor <= 2 ** 49; at++, factor *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, next: at + 1 };
  }
  return undefined;
}

/**
 * Applies a delta of a pack file to its base (git documentation, "gitformat-pack", "Deltified representation"). Fails where the delta
 * is not made for this base, reaches out of it, or makes more than `maxBytes`.
 */
export function applyDelta(base: Uint8Array, delta: Uint8Array, maxBytes: number): Result<Uint8Array> {
  const source = readSize(delta, 0);
  const target = source && readSize(delta, source.next);
  if (source === undefined || target === undefined) return fail('a delta is cut');
  if (source.value !== base.length) return fail('a delta belongs to another object');
  if (target.value > maxBytes) return fail(`an object is larger than ${maxBytes} bytes`);
  const made = new Uint8Array(target.value);
  let filled = 0;
  for (let at = target.next; at < delta.length; ) {
    const code = delta[at++] ?? 0;
    let piece: Uint8Array;
    if (code >= 0x80) {
      // Bits 0 to 3 say which bytes of the offset follow, bits 4 to 6 which of the size.
      let offset = 0;
      let size = 0;
      for (let bit = 0; bit < 4; bit++) if ((code & (1 << bit)) !== 0) offset += (delta[at++] ?? 0) * 256 ** bit;
      for (let bit = 0; bit < 3; bit++) if ((code & (1 << (4 + bit))) !== 0) size += (delta[at++] ?? 0) * 256 ** bit;
      if (size === 0) size = 0x10000;
      if (offset + size > base.length) return fail('a delta reaches out of its base');
      piece = base.subarray(offset, offset + size);
    } else {
      if (code === 0 || at + code > delta.length) return fail('a delta is malformed');
      piece = delta.subarray(at, at + code);
      at += code;
    }
    if (filled + piece.length > made.length) return fail('a delta makes more than it says');
    made.set(piece, filled);
    filled += piece.length;
  }
  return filled === made.length ? ok(made) : fail('a delta makes less than it says');
}
