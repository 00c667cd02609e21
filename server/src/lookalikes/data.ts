import type { NameFilter } from './name-filter.ts';
import { packNames, unpackNames } from './packed-names.ts';

/** Names that others imitate, in order of code units, and how much each one is used. */
export interface Targets {
  readonly names: readonly string[];
  /** Eight times the binary logarithm of the monthly downloads, rounded down; for lists of ranks, of the inverse rank. */
  readonly weights: Uint8Array;
}

/** What the data file holds. Absent parts are empty. */
export interface LookalikeData {
  /** `2026-11`: the month of the tables that it was made from. */
  readonly date: string;
  readonly sources: readonly string[];
  readonly npm: Targets;
  /** npm names that exist and are not targets. Names that a famous one's shadow falls on are left out when it is made. */
  readonly npmKnown: NameFilter;
  /** npm scopes (`@babel`) that are in use for long. */
  readonly npmScopes: NameFilter;
  readonly pypi: Targets;
  readonly pypiKnown: NameFilter;
  readonly actions: Targets;
  readonly images: Targets;
  /** Hosts of image registries. */
  readonly registries: readonly string[];
  /** Names of removed malware by ecosystem, with the name that each one imitates (empty where none does). */
  readonly malicious: Readonly<Record<'npm' | 'pypi', Readonly<Record<string, string>>>>;
}

const MAGIC = 'waybill lookalikes 1\n';
const TARGETS = ['npm', 'pypi', 'actions', 'images'] as const;
const FILTERS = ['npmKnown', 'npmScopes', 'pypiKnown'] as const;

interface Header {
  readonly date: string;
  readonly sources: readonly string[];
  readonly registries: readonly string[];
  readonly malicious: LookalikeData['malicious'];
  readonly counts: Readonly<Record<(typeof TARGETS)[number], number>>;
  readonly salts: Readonly<Record<(typeof FILTERS)[number], number>>;
  /** Bytes of the sections, in this order: names and weights of each target list, then the filters. */
  readonly lengths: readonly number[];
}

const NO_TARGETS: Targets = { names: [], weights: new Uint8Array() };
const NO_NAMES: NameFilter = { salt: 0, cells: new Uint8Array() };

/** Data without a name in it. */
export const emptyData: LookalikeData = {
  date: '',
  sources: [],
  npm: NO_TARGETS,
  npmKnown: NO_NAMES,
  npmScopes: NO_NAMES,
  pypi: NO_TARGETS,
  pypiKnown: NO_NAMES,
  actions: NO_TARGETS,
  images: NO_TARGETS,
  registries: [],
  malicious: { npm: {}, pypi: {} },
};

/** The data as one file: a magic line, the header's length, the header in JSON, and the sections. */
export function writeData(data: LookalikeData): Uint8Array {
  const sections = [...TARGETS.flatMap((key) => [packNames(data[key].names), data[key].weights]), ...FILTERS.map((key) => data[key].cells)];
  const header: Header = {
    date: data.date,
    sources: data.sources,
    registries: data.registries,
    malicious: data.malicious,
    counts: {
      npm: data.npm.names.length,
      pypi: data.pypi.names.length,
      actions: data.actions.names.length,
      images: data.images.names.length,
    },
    salts: {
      npmKnown: data.npmKnown.salt,
      npmScopes: data.npmScopes.salt,
      pypiKnown: data.pypiKnown.salt,
    },
    lengths: sections.map((section) => section.length),
  };
  const json = JSON.stringify(header);
  const head = new TextEncoder().encode(`${MAGIC}${new TextEncoder().encode(json).length}\n${json}`);
  const file = new Uint8Array(head.length + sections.reduce((sum, { length }) => sum + length, 0));
  file.set(head);
  let at = head.length;
  for (const section of sections) {
    file.set(section, at);
    at += section.length;
  }
  return file;
}

/** Reads the data file; undefined where it is not one, or not one of this version: it travels with the program. */
export function readData(file: Uint8Array): LookalikeData | undefined {
  const start = new TextDecoder('latin1').decode(file.subarray(0, 64));
  const length = start.startsWith(MAGIC) ? /^\d{1,8}(?=\n)/.exec(start.slice(MAGIC.length))?.[0] : undefined;
  if (length === undefined) return undefined;
  const from = MAGIC.length + length.length + 1;
  const to = from + Number(length);
  if (to > file.length) return undefined;
  // Written by `writeData` of the same version, as the magic line says.
  const header = JSON.parse(new TextDecoder().decode(file.subarray(from, to))) as Header;
  const sections: Uint8Array[] = [];
  let at = to;
  for (const bytes of header.lengths) {
    sections.push(file.subarray(at, at + bytes));
    at += bytes;
  }
  if (at > file.length) return undefined;
  const section = (nth: number): Uint8Array => sections[nth] ?? new Uint8Array();
  const targets = (key: (typeof TARGETS)[number]): Targets => {
    const nth = 2 * TARGETS.indexOf(key);
    return { names: unpackNames(section(nth), header.counts[key]), weights: section(nth + 1) };
  };
  const filter = (key: (typeof FILTERS)[number]): NameFilter => ({
    salt: header.salts[key],
    cells: section(2 * TARGETS.length + FILTERS.indexOf(key)),
  });
  return {
    date: header.date,
    sources: header.sources,
    registries: header.registries,
    malicious: header.malicious,
    // A list is unpacked when its ecosystem is first asked for.
    get npm() {
      return targets('npm');
    },
    npmKnown: filter('npmKnown'),
    npmScopes: filter('npmScopes'),
    get pypi() {
      return targets('pypi');
    },
    pypiKnown: filter('pypiKnown'),
    get actions() {
      return targets('actions');
    },
    get images() {
      return targets('images');
    },
  };
}

/** The weight of a number of monthly downloads. */
export function weightOf(downloads: number): number {
  return Math.min(255, Math.floor(8 * Math.log2(downloads + 1)));
}
