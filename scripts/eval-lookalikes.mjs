// How good the lookalike names are: `npm run eval:lookalikes [-- --npm TABLE --pypi TABLE]`. Recall on names of real attacks,
// false alarms on names that honest projects use, and, where the tables are given that the list was made from
// (scripts/build-data.mjs says of what form), on ordinary names of the registries. See docs/quality.md.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { loadSource } from './load-sources.mjs';

const root = path.resolve(import.meta.dirname, '..');
const { values: given } = parseArgs({ options: { npm: { type: 'string' }, pypi: { type: 'string' } } });
const { readData } = await loadSource('server/src/lookalikes/data.ts');
const { buildFilter } = await loadSource('server/src/lookalikes/name-filter.ts');
const { NpmNames } = await loadSource('server/src/lookalikes/npm.ts');
const { ComboNames } = await loadSource('server/src/lookalikes/combo.ts');
const { PypiNames, normalisePypi } = await loadSource('server/src/lookalikes/pypi.ts');
const { ActionNames } = await loadSource('server/src/lookalikes/slugs.ts');
const { lookalikeSeverity } = await loadSource('server/src/core/lookalike-severity.ts');

/** Kinds of difference that are a slip of the finger or of the eye. */
const LEXICAL = new Set(['swap', 'repeat', 'omit', 'insert', 'replace', 'homoglyph', 'delimiter', 'reorder', 'two-edits']);
/** How many names of a table are judged, and of what their choice is made: the same ones each time. */
const SAMPLE = 20_000;
const SEED = 20261122;

const shipped = readData(new Uint8Array(await readFile(path.join(root, 'server/src/data/lookalikes.bin'))));
// Half of the attacks are on the list of removed malware: with it, recall would be a matter of memory.
const data = { ...shipped, malicious: { npm: {}, pypi: {} } };
const npm = new NpmNames(data);
const pypi = new PypiNames(data);
const actions = new ActionNames(data);
console.log(`List of ${shipped.date}. The list of removed malware is switched off for what follows.\n`);

const halves = [
  ['development half', (name) => halfOf(name) === 0],
  ['test half', (name) => halfOf(name) === 1],
];
const attacks = { npm: await table('npm-attacks.tsv'), pypi: await table('pypi-attacks.tsv'), actions: await table('actions-attacks.tsv') };
for (const [label, isIn] of halves) {
  recall(
    `npm, names of attacks, ${label}`,
    npm,
    attacks.npm.filter(([name]) => isIn(name)),
    (target) => target,
  );
  recall(
    `PyPI, names of attacks, ${label}`,
    pypi,
    attacks.pypi.filter(([name]) => isIn(name)),
    normalisePypi,
  );
}
recall('GitHub owners, names of attacks', actions, attacks.actions, (target) => target);

const honest = (await table('npm-honest.tsv')).map(([repository, file, names]) => ({ repository, file, names: names.split(' ') }));
const honestNames = [...new Set(honest.flatMap(({ names }) => names))];
falseAlarms('npm, dependencies of 26 repositories', npm, honestNames);
const manifests = honest.filter(({ file }) => path.basename(file) === 'package.json');
const flagged = manifests.filter(({ names }) => names.some((name) => npm.judge(name) !== undefined));
console.log(`  manifests with a flag: ${flagged.length} of ${manifests.length}\n`);

// What only a fact can decide: names that nothing else is said of, with a well-known one among their words.
const combosOf = (list) => {
  const [combo, rest] = [new ComboNames(list), new NpmNames(list)];
  return { judge: (name) => (rest.judge(name) === undefined ? combo.judge(name) : undefined) };
};
const combosquats = attacks.npm.filter(([, , kind]) => kind === 'combosquat');
const words = new ComboNames({ ...data, npmKnown: buildFilter([]) });
const hits = combosquats.filter(([name, target]) => words.judge(name)?.target === target);
console.log(`Combosquats whose target is among their words: ${hits.length} of ${combosquats.length}\n`);
falseAlarms('npm, a word among others (a hint until confirmed): dependencies of 26 repositories', combosOf(data), honestNames);

if (given.npm === undefined) console.log('npm, ordinary names: not measured, no table is given (--npm)\n');
else {
  const rows = (await lines(given.npm)).slice(1).map((line) => line.split('\t'));
  const tail = rows
    .filter(([name, version]) => !/^0\.0\.\d+-security/.test(version ?? '') && !Object.hasOwn(shipped.malicious.npm, name))
    .map(([name, , downloads]) => ({ name, downloads: Number(downloads) || 0 }))
    .sort((a, b) => b.downloads - a.downloads || (a.name < b.name ? -1 : 1))
    .slice(20_000)
    .map(({ name }) => name);
  const random = randoms(SEED);
  const hidden = new Set(tail.filter(() => random() < 0.5));
  falseAlarms('npm, ordinary names that the list has', npm, sampleOf(tail, SAMPLE));
  const unaware = new NpmNames({ ...data, npmKnown: buildFilter(tail.filter((name) => !hidden.has(name))) });
  falseAlarms('npm, ordinary names that were hidden from the list', unaware, sampleOf([...hidden], SAMPLE));
  const half = { ...data, npmKnown: buildFilter(tail.filter((name) => !hidden.has(name))) };
  falseAlarms('npm, a word among others: ordinary names that were hidden from the list', combosOf(half), sampleOf([...hidden], SAMPLE));
}
if (given.pypi === undefined) console.log('PyPI, ordinary names: not measured, no table is given (--pypi)\n');
else {
  const rows = (await lines(given.pypi)).slice(1).map((line) => line.split('\t'));
  const ranked = rows.filter(([, , , rank]) => Number(rank) > 5_000).map(([name]) => name);
  const others = rows.filter(([, , , rank]) => !(Number(rank) > 0)).map(([name]) => name);
  falseAlarms('PyPI, names ranked 5,001 to 15,000, which the list has', pypi, ranked);
  falseAlarms('PyPI, ordinary names, none of which the list has', pypi, sampleOf(others, SAMPLE));
}

