import { statSync } from 'node:fs';
import path from 'node:path';
import { withAsked } from '../core/asked-origin.ts';
import { npmVersions, versionPurl } from '../core/npm-facts.ts';
import type { ProvenanceVerdict } from '../core/provenance.ts';
import type { ProvenanceDemands } from '../core/provenance-demand.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { plain } from '../core/untrusted.ts';
import { type DiskRoot, diskRoot } from '../disk/disk-root.ts';
import { readTextFile } from '../disk/files.ts';
import { repositoryRoot, toSlashes, walk } from '../disk/walk.ts';
import { formatForPath } from '../engine/formats.ts';
import type { Elsewhere } from '../formats/lock-elsewhere.ts';
import { LOCK_FORMATS } from '../formats/lock-model.ts';
import type { Trust } from '../provenance/index.ts';
import { EXIT } from './check.ts';
import type { Io } from './io.ts';
import { type LockedPackage, type LockedPackages, lockedPackages } from './locked-packages.ts';
import { Progress } from './progress.ts';
import { summaryJson, summaryText } from './reporters/verdict-summary.ts';
import { paintFor } from './terminal.ts';
import type { Asking } from './verify.ts';
import type { VerifyArgs } from './verify-args.ts';
import { askedOf, type PackageAsked } from './verify-asked.ts';
import { statusOf } from './verify-status.ts';

/** How many packages are asked for at once. The sources bound how many requests that makes; this bounds the documents in memory. */
const PARALLEL = 12;

/** One package of the lockfiles, and what was found out about it. */
export interface VerifiedPackage {
  readonly name: string;
  readonly version: string;
  readonly integrity: string | undefined;
  /** The lockfiles that have it, relative to the working directory or the one folder, with `/`. */
  readonly lockfiles: readonly string[];
  /** What is required of it. */
  readonly asked: PackageAsked;
  readonly verdict: ProvenanceVerdict;
  /** What it makes of the exit status. */
  readonly status: number;
}

/** What was found out about all lockfiles. */
export interface VerifiedLocks {
  readonly packages: readonly VerifiedPackage[];
  readonly lockfiles: readonly string[];
  /** Packages that no registry serves, by where they come from. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Lockfiles that could not be read to their end, with the reason. */
  readonly unread: readonly { readonly path: string; readonly reason: string }[];
  /** What the policy names and no lockfile has. */
  readonly unmatched: readonly string[];
  /** Why there is no newer trust root; undefined where nothing is to be said. */
  readonly notRefreshed: string | undefined;
}

/** How verdicts are come by. */
export interface Verifying extends Asking {
  readonly demands: ProvenanceDemands;
  /** What verdicts rest on that nobody was asked for. */
  readonly trust: Pick<Trust, 'date' | 'source'>;
}

