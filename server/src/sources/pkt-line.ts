import { fail, ok, type Result } from '../core/result.ts';

const LENGTH_DIGITS = 4;

/** Encodes one line of git's packet format (gitprotocol-common, "pkt-line Format"). */
export function pktLine(text: string): string {
  return (Buffer.byteLength(text) + LENGTH_DIGITS).toString(16).padStart(LENGTH_DIGITS, '0') + text;
}

/** The delimiter packet of protocol version 2. */
export const DELIMITER_PKT = '0001';

/** The flush packet. */
export const FLUSH_PKT = '0000';

/** A packet: a line of bytes, or one of the three that only have a length. */
type Packet = { readonly kind: 'line'; readonly line: Uint8Array } | { readonly kind: 'flush' | 'delimiter' | 'end' };

/** The packets of a response. An `ERR` packet, a body that is not in the packet format and one that is cut off are errors. */
function readPackets(body: Uint8Array): Result<readonly Packet[]> {
  const packets: Packet[] = [];
  let at = 0;
  while (at < body.length) {
    const digits = Buffer.from(body.subarray(at, at + LENGTH_DIGITS)).toString('latin1');
    if (!/^[0-9a-f]{4}$/i.test(digits)) return fail('the answer is not in the packet format of git');
    const length = Number.parseInt(digits, 16);
    const special = SPECIAL[length];
    if (special !== undefined) {
      packets.push({ kind: special });
      at += LENGTH_DIGITS;
      continue;
    }
    if (length <= LENGTH_DIGITS) return fail('the answer has an unexpected packet');
    if (at + length > body.length) return fail('the answer was cut off');
    const line = body.subarray(at + LENGTH_DIGITS, at + length);
    if (startsWithError(line)) return fail(refusal(line));
    packets.push({ kind: 'line', line });
    at += length;
  }
  return ok(packets);
}

const SPECIAL: Readonly<Record<number, 'flush' | 'delimiter' | 'end'>> = { 0: 'flush', 1: 'delimiter', 2: 'end' };

/**
 * The lines of a response up to its flush packet, without their line ends. An `ERR` packet, a body that is not in the
 * packet format and one without a flush packet (cut off) are errors.
 */
export function parsePktLines(body: Uint8Array): Result<readonly Uint8Array[]> {
  const packets = readPackets(body);
  if (!packets.ok) return packets;
  const lines: Uint8Array[] = [];
  for (const [index, packet] of packets.value.entries()) {
    if (packet.kind === 'line') {
      lines.push(packet.line.at(-1) === 0x0a ? packet.line.subarray(0, -1) : packet.line);
      continue;
    }
    if (packet.kind !== 'flush') return fail('the answer has an unexpected packet');
    const rest = packets.value.slice(index + 1);
    return rest.every(({ kind }) => kind === 'end') && rest.length <= 1 ? ok(lines) : fail('the answer goes on after its end');
  }
  return fail('the answer was cut off');
}

/** The first byte of a packet in the `packfile` section: what the rest of it is (gitprotocol-v2, "fetch"). */
const PACK_DATA = 1;
const FATAL = 3;

/** The pack in the answer to `fetch`. The error of an `ERR` packet begins with git's own words. */
export function parseFetch(body: Uint8Array): Result<Uint8Array> {
  const packets = readPackets(body);
  if (!packets.ok) return packets;
  const chunks: Uint8Array[] = [];
  let inPack = false;
  let isEnded = false;
  for (const packet of packets.value) {
    if (isEnded && packet.kind !== 'end') return fail('the answer goes on after its end');
    if (packet.kind === 'line') {
      if (inPack && packet.line[0] === FATAL) return fail('the server gave up');
      if (inPack && packet.line[0] === PACK_DATA) chunks.push(packet.line.subarray(1));
      if (!inPack) inPack = Buffer.from(packet.line).toString('latin1').trimEnd() === 'packfile';
    }
    isEnded ||= packet.kind === 'flush';
  }
  if (!isEnded) return fail('the answer was cut off');
  return inPack ? ok(Buffer.concat(chunks)) : fail('the answer holds no pack');
}

function startsWithError(line: Uint8Array): boolean {
  return line[0] === 0x45 && line[1] === 0x52 && line[2] === 0x52 && line[3] === 0x20;
}

/** What the server says after `ERR`, as far as it is git's own; foreign words are not repeated. */
function refusal(line: Uint8Array): string {
  const words = Buffer.from(line.subarray(4)).toString('latin1').trim();
  return /^upload-pack: not our ref [0-9a-f]{40,64}$/.test(words) ? words : 'the server refused the question';
}
