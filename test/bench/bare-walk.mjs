// Walks a folder and parses what it finds with the bare parsers: what checking the same files costs at the least.
// `node bare-walk.mjs FOLDER PEERS_HOME`

import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const [folder, home] = process.argv.slice(2);
const require = createRequire(path.join(home, 'package.json'));
const { DockerfileParser } = require('dockerfile-ast');
const { parseDocument } = require('yaml');

let files = 0;
visit(folder);
console.log(files);

function visit(at) {
  for (const entry of readdirSync(at, { withFileTypes: true })) {
    const file = path.join(at, entry.name);
    if (entry.isDirectory()) visit(file);
    else parse(file);
  }
}

function parse(file) {
  const text = readFileSync(file, 'utf8');
  files++;
  if (file.endsWith('.json')) JSON.parse(text);
  else if (file.endsWith('.yml')) parseDocument(text);
  else DockerfileParser.parse(text);
}
