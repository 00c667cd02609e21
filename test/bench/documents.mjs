// The generated documents of the bench. Names, versions and hashes are made up from a counter, so that every run has the same.

import { createHash } from 'node:crypto';

/**
 * A document and the one character that is typed and deleted in it, by turns.
 *
 * @typedef {object} BenchDocument
 * @property {string} name What the table calls it.
 * @property {string} path Its path in the workspace.
 * @property {string} languageId
 * @property {string} text
 * @property {string} [sound] What a bare parser gets where it would give up on the text.
 * @property {{ at: number, insert: string }} edit Where the character goes (a UTF-16 offset), and which one.
 */

/** A package.json with so many dependencies. */
export function packageJson(count = 100, name = 'bench') {
  const dependencies = Object.fromEntries(range(count).map((i) => [packageName(i), i % 10 === 0 ? '*' : `^${i % 9}.${i % 20}.${i % 5}`]));
  const scripts = { build: 'node build.mjs', setup: 'curl -fsSL https://get.example.test/setup.sh | sh', test: 'npm install && npm test' };
  return `${JSON.stringify({ name, version: '1.0.0', private: true, scripts, dependencies }, null, 2)}\n`;
}

/** A package-lock.json of version 3 with so many packages below the root. */
export function packageLock(count = 10_500) {
  const packages = { '': { name: 'bench', version: '1.0.0', dependencies: { [packageName(0)]: '*' } } };
  for (const i of range(count)) {
    const name = packageName(i);
    const version = `${i % 9}.${i % 20}.${i % 5}`;
    const file = name.slice(name.indexOf('/') + 1);
    packages[`node_modules/${i > 0 && i % 7 === 0 ? `${packageName(i - 1)}/node_modules/` : ''}${name}`] = {
      version,
      resolved: `https://npm.example.test/${name}/-/${file}-${version}.tgz`,
      integrity: integrity(i),
      ...(i % 3 === 0 ? { dev: true } : {}),
      license: 'MIT',
      dependencies: Object.fromEntries(range(i % 2).map((j) => [packageName((i * 7 + j * 13) % count), `^${j}.${i % 20}.0`])),
      engines: { node: '>=18' },
    };
  }
  return `${JSON.stringify({ name: 'bench', version: '1.0.0', lockfileVersion: 3, requires: true, packages }, null, 2)}\n`;
}

/** A pnpm-lock.yaml of version 9 with so many packages. */
export function pnpmLock(count = 9_000) {
  const lines = [
    "lockfileVersion: '9.0'",
    '',
    'settings:',
    '  autoInstallPeers: true',
    '  excludeLinksFromLockfile: false',
    '',
    'importers:',
    '',
  ];
  lines.push('  .:', '    dependencies:');
  for (const i of range(100))
    lines.push(`      ${yamlKey(packageName(i))}:`, `        specifier: ^${version(i)}`, `        version: ${version(i)}`);
  lines.push('', 'packages:', '');
  for (const i of range(count)) {
    lines.push(
      `  ${yamlKey(`${packageName(i)}@${version(i)}`)}:`,
      `    resolution: {integrity: ${integrity(i)}}`,
      "    engines: {node: '>=18'}",
      '',
    );
  }
  lines.push('snapshots:', '');
  for (const i of range(count)) {
    lines.push(`  ${yamlKey(`${packageName(i)}@${version(i)}`)}:`, '    dependencies:');
    for (const j of range(3)) {
      const other = (i * 7 + j * 13) % count;
      lines.push(`      ${yamlKey(packageName(other))}: ${version(other)}`);
    }
    lines.push('');
  }
  return lines.join('\n');
}

