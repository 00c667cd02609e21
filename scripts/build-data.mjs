// Makes server/src/data/lookalikes.bin, the names that lookalikes imitate, from tables given as paths:
//   node scripts/build-data.mjs --npm npm.tsv --pypi pypi.tsv --typosquats known-typosquats.csv --placeholders names.txt
//     --actions popular-actions.tsv --images popular-images.tsv --date 2026-11
// The same inputs give the same bytes. docs/data.md says what the tables are and what is in the file.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { loadSource } from './load-sources.mjs';

/** How many names are worth imitating: with more, honest names are mistaken more often (docs/data.md has the figures). */
const NPM_TARGETS = 20_000;
const PYPI_TARGETS = 5_000;

/** A known npm name is treated as unknown when it is surely near one that is downloaded this many times more. */
const SHADOW_RATIO = 10_000;

/** Scopes below this many downloads a month, all their packages together, do not vouch for a new name. */
const SCOPE_DOWNLOADS = 30_000;

/** What the registry puts in the place of removed malware. */
const PLACEHOLDER_VERSION = /-security(\.\d+)?$/;

const root = path.resolve(import.meta.dirname, '..');
const { values: given } = parseArgs({
  options: {
    npm: { type: 'string' },
    pypi: { type: 'string' },
    typosquats: { type: 'string' },
    placeholders: { type: 'string' },
    actions: { type: 'string' },
    images: { type: 'string' },
    date: { type: 'string' },
    out: { type: 'string', default: path.join(root, 'server/src/data/lookalikes.bin') },
  },
});
for (const name of ['npm', 'pypi', 'typosquats', 'placeholders', 'actions', 'images', 'date']) {
  if (given[name] === undefined) fail(`--${name} is missing; see the first lines of scripts/build-data.mjs`);
}

const { writeData, weightOf, emptyData } = await loadSource('server/src/lookalikes/data.ts');
const { downloadsOf } = await loadSource('server/src/core/lookalike.ts');
const { buildFilter } = await loadSource('server/src/lookalikes/name-filter.ts');
const { isPackable } = await loadSource('server/src/lookalikes/packed-names.ts');
const { NpmNames } = await loadSource('server/src/lookalikes/npm.ts');
const { normalisePypi } = await loadSource('server/src/lookalikes/pypi.ts');

const npm = (await rows(given.npm, '\t', ['name', 'version', 'downloads_a_month']))
  .map(([name, version, downloads]) => ({ name, version, downloads: Number(downloads) || 0 }))
  .sort((a, b) => b.downloads - a.downloads || byCode(a.name, b.name));
const pypiTable = await rows(given.pypi, '\t', ['name', 'version', 'month', 'rank_among_15000_most_downloaded']);
const pypiLiving = new Set(pypiTable.map(([name]) => normalisePypi(name)));
const pypi = pypiTable
  .filter(([, , , rank]) => Number(rank) > 0)
  .map(([name, , , rank]) => ({ name: normalisePypi(name), rank: Number(rank) }))
  .sort((a, b) => a.rank - b.rank);
const typosquats = (
  await rows(given.typosquats, ',', ['malicious_package', 'target_package', 'ecosystem', 'classification', 'source'])
).map(([name, target, ecosystem, , source]) => ({ name, target, ecosystem, source }));

const placeholders = [
  ...npm.filter(({ version }) => PLACEHOLDER_VERSION.test(version)).map(({ name }) => name),
  ...(await lines(given.placeholders)),
];
const npmLiving = new Set(npm.filter(({ version }) => !PLACEHOLDER_VERSION.test(version)).map(({ name }) => name));
const npmAttacks = (await rows(path.join(root, 'test/lookalikes/data/npm-attacks.tsv'), '\t')).map(([name, target]) => ({ name, target }));
const npmMalicious = new Map([
  ...placeholders.map((name) => [name, '']),
  // A name that somebody publishes under today may have come to an honest owner.
  ...npmAttacks.filter(({ name }) => !npmLiving.has(name)).map(({ name, target }) => [name, target]),
  ...attacksOf('npm').map(({ name, target }) => [name, target]),
]);
const sound = npm.filter(({ name }) => !npmMalicious.has(name) && isPackable(name));
// What was imitated once is worth imitating, however rarely it is installed.
const attacked = new Set(npmAttacks.map(({ target }) => target));
const isTarget = ({ name }, rank) => rank < NPM_TARGETS || attacked.has(name);
const npmTargets = targetsOf(sound.filter(isTarget).map(({ name, downloads }) => [name, weightOf(downloads)]));
const data = { ...emptyData, npm: npmTargets };
const judge = new NpmNames(data);
for (const [name, target] of npmMalicious) {
  const found = judge.judge(name);
  // A record without a target: two slips that hardly tell are no reason to name one.
  npmMalicious.set(name, target || (found === undefined || (found.kind === 'two-edits' && found.confidence === 'low') ? '' : found.target));
}

const scopes = new Map();
for (const { name, downloads } of sound) {
  if (name.startsWith('@')) scopes.set(scopeOf(name), (scopes.get(scopeOf(name)) ?? 0) + downloads);
}
// Of what is near nothing nobody asks whether it is known.
const near = sound.filter((row, rank) => !isTarget(row, rank)).filter(({ name }) => judge.isNearAny(name));
const known = near.filter(({ name, downloads }) => {
  const found = judge.judge(name);
  return found?.confidence !== 'high' || downloadsOf(found.weight) < SHADOW_RATIO * downloads;
});

