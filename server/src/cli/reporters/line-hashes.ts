/**
 * The hash of each line and what follows it, as code scanning computes `primaryLocationLineHash` (codeql-action, fingerprints):
 * a polynomial rolling hash modulo 2^64 over the next 100 characters, without spaces and tabs, with line ends as `\n`, and
 * `:` with how often that hash was seen. Zero-based lines. 64-bit numbers are kept as two 32-bit halves: BigInt is too slow here.
 */
export function lineHashes(text: string): string[] {
  const window = new Array<number>(BLOCK_UNITS).fill(0);
  const lineAt = new Array<number>(BLOCK_UNITS).fill(-1);
  const seen = new Map<string, number>();
  const hashes: string[] = [];
  let high = 0;
  let low = 0;
  let index = 0;
  let line = -1;
  let atStart = true;

  const emit = (): void => {
    const of = lineAt[index] ?? -1;
    if (of < 0) return;
    const hash = hex(high, low);
    const count = (seen.get(hash) ?? 0) + 1;
    seen.set(hash, count);
    hashes[of] = `${hash}:${count}`;
    lineAt[index] = -1;
  };
  const push = (unit: number): void => {
    const gone = window[index] ?? 0;
    window[index] = unit;
    const newLow = low * MULTIPLIER + unit - FIRST_LOW * gone;
    const carry = Math.floor(newLow / TWO_32);
    const newHigh = high * MULTIPLIER + carry - FIRST_HIGH * gone;
    low = newLow - carry * TWO_32;
    high = newHigh - Math.floor(newHigh / TWO_32) * TWO_32;
    index = (index + 1) % BLOCK_UNITS;
  };
  const take = (unit: number): void => {
    emit();
    if (atStart) {
      atStart = false;
      line++;
      lineAt[index] = line;
    }
    if (unit === LINE_FEED) atStart = true;
    push(unit);
  };

  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 32 || unit === 9) continue;
    if (unit === LINE_FEED && text.charCodeAt(i - 1) === CARRIAGE_RETURN) continue;
    take(unit === CARRIAGE_RETURN ? LINE_FEED : unit);
  }
  take(END_OF_FILE);
  for (let i = 0; i < BLOCK_UNITS; i++) {
    emit();
    push(0);
  }
  return hashes;
}

const BLOCK_UNITS = 100;
const MULTIPLIER = 37;
const TWO_32 = 2 ** 32;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const END_OF_FILE = 65535;

/** 37^100 modulo 2^64: what a unit has been multiplied with when it leaves the window. */
const FIRST = BigInt.asUintN(64, BigInt(MULTIPLIER) ** BigInt(BLOCK_UNITS));
const FIRST_HIGH = Number(FIRST >> 32n);
const FIRST_LOW = Number(FIRST & 0xffffffffn);

function hex(high: number, low: number): string {
  return high === 0 ? low.toString(16) : high.toString(16) + low.toString(16).padStart(8, '0');
}
