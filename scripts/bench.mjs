// npm run bench [-- --json] [-- --only NAME]...: how fast Waybill is, beside other language servers and bare parsers.
//
// Ratios count, not milliseconds: within one run all contenders take turns on the same edits, so that a busy machine slows
// all of them. NAME is a part of a section's name (keystroke, burst, start, memory, rules, look-ups, lookalikes, provenance,
// locked, check, bytes) or of a document's. docs/performance.md says what the figures mean.

import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { benchBytes } from '../test/bench/bench-bytes.mjs';
import { benchCheck } from '../test/bench/bench-check.mjs';
import { benchLocked } from '../test/bench/bench-locked.mjs';
import { benchLookUps } from '../test/bench/bench-look-ups.mjs';
import { benchLookalikes } from '../test/bench/bench-lookalikes.mjs';
import { benchProvenance } from '../test/bench/bench-provenance.mjs';
import { benchRules } from '../test/bench/bench-rules.mjs';
import { benchBurst, benchKeystrokes, benchMemory, benchStart } from '../test/bench/bench-servers.mjs';
import { ensurePeers } from '../test/bench/setup.mjs';
import { build } from './build.mjs';

process.chdir(path.resolve(import.meta.dirname, '..'));
const { values } = parseArgs({
  options: { json: { type: 'boolean' }, only: { type: 'string', multiple: true }, 'no-build': { type: 'boolean' } },
});
const isWanted = (name) => values.only === undefined || values.only.some((part) => name.toLowerCase().includes(part.toLowerCase()));

if (!values['no-build']) build();
const peers = ensurePeers();
const started = performance.now();
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, loadBefore: loadavg()[0] };
const sections = [];
for (const bench of [
  benchStart,
  benchKeystrokes,
  benchBurst,
  benchMemory,
  benchRules,
  benchLookUps,
  benchLookalikes,
  benchProvenance,
  benchLocked,
  benchCheck,
  benchBytes,
]) {
  const section = await bench({ peers, isWanted });
  if (section.rows.length === 0) continue;
  sections.push(section);
  if (!values.json) print(section);
}
const summary = { machine: { ...machine, loadAfter: loadavg()[0] }, seconds: (performance.now() - started) / 1000, sections };
if (values.json) console.log(JSON.stringify(summary, null, 2));
else {
  console.log(`\n${machine.cpu}, ${machine.cores} cores, Node.js ${machine.node}; load ${machine.loadBefore?.toFixed(1)} before, `);
  console.log(`${summary.machine.loadAfter?.toFixed(1)} after. ${summary.seconds.toFixed(0)} s.`);
}

/** Prints a section as a table. */
function print({ title, rows }) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = [columns, ...rows.map((row) => columns.map((column) => shown(row[column])))];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  console.log(`\n${title}`);
  for (const row of cells)
    console.log(`  ${row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ')}`.trimEnd());
}

function shown(value) {
  if (value === undefined) return '';
  if (typeof value !== 'number') return String(value);
  if (Number.isNaN(value)) return '-';
  return Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 1);
}
