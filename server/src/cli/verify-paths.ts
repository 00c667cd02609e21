import { statSync } from 'node:fs';
import path from 'node:path';
import type { PackageVersionKey } from '../core/npm-facts.ts';
import type { ProvenanceVerdict } from '../core/provenance.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { plain } from '../core/untrusted.ts';
import { type DiskRoot, diskRoot } from '../disk/disk-root.ts';
import { readTextFile } from '../disk/files.ts';
import { repositoryRoot, toSlashes, walk } from '../disk/walk.ts';
import { formatForPath } from '../engine/formats.ts';
import { LOCK_FORMATS } from '../formats/lock-model.ts';
import { EXIT } from './check.ts';
import type { Io } from './io.ts';
import { type LockedPackages, lockedPackages } from './locked-packages.ts';
import { Progress } from './progress.ts';
import { summaryJson, summaryText } from './reporters/verdict-summary.ts';
import { paintFor } from './terminal.ts';
import type { AskVerdict } from './verify.ts';
import type { VerifyArgs } from './verify-args.ts';
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
}

/** Verifies everything that the lockfiles below some paths have, each package once. */
export async function verifyPaths(
  args: VerifyArgs & { readonly subject: Extract<VerifyArgs['subject'], { readonly kind: 'paths' }> },
  io: Io,
  ask: AskVerdict,
): Promise<Result<number>> {
  const found = findLockfiles(args.subject.paths, io);
  if (!found.ok) return found;
  const { files, base } = found.value;
  const shown = (file: string): string => toSlashes(path.relative(base, file)) || path.basename(file);
  const unread: { path: string; reason: string }[] = [];
  const locked: LockedPackages = { packages: new Map(), skipped: new Map() };
  for (const { root, file } of files) {
    const text = readTextFile(file);
    if (!text.ok) {
      unread.push({ path: shown(file), reason: text.error.reason });
      continue;
    }
    const problem = lockedPackages(root, file, { text: text.value, shown: shown(file), only: args.subject.only, into: locked });
    if (problem !== undefined) unread.push({ path: shown(file), reason: problem });
  }
  if (locked.packages.size === 0 && args.subject.only.length > 0 && unread.length === 0)
    return fail(`no lockfile has a package of ${args.subject.only.map((pattern) => plain(pattern)).join(', ')}`);
  // The versions of one package are asked for one after the other, so that its document is asked for once and need not be kept for long.
  const keys = [...locked.packages.values()].sort((a, b) => compare(a.key.name, b.key.name));
  const progress = new Progress(io);
  const verdicts = await askAll(
    keys.map(({ key }) => key),
    ask,
    {
      signal: io.signal,
      onDone: (done) => progress.say(`verified ${done} of ${keys.length} packages`),
    },
  );
  progress.stop();
  if (io.signal.aborted) return fail(`cancelled after ${verdicts.size} of ${keys.length} packages`);
  const packages = keys.flatMap(({ key, lockfiles }) => {
    const verdict = verdicts.get(key);
    const { name, version, integrity } = key;
    return verdict === undefined ? [] : [{ name, version, integrity, lockfiles, verdict, status: statusOf(verdict, args.require) }];
  });
  packages.sort((a, b) => compare(a.verdict.subject, b.verdict.subject) || compare(a.integrity ?? '', b.integrity ?? ''));
  const report: VerifiedLocks = {
    packages,
    lockfiles: files.map(({ file }) => shown(file)),
    skipped: Object.fromEntries(locked.skipped),
    unread,
  };
  io.stdout.write(args.format === 'json' ? summaryJson(report) : summaryText(report, args.require, paintFor(io.stdout, io.env)));
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
    const found = stat.isDirectory() ? walk(file, { root: root.root, onUnreadable }).map((one) => one.file) : [file];
    // A folder that cannot be read may hold a lockfile: what was not looked at is not verified.
    if (failures[0] !== undefined) return fail(failures[0]);
    for (const one of found) if (isLock(root, one)) files.set(one, { root, file: one });
  }
  return files.size === 0 ? fail('there is no lockfile of npm, yarn, pnpm or bun') : ok({ files: [...files.values()], base });
}

function isLock({ root }: DiskRoot, file: string): boolean {
  return LOCK_FORMATS.includes(formatForPath(toSlashes(path.relative(root, file)))?.id ?? '');
}

/** Asks for all, a few at a time, until all are known or the run is cancelled. */
async function askAll(
  keys: readonly PackageVersionKey[],
  ask: AskVerdict,
  { signal, onDone }: { readonly signal: AbortSignal; readonly onDone: (done: number) => void },
): Promise<ReadonlyMap<PackageVersionKey, ProvenanceVerdict>> {
  const verdicts = new Map<PackageVersionKey, ProvenanceVerdict>();
  let next = 0;
  const work = async (): Promise<void> => {
    for (let key = keys[next++]; key !== undefined && !signal.aborted; key = keys[next++]) {
      const verdict = await ask(key);
      if (signal.aborted) return;
      verdicts.set(key, verdict);
      onDone(verdicts.size);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return verdicts;
}
