// Documents of packages as a registry serves them, of the sizes that real lockfiles meet: the same in every run.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Bytes of the documents of the 716 packages of one large lockfile, by quantile: most are small, one in a hundred has megabytes. */
const SIZES = [
  [0, 1_500],
  [0.05, 2_531],
  [0.25, 10_829],
  [0.5, 33_739],
  [0.75, 78_387],
  [0.9, 166_716],
  [0.95, 316_921],
  [0.98, 851_065],
  [0.99, 1_779_720],
  [0.999, 9_420_053],
  [1, 10_517_441],
];

/** Bytes of what is said of one version, about: scripts, dependencies, hashes and signatures. */
const VERSION_BYTES = 2_300;

/**
 * What a registry serves under a name, and the version and hash that a lockfile has of it.
 *
 * @typedef {object} Packument
 * @property {string} text The document.
 * @property {string} version A version that it lists.
 * @property {string | undefined} integrity That version's hash.
 */

/**
 * The document of the nth of some packages: a generated one, or where WAYBILL_BENCH_PACKUMENTS names a folder with documents of a
 * registry one of those, under this name.
 *
 * @param {number} nth Which.
 * @param {string} name Its name.
 * @returns {Packument} The document; made anew with every call, and the same each time.
 */
export function packumentOf(nth, name) {
  const folder = process.env.WAYBILL_BENCH_PACKUMENTS;
  return folder === undefined ? generated(nth, name) : real(folder, nth, name);
}

/** @type {Map<string, string[]>} */
const folders = new Map();

function real(folder, nth, name) {
  const files = folders.get(folder) ?? readdirSync(folder).filter((file) => file.endsWith('.json'));
  folders.set(folder, files);
  const document = JSON.parse(readFileSync(path.join(folder, files[nth % files.length]), 'utf8'));
  for (const [version, manifest] of Object.entries(document.versions)) manifest._id = `${name}@${version}`;
  const version = Object.keys(document.versions).at(-1);
  return { text: JSON.stringify({ ...document, name }), version, integrity: document.versions[version].dist.integrity };
}

function generated(nth, name) {
  const random = randomOf(nth + 1);
  // Spread evenly, in an order in which large and small ones take turns.
  const versions = Math.max(1, Math.round(sizeAt((nth * 0.618_033_988_75) % 1) / VERSION_BYTES));
  const manifests = Array.from({ length: versions }, (_, at) => manifestOf(name, `${1 + Math.floor(at / 200)}.${at % 200}.0`, random));
  const time = manifests.map(({ version }, at) => [version, new Date(Date.UTC(2015, 0, 1, at)).toISOString()]);
  const last = manifests.at(-1);
  const document = {
    _id: name,
    _rev: '1-0',
    name,
    'dist-tags': { latest: last.version },
    versions: Object.fromEntries(manifests.map((manifest) => [manifest.version, manifest])),
    time: { created: '2015-01-01T00:00:00.000Z', modified: '2026-01-01T00:00:00.000Z', ...Object.fromEntries(time) },
    maintainers: [{ name: 'kim', email: 'kim@example.test' }],
    readme: `# ${name}\n\n${'What it does, and how: “quoted” – by example.\n'.repeat(100)}`,
  };
  return { text: JSON.stringify(document), version: last.version, integrity: last.dist.integrity };
}

function manifestOf(name, version, random) {
  const list = (count, of) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`${of}-${at}`, `^${at}.${version}`]));
  const repository = { type: 'git', url: `git+https://github.com/acme/${name}.git` };
  return {
    name,
    version,
    description: 'A package that is as long as packages are, with words that say what it does',
    keywords: ['one', 'two', 'three'],
    author: { name: 'Kim', email: 'kim@example.test', url: 'https://example.test' },
    license: 'MIT',
    repository,
    bugs: { url: `https://github.com/acme/${name}/issues` },
    homepage: `https://github.com/acme/${name}#readme`,
    main: './dist/index.js',
    exports: { '.': { import: './dist/index.mjs', require: './dist/index.js', types: './dist/index.d.ts' } },
    scripts: { build: 'tsc -p .', test: 'node --test', prepublishOnly: 'npm run build && npm test' },
    dependencies: list(4, 'dependency'),
    devDependencies: list(12, 'tool'),
    gitHead: random.hex(40),
    _id: `${name}@${version}`,
    _nodeVersion: '20.0.0',
    _npmVersion: '10.0.0',
    _npmUser: { name: 'kim', email: 'kim@example.test' },
    _npmOperationalInternal: { host: 's3://npm-registry-packages', tmp: `tmp/${name}_${version}_${random.hex(16)}` },
    dist: {
      integrity: `sha512-${random.base64(64)}`,
      shasum: random.hex(40),
      tarball: `https://npm.example.test/${name}/-/${name}-${version}.tgz`,
      fileCount: 20,
      unpackedSize: 100_000,
      signatures: [{ keyid: `SHA256:${'k'.repeat(43)}`, sig: random.base64(71) }],
    },
  };
}

function sizeAt(quantile) {
  const at = SIZES.findIndex(([of]) => of > quantile);
  const [from, to] = [SIZES[at - 1], SIZES[at]];
  const part = (quantile - from[0]) / (to[0] - from[0]);
  return Math.exp(Math.log(from[1]) * (1 - part) + Math.log(to[1]) * part);
}

/** xorshift32: neither good nor secret, and the same everywhere. */
function randomOf(seed) {
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  const bytes = (count) =>
    Buffer.from(
      Array.from({ length: count }, () => {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        return state & 0xff;
      }),
    );
  return { hex: (length) => bytes(length / 2).toString('hex'), base64: (length) => bytes(length).toString('base64') };
}