/** Prints how many of the attacks are found, by kind, and which are not. */
function recall(title, judge, rows, same) {
  const kinds = new Map();
  const missed = [];
  const total = empty();
  const reach = { near: empty(), far: empty(), beyond: empty() };
  for (const [name, target, kind, rank] of rows) {
    const found = judge.judge(name);
    const isWarned = found !== undefined && lookalikeSeverity(found.confidence) !== 'info';
    const tallies = [total, kinds.get(kind) ?? kinds.set(kind, empty()).get(kind)];
    if (LEXICAL.has(kind) && rank !== '')
      tallies.push(Number(rank) <= 5_000 ? reach.near : Number(rank) <= 20_000 ? reach.far : reach.beyond);
    for (const row of tallies) {
      row.all++;
      if (found !== undefined) row.found++;
      if (isWarned) row.warned++;
      if (found !== undefined && same(found.target) === same(target)) row.right++;
    }
    if (found === undefined) missed.push(`${name} (${target})`);
    else if (same(found.target) !== same(target)) missed.push(`${name} (${target}, named: ${found.target})`);
  }
  const lexical = sum([...kinds].filter(([kind]) => LEXICAL.has(kind)).map(([, row]) => row));
  const oneEdit = sum([...kinds].filter(([kind]) => LEXICAL.has(kind) && kind !== 'two-edits').map(([, row]) => row));
  const known = sum([...kinds].filter(([kind]) => kind !== 'combosquat').map(([, row]) => row));
  console.log(`## ${title}\n\n| kind | names | found | at warning | right target |\n| --- | --- | --- | --- | --- |`);
  for (const [kind, row] of [...kinds].sort((a, b) => b[1].all - a[1].all)) print(kind, row);
  print('one edit, delimiters, looks', oneEdit);
  print('slips of finger or eye, also two at once', lexical);
  if (reach.near.all > 0) print('... of them, target among the 5,000 most used', reach.near);
  if (reach.far.all > 0) print('... target further down, to 20,000', reach.far);
  if (reach.beyond.all > 0) print('... target beyond, on the list because of this very record', reach.beyond);
  print('all but combosquats', known);
  print('all', total);
  console.log(`\nMissed, or with another target: ${missed.length === 0 ? 'none' : missed.join(', ')}\n`);
}

function empty() {
  return { all: 0, found: 0, warned: 0, right: 0 };
}

function print(label, { all, found, warned, right }) {
  const share = (part, whole) => `${part} (${whole === 0 ? '-' : ((100 * part) / whole).toFixed(1)} %)`;
  console.log(`| ${label} | ${all} | ${share(found, all)} | ${share(warned, all)} | ${share(right, found)} |`);
}

function sum(rows) {
  const add = (key) => rows.reduce((whole, row) => whole + row[key], 0);
  return { all: add('all'), found: add('found'), warned: add('warned'), right: add('right') };
}

/** Prints how many of some honest names have a finding, in each half, by severity, and for what. */
function falseAlarms(title, judge, names) {
  console.log(`## ${title}\n\n| half | names | per 1,000 | at warning, per 1,000 |\n| --- | --- | --- | --- |`);
  const kinds = new Map();
  for (const [label, isIn] of [...halves, ['both', () => true]]) {
    const asked = names.filter(isIn);
    const found = asked.flatMap((name) => {
      const one = judge.judge(name);
      return one === undefined ? [] : [{ name, ...one }];
    });
    const warned = found.filter(({ confidence }) => lookalikeSeverity(confidence) !== 'info');
    const rate = (part) => ((1000 * part.length) / asked.length).toFixed(2);
    console.log(`| ${label} | ${asked.length} | ${rate(found)} | ${rate(warned)} |`);
    if (label === 'both')
      for (const { name, target, kind, confidence } of found) {
        const key = `${kind}, ${lookalikeSeverity(confidence)}`;
        kinds.set(key, [...(kinds.get(key) ?? []), `${name} (${target})`]);
      }
  }
  console.log('');
  for (const [key, found] of [...kinds].sort((a, b) => b[1].length - a[1].length))
    console.log(`  ${key}: ${found.length}, such as ${found.slice(0, 6).join(', ')}`);
  console.log('');
}

/** 0 or 1, by a hash of the name: a name is always in the same half. */
function halfOf(name) {
  return (createHash('sha256').update(name).digest()[0] ?? 0) & 1;
}

function sampleOf(names, size) {
  const random = randoms(SEED + 1);
  return names.filter(() => random() < size / names.length);
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function randoms(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function table(name) {
  return (await lines(path.join(root, 'test/lookalikes/data', name))).map((line) => line.split('\t'));
}

async function lines(file) {
  if (!existsSync(file)) {
    console.error(`${file} does not exist`);
    process.exit(2);
  }
  return (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '' && !line.startsWith('# '));
}