/** Verifies everything that the lockfiles below some paths have, each package once. */
export async function verifyPaths(
  args: VerifyArgs & { readonly subject: Extract<VerifyArgs['subject'], { readonly kind: 'paths' }> },
  io: Io,
  { ask, notRefreshed, demands, trust }: Verifying,
): Promise<Result<number>> {
  const locks = findLockfiles(args.subject.paths, io);
  if (!locks.ok) return locks;
  const { files, base } = locks.value;
  const shown = (file: string): string => toSlashes(path.relative(base, file)) || path.basename(file);
  const unread: { path: string; reason: string }[] = [];
  const locked: LockedPackages = { packages: new Map(), skipped: new Map(), chosen: new Set() };
  for (const { root, file } of files) {
    if (isBinaryLock(file)) {
      unread.push({ path: shown(file), reason: 'it is binary; bun install --save-text-lockfile writes one that can be read' });
      continue;
    }
    const text = readTextFile(file);
    if (!text.ok) {
      unread.push({ path: shown(file), reason: text.error.reason });
      continue;
    }
    const problem = lockedPackages(root, file, {
      text: text.value,
      shown: shown(file),
      only: args.subject.only,
      askedOf: (named) => askedOf(args, demands, named),
      into: locked,
    });
    if (problem !== undefined) unread.push({ path: shown(file), reason: problem });
  }
  const idle = args.subject.only.filter((pattern) => !locked.chosen.has(pattern)).map((pattern) => plain(pattern));
  const isIdle = `no lockfile has a package of ${idle.join(', ')}`;
  if (args.subject.only.length > 0 && idle.length === args.subject.only.length && unread.length === 0) return fail(isIdle);
  // A name may be mistyped: others of the choice do not make up for it.
  if (idle.length > 0) io.stderr.write(`waybill: ${isIdle}\n`);
  // The versions of one package are asked for one after the other, so that its document is asked for once and need not be kept for long.
  const found = [...locked.packages.values()].sort((a, b) => compare(a.name, b.name));
  const progress = new Progress(io);
  const verdicts = await askAll(
    found,
    ({ from, name, version }) => (typeof from === 'string' ? foreign(from, name, version, trust) : ask(from)),
    {
      signal: io.signal,
      onDone: (done) => progress.say(`verified ${done} of ${found.length} packages`),
    },
  );
  progress.stop();
  if (io.signal.aborted) return fail(`cancelled after ${verdicts.size} of ${found.length} packages`);
  const packages = found.flatMap((one) => {
    const answer = verdicts.get(one);
    if (answer === undefined) return [];
    const { name, version = '', asked, from, lockfiles } = one;
    const verdict = withAsked(answer, asked.origin);
    const integrity = typeof from === 'string' ? undefined : from.integrity;
    return [{ name, version, integrity, lockfiles, asked, verdict, status: statusOf(verdict, asked.require) }];
  });
  packages.sort((a, b) => compare(a.verdict.subject, b.verdict.subject) || compare(a.integrity ?? '', b.integrity ?? ''));
  const report: VerifiedLocks = {
    packages,
    lockfiles: files.map(({ file }) => shown(file)),
    skipped: Object.fromEntries(locked.skipped),
    unread,
    unmatched: [...demands.keys()].filter((match) => !packages.some(({ asked }) => asked.demand?.match === match)),
    notRefreshed: await notRefreshed(),
  };
  io.stdout.write(args.format === 'json' ? summaryJson(report) : summaryText(report, args, paintFor(io.stdout, io.env)));
  const statuses = new Set(packages.map(({ status }) => status));
  if (statuses.has(EXIT.findings)) return ok(EXIT.findings);
  return ok(statuses.has(EXIT.failed) || unread.length > 0 ? EXIT.failed : EXIT.ok);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

interface FoundLock {
  readonly root: DiskRoot;
  readonly file: string;
}

/** The lockfiles below the paths. Fails where a path is not there, is no lockfile, or where there is none at all. */
function findLockfiles(paths: readonly string[], io: Io): Result<{ readonly files: readonly FoundLock[]; readonly base: string }> {
  const files = new Map<string, FoundLock>();
  const roots = new Map<string, DiskRoot>();
  let base = io.cwd;
  for (const name of paths) {
    const file = path.resolve(io.cwd, name);
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) return fail(`${plain(name)} does not exist`);
    const folder = stat.isDirectory() ? file : path.dirname(file);
    if (stat.isDirectory() && paths.length === 1) base = file;
    const at = repositoryRoot(folder) ?? folder;
    const root = roots.get(at) ?? diskRoot(at);
    roots.set(at, root);
    if (!stat.isDirectory() && !isLock(root, file)) return fail(`${plain(name)} is no lockfile of npm, yarn, pnpm or bun`);
    const failures: string[] = [];
    const onUnreadable = (where: string, reason: string): unknown => failures.push(`cannot read ${plain(where)}: ${plain(reason)}`);
    const found = stat.isDirectory() ? walk(file, { root: root.root, onUnreadable, also: BINARY_LOCK }).map((one) => one.file) : [file];
    // A folder that cannot be read may hold a lockfile: what was not looked at is not verified.
    if (failures[0] !== undefined) return fail(failures[0]);
    const locks = found.filter((one) => isLock(root, one));
    if (locks.length === 0 && paths.length > 1) return fail(`there is no lockfile of npm, yarn, pnpm or bun in ${plain(name)}`);
    for (const one of locks) files.set(one, { root, file: one });
  }
  return files.size === 0 ? fail('there is no lockfile of npm, yarn, pnpm or bun') : ok({ files: [...files.values()], base });
}

function isLock({ root }: DiskRoot, file: string): boolean {
  return isBinaryLock(file) || LOCK_FORMATS.includes(formatForPath(toSlashes(path.relative(root, file)))?.id ?? '');
}

/** Bun's older lockfile, which only bun reads: what it locks must not pass as verified. */
const BINARY_LOCK = 'bun.lockb';

function isBinaryLock(file: string): boolean {
  return path.basename(file) === BINARY_LOCK;
}

/** The verdict on what no registry serves. */
async function foreign(from: Elsewhere, name: string, version: string | undefined, trust: Verifying['trust']): Promise<ProvenanceVerdict> {
  const where = from === 'git' ? 'a git repository' : 'an address that no registry serves';
  return {
    subject: version === undefined ? npmVersions.purl({ name }) : versionPurl(name, version),
    verdict: 'not-proven',
    checks: [
      { id: 'provenance-present', outcome: 'not-proven', message: `It comes from ${where}, which has no provenance.` },
      { id: 'registry-signature', outcome: 'not-proven', message: `It comes from ${where}, which no registry signs.` },
    ],
    attestations: [],
    trustRootDate: trust.date,
    trustRootSource: trust.source,
  };
}

/** Asks for all, a few at a time, until all are known or the run is cancelled. */
async function askAll(
  packages: readonly LockedPackage[],
  ask: (one: LockedPackage) => Promise<ProvenanceVerdict>,
  { signal, onDone }: { readonly signal: AbortSignal; readonly onDone: (done: number) => void },
): Promise<ReadonlyMap<LockedPackage, ProvenanceVerdict>> {
  const verdicts = new Map<LockedPackage, ProvenanceVerdict>();
  let next = 0;
  const work = async (): Promise<void> => {
    for (let one = packages[next++]; one !== undefined && !signal.aborted; one = packages[next++]) {
      const verdict = await ask(one);
      if (signal.aborted) return;
      verdicts.set(one, verdict);
      onDone(verdicts.size);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return verdicts;
}
