import { statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { FetchFact } from '../core/answer.ts';
import { isAtLeast } from '../core/finding.ts';
import type { LookalikeJudge } from '../core/lookalike.ts';
import type { Manifest } from '../core/manifest.ts';
import type { SourceFile } from '../core/source-file.ts';
import { type DiskRoot, diskRoot, gitHubParent } from '../disk/disk-root.ts';
import { readTextFile, replaceTextFile } from '../disk/files.ts';
import { repositoryRoot, toSlashes, walk } from '../disk/walk.ts';
import { type Analysis, analyse, type UnknownItem } from '../engine/analyse.ts';
import { applyEdits, planSafeFixes } from '../engine/edits.ts';
import { FactStore, type FactView, FOR_ONE_RUN, OFFLINE_FACTS } from '../engine/fact-store.ts';
import { formatForPath } from '../engine/formats.ts';
import type { Project } from '../engine/project.ts';
import { buildReport, type Report } from '../engine/report.ts';
import { settle } from '../engine/settle.ts';
import type { Policy } from '../policy/policy.ts';
import { rules } from '../rules/index.ts';
import type { CheckArgs } from './args.ts';
import type { Io } from './io.ts';
import { lookUps } from './look-ups.ts';
import { rulePage } from './pages.ts';
import { readPolicy } from './policy.ts';
import { Progress } from './progress.ts';
import { githubReport } from './reporters/github.ts';
import { jsonReport } from './reporters/json.ts';
import { sarifReport } from './reporters/sarif.ts';
import { textReport } from './reporters/text.ts';
import { paintFor } from './terminal.ts';

/** Exit statuses of the contract (product.md, "Exit status"). */
export const EXIT = { ok: 0, findings: 1, failed: 2 } as const;

/** One document of the run. */
interface Checked {
  readonly root: DiskRoot;
  readonly file: string;
  manifest: Manifest;
  analysis: Analysis;
}

/** Runs `waybill check`. Gives the exit status; never throws for what a user or a file system can do. */
export async function check(args: CheckArgs, io: Io): Promise<number> {
  const policy = readPolicy(args.policy, io);
  if (policy === undefined) return EXIT.failed;
  let facts: FactStore | undefined;
  const sources = args.online ? lookUps(io.env, { trusted: args.trust, held: (kind, key) => facts?.peek(kind, key) }) : undefined;
  if (sources !== undefined && !sources.ok) return refuse(io, sources.error);
  const online = sources?.value;
  facts = online && new FactStore(online.fetchFact, FOR_ONE_RUN);
  try {
    return await checkWith({ args, io, policy, facts: facts ?? OFFLINE_FACTS }, online?.fetchFresh);
  } finally {
    await online?.close();
  }
}

async function checkWith(options: RunOptions, fetch: FetchFact | undefined): Promise<number> {
  const { args, io, facts } = options;
  const run = new Run(options);
  if (!(args.stdin === undefined ? run.addPaths() : run.addStdin(args.stdin))) return EXIT.failed;
  if (facts instanceof FactStore) await run.lookUp(facts);
  const fixes = args.fix ? await run.fix(fetch) : { wrote: true, text: undefined };
  run.progress.stop();

  const report = run.report();
  if (fixes.text !== undefined) io.stdout.write(fixes.text);
  if (!print(report, args, io, fixes.text === undefined) || !fixes.wrote) return EXIT.failed;
  return exitStatus(report, args);
}

function refuse(io: Io, message: string): number {
  io.stderr.write(`waybill: ${message}\n`);
  return EXIT.failed;
}

function exitStatus(report: Report, { failOn, online, strict }: CheckArgs): number {
  if (failOn !== 'never' && report.files.some((file) => file.findings.some((finding) => isAtLeast(finding.severity, failOn))))
    return EXIT.findings;
  // A refusal is an answer: what is private is unknown to who has no credentials, however often he asks.
  const failed = report.unknown.some(({ why }) => why === 'timeout' || why === 'error');
  if (online && failed) return EXIT.failed;
  if (strict && report.unknown.length > 0) return EXIT.failed;
  return EXIT.ok;
}

/** Prints the report where it was asked for. False where it could not be written. */
function print(report: Report, args: CheckArgs, io: Io, toStdout: boolean): boolean {
  const target = args.output === undefined ? io.stdout : {};
  const text = render(report, args, io, target);
  if (args.output !== undefined) {
    try {
      writeFileSync(path.resolve(io.cwd, args.output), text);
    } catch (error) {
      refuse(io, `cannot write ${args.output}: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  } else {
    // With --stdin --fix the fixed text has standard output for itself.
    (toStdout ? io.stdout : io.stderr).write(text);
  }
  return true;
}

function render(report: Report, args: CheckArgs, io: Io, target: { isTTY?: boolean; columns?: number }): string {
  switch (args.format) {
    case 'text': {
      const width = target.isTTY === true ? target.columns : undefined;
      return textReport(report, {
        paint: paintFor(target, io.env),
        minSeverity: args.minSeverity,
        online: args.online,
        ...(width === undefined ? {} : { width }),
      });
    }
    case 'json':
      return jsonReport(report);
    case 'github':
      return githubReport(report);
    case 'sarif':
      return sarifReport(report, { rules, page: rulePage });
  }
}

interface RunOptions {
  readonly args: CheckArgs;
  readonly io: Io;
  readonly policy: Policy;
  readonly facts: FactView;
}

class Run {
  readonly progress: Progress;
  readonly #options: RunOptions;
  readonly #checked = new Map<string, Checked>();
  readonly #unread: UnknownItem[] = [];
  readonly #failedLookUps: UnknownItem[] = [];
  readonly #roots = new Map<string, DiskRoot>();
  readonly #failedRules = new Set<string>();
  readonly #lookalikes: LookalikeJudge | undefined;
  /** Shown paths are relative to this. */
  #base: string;

  constructor(options: RunOptions) {
    this.#options = options;
    this.progress = new Progress(options.io);
    this.#lookalikes = options.io.lookalikes();
    this.#base = options.io.cwd;
  }

  /** Finds, reads and checks all PATHs. False, and said on standard error, where one does not exist or cannot be read. */
  addPaths(): boolean {
    const { args, io } = this.#options;
    const starts: { file: string; isFolder: boolean }[] = [];
    for (const name of args.paths) {
      const file = path.resolve(io.cwd, name);
      try {
        starts.push({ file, isFolder: statSync(file).isDirectory() });
      } catch (error) {
        const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
        refuse(io, missing ? `${name} does not exist` : `cannot read ${name}: ${error instanceof Error ? error.message : String(error)}`);
        return false;
      }
    }
    const [only] = starts;
    if (starts.length === 1 && only?.isFolder === true) this.#base = only.file;
    let fine = true;
    for (const { file, isFolder } of starts) fine = (isFolder ? this.#addFolder(file) : this.#addNamedFile(file)) && fine;
    return fine;
  }

  /** Checks the text on standard input under a name. */
  addStdin(name: string): boolean {
    const { io } = this.#options;
    const file = path.resolve(io.cwd, name);
    const root = this.#rootOf(path.dirname(file));
    const text = io.readStdin();
    if (formatForPath(toSlashes(path.relative(root.root, file))) === undefined) {
      refuse(io, `no format of Waybill reads a file named ${name}`);
      return false;
    }
    this.#add(root, file, text);
    return true;
  }

  /** Looks up what the rules asked for and runs them again, until nothing is missing. */
  async lookUp(facts: FactStore): Promise<void> {
    const { io } = this.#options;
    await settle(
      facts,
      () => {
        for (const checked of this.#checked.values()) checked.analysis = this.#analyse(checked.root, checked.manifest);
      },
      { signal: io.signal, onRound: (pending) => this.progress.say(`looking up ${pending} ${pending === 1 ? 'source' : 'sources'}`) },
    );
  }

  /** Applies the safe fixes. `text` is the fixed standard input; `wrote` is false where a file could not be written. */
  async fix(fetch: FetchFact | undefined): Promise<{ wrote: boolean; text: string | undefined }> {
    const { args, io, facts } = this.#options;
    let wrote = true;
    // All look-ups at once: the sources bound how many are under way, and equal ones are one.
    const planned = await Promise.all(
      [...this.#checked.values()].map(async (checked) => {
        const fixIo = fetch && { fetch: this.#noting(fetch, this.#shown(checked.root, checked.manifest.file.path)) };
        return { checked, plan: await planSafeFixes(checked.analysis.findings, fixIo, io.signal) };
      }),
    );
    for (const { checked, plan } of planned) {
      const { manifest } = checked;
      const shown = this.#shown(checked.root, manifest.file.path);
      for (const { finding, fix, why } of plan.skipped) io.stderr.write(`${shown}: not fixed, ${finding.rule}: "${fix.title}": ${why}\n`);
      const edits = plan.applied.flatMap((applied) => applied.edits);
      if (edits.length === 0) continue;
      const before = manifest.file.text;
      const after = applyEdits(before, edits);
      if (args.stdin === undefined) {
        const replaced = replaceTextFile(checked.file, before, after);
        if (!replaced.ok) {
          io.stderr.write(`waybill: cannot write ${shown}: ${replaced.error}\n`);
          wrote = false;
          continue;
        }
      }
      for (const { finding, fix } of plan.applied) io.stderr.write(`${shown}: fixed, ${finding.rule}: ${fix.title}\n`);
      checked.root.project.forget(manifest.file.path);
      checked.manifest = this.#parse(checked.root, checked.file, after);
    }
    for (const checked of this.#checked.values()) checked.analysis = this.#analyse(checked.root, checked.manifest);
    if (facts instanceof FactStore) await this.lookUp(facts);
    const text = args.stdin === undefined ? undefined : [...this.#checked.values()][0]?.manifest.file.text;
    return { wrote, text };
  }

  /** A fetch that remembers which look-ups of a file's fixes failed: they are unknown, and `--online` fails with them. */
  #noting(fetch: FetchFact, path: string): FetchFact {
    return async (kind, key, signal) => {
      const answer = await fetch(kind, key, signal);
      const subject = kind.purl(key);
      if (answer.state === 'unknown' && !this.#failedLookUps.some((item) => item.path === path && item.subject === subject)) {
        this.#failedLookUps.push({
          path,
          subject,
          why: answer.why,
          count: 1,
          ...(answer.detail === undefined ? {} : { detail: answer.detail }),
        });
      }
      return answer;
    };
  }

  /** What there is to say at the end. */
  report(): Report {
    const analyses = [...this.#checked.values()].map(({ root, analysis }) => ({
      analysis,
      shown: (file: SourceFile) => this.#shown(root, file.path),
    }));
    const known = new Set(
      analyses.flatMap(({ analysis, shown }) => analysis.unknown.map(({ subject }) => `${shown(analysis.manifest.file)} ${subject}`)),
    );
    return buildReport(
      analyses,
      this.#unread,
      this.#failedLookUps.filter(({ path, subject }) => !known.has(`${path} ${subject}`)),
    );
  }

  #shown(root: DiskRoot, relative: string): string {
    return toSlashes(path.relative(this.#base, path.join(root.root, relative)));
  }

  #rootOf(folder: string): DiskRoot {
    const { cwd } = this.#options.io;
    const root = repositoryRoot(folder) ?? gitHubParent(folder) ?? (isInside(folder, cwd) ? cwd : folder);
    const known = this.#roots.get(root);
    if (known !== undefined) return known;
    const made = diskRoot(root);
    this.#roots.set(root, made);
    return made;
  }

  #addFolder(folder: string): boolean {
    const root = this.#rootOf(folder);
    const { io } = this.#options;
    let readable = true;
    const found = walk(folder, {
      root: root.root,
      onUnreadable: (at, reason) => {
        if (at === folder) {
          refuse(io, `cannot read ${at}: ${reason}`);
          readable = false;
        } else {
          this.#unread.push({
            path: toSlashes(path.relative(this.#base, at)),
            subject: toSlashes(path.relative(this.#base, at)),
            why: 'error',
            count: 1,
          });
        }
      },
    });
    for (const { file } of found) this.#addFile(root, file);
    return readable;
  }

  #addNamedFile(file: string): boolean {
    const { io } = this.#options;
    const root = this.#rootOf(path.dirname(file));
    const shown = toSlashes(path.relative(this.#base, file));
    if (formatForPath(toSlashes(path.relative(root.root, file))) === undefined) {
      io.stderr.write(`waybill: ${shown} is skipped: no format of Waybill reads it\n`);
      return true;
    }
    const failure = this.#addFile(root, file);
    if (failure === undefined) return true;
    refuse(io, `cannot read ${shown}: ${failure}`);
    return false;
  }

  /** Reads and checks a file. Gives the reason where it could not be read for other causes than its size. */
  #addFile(root: DiskRoot, file: string): string | undefined {
    if (this.#checked.has(file)) return undefined;
    const text = readTextFile(file);
    if (text.ok) {
      this.#add(root, file, text.value);
      return undefined;
    }
    const shown = toSlashes(path.relative(this.#base, file));
    this.#unread.push({ path: shown, subject: shown, why: text.error.why, count: 1 });
    return text.error.why === 'too-large' ? undefined : text.error.reason;
  }

  #add(root: DiskRoot, file: string, text: string): void {
    const manifest = this.#parse(root, file, text);
    const analysis = this.#analyse(root, manifest);
    // What is never read again would only fill the memory: thousands of trees in a large repository.
    const isDone = !this.#options.args.fix && !this.#options.args.online;
    const kept = isDone ? { ...manifest, model: undefined, scripts: [] } : manifest;
    this.#checked.set(file, { root, file, manifest: kept, analysis: isDone ? { ...analysis, manifest: kept } : analysis });
    this.progress.say(`${this.#checked.size} files checked`);
  }

  #parse(root: DiskRoot, file: string, text: string): Manifest {
    const document = root.document(file, text);
    const format = formatForPath(document.path);
    if (format === undefined) throw new Error(`no format for ${document.path}`);
    return format.parse(document);
  }

  #analyse(root: DiskRoot, manifest: Manifest): Analysis {
    const { policy, facts, io } = this.#options;
    const surroundings: Project = root.project;
    return analyse(manifest, {
      rules,
      policy: forBase(policy, (relative) => this.#shown(root, relative)),
      surroundings,
      facts,
      lookalikes: this.#lookalikes ?? 'error',
      onRuleError: (rule, format, error) => {
        if (this.#failedRules.has(rule)) return;
        this.#failedRules.add(rule);
        io.stderr.write(
          `waybill: the rule ${rule} failed on a ${format}; this is a defect of Waybill: ${error instanceof Error ? error.message : String(error)}\n`,
        );
      },
    });
  }
}

/** A policy whose path patterns are matched with the paths that people see. */
function forBase(policy: Policy, shown: (path: string) => string): Policy {
  if (policy.ignore.length === 0) return policy;
  return { ...policy, ignore: policy.ignore.map((entry) => ({ ...entry, matches: (relative) => entry.matches(shown(relative)) })) };
}

function isInside(folder: string, base: string): boolean {
  const relative = path.relative(base, folder);
  return !relative.startsWith('..') && !path.isAbsolute(relative);
}
