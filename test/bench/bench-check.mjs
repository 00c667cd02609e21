// The command line over more and more files, against walking and bare-parsing the same ones.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dockerfile, packageJson, workflow } from './documents.mjs';
import { fittedExponent, median } from './statistics.mjs';

const COUNTS = [500, 1_000, 2_000, 4_000];

/** How often each size is measured; the contenders take turns. */
const ROUNDS = 3;

/** Wall time, and its exponent over the number of files. Starting Node.js is part of it, as it is for who runs it. */
export function benchCheck({ peers, isWanted }) {
  const title = 'check: ms over generated manifests';
  if (!isWanted('check')) return { title, rows: [] };
  const rows = [];
  const folder = mkdtempSync(path.join(tmpdir(), 'waybill-bench-'));
  try {
    for (const count of COUNTS) {
      const project = path.join(folder, String(count));
      writeManifests(project, count);
      const contenders = {
        waybill: ['dist/cli.js', 'check', project],
        bare: [path.join(import.meta.dirname, 'bare-walk.mjs'), project, peers.home],
      };
      const times = { waybill: [], bare: [] };
      for (let round = 0; round < ROUNDS; round++) for (const [name, args] of Object.entries(contenders)) times[name].push(run(args));
      const [waybill, bare] = [median(times.waybill), median(times.bare)];
      rows.push({ files: count, waybill, 'walk and parse': bare, ratio: waybill / bare, 'goal at most': 2 });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const exponent = (column) => fittedExponent(rows.map((row) => [row.files, row[column]]));
  rows.push({ files: 'exponent', waybill: exponent('waybill'), 'walk and parse': exponent('walk and parse'), 'goal at most': 1.05 });
  return { title, rows };
}

/** Small manifests of three kinds, a package.json in each of many folders among them. */
function writeManifests(project, count) {
  const workflows = path.join(project, '.github/workflows');
  mkdirSync(workflows, { recursive: true });
  for (let i = 0; i < count; i += 3) {
    const folder = path.join(project, 'packages', String(i % 50), String(i));
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'package.json'), packageJson(30, `package-${i}`));
    if (i + 1 < count) writeFileSync(path.join(folder, 'Dockerfile'), dockerfile(22));
    if (i + 2 < count) writeFileSync(path.join(workflows, `w${i}.yml`), workflow(60, `w${i}`));
  }
}

function run(args) {
  const started = performance.now();
  const { status, stderr, error } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 30 });
  // 1: there are findings, as there should be.
  if (status !== 0 && status !== 1) throw new Error(`${args.join(' ')} failed with ${status}: ${stderr}`, { cause: error });
  return performance.now() - started;
}
