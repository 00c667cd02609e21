// npm run package - builds, then writes waybill-VERSION.vsix for VS Code and waybill-VERSION.tgz, the command line for npm.
// Offline. Lists what is in them, and fails when a file is in that should not be, when one is missing, or when they are too big.
import { spawnSync } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { createVSIX } from '@vscode/vsce';
import { build } from './build.mjs';

/** The most that a package may weigh, in bytes. */
const MAX_BYTES = 1_500_000;

/** What may be in both packages. Names are in lower case. */
const ALLOWED = [
  /^package\.json$/,
  /^(readme|changelog)\.md$/,
  /^license(\.txt)?$/,
  /^dist\/(server|engine|look-ups|git-objects|lock-change|yaml|toml|tables|provenance|tuf)\.js$/,
  /^dist\/lookalikes\.bin$/,
  /^dist\/package\.json$/,
  /^docs\/privacy\.md$/,
  /^docs\/rules\/([a-z0-9]+\/[a-z0-9-]+|readme)\.md$/,
  /^schemas\/[a-z.-]+\.json$/,
];

/** What may be in the npm package only: the command line, and what it alone needs. */
const ALLOWED_IN_TGZ = [/^dist\/cli\.js$/];

/** What may be in the .vsix only; the last two are vsce's own. */
const ALLOWED_IN_VSIX = [
  /^dist\/client\.js$/,
  /^dist\/browser\/(client|server)\.js$/,
  /^walkthrough\/[a-z]+\.md$/,
  /^images\/icon\.png$/,
  /^syntaxes\/[a-z]+\.tmlanguage\.json$/,
  /^language-configuration\.json$/,
  /^extension\.vsixmanifest$/,
  /^\[content_types\]\.xml$/,
];

/** The files that the .vsix is of no use without, as far as package.json knows them. */
const contributedFiles = ({ contributes }) =>
  [
    ...contributes.grammars.map(({ path: file }) => file),
    // A language of somebody else's, of which only a file name is ours, brings no configuration.
    ...contributes.languages.flatMap(({ configuration }) => configuration ?? []),
    ...contributes.jsonValidation.map(({ url }) => url),
  ].map((file) => path.posix.normalize(file));

process.chdir(path.resolve(import.meta.dirname, '..'));
const manifest = JSON.parse(await readFile('package.json', 'utf8'));
const troubles = [];
build();

const vsix = `${manifest.name}-${manifest.version}.vsix`;
await createVSIX({
  packagePath: vsix,
  dependencies: false,
  allowMissingRepository: true,
  // Without a public repository there is no address that the README's links could be rewritten to.
  rewriteRelativeLinks: manifest.repository !== undefined,
});
await report(vsix, zipEntries(await readFile(vsix)), {
  allowed: [...ALLOWED, ...ALLOWED_IN_VSIX],
  needed: ['dist/client.js', 'dist/engine.js', 'dist/browser/client.js', 'dist/browser/server.js', ...contributedFiles(manifest)],
});

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const packed = spawnSync(npm, ['pack', '--json', '--ignore-scripts', '--offline'], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
  shell: process.platform === 'win32',
});
if (packed.status !== 0) troubles.push('npm pack failed');
else {
  const [{ filename, files }] = JSON.parse(packed.stdout);
  const entries = files.map(({ path: name, size }) => ({ name, size }));
  await report(filename, entries, {
    allowed: [...ALLOWED, ...ALLOWED_IN_TGZ],
    needed: [...Object.values(manifest.bin), 'dist/provenance.js', 'dist/tuf.js'],
  });
}
for (const trouble of troubles) console.error(`FAIL  ${trouble}`);
process.exit(troubles.length === 0 ? 0 : 1);

/** Prints what is in a package, and notes what is wrong with it. */
async function report(file, entries, { allowed, needed }) {
  const { size } = await stat(file);
  console.log(`${file}: ${size} bytes, ${entries.length} files`);
  const sorted = entries.toSorted((a, b) => b.size - a.size);
  for (const entry of sorted) console.log(`  ${String(entry.size).padStart(8)}  ${entry.name}`);
  if (size > MAX_BYTES) troubles.push(`${file} has ${size} bytes, more than ${MAX_BYTES}`);
  const names = entries.map(({ name }) => name);
  for (const name of names) {
    if (!allowed.some((pattern) => pattern.test(name.toLowerCase()))) troubles.push(`${file} holds ${name}`);
  }
  for (const name of [
    'package.json',
    'dist/server.js',
    'dist/engine.js',
    'dist/look-ups.js',
    'dist/git-objects.js',
    'dist/lock-change.js',
    'dist/yaml.js',
    'dist/toml.js',
    'dist/tables.js',
    'dist/lookalikes.bin',
    ...needed,
  ]) {
    if (!names.includes(name)) troubles.push(`${file} lacks ${name}`);
  }
}

/** The files of a zip archive, from its central directory (APPNOTE.TXT, 4.3.12 and 4.3.16); no zip64, no comment. */
function zipEntries(zip) {
  const end = zip.length - 22;
  const entries = [];
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset));
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength).replace(/^extension\//, '');
    entries.push({ name, size: zip.readUInt32LE(at + 24) });
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}
