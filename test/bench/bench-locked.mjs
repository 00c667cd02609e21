// What `waybill verify .` and `check --online` take over many packages: time, memory and requests, against a registry on loopback
// that serves documents of the sizes that real ones have.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packumentOf } from './packuments.mjs';

/** How many packages a lockfile has; WAYBILL_BENCH_LOCKED names others. */
const COUNTS = (process.env.WAYBILL_BENCH_LOCKED ?? '200,1000,3000').split(',').map(Number);

/** How far above its start a run may come, in MB, however many packages there are. */
const GOAL_MB = 250;

const nameOf = (nth) => `package-${nth}`;

/** The command line over lockfiles of several sizes; WAYBILL_BENCH_CLI names another one to compare with. */
export async function benchLocked({ isWanted }) {
  const title = 'locked packages: the command line against a registry on loopback, by processor time';
  if (!isWanted('locked')) return { title, rows: [] };
  const registry = await startRegistry();
  try {
    const rows = [];
    for (const [command, args] of Object.entries({ verify: ['verify', '.'], 'check --online': ['check', '.', '--online'] })) {
      for (const count of COUNTS) rows.push(await run({ command, args, count, registry }));
    }
    return { title, rows };
  } finally {
    await registry.close();
  }
}

async function run({ command, args, count, registry }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'waybill-locked-'));
  try {
    writeProject(folder, count);
    const usage = path.join(folder, 'usage.json');
    const before = { requests: registry.counts.requests, bytes: registry.counts.bytes };
    const started = performance.now();
    await new Promise((resolve, reject) => {
      const cli = path.resolve(process.env.WAYBILL_BENCH_CLI ?? 'dist/cli.js');
      const child = spawn(process.execPath, ['--require', path.resolve(import.meta.dirname, 'usage.cjs'), cli, ...args], {
        cwd: folder,
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, WAYBILL_BENCH_USAGE: usage, XDG_CACHE_HOME: path.join(folder, 'cache'), NPM_CONFIG_REGISTRY: registry.url },
      });
      child.on('error', reject);
      child.on('close', resolve);
    });
    const { startKb, peakKb, cpuMs, longestMs, stretches } = JSON.parse(readFileSync(usage, 'utf8'));
    const above = (peakKb - startKb) / 1024;
    return {
      command,
      packages: count,
      requests: registry.counts.requests - before.requests,
      MB: (registry.counts.bytes - before.bytes) / 1024 / 1024,
      's of processor': cpuMs / 1000,
      's of a watch': (performance.now() - started) / 1000,
      'peak MB': peakKb / 1024,
      'above start': above,
      goal: GOAL_MB,
      held: above <= GOAL_MB ? 'yes' : 'NO',
      'longest block, of processor ms': stretches[0]?.cpuMs ?? 0,
      'by a watch ms': longestMs,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeProject(folder, count) {
  const names = Array.from({ length: count }, (_, nth) => nameOf(nth));
  const entries = names.map((name, nth) => {
    const { version, integrity } = packumentOf(nth, name);
    return [`node_modules/${name}`, { version, ...(integrity && { integrity }) }];
  });
  // One in ten is asked for directly, which is what `check` looks up; the others come with those.
  const dependencies = Object.fromEntries(names.filter((_, nth) => nth % 10 === 0).map((name) => [name, '*']));
  const packages = { '': { name: 'app', dependencies }, ...Object.fromEntries(entries) };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'app', private: true, dependencies }, undefined, 2));
  writeFileSync(path.join(folder, 'package-lock.json'), JSON.stringify({ name: 'app', lockfileVersion: 3, packages }, undefined, 2));
}

/** Has every document and no attestations, as most packages have none. */
async function startRegistry() {
  const counts = { requests: 0, bytes: 0 };
  const server = createServer((request, response) => {
    counts.requests++;
    const nth = /^\/package-(\d+)$/.exec(request.url ?? '')?.[1];
    const text = nth === undefined ? undefined : packumentOf(Number(nth), nameOf(nth)).text;
    counts.bytes += Buffer.byteLength(text ?? '');
    response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(text ?? '{}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    counts,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