const pypiRanks = new Map(pypi.map(({ name, rank }) => [name, rank]));
const pypiAttacks = (await rows(path.join(root, 'test/lookalikes/data/pypi-attacks.tsv'), '\t'))
  .map(([name, target]) => [normalisePypi(name), normalisePypi(target)])
  .filter(([name]) => !pypiLiving.has(name));
const pypiMalicious = new Map(
  [...pypiAttacks, ...attacksOf('pypi').map(({ name, target }) => [normalisePypi(name), normalisePypi(target)])].filter(
    ([name, target]) => name !== target,
  ),
);
// As above: what was imitated once. Of the larger table only what is ranked: else this very record would be its only reason.
const pypiImitated = attacksOf('pypi').map(({ target }) => normalisePypi(target));
const pypiNames = new Set([...pypi.slice(0, PYPI_TARGETS).map(({ name }) => name), ...pypiImitated]);
for (const name of pypiMalicious.keys()) pypiNames.delete(name);
const pypiTargets = targetsOf([...pypiNames].map((name) => [name, weightOf(1_000_000 / (pypiRanks.get(name) ?? 15_000))]));

const actionTable = [
  ...(await rows(given.actions, '\t')),
  ...(await rows(path.join(root, 'scripts/lookalikes/actions.tsv'), '\t')),
  ...typosquats.filter(({ ecosystem }) => ecosystem === 'github_actions').map(({ target }) => [target, '1']),
];
const actions = new Map();
for (const [slug, count] of actionTable) actions.set(slug.toLowerCase(), (actions.get(slug.toLowerCase()) ?? 0) + Number(count));
for (const { name } of typosquats.filter(({ ecosystem }) => ecosystem === 'github_actions')) actions.delete(name);
const images = new Map((await lines(path.join(root, 'scripts/lookalikes/official-images.txt'))).map((name) => [name, 1000]));
const imageTable = [...(await rows(given.images, '\t')), ...(await rows(path.join(root, 'scripts/lookalikes/images.tsv'), '\t'))];
for (const [name, count] of imageTable) {
  // A name without a folder is an official image, or a build stage that was counted along; a host has nothing to do here.
  if (/^[a-z0-9-]+\/[a-z0-9._-]+$/.test(name)) images.set(name, (images.get(name) ?? 0) + Number(count));
}

const file = writeData({
  ...data,
  date: given.date,
  sources: [
    `npm names by monthly downloads, ${given.date}`,
    `PyPI names by rank of downloads, ${given.date}`,
    "npm's security placeholders",
    'ecosyste.ms typosquatting dataset (CC0)',
    'action slugs and base images of public repositories',
    "Docker's official images",
  ],
  npmKnown: buildFilter(known.map(({ name }) => name)),
  npmScopes: buildFilter([...scopes].filter(([, downloads]) => downloads >= SCOPE_DOWNLOADS).map(([scope]) => scope)),
  pypi: pypiTargets,
  pypiKnown: buildFilter(pypi.map(({ name }) => name).filter((name) => !pypiNames.has(name) && !pypiMalicious.has(name))),
  actions: targetsOf([...actions].filter(([slug]) => isPackable(slug)).map(([slug, count]) => [slug, weightOf(count)])),
  images: targetsOf([...images].map(([name, count]) => [name, weightOf(count)])),
  registries: await lines(path.join(root, 'scripts/lookalikes/registry-hosts.txt')),
  malicious: { npm: sorted(npmMalicious), pypi: sorted(pypiMalicious) },
});
await writeFile(given.out, file);
console.log(`${path.relative(process.cwd(), given.out)}: ${file.length} bytes`);
console.log(
  `  npm: ${npmTargets.names.length} targets, ${known.length} known, ${near.length - known.length} in a shadow, ${npmMalicious.size} malicious`,
);
console.log(`  PyPI: ${pypiTargets.names.length} targets, ${pypiMalicious.size} malicious; ${actions.size} actions, ${images.size} images`);

/** Names that a public record of malware has: of the dataset's sources those that list packages, not flags and notes. */
function attacksOf(ecosystem) {
  return typosquats.filter((row) => row.ecosystem === ecosystem && /malicious|malregistry/.test(row.source) && /^[\w@]/.test(row.name));
}

function targetsOf(pairs) {
  const inOrder = pairs.filter(([name]) => isPackable(name)).sort(([a], [b]) => byCode(a, b));
  return { names: inOrder.map(([name]) => name), weights: Uint8Array.from(inOrder, ([, weight]) => weight) };
}

function sorted(map) {
  return Object.fromEntries([...map].sort(([a], [b]) => byCode(a, b)));
}

function scopeOf(name) {
  return name.slice(0, name.indexOf('/'));
}

/** Order by code units: the same everywhere. */
function byCode(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The cells of a table; its first line must start with the names of `columns`, where there are any. */
async function rows(file, separator, columns = []) {
  const table = (await lines(file)).map((line) => line.split(separator));
  if (columns.length === 0) return table;
  const [head = [], ...body] = table;
  if (columns.some((name, index) => head[index] !== name)) fail(`${file}: the first line must name the columns ${columns.join(', ')}`);
  return body;
}

async function lines(file) {
  const text = await readFile(file, 'utf8').catch((error) => fail(`${file}: ${error.message}`));
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

function fail(message) {
  console.error(message);
  process.exit(2);
}
