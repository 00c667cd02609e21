import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { formatForPath } from '../engine/formats.ts';
import { isLockfileName } from '../formats/lock-model.ts';

/** A file that is to be checked. */
export interface FoundFile {
  /** Absolute, in the system's own form. */
  readonly file: string;
}

/** Folders that are never entered. */
const SKIPPED_FOLDERS = new Set(['node_modules', '.git']);

/** What the walk needs to know of where it is. */
export interface WalkOptions {
  /** Absolute. Symbolic links that lead out of it are not followed; `.gitignore` files are read from here down. */
  readonly root: string;
  /** Told of folders that could not be read, with the system's reason. */
  readonly onUnreadable: (folder: string, reason: string) => void;
  /** A file name that is found too, though no format reads it. */
  readonly also?: string;
}

/**
 * The files below an absolute folder that a format of ours reads, in a stable order. `.gitignore` is honoured, except that
 * an ignored manifest or lockfile in a folder which is not ignored is still checked: it is what gets installed.
 */
export function walk(folder: string, options: WalkOptions): FoundFile[] {
  const found: FoundFile[] = [];
  const rules = ignoreRulesAbove(folder, options.root);
  visit(folder, rules, options, found);
  return found;
}

/** The ignore rules of one folder, and where they are anchored. */
interface IgnoreRules {
  readonly base: string;
  readonly rules: Ignore;
}

function ignoreRulesAbove(folder: string, root: string): IgnoreRules[] {
  const above: string[] = [];
  for (let at = path.dirname(folder); at.length >= root.length && folder !== root; at = path.dirname(at)) {
    above.unshift(at);
    if (at === root || at === path.dirname(at)) break;
  }
  const rules = above.flatMap((base) => readIgnoreRules(base));
  // Somebody who names an ignored folder wants it checked.
  return isIgnored(rules, `${folder}${path.sep}`) ? [] : rules;
}

function readIgnoreRules(base: string): IgnoreRules[] {
  try {
    return [{ base, rules: ignore().add(readFileSync(path.join(base, '.gitignore'), 'utf8')) }];
  } catch {
    // No .gitignore here, or one that cannot be read: nothing is ignored by it.
    return [];
  }
}

function visit(folder: string, inherited: readonly IgnoreRules[], options: WalkOptions, found: FoundFile[]): void {
  let entries: import('node:fs').Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    options.onUnreadable(folder, error instanceof Error ? error.message : String(error));
    return;
  }
  const hasRules = entries.some((entry) => entry.name === '.gitignore');
  const rules = hasRules ? [...inherited, ...readIgnoreRules(folder)] : inherited;
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const entry of entries) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (SKIPPED_FOLDERS.has(entry.name) || isIgnored(rules, `${file}${path.sep}`)) continue;
      visit(file, rules, options, found);
    } else if (entry.isFile() || entry.isSymbolicLink()) {
      if (entry.name !== options.also && formatForPath(toSlashes(path.relative(options.root, file))) === undefined) continue;
      if (entry.isSymbolicLink() && !isOwnFile(file, options.root)) continue;
      if (!isManifestName(entry.name) && isIgnored(rules, file)) continue;
      found.push({ file });
    }
  }
}

/**
 * Whether a link names a file inside the root that is not found under its own name anyway. Links to folders are never
 * followed: what they lead to inside the root is walked where it really is.
 */
function isOwnFile(link: string, root: string): boolean {
  try {
    const target = realpathSync(link);
    const relative = path.relative(realpathSync(root), target);
    if (relative.startsWith('..') || path.isAbsolute(relative) || !statSync(target).isFile()) return false;
    return formatForPath(toSlashes(relative)) === undefined;
  } catch {
    return false;
  }
}

function isIgnored(rules: readonly IgnoreRules[], file: string): boolean {
  // The nearest file that says anything about a path decides (gitignore documentation, "PATTERN FORMAT").
  for (let i = rules.length - 1; i >= 0; i--) {
    const rule = rules[i];
    if (rule === undefined) continue;
    const relative = toSlashes(path.relative(rule.base, file)) + (file.endsWith(path.sep) ? '/' : '');
    if (relative === '' || relative.startsWith('../')) continue;
    const verdict = rule.rules.test(relative);
    if (verdict.ignored) return true;
    if (verdict.unignored) return false;
  }
  return false;
}

function isManifestName(name: string): boolean {
  return name === 'package.json' || isLockfileName(name);
}

/** A path in the system's form with `/` between its parts. */
export function toSlashes(file: string): string {
  return path.sep === '/' ? file : file.split(path.sep).join('/');
}

/** The nearest folder at or above an absolute one that holds `.git`, undefined where there is none. */
export function repositoryRoot(folder: string): string | undefined {
  for (let at = folder; ; at = path.dirname(at)) {
    try {
      lstatSync(path.join(at, '.git'));
      return at;
    } catch {
      if (at === path.dirname(at)) return undefined;
    }
  }
}
