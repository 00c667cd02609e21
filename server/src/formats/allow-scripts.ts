import { satisfies, valid } from 'semver';
import { pathMatcher } from '../core/glob.ts';
import { type JsonNode, membersOf } from './json.ts';
import type { LockEntry, LockFile } from './lock-model.ts';
import { parseSpec } from './npm-spec.ts';

/**
 * The packages whose install scripts would run and that no key of `allowScripts` is about, one entry for each name and version.
 * Scripts of bundled packages never run, and those of workspaces and links are one's own.
 */
export function unreviewed(lock: LockFile, allowScripts: JsonNode | undefined): LockEntry[] {
  return uncovered(lock, reviewedKeys(allowScripts));
}

/** The packages whose install scripts would run and that none of some keys is about; `*` in a name stands for any text (pnpm). */
export function uncovered(lock: LockFile, keys: readonly string[]): LockEntry[] {
  const open = new Map<string, LockEntry>();
  for (const entry of lock.entries) {
    if (!entry.hasInstallScript || (entry.source !== 'tarball' && entry.source !== 'git')) continue;
    if (!open.has(packageId(entry)) && !keys.some((key) => isKeyOf(key, entry))) open.set(packageId(entry), entry);
  }
  return [...open.values()];
}

/** `name@version`; the name alone where there is no version. */
export function packageId({ name, version }: Pick<LockEntry, 'name' | 'version'>): string {
  return version === undefined ? name : `${name}@${version}`;
}

/**
 * The keys of `allowScripts` that say yes or no (npm documentation, "npm install-scripts"). Other values count for nothing, as
 * for npm.
 */
function reviewedKeys(allowScripts: JsonNode | undefined): string[] {
  return membersOf(allowScripts).flatMap(({ key, value }) => (value.type === 'boolean' && key.whole ? [key.value] : []));
}

/**
 * Whether a key is about an entry: a name, a name with exact versions (`a@1.0.0 || 2.0.0`; npm takes no other ranges), the
 * address of an archive or folder as the lockfile has it, a git repository with or without a commit.
 */
export function isKeyOf(key: string, entry: LockEntry): boolean {
  if (key === entry.resolved) return true;
  if (key.includes('*') && !key.endsWith('@*')) return pathMatcher([key])(entry.name);
  if (entry.source === 'git') return isRepositoryOf(key, entry.resolved ?? '');
  const at = key.indexOf('@', 1);
  if ((at < 0 ? key : key.slice(0, at)) !== entry.name) return false;
  const versions = at < 0 ? '' : key.slice(at + 1).trim();
  if (versions === '' || versions === '*') return true;
  const version = valid(entry.version ?? null, { loose: true });
  return (
    version !== null &&
    versions.split('||').some((one) => valid(one.trim(), { loose: true }) !== null && satisfies(version, one.trim(), { loose: true }))
  );
}

function isRepositoryOf(key: string, resolved: string): boolean {
  const [wanted, locked] = [parseSpec(key), parseSpec(resolved)];
  if (wanted.kind !== 'git' || locked.kind !== 'git' || wanted.repository !== locked.repository) return false;
  return wanted.ref === undefined || (locked.commit ?? '').startsWith(wanted.ref.text);
}