/** A Dockerfile of so many lines. */
export function dockerfile(lineCount = 300) {
  const lines = ['# syntax=docker/dockerfile:1', 'ARG NODE=20'];
  for (let stage = 0; lines.length < lineCount - 10; stage++) {
    lines.push(
      `FROM node:\${NODE}-alpine AS stage${stage}`,
      'WORKDIR /app',
      `ENV STAGE=${stage} \\`,
      '    NODE_ENV=production',
      'COPY package.json package-lock.json ./',
      'RUN npm install --omit=dev && \\',
      '    npm cache clean --force',
      `RUN curl -fsSL https://get.example.test/tool${stage}.sh | sh`,
      'COPY . .',
      'EXPOSE 8080',
    );
  }
  while (lines.length < lineCount) lines.push(`LABEL line${lines.length}="filled up"`);
  return `${lines.join('\n')}\n`;
}

/** A workflow of so many lines. */
export function workflow(lineCount = 486, name = 'bench') {
  const lines = [`name: ${name}`, 'on:', '  push:', '    branches: [main]', '  pull_request:', 'permissions:', '  contents: read', 'jobs:'];
  for (let job = 0; lines.length < lineCount - 16; job++) {
    lines.push(
      `  job${job}:`,
      '    runs-on: ubuntu-latest',
      '    timeout-minutes: 10',
      '    steps:',
      '      - uses: actions/checkout@v4',
      '        with:',
      '          persist-credentials: false',
      '      - uses: actions/setup-node@v4',
      '        with:',
      '          node-version: 20',
      `      - name: Install ${job}`,
      '        run: |',
      '          npm install',
      `          npm run build:${job} && npm test`,
      '      - uses: docker/build-push-action@v6',
    );
  }
  while (lines.length < lineCount) lines.push(`# line ${lines.length}`);
  return `${lines.join('\n')}\n`;
}

/** All documents of the keystroke bench, each with its edit. */
export function benchDocuments() {
  documents ??= makeDocuments();
  return documents;
}

let documents;

function makeDocuments() {
  const lock = packageLock();
  const hash = middle(lock, '"integrity": "sha512-') + '"integrity": "sha512-'.length;
  const broken = `${lock.slice(0, hash - 400)}"${lock.slice(hash - 400)}`;
  const pnpm = pnpmLock();
  return [
    at({ name: 'package.json, 100 dependencies', path: 'package.json', languageId: 'json', text: packageJson() }, '",\n', 1, ','),
    { name: 'package-lock.json, sound', path: 'lock/package-lock.json', languageId: 'json', text: lock, edit: { at: hash, insert: 'x' } },
    {
      name: 'package-lock.json, half typed',
      path: 'half/package-lock.json',
      languageId: 'json',
      text: broken,
      sound: lock,
      edit: { at: hash + 1, insert: 'x' },
    },
    at({ name: 'pnpm-lock.yaml', path: 'pnpm-lock.yaml', languageId: 'yaml', text: pnpm }, 'sha512-', 7, '%'),
    at({ name: 'Dockerfile, 300 lines', path: 'Dockerfile', languageId: 'dockerfile', text: dockerfile() }, 'FROM ', 4, 'x'),
    at(
      { name: 'workflow, 486 lines', path: '.github/workflows/bench.yml', languageId: 'yaml', text: workflow() },
      'setup-node@v4',
      13,
      'x',
    ),
  ];
}

/** A document whose edit stands behind so many characters of the text nearest to its middle. */
function at(document, text, offset, insert) {
  return { ...document, edit: { at: middle(document.text, text) + offset, insert } };
}

function middle(text, wanted) {
  return text.indexOf(wanted, text.length >> 1);
}

function range(count) {
  return Array.from({ length: count }, (_, i) => i);
}

function packageName(i) {
  return i % 4 === 0 ? `@scope${i % 50}/package-${i}` : `package-number-${i}`;
}

function version(i) {
  return `${i % 9}.${i % 20}.${i % 5}`;
}

function yamlKey(key) {
  return key.startsWith('@') ? `'${key}'` : key;
}

/** A hash in the form of Subresource Integrity, of a counter. */
function integrity(i) {
  return `sha512-${createHash('sha512').update(String(i)).digest('base64')}`;
}
