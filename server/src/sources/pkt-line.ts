import { fail, ok, type Result } from '../core/result.ts';

const LENGTH_DIGITS = 4;
const FLUSH = 0;
const DELIMITER = 1;
const RESPONSE_END = 2;

/** Encodes one line of git's packet format (gitprotocol-common, "pkt-line Format"). */
export function pktLine(text: string): string {
  return (Buffer.byteLength(text) + LENGTH_DIGITS).toString(16).padStart(LENGTH_DIGITS, '0') + text;
}

/** The delimiter packet of protocol version 2. */
export const DELIMITER_PKT = '0001';

/** The flush packet. */
export const FLUSH_PKT = '0000';

/**
 * The lines of a response up to its flush packet, without their line ends. An `ERR` packet, a body that is not in the
 * packet format and one without a flush packet (cut off) are errors.
 */
export function parsePktLines(body: Uint8Array): Result<readonly Uint8Array[]> {
  const lines: Uint8Array[] = [];
  let at = 0;
  while (at < body.length) {
    const digits = Buffer.from(body.subarray(at, at + LENGTH_DIGITS)).toString('latin1');
    if (!/^[0-9a-f]{4}$/i.test(digits)) return fail('the answer is not in the packet format of git');
    const length = Number.parseInt(digits, 16);
    if (length === FLUSH) return isEnd(body.subarray(at + LENGTH_DIGITS)) ? ok(lines) : fail('the answer goes on after its end');
    if (length === DELIMITER || length === RESPONSE_END || length <= LENGTH_DIGITS) return fail('the answer has an unexpected packet');
    if (at + length > body.length) return fail('the answer was cut off');
    const line = body.subarray(at + LENGTH_DIGITS, at + length);
    if (startsWithError(line)) return fail('the server refused the question');
    lines.push(line.at(-1) === 0x0a ? line.subarray(0, -1) : line);
    at += length;
  }
  return fail('the answer was cut off');
}

function isEnd(rest: Uint8Array): boolean {
  return rest.length === 0 || Buffer.from(rest).toString('latin1') === '0002';
}

function startsWithError(line: Uint8Array): boolean {
  return line[0] === 0x45 && line[1] === 0x52 && line[2] === 0x52 && line[3] === 0x20;
}
