import { hash32 } from './hash.ts';

const SEEDS = [0x1b873593, 0x9e3779b9, 0x7feb352d, 0x2545f491] as const;

/** More attempts than any set of names has ever needed: each one fails with a probability far below a tenth. */
const MAX_ATTEMPTS = 100;

/**
 * An xor filter (Graf and Lemire 2020, doi 10.1145/3376122) with 8-bit fingerprints: 1.23 bytes a name, no name of the
 * set is ever missed, and 0.4 % of all other names seem to be in it.
 */
export interface NameFilter {
  readonly salt: number;
  readonly cells: Uint8Array;
}

/** Whether a name is in the set (or one of the 0.4 % that seem to be). */
export function hasName({ salt, cells }: NameFilter, name: string): boolean {
  if (cells.length === 0) return false;
  const [a, b, c, print] = places(name, salt, cells.length);
  return print === ((cells[a] ?? 0) ^ (cells[b] ?? 0) ^ (cells[c] ?? 0));
}

/** Makes a filter. The same names in the same order give the same bytes. Duplicates must have been removed. */
export function buildFilter(names: readonly string[]): NameFilter {
  if (names.length === 0) return { salt: 0, cells: new Uint8Array() };
  const size = 3 * Math.ceil((names.length * 1.23 + 32) / 3);
  for (let salt = 0; salt < MAX_ATTEMPTS; salt++) {
    const cells = peel(names, salt, size);
    if (cells !== undefined) return { salt, cells };
  }
  throw new Error(`no filter for ${names.length} names: are there duplicates?`);
}

/** One place in each third, and the fingerprint. */
function places(name: string, salt: number, size: number): readonly [number, number, number, number] {
  const third = size / 3;
  const place = (seed: number, nth: number): number => nth * third + (hash32(name, seed ^ salt) % third);
  return [place(SEEDS[0], 0), place(SEEDS[1], 1), place(SEEDS[2], 2), hash32(name, SEEDS[3] ^ salt) & 0xff];
}

/** Hypergraph peeling: names that alone use a cell go last, and fill that cell. Undefined where some never are alone. */
function peel(names: readonly string[], salt: number, size: number): Uint8Array | undefined {
  const count = new Uint32Array(size);
  const xor = new Uint32Array(size);
  const all = names.map((name) => places(name, salt, size));
  all.forEach((place, index) => {
    for (const cell of place.slice(0, 3)) {
      count[cell] = (count[cell] ?? 0) + 1;
      xor[cell] = (xor[cell] ?? 0) ^ index;
    }
  });
  const queue = [...count.keys()].filter((cell) => count[cell] === 1);
  const order: { readonly cell: number; readonly index: number }[] = [];
  for (let cell = queue.pop(); cell !== undefined; cell = queue.pop()) {
    if (count[cell] !== 1) continue;
    const index = xor[cell] ?? 0;
    order.push({ cell, index });
    for (const other of all[index]?.slice(0, 3) ?? []) {
      count[other] = (count[other] ?? 0) - 1;
      xor[other] = (xor[other] ?? 0) ^ index;
      if (count[other] === 1) queue.push(other);
    }
  }
  if (order.length < names.length) return undefined;
  const cells = new Uint8Array(size);
  for (const { cell, index } of order.reverse()) {
    const [a, b, c, print] = all[index] ?? [0, 0, 0, 0];
    cells[cell] = print ^ (cells[a] ?? 0) ^ (cells[b] ?? 0) ^ (cells[c] ?? 0);
  }
  return cells;
}
